"""A device in memory (in use, and packed), in the store, and as the API shows it."""

from __future__ import annotations

import json
import marshal
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

from cwmp.acs.store.rows import DeviceRow, SeenRow
from cwmp.acs.times import iso
from cwmp.platforms.protocol import Device

FLAG_IDENTITY_CHANGED = "identity_changed"
"""A device of this maker and serial number was known under another OUI or ProductClass (`replaces`)."""
FLAG_SERIAL_REPEATS = "serial_repeats"
"""Another device has the same serial number."""
FLAG_CLONE = "clone"
"""Two CPEs seem to use this identity."""
FLAG_QUARANTINED = "quarantined"
"""An operator must allow it; see `quarantine_reason`."""


@dataclass(slots=True, eq=False, weakref_slot=True)
class DeviceRecord:
    """One device as known now. Changed in place by `Registry`; times are seconds since 1970, 0.0 unknown.

    udp_address, jabber_id: ManagementServer.UDPConnectionRequestAddress and .ConnReqJabberID.
    parameters: others worth keeping: name without root (``DeviceInfo.ProvisioningCode``) → value.
    address: where the last Inform came from. events: its event codes.
    replaces: the identity this device seems to have had before.
    session_seconds: how long the last whole session took.
    """

    id: str
    manufacturer: str = ""
    oui: str = ""
    product_class: str = ""
    serial_number: str = ""
    root: str = ""
    cwmp_version: str = ""
    software_version: str = ""
    hardware_version: str = ""
    connection_request_url: str = ""
    udp_address: str = ""
    jabber_id: str = ""
    parameter_key: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    address: str = ""
    events: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    replaces: str = ""
    registered: bool = False
    quarantined: bool = False
    quarantine_reason: str = ""
    first_seen: float = 0.0
    last_inform: float = 0.0
    last_bootstrap: float = 0.0
    session_seconds: float = 0.0

    @property
    def all_flags(self) -> tuple[str, ...]:
        """The flags, and `quarantined` where it is."""
        return (*self.flags, FLAG_QUARANTINED) if self.quarantined else self.flags


Model = tuple[str, str, str, str, str, str, str]
"""Manufacturer, OUI, product class, root, CWMP version, software and hardware version."""

_TABLED = 50_000
"""Models worth a number; beyond (someone makes them up), they are packed in full."""
_UNTABLED = b"\xff\xff\xff"


class Packer:
    """Turns records into some 150 bytes each and back.

    The first three bytes name the model, so that whole models are passed over without unpacking; texts such
    as tags are in there as they are, so that a search can pass over what does not hold them.
    """

    def __init__(self) -> None:
        self.models: list[Model] = []
        self._numbers: dict[Model, bytes] = {}

    def pack(self, record: DeviceRecord) -> bytes:
        """The record's data, but for its id."""
        model = (
            record.manufacturer,
            record.oui,
            record.product_class,
            record.root,
            record.cwmp_version,
            record.software_version,
            record.hardware_version,
        )
        number = self._numbers.get(model)
        if number is None and len(self.models) < _TABLED:
            number = self._numbers[model] = len(self.models).to_bytes(3, "big")
            self.models.append(model)
        rest = (
            None if number is not None else model,
            record.serial_number,
            record.connection_request_url,
            record.udp_address,
            record.jabber_id,
            record.parameter_key,
            record.parameters or None,
            record.address,
            record.events,
            record.tags,
            record.flags,
            record.replaces,
            record.registered,
            record.quarantined,
            record.quarantine_reason,
            record.first_seen,
            record.last_inform,
            record.last_bootstrap,
            record.session_seconds,
        )
        return (number or _UNTABLED) + marshal.dumps(rest, 2)

    def unpack(self, ident: str, packed: bytes) -> DeviceRecord:
        """The record that `pack` packed."""
        rest = marshal.loads(packed[3:])  # noqa: S302 - made by `pack` in this process
        model = rest[0] or self.models[int.from_bytes(packed[:3], "big")]
        return DeviceRecord(
            ident, model[0], model[1], model[2], rest[1], model[3], model[4], model[5], model[6],
            rest[2], rest[3], rest[4], rest[5], rest[6] or {}, rest[7], rest[8], rest[9], rest[10], rest[11],
            rest[12], rest[13], rest[14], rest[15], rest[16], rest[17], rest[18],
        )  # fmt: skip

    def numbers(self, wanted: Mapping[int, str]) -> set[bytes]:
        """First bytes of what may be of a model with these values (place in `Model` → value)."""
        found = {
            number.to_bytes(3, "big")
            for number, model in enumerate(self.models)
            if all(model[place] == value for place, value in wanted.items())
        }
        return found | {_UNTABLED}


def record_of(row: DeviceRow, seen: SeenRow | None) -> DeviceRecord:
    """The record of stored rows."""
    return DeviceRecord(
        id=row.id,
        manufacturer=row.manufacturer,
        oui=row.oui,
        product_class=row.product_class,
        serial_number=row.serial_number,
        root=row.root,
        cwmp_version=row.cwmp_version,
        software_version=row.software_version,
        hardware_version=row.hardware_version,
        connection_request_url=row.connection_request_url,
        udp_address=row.udp_address,
        jabber_id=row.jabber_id,
        parameter_key=row.parameter_key,
        parameters=json.loads(row.parameters),
        address=seen.address if seen is not None else "",
        events=tuple(json.loads(seen.events)) if seen is not None else (),
        tags=tuple(json.loads(row.tags)),
        flags=tuple(json.loads(row.flags)),
        replaces=row.replaces,
        registered=bool(row.registered),
        quarantined=bool(row.quarantined),
        quarantine_reason=row.quarantine_reason,
        first_seen=row.first_seen,
        last_inform=seen.last_inform if seen is not None else 0.0,
        last_bootstrap=row.last_bootstrap,
        session_seconds=seen.session_seconds if seen is not None else 0.0,
    )


def row_of(record: DeviceRecord) -> DeviceRow:
    """What seldom changes of a record."""
    return DeviceRow(
        id=record.id,
        manufacturer=record.manufacturer,
        oui=record.oui,
        product_class=record.product_class,
        serial_number=record.serial_number,
        root=record.root,
        cwmp_version=record.cwmp_version,
        software_version=record.software_version,
        hardware_version=record.hardware_version,
        connection_request_url=record.connection_request_url,
        udp_address=record.udp_address,
        jabber_id=record.jabber_id,
        parameter_key=record.parameter_key,
        parameters=_dumps(record.parameters),
        tags=_dumps(record.tags),
        flags=_dumps(record.flags),
        replaces=record.replaces,
        registered=int(record.registered),
        quarantined=int(record.quarantined),
        quarantine_reason=record.quarantine_reason,
        first_seen=record.first_seen,
        last_bootstrap=record.last_bootstrap,
    )


def seen_of(record: DeviceRecord) -> SeenRow:
    """What each Inform changes of a record."""
    events = _dumps_events(record.events)
    return SeenRow(record.id, record.last_inform, record.address, events, record.session_seconds)


@lru_cache(512)
def _dumps_events(events: tuple[str, ...]) -> str:
    return _dumps(events)


def _dumps(value: Any) -> str:
    if not value:
        return "{}" if isinstance(value, dict) else "[]"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def device_of(record: DeviceRecord) -> Device:
    """The device as front doors see it."""
    return Device(
        id=record.id,
        manufacturer=record.manufacturer,
        oui=record.oui,
        product_class=record.product_class,
        serial_number=record.serial_number,
        root=record.root,
        software_version=record.software_version,
        hardware_version=record.hardware_version,
        address=record.address,
        last_inform=iso(record.last_inform),
        last_events=record.events,
        connection_request_url=record.connection_request_url,
        connection_request_methods=connection_request_methods(record),
        data_models=_data_models(record),
        tags=record.tags,
        flags=record.all_flags,
        registered=record.registered,
        more={
            "cwmp_version": record.cwmp_version,
            "first_seen": iso(record.first_seen),
            "last_bootstrap": iso(record.last_bootstrap),
            "replaces": record.replaces,
            "quarantine_reason": record.quarantine_reason,
            "udp_connection_request_address": record.udp_address,
            "jabber_id": record.jabber_id,
            "parameter_key": record.parameter_key,
            "session_seconds": round(record.session_seconds, 3),
            "parameters": dict(record.parameters),
        },
    )


def device_json(record: DeviceRecord) -> dict[str, Any]:
    """The fields of `platforms.protocol.Device`; times ISO 8601 UTC, "" where unknown."""
    return asdict(device_of(record))


def connection_request_methods(record: DeviceRecord) -> tuple[str, ...]:
    """How the device can be woken, by what it has told: of http, stun, xmpp."""
    told = (("http", record.connection_request_url), ("stun", record.udp_address), ("xmpp", record.jabber_id))
    return tuple(method for method, where in told if where)


def _data_models(record: DeviceRecord) -> tuple[str, ...]:
    version = record.parameters.get("RootDataModelVersion")
    if version:
        return (f"Device:{version}",)
    summary = record.parameters.get("DeviceSummary", "")
    # "InternetGatewayDevice:1.4[](Baseline:1, ...), VoiceService:1.0[1](...)"
    return tuple(part.split(" ")[-1] for part in summary.split("[")[:-1] if ":" in part.split(" ")[-1])
