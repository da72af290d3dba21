"""Notices when two CPEs seem to use one identity, or one CPE two identities."""

from __future__ import annotations

from collections.abc import Sequence

from cwmp.acs.devices.device_records import FLAG_IDENTITY_CHANGED, FLAG_SERIAL_REPEATS, DeviceRecord
from cwmp.acs.devices.recent import Recent

_RETURNS = 2
_PLACES = 4


class Sightings:
    """Where devices came from lately: only of those that come from several places.

    A CPE is told by its ConnectionRequestURL (its path is random per CPE), where it has none by its address.
    Two CPEs alternate: A, B, A, B. One whose address changes, or that falls back to another line for a while,
    does not come back twice within the window; one that has booted may have a new URL.
    """

    def __init__(self, window: float, remember: int = 4096) -> None:
        self._window = window
        self._places: Recent[str, list[tuple[float, str]]] = Recent(remember)

    def moved(self, device_id: str, before: str, place: str, now: float, *, booted: bool) -> bool:
        """The device came from `place`, the time before from another; whether that makes two CPEs of it."""
        if booted:
            self._places.pop(device_id)
            return False
        places = [each for each in self._places.get(device_id) or [] if each[0] > now - self._window]
        if not places:
            places.append((now, before))
        places.append((now, place))
        self._places.put(device_id, places[-16:])
        order = [each[1] for each in places]
        returns = sum(order[at] in order[:at] for at in range(len(order)))
        return returns >= _RETURNS or len(set(order)) >= _PLACES


def judge_newcomer(record: DeviceRecord, others: Sequence[DeviceRecord]) -> list[DeviceRecord]:
    """Flag a new device whose serial number is known already; returns the others whose flags changed.

    Firmware changes a ProductClass or the case of an OUI: that is the same maker's. Nothing is merged.
    """
    same_maker = [
        each
        for each in others
        if each.manufacturer.casefold() == record.manufacturer.casefold()
        or each.oui.casefold() == record.oui.casefold()
    ]
    if same_maker:
        former = max(same_maker, key=lambda each: each.last_inform)
        record.replaces = former.id
        add_flag(record, FLAG_IDENTITY_CHANGED)
        return []
    add_flag(record, FLAG_SERIAL_REPEATS)
    return [each for each in others if add_flag(each, FLAG_SERIAL_REPEATS)]


def judge_return(record: DeviceRecord, others: Sequence[DeviceRecord]) -> list[DeviceRecord]:
    """A device came again after another seemed to have replaced it: then they are two."""
    changed = []
    for other in others:
        if other.replaces == record.id and FLAG_IDENTITY_CHANGED in other.flags:
            other.replaces = ""
            remove_flag(other, FLAG_IDENTITY_CHANGED)
            add_flag(other, FLAG_SERIAL_REPEATS)
            add_flag(record, FLAG_SERIAL_REPEATS)
            changed.append(other)
    return changed


def add_flag(record: DeviceRecord, flag: str) -> bool:
    """True if it was not there."""
    if flag in record.flags:
        return False
    record.flags = tuple(sorted((*record.flags, flag)))
    return True


def remove_flag(record: DeviceRecord, flag: str) -> None:
    record.flags = tuple(each for each in record.flags if each != flag)
