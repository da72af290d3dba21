"""Which devices report which JID: one that several report is nobody's, and is not woken."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from cwmp.wire.xmpp_request import parse_jid

if TYPE_CHECKING:
    from cwmp.acs.devices.device_records import DeviceRecord


class ReportedJids:
    """An index over the registry's records, kept by telling it of every Inform and every device forgotten."""

    def __init__(self, records: Iterable[DeviceRecord] = ()) -> None:
        self._devices: dict[str, set[str]] = {}
        self._jids: dict[str, str] = {}
        for record in records:
            self.informed(record)

    def informed(self, record: DeviceRecord, events: tuple[str, ...] = ()) -> None:
        """The record may say another JID now."""
        jid = parse_jid(record.jabber_id) if record.jabber_id else None
        key = jid.key if jid is not None else ""
        if self._jids.get(record.id, "") == key:
            return
        self.forget(record.id)
        if key:
            self._jids[record.id] = key
            self._devices.setdefault(key, set()).add(record.id)

    def forget(self, device_id: str) -> None:
        key = self._jids.pop(device_id, "")
        devices = self._devices.get(key)
        if devices is not None:
            devices.discard(device_id)
            if not devices:
                del self._devices[key]

    def of(self, key: str) -> Collection[str]:
        """Ids of the devices that report the JID with this `Jid.key`."""
        return self._devices.get(key, ())
