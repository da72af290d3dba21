"""The platform in memory: what front doors rely on, without a network."""

from __future__ import annotations

import pytest

from cwmp.lab.cpe import SimulatedCpe
from cwmp.lab.models import load_model
from cwmp.platforms.memory import MemoryPlatform
from cwmp.platforms.protocol import (
    Ability,
    Call,
    ConvergeCall,
    Platform,
    Registration,
    Rejected,
    UnknownDevice,
    Unsupported,
)
from cwmp.wire.messages import Fault, SetParameterValues

ONE, TWO = "0A0B0C-LabGateway-M1", "0A0B0C-LabGateway-M2"
INTERVAL = ".ManagementServer.PeriodicInformInterval"
PASSWORD = ".ManagementServer.ConnectionRequestPassword"


def cpe(serial: str, *habits: str) -> SimulatedCpe:
    model = load_model("tr181-gateway")
    return SimulatedCpe(
        model.base,
        identity=model.identity(serial),
        factory={**model.factory(serial), ".ManagementServer.URL": "http://acs.test/"},
        habit_names=habits,
    )


@pytest.fixture
def platform() -> MemoryPlatform:
    return MemoryPlatform([cpe("M1"), cpe("M2")])


def test_it_is_a_platform_and_says_what_it_cannot_do(platform: MemoryPlatform) -> None:
    as_platform: Platform = platform
    assert Ability.CONVERGE in as_platform.abilities() and Ability.TRACE not in as_platform.abilities()
    with pytest.raises(Unsupported):
        as_platform.trace(ONE)


def test_devices_are_found_by_identity_serial_and_filter(platform: MemoryPlatform) -> None:
    assert [device.id for device in platform.devices()] == [ONE, TWO]
    assert [device.id for device in platform.devices({"serial_number": "M2"})] == [TWO]
    device = platform.device("M1")
    assert (device.id, device.root, device.oui) == (ONE, "Device.", "0A0B0C")
    assert device.software_version and device.last_inform
    for call in (platform.device, lambda name: platform.read(name, ["."], Call())):
        with pytest.raises(UnknownDevice, match="M9"):
            call("M9")


def test_a_converge_changes_once(platform: MemoryPlatform) -> None:
    state = {"set": {INTERVAL: 777, ".DeviceInfo.ProvisioningCode": "gold"}}
    check = platform.converge(ONE, state, ConvergeCall(check=True))
    assert check.state == "done" and check.check and check.result and check.result["changed"]
    assert not any(isinstance(message, SetParameterValues) for message in platform.sent(ONE))
    first = platform.converge(ONE, state, ConvergeCall())
    assert first.state == "done" and first.result and len(first.result["changes"]) == 2
    assert platform.cpe(ONE).value(INTERVAL) == "777"
    second = platform.converge(ONE, state, ConvergeCall())
    assert second.result and not second.result["changed"]
    assert platform.cpe(TWO).value(INTERVAL) != "777"


def test_passwords_are_known_by_their_hash(platform: MemoryPlatform) -> None:
    state = {"set": {PASSWORD: "hidden"}}
    first = platform.converge(ONE, state, ConvergeCall(accept=("unverifiable",)))
    assert first.state == "done" and first.result and first.result["changed"]
    assert "hidden" not in str(first)
    second = platform.converge(ONE, state, ConvergeCall(accept=("unverifiable",)))
    assert second.result and not second.result["changed"]
    platform.cpe(ONE)


def test_a_fault_is_told_with_code_and_path(platform: MemoryPlatform) -> None:
    platform.fault_next(ONE, Fault.of(9001))
    failed = platform.converge(ONE, {"set": {INTERVAL: 60}}, ConvergeCall())
    assert failed.state == "fault" and failed.fault
    assert (failed.fault["kind"], failed.fault["code"]) == ("cwmp", 9001)
    again = platform.converge(ONE, {"set": {INTERVAL: 60}}, ConvergeCall())
    assert again.state == "done"


def test_a_set_that_does_nothing_is_a_verdict() -> None:
    platform = MemoryPlatform([cpe("M1", "ignore_set")])
    failed = platform.converge(ONE, {"set": {INTERVAL: 60}}, ConvergeCall())
    assert failed.state == "fault" and failed.fault and failed.result
    assert failed.fault["kind"] == "verdict" and "PeriodicInformInterval" in failed.fault["message"]
    assert failed.result["changes"][0]["verdict"] == "reverted"


def test_bad_input_is_rejected_before_anything_is_sent(platform: MemoryPlatform) -> None:
    with pytest.raises(Rejected):
        platform.converge(ONE, {"sett": {}}, ConvergeCall())
    assert platform.sent(ONE) == ()


def test_a_read_gives_values_and_names_what_is_missing(platform: MemoryPlatform) -> None:
    read = platform.read(ONE, [".DeviceInfo.", ".Nowhere.Here"], Call(), names=True)
    assert read.state == "done" and read.result
    assert "Device.DeviceInfo.SerialNumber" in {p["path"] for p in read.result["parameters"]}
    assert [path.endswith("Nowhere.Here") for path in read.result["missing"]] == [True]


def test_offline_expires_or_is_queued_until_it_comes(platform: MemoryPlatform) -> None:
    platform.go_offline(ONE)
    state = {"set": {INTERVAL: 90}}
    expired = platform.converge(ONE, state, ConvergeCall(wait=1))
    assert expired.state == "expired" and expired.fault and expired.fault["kind"] == "offline"
    queued = platform.converge(ONE, state, ConvergeCall(wait=1, queue=True))
    assert queued.state == "queued" and platform.transaction(queued.id).state == "queued"
    assert platform.connection_request(ONE, method="auto", wait=1).answer == "unreachable"
    platform.come_back(ONE)
    assert platform.transaction(queued.id).state == "done"
    assert platform.cpe(ONE).value(INTERVAL) == "90"


def test_submitting_and_collecting(platform: MemoryPlatform) -> None:
    call = ConvergeCall(wait=0, client_key="k1")
    one = platform.converge(ONE, {"set": {INTERVAL: 70}}, call)
    same = platform.converge(ONE, {"set": {INTERVAL: 70}}, call)
    assert one.state == "queued" and one.id == same.id
    assert platform.transaction(one.id, wait=1).state == "done"
    two = platform.converge(ONE, {"set": {INTERVAL: 71}}, ConvergeCall(wait=0))
    assert platform.cancel(two.id).state == "cancelled"
    assert platform.transaction(two.id, wait=1).state == "cancelled"
    assert platform.cpe(ONE).value(INTERVAL) == "70"


def test_registering_masks_secrets_and_forgetting_removes(platform: MemoryPlatform) -> None:
    wanted = Registration(username="u", password="s3cret", tags=("fibre",))
    planned = platform.register(ONE, wanted, check=True)
    assert planned.changed and not platform.device(ONE).registered
    done = platform.register(ONE, wanted, check=False)
    assert set(done.fields) == {"username", "password", "tags"} and "s3cret" not in str(done)
    assert not platform.register(ONE, wanted, check=False).changed
    assert [device.id for device in platform.devices({"tag": "fibre"})] == [ONE]
    assert platform.forget(ONE, check=True).changed and platform.device(ONE)
    assert platform.forget(ONE, check=False).changed
    assert not platform.forget(ONE, check=False).changed
