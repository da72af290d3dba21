"""The built-in gateways: as large, as plausible and as cheap as they have to be."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from cwmp.datamodel import model
from cwmp.datamodel.facets import refusal
from cwmp.datamodel.paths import generic, is_instance, leaf
from cwmp.errors import CwmpError
from cwmp.lab.cpe import SimulatedCpe
from cwmp.lab.lexical import canonical
from cwmp.lab.models import GATEWAYS, load_model, tr098, tr181
from cwmp.lab.models.growing import Profile
from cwmp.lab.nodes import ObjectNode, ParameterNode
from cwmp.wire import messages as wire

PROFILES = {"tr181-gateway": tr181.PROFILE, "tr098-gateway": tr098.PROFILE}


@pytest.mark.parametrize("name", GATEWAYS)
def test_size_and_identity(name: str) -> None:
    own = load_model(name)
    assert len(own.base.parameters) >= 1500
    assert own.name == name
    assert own.base.root == PROFILES[name].root
    assert own.device_id.oui == "0A0B0C"
    assert own.identity("LAB000042").serial_number == "LAB000042"
    assert load_model(name) is own
    assert load_model("tr181-gateway").device_id != load_model("tr098-gateway").device_id


@pytest.mark.parametrize("name", GATEWAYS)
def test_every_value_is_one_the_standard_allows(name: str) -> None:
    for path, node in load_model(name).base.nodes.items():
        assert len(path) <= 256
        if isinstance(node, ParameterNode):
            assert node.facts is not None, path
            assert canonical(node.type, node.value) == node.value, path
            why = refusal(node.facts, node.value)
            assert why is None or "only the CPE itself" in why, (path, node.value, why)


@pytest.mark.parametrize("name", GATEWAYS)
def test_counters_and_references_are_right(name: str) -> None:
    base = load_model(name).base
    for path, node in base.nodes.items():
        if isinstance(node, ObjectNode) and node.table:
            facts = model(base.root).object(path)
            assert facts is not None
            assert all(is_instance(leaf(child)) for child in node.children)
            counter = base.nodes.get(f"{path[: -len(leaf(path)) - 1]}{leaf(facts.counter)}")
            if facts.counter and isinstance(counter, ParameterNode):
                assert counter.value == str(len(node.children)), path
        elif isinstance(node, ParameterNode) and node.facts is not None and node.facts.reference is not None:
            for target in filter(None, node.value.split(",")):
                assert f"{target}." in base.nodes, (path, target)


@pytest.mark.parametrize("name", GATEWAYS)
def test_nothing_in_the_profile_is_in_vain(name: str) -> None:
    profile: Profile = PROFILES[name]
    base = load_model(name).base

    def used(path: str) -> bool:
        parts = path.split(".")
        return any(
            all(part in (own, "{i}") for part, own in zip(parts, found.split("."), strict=True))
            for found in by_generic.get(generic(path), ())
        )

    by_generic: dict[str, list[str]] = {}
    for found in base.nodes:
        by_generic.setdefault(generic(found), []).append(found)
    for path in [*profile.values, *(f"{table}." for table in profile.rows), *profile.also]:
        assert used(profile.root + path), path
    for path in profile.personal:
        assert profile.root + path[1:] in base.nodes, path
    for path in (*profile.without, *profile.objects):
        assert model(profile.root).known(f"{profile.root}{path}."), path


def test_cpes_of_one_model_differ_where_devices_do() -> None:
    own = load_model("tr181-gateway")
    one, two = (
        SimulatedCpe(own.base, identity=own.identity(s), factory=own.factory(s)) for s in ("A1", "A2")
    )
    for path in (".Ethernet.Link.1.MACAddress", ".WiFi.SSID.1.SSID", ".DeviceInfo.SerialNumber"):
        assert one.value(path) != two.value(path)
    assert own.factory("A1") == own.factory("A1")


def test_what_roles_need_is_there() -> None:
    for name in GATEWAYS:
        own = SimulatedCpe(load_model(name).base)
        for path in (
            ".ManagementServer.URL",
            ".ManagementServer.STUNEnable",
            ".ManagementServer.ConnReqXMPPConnection",
            ".ManagementServer.PeriodicInformTime",
            ".Time.NTPServer1",
            ".XMPP.ConnectionNumberOfEntries",
        ):
            assert own.tree.value(path) is not None, (name, path)
        assert own.answer(wire.AddObject(f"{own.root}XMPP.Connection.")) == wire.AddObjectResponse(1, 0)


def test_a_thousand_cpes_are_light() -> None:
    """Far below 100 kB each for identity, settings, a converge and a new row."""
    own = load_model("tr181-gateway")
    SimulatedCpe(own.base).inform(now=0)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        fleet = []
        for number in range(100):
            serial = f"LAB{number:06}"
            cpe = SimulatedCpe(own.base, identity=own.identity(serial), factory=own.factory(serial))
            cpe.connection_request_url = f"http://192.0.2.1:7547/{serial}"
            cpe.inform(now=0)
            cpe.informed()
            cpe.answer(wire.AddObject("Device.XMPP.Connection."))
            cpe.change(".ManagementServer.PeriodicInformInterval", "900")
            fleet.append(cpe)
        each = (tracemalloc.get_traced_memory()[0] - before) / len(fleet)
    finally:
        tracemalloc.stop()
    assert each < 30_000


def test_a_name_that_is_neither_model_nor_file(tmp_path: Path) -> None:
    with pytest.raises(CwmpError, match=r"no device model 'tr181'.*tr181-gateway, tr098-gateway"):
        load_model("tr181")
    with pytest.raises(CwmpError, match="no device model"):
        load_model(str(tmp_path))


def test_a_file_is_read_once_until_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "box.jsonl"
    file.write_text(
        '{"path": "Device.DeviceInfo.SerialNumber", "writable": false, "type": "xsd:string", "value": "S1"}\n'
    )
    first = load_model(str(file))
    assert first.name == "box.jsonl"
    assert first.device_id.serial_number == "S1"
    assert load_model(str(file)) is first
    file.write_text(file.read_text().replace("S1", "S123"))
    assert load_model(str(file)).device_id.serial_number == "S123"
