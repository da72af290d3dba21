from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cwmp.acs.access.credential_records import DeviceType
from cwmp.acs.devices.clones import Sightings
from cwmp.acs.devices.device_records import DeviceRecord, Packer, device_json, record_of, row_of, seen_of
from cwmp.acs.devices.informed_parameters import take_in
from cwmp.wire.messages import ParameterValue

TEXT = st.text(max_size=20)
TEXTS = st.lists(TEXT, max_size=4).map(tuple)
TIME = st.floats(0, 4e9)

RECORDS = st.builds(
    DeviceRecord,
    id=TEXT,
    manufacturer=TEXT,
    oui=TEXT,
    product_class=TEXT,
    serial_number=TEXT,
    root=st.sampled_from(["", "Device.", "InternetGatewayDevice."]),
    cwmp_version=TEXT,
    software_version=TEXT,
    hardware_version=TEXT,
    connection_request_url=TEXT,
    udp_address=TEXT,
    jabber_id=TEXT,
    parameter_key=TEXT,
    parameters=st.dictionaries(TEXT, TEXT, max_size=4),
    address=TEXT,
    events=TEXTS,
    tags=TEXTS,
    flags=TEXTS,
    replaces=TEXT,
    registered=st.booleans(),
    quarantined=st.booleans(),
    quarantine_reason=TEXT,
    first_seen=TIME,
    last_inform=TIME,
    last_bootstrap=TIME,
    session_seconds=TIME,
)


def fields(record: DeviceRecord) -> dict[str, object]:
    return {name: getattr(record, name) for name in DeviceRecord.__dataclass_fields__}


@given(RECORDS)
def test_packing_loses_nothing(record: DeviceRecord) -> None:
    packer = Packer()
    assert fields(packer.unpack(record.id, packer.pack(record))) == fields(record)


@given(RECORDS)
def test_storing_loses_nothing(record: DeviceRecord) -> None:
    assert fields(record_of(row_of(record), seen_of(record))) == fields(record)


@given(RECORDS)
def test_every_record_has_a_json_form(record: DeviceRecord) -> None:
    shown = device_json(record)
    assert shown["id"] == record.id
    assert ("quarantined" in shown["flags"]) or not record.quarantined


def test_models_beyond_the_table_are_packed_in_full(monkeypatch: object) -> None:
    packer = Packer()
    packer.models = [("", "", "", "", "", "", "")] * 50_000
    record = DeviceRecord("x", manufacturer="made up")
    packed = packer.pack(record)
    assert packed[:3] in packer.numbers({0: "somebody else"})
    assert packer.unpack("x", packed).manufacturer == "made up"


def parameters(*pairs: tuple[str, str]) -> tuple[ParameterValue, ...]:
    return tuple(ParameterValue(name, value) for name, value in pairs)


def test_an_inform_tells_root_versions_and_where_to_call() -> None:
    record = DeviceRecord("x")
    told = parameters(
        (
            "InternetGatewayDevice.DeviceSummary",
            "InternetGatewayDevice:1.4[](Baseline:1), VoiceService:1.0[1](A:1)",
        ),
        ("InternetGatewayDevice.DeviceInfo.SoftwareVersion", "1.2"),
        ("InternetGatewayDevice.ManagementServer.ConnectionRequestURL", "http://192.0.2.1:7547/x"),
        (
            "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.ExternalIPAddress",
            "192.0.2.1",
        ),
        ("InternetGatewayDevice.Something.Else", "is not kept"),
        ("Device.Stray", "y"),
        ("", ""),
    )
    assert take_in(record, told)
    assert not take_in(record, told)
    assert record.root == "InternetGatewayDevice."
    shown = device_json(record)
    assert shown["data_models"] == ("InternetGatewayDevice:1.4", "VoiceService:1.0")
    assert shown["connection_request_methods"] == ("http",)
    assert record.parameters["ExternalIPAddress"] == "192.0.2.1"
    assert "is not kept" not in record.parameters.values()


@given(st.lists(st.tuples(TEXT, st.text(max_size=5000))))
def test_any_parameters_are_taken_within_bounds(pairs: list[tuple[str, str]]) -> None:
    record = DeviceRecord("x")
    take_in(record, parameters(*pairs, *(("Device.DeviceInfo.SoftwareVersion", value) for _, value in pairs)))
    assert len(record.software_version) <= 2048


def come(sightings: Sightings, places: list[str], *, step: float = 10.0, booted: bool = False) -> list[bool]:
    moves = pairwise(places)
    return [
        sightings.moved("x", before, place, number * step, booted=booted)
        for number, (before, place) in enumerate(moves)
        if before != place
    ]


def test_two_that_alternate_are_a_clone() -> None:
    assert come(Sightings(900), ["a", "b", "a", "b"])[-1]


def test_a_change_of_address_or_a_fallback_and_back_is_none() -> None:
    assert not any(come(Sightings(900), ["a", "b"]))
    assert not any(come(Sightings(900), ["a", "b", "a"]))
    assert not any(come(Sightings(900), ["a", "b", "a", "b", "a"], step=1000))
    assert not any(come(Sightings(900), ["a", "b", "a", "b", "a"], booted=True))


def test_many_places_in_a_short_time_are_a_clone() -> None:
    assert come(Sightings(900), ["a", "b", "c", "d"])[-1]


def test_the_most_specific_type_is_the_one_with_more_fields_then_the_longer_prefix() -> None:
    wide = DeviceType("wide", manufacturer="Acme")
    narrow = DeviceType("narrow", manufacturer="Acme", product_class="Box")
    prefix = DeviceType("prefix", manufacturer="Acme", serial_prefix="LAB")
    longer = DeviceType("longer", manufacturer="Acme", serial_prefix="LAB00")
    assert wide.specificity < narrow.specificity
    assert narrow.specificity < prefix.specificity < longer.specificity
    assert DeviceType("any").fits("A", "0A0B0C", "", "1")
    assert DeviceType("oui", oui="0a0b0c").fits("A", "0A0B0C", "", "1")
    assert not narrow.fits("Acme", "0A0B0C", "Other", "1")
