"""The devices the ACS knows, from their Informs and from registration.

Reads come from memory and never wait: every device is held packed, the ones in use also as `DeviceRecord`,
one object per device. `informed` changes memory at once; what no crash may undo is awaited by `settle`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from bisect import bisect_left, bisect_right, insort
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from cwmp.acs.devices.clones import Sightings, add_flag, judge_newcomer, judge_return, remove_flag
from cwmp.acs.devices.device_records import (
    FLAG_CLONE,
    FLAG_IDENTITY_CHANGED,
    FLAG_QUARANTINED,
    FLAG_SERIAL_REPEATS,
    DeviceRecord,
    Packer,
    device_json,
    device_of,
    record_of,
    row_of,
    seen_of,
)
from cwmp.acs.devices.informed_parameters import take_in
from cwmp.acs.devices.recent import Recent
from cwmp.acs.devices.registration import plan
from cwmp.acs.errors import AmbiguousDevice, BadInput, StoreError, UnknownDevice
from cwmp.acs.store import Delete, DeviceRow, Put, SeenRow
from cwmp.platforms.protocol import Registration, RegistrationChange
from cwmp.wire.errors import InvalidIdentity
from cwmp.wire.identity import device_id_of, parse_device_id

if TYPE_CHECKING:
    from cwmp.acs.access.credentials import Credentials
    from cwmp.acs.devices.knowledge import Knowledge
    from cwmp.acs.store import Store, Write
    from cwmp.wire.messages import Inform

__all__ = [
    "FLAG_CLONE",
    "FLAG_IDENTITY_CHANGED",
    "FLAG_QUARANTINED",
    "FLAG_SERIAL_REPEATS",
    "DeviceRecord",
    "Registry",
    "device_json",
]

log = logging.getLogger("cwmp.acs.devices.registry")

_PAGE = 500
_SEEN_CHUNK = 200
_SEEN_SECONDS = 30.0
"""How often the last Informs are written. A row at each would be a quarter of a session's cost; written
together and in order they share pages of the database, and a crash loses half a minute of them."""
_MODEL_FILTERS = {"manufacturer": 0, "oui": 1, "product_class": 2, "root": 3, "software_version": 5}
_FILTERS = (*_MODEL_FILTERS, "serial_number", "tag", "flag")

BY_OPERATOR = "set by an operator"
"""Reason of a quarantine that only an operator lifts."""


class Registry:
    """All devices. One per ACS; lives in the loop's thread."""

    def __init__(
        self,
        store: Store,
        credentials: Credentials,
        knowledge: Knowledge,
        *,
        recent: int = 2048,
        clone_window: float = 900.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Use `open`, which also loads the devices."""
        self._store = store
        self._credentials = credentials
        self._knowledge = knowledge
        self._clock = clock
        self._packer = Packer()
        self._packed: dict[str, bytes] = {}
        self._ids: list[str] = []
        self._serials: dict[str, str | tuple[str, ...]] = {}
        self._recent: Recent[str, DeviceRecord] = Recent(recent)
        # Whoever holds a record longer than it is recent still holds the one object of that device.
        self._alive: WeakValueDictionary[str, DeviceRecord] = WeakValueDictionary()
        self._sightings = Sightings(clone_window)
        self._unwritten: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None
        self._unsettled: dict[str, list[Write]] = {}
        self._booted: set[str] = set()
        self._forgotten_callbacks: list[Callable[[str], Awaitable[object]]] = []
        self._quarantined_callbacks: list[Callable[[DeviceRecord], None]] = []

    @classmethod
    async def open(
        cls,
        store: Store,
        credentials: Credentials,
        knowledge: Knowledge,
        *,
        recent: int = 2048,
        clone_window: float = 900.0,
        clock: Callable[[], float] = time.time,
    ) -> Registry:
        """Load the devices. recent: how many are kept unpacked. clone_window: seconds (see `Sightings`)."""
        self = cls(store, credentials, knowledge, recent=recent, clone_window=clone_window, clock=clock)
        after: str | None = None
        while rows := await store.select(DeviceRow, after=after, limit=_PAGE):
            ids = tuple(row.id for row in rows)
            seen = {each.device: each for each in await store.select(SeenRow, {"device": ids})}
            for row in rows:
                record = record_of(row, seen.get(row.id))
                self._packed[record.id] = self._packer.pack(record)
                self._ids.append(record.id)
                self._index_serial(record.serial_number, record.id)
            after = rows[-1].id
        self._ids.sort()
        return self

    def __len__(self) -> int:
        return len(self._ids)

    # ---- asking

    def get(self, device_id: str) -> DeviceRecord | None:
        """The device with this identity."""
        record = self._recent.get(device_id) or self._alive.get(device_id)
        if record is None:
            packed = self._packed.get(device_id)
            if packed is None:
                return None
            record = self._packer.unpack(device_id, packed)
            self._hold(record)
        return record

    def find(self, ident: str) -> DeviceRecord:
        """By identity or unique serial number. Raises `UnknownDevice`, `AmbiguousDevice`."""
        record = self.get(ident)
        if record is not None:
            return record
        ids = self._with_serial(ident)
        if not ids:
            raise UnknownDevice(
                f"No device {ident!r} is known; give its identity OUI-ProductClass-SerialNumber or its "
                "serial number, or register it first."
            )
        if len(ids) > 1:
            raise AmbiguousDevice(
                f"{len(ids)} devices have the serial number {ident!r}: {', '.join(ids[:5])}; "
                "give the whole identity."
            )
        record = self.get(ids[0])
        assert record is not None
        return record

    def devices(
        self, filters: Mapping[str, str] | None = None, after: str = "", limit: int = 0
    ) -> list[DeviceRecord]:
        """Devices in the order of their ids, those past `after` only; limit 0: all.

        Filters: oui, product_class, serial_number, manufacturer, root, software_version, tag, flag. Raises
        `BadInput` for another filter.
        """
        wanted = {name: value for name, value in (filters or {}).items() if value}
        for name in wanted:
            if name not in _FILTERS:
                raise BadInput(f"Devices cannot be filtered by {name!r}; filters are {', '.join(_FILTERS)}.")
        # Records in use are packed when they are forgotten, so of them the record itself counts. The others
        # are passed over without unpacking where their model or a missing text tells enough.
        held = dict(self._alive)
        models = {place: wanted[name] for name, place in _MODEL_FILTERS.items() if name in wanted}
        numbers = self._packer.numbers(models) if models else None
        texts = [wanted[name].encode("utf-8", "surrogatepass") for name in ("tag", "flag") if name in wanted]
        texts = [text for text in texts if text != FLAG_QUARANTINED.encode()]
        found: list[DeviceRecord] = []
        for device_id in self._candidates(wanted, after):
            record = held.get(device_id)
            if record is None:
                packed = self._packed[device_id]
                if numbers is not None and packed[:3] not in numbers:
                    continue
                if texts and not all(text in packed for text in texts):
                    continue
                record = self._packer.unpack(device_id, packed)
            if not wanted or _fits(record, wanted):
                found.append(record)
                if limit and len(found) >= limit:
                    break
        return found

    def _candidates(self, wanted: Mapping[str, str], after: str) -> Iterator[str]:
        if "serial_number" in wanted:
            return (each for each in sorted(self._with_serial(wanted["serial_number"])) if each > after)
        return iter(self._ids[bisect_right(self._ids, after) :] if after else self._ids[:])

    # ---- Informs

    def informed(self, inform: Inform, *, peer: str, cwmp_version: str, now: float) -> DeviceRecord:
        """Take in an Inform (already authenticated). `peer` is the CPE's address without port.

        Memory changes at once; await `settle(record)` before the InformResponse.
        """
        told = inform.device_id
        device_id = device_id_of(told)
        record = self.get(device_id)
        new = record is None
        if record is None:
            record = DeviceRecord(device_id, oui=told.oui, product_class=told.product_class)
            record.manufacturer = told.manufacturer
            record.serial_number = told.serial_number
            record.first_seen = now
            self._add(record)
        events = tuple([event.event_code for event in inform.event][:64])
        booted = new or "0 BOOTSTRAP" in events or "1 BOOT" in events
        if "1 BOOT" in events or "M Reboot" in events:
            self._booted.add(device_id)
        place = record.connection_request_url or record.address
        changed = take_in(record, inform.parameter_list)
        if record.manufacturer != told.manufacturer or record.cwmp_version != cwmp_version:
            record.manufacturer = told.manufacturer
            record.cwmp_version = cwmp_version
            changed = True
        if not record.first_seen:
            record.first_seen = now
            changed = True
        moved = record.connection_request_url or peer
        if place and moved != place and self._sightings.moved(device_id, place, moved, now, booted=booted):
            changed |= add_flag(record, FLAG_CLONE)
        changed |= self._judge_serial(record, new)
        record.address, record.events, record.last_inform = peer, events, now
        self._hold(record)
        if new or "0 BOOTSTRAP" in events:
            writes: list[Write] = []
            if "0 BOOTSTRAP" in events:
                record.last_bootstrap = now
                writes.extend(self._knowledge.forget_writes(device_id))
            self._unsettled[device_id] = writes
        elif changed:
            self._store.later(Put(row_of(record)))
        self._saw(device_id)
        return record

    def note(self, record: DeviceRecord, parameters: Mapping[str, str]) -> None:
        """Keep what is now known of these parameters (name without root → value; "" forgets it)."""
        held = record.parameters
        if all(held.get(name, "") == value for name, value in parameters.items()):
            return
        record.parameters = {name: value[:2048] for name, value in {**held, **parameters}.items() if value}
        self._hold(record)
        self._store.later(Put(row_of(record)))

    async def settle(self, record: DeviceRecord) -> None:
        """Return once what the Inform changed and no crash may undo is durable.

        That is a new device, a BOOTSTRAP (which forgets secret hashes) and a BOOT (after which nothing waits
        for a reboot); otherwise it returns at once. The CPE drops these events with the InformResponse, so
        the response must wait for this.
        """
        if record.id in self._booted:
            await self._knowledge.booted(record.id)
            self._booted.discard(record.id)
        writes = self._unsettled.pop(record.id, None)
        if writes is None:
            return
        try:
            await self._store.commit([Put(row_of(record)), Put(seen_of(record)), *writes])
            self._unwritten.discard(record.id)
        except StoreError:
            self._unsettled.setdefault(record.id, writes)
            raise

    def session_ended(self, device_id: str, seconds: float) -> None:
        """Note how long a session took."""
        record = self.get(device_id)
        if record is not None:
            record.session_seconds = seconds
            self._hold(record)
            self._saw(device_id)

    def _saw(self, device_id: str) -> None:
        self._unwritten.add(device_id)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_SEEN_SECONDS, self._write_seen_now)

    def _write_seen_now(self) -> None:
        self._timer = None
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write_seen())

    async def _write_seen(self) -> None:
        ids = sorted(self._unwritten)
        self._unwritten.clear()
        for at in range(0, len(ids), _SEEN_CHUNK):
            chunk = ids[at : at + _SEEN_CHUNK]
            try:
                await self._store.commit(
                    [Put(seen_of(record)) for record in map(self._look, chunk) if record]
                )
            except StoreError as error:
                log.error("the last Informs are still to be written: %s", error)
                self._unwritten.update(ids[at:])
                return

    def _judge_serial(self, record: DeviceRecord, new: bool) -> bool:
        same = self._serials.get(record.serial_number)
        if not isinstance(same, tuple):
            return False
        others = [other for each in same if each != record.id and (other := self.get(each)) is not None]
        before = record.flags
        changed = judge_newcomer(record, others) if new else judge_return(record, others)
        for other in changed:
            self._hold(other)
            self._store.later(Put(row_of(other)))
        return record.flags != before

    # ---- registration

    async def register(
        self, device_id: str, registration: Registration, check: bool = False
    ) -> RegistrationChange:
        """Change the platform's side of a device, known or not yet; with `check` only say what would change.

        Raises `UnknownDevice` for an unknown serial, `BadInput` for an impossible identity or credentials.
        """
        record, new = self._find_or_make(device_id)
        planned = await plan(record, registration, self._credentials)
        if planned.fields and not check:
            if new:
                self._add(record)
            record.registered = True
            if planned.tags is not None:
                record.tags = planned.tags
            await self._save(record)
            if planned.own is not None:
                await self._credentials.set_device(record.id, *planned.own)
            if planned.connection_request is not None:
                await self._credentials.set_connection_request(record.id, *planned.connection_request)
            if planned.quarantine is True:
                await self.quarantine(record.id, BY_OPERATOR)
            elif planned.quarantine is False:
                await self.release(record.id)
        return RegistrationChange(bool(planned.fields), planned.fields, device_of(record))

    def _find_or_make(self, ident: str) -> tuple[DeviceRecord, bool]:
        try:
            return self.find(ident), False
        except UnknownDevice:
            if "-" not in ident:
                raise
        try:
            told = parse_device_id(ident)
        except InvalidIdentity as error:
            raise BadInput(f"{error}.") from None
        # Spelt as its Informs will spell it.
        device_id = device_id_of(told)
        known = self.get(device_id)
        if known is not None:
            return known, False
        record = DeviceRecord(device_id, oui=told.oui, product_class=told.product_class)
        record.serial_number = told.serial_number
        return record, True

    async def forget(self, device_id: str, check: bool = False) -> RegistrationChange:
        """Remove a device with its credentials, knowledge and transactions that have not begun.

        An unknown one is as it should be already.
        """
        try:
            record = self.find(device_id)
        except UnknownDevice:
            return RegistrationChange(False, {}, None)
        if not check:
            for callback in self._forgotten_callbacks:
                await callback(record.id)
            gone: list[Write] = [Delete(DeviceRow, {"id": record.id}), Delete(SeenRow, {"device": record.id})]
            gone.extend(self._knowledge.forget_writes(record.id))
            await self._store.commit(gone)
            await self._credentials.remove_device(record.id)
            self._remove(record)
        return RegistrationChange(True, {"device": (record.id, None)}, None)

    async def set_tags(self, device_id: str, tags: tuple[str, ...]) -> DeviceRecord:
        """Give the device these tags in place of those it has."""
        record = self.find(device_id)
        record.tags = tuple(sorted(set(tags)))
        await self._save(record)
        return record

    async def quarantine(self, device_id: str, reason: str) -> DeviceRecord:
        """Give the device no work until `release`. `reason` is part of a sentence."""
        record = self.find(device_id)
        if not record.quarantined or record.quarantine_reason != reason:
            record.quarantined, record.quarantine_reason = True, reason
            await self._save(record)
            for callback in self._quarantined_callbacks:
                callback(record)
        return record

    async def proven(self, record: DeviceRecord) -> None:
        """The device has come with credentials of its own: whoever used shared ones in its name has not shut
        it out. Those stay refused, and what an operator has set stays.
        """
        if record.quarantined and record.quarantine_reason != BY_OPERATOR:
            record.quarantined, record.quarantine_reason = False, ""
            await self._save(record)

    async def release(self, device_id: str) -> DeviceRecord:
        """Lift the quarantine: shared credentials may be used once more, and a clone flag goes."""
        record = self.find(device_id)
        if record.quarantined:
            await self._credentials.readmit(record.id)
            record.quarantined, record.quarantine_reason = False, ""
            remove_flag(record, FLAG_CLONE)
            await self._save(record)
        return record

    def on_quarantined(self, callback: Callable[[DeviceRecord], None]) -> None:
        """Called with a device that has been put into quarantine."""
        self._quarantined_callbacks.append(callback)

    def on_forgotten(self, callback: Callable[[str], Awaitable[object]]) -> None:
        """Awaited with the identity of a device that is about to be removed."""
        self._forgotten_callbacks.append(callback)

    async def close(self) -> None:
        """Hand to the store what it does not have yet. Close the store afterwards."""
        if self._timer is not None:
            self._timer.cancel()
        if self._writing is not None:
            await asyncio.gather(self._writing, return_exceptions=True)
        await self._write_seen()

    # ---- memory

    def _look(self, device_id: str) -> DeviceRecord | None:
        """The record, without keeping it at hand."""
        packed = self._packed.get(device_id)
        record = self._alive.get(device_id)
        return record if record is not None or packed is None else self._packer.unpack(device_id, packed)

    async def _save(self, record: DeviceRecord) -> None:
        self._hold(record)
        await self._store.commit([Put(row_of(record))])

    def _hold(self, record: DeviceRecord) -> None:
        """Keep the record at hand; pack the one that must go for it."""
        if self._recent.get(record.id) is record:
            return
        self._alive[record.id] = record
        gone = self._recent.put(record.id, record)
        if gone is not None and gone[0] in self._packed:
            self._packed[gone[0]] = self._packer.pack(gone[1])

    def _add(self, record: DeviceRecord) -> None:
        self._packed[record.id] = self._packer.pack(record)
        insort(self._ids, record.id)
        self._index_serial(record.serial_number, record.id)
        self._hold(record)

    def _remove(self, record: DeviceRecord) -> None:
        self._packed.pop(record.id, None)
        place = bisect_left(self._ids, record.id)
        if place < len(self._ids) and self._ids[place] == record.id:
            del self._ids[place]
        rest = tuple(each for each in self._with_serial(record.serial_number) if each != record.id)
        self._serials.pop(record.serial_number, None)
        if rest:
            self._serials[record.serial_number] = rest if len(rest) > 1 else rest[0]
        self._recent.pop(record.id)
        self._alive.pop(record.id, None)
        self._unwritten.discard(record.id)
        self._unsettled.pop(record.id, None)
        self._booted.discard(record.id)

    def _index_serial(self, serial: str, device_id: str) -> None:
        same = self._serials.get(serial)
        if same is None:
            self._serials[serial] = device_id
        elif isinstance(same, tuple):
            self._serials[serial] = (*same, device_id)
        else:
            self._serials[serial] = (same, device_id)

    def _with_serial(self, serial: str) -> Sequence[str]:
        same = self._serials.get(serial, ())
        return same if isinstance(same, tuple) else (same,)


def _fits(record: DeviceRecord, wanted: Mapping[str, str]) -> bool:
    for name, value in wanted.items():
        if name == "tag":
            if value not in record.tags:
                return False
        elif name == "flag":
            if value not in record.all_flags:
                return False
        elif getattr(record, name) != value:
            return False
    return True
