"""Which events a CPE still owes its ACS, and until when it keeps each (TR-069a6 §3.7.1.5)."""

from __future__ import annotations

from cwmp.wire.messages import Event

BOOTSTRAP = "0 BOOTSTRAP"
BOOT = "1 BOOT"
PERIODIC = "2 PERIODIC"
SCHEDULED = "3 SCHEDULED"
VALUE_CHANGE = "4 VALUE CHANGE"
CONNECTION_REQUEST = "6 CONNECTION REQUEST"
TRANSFER_COMPLETE = "7 TRANSFER COMPLETE"
DIAGNOSTICS_COMPLETE = "8 DIAGNOSTICS COMPLETE"

MOST = 64
"""Events one Inform may carry."""

_UNTIL_REBOOT = frozenset({BOOT, VALUE_CHANGE, CONNECTION_REQUEST, DIAGNOSTICS_COMPLETE})
_NOT_RETRIED = frozenset({CONNECTION_REQUEST, "13 WAKEUP", "14 HEARTBEAT"})
_UNTIL_TRANSFER_RESPONSE = frozenset({TRANSFER_COMPLETE, "M Download", "M Upload"})


class PendingEvents:
    """Events in the order they will be sent. An event without command key is owed once at most."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._sent: tuple[Event, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._events)

    def __contains__(self, event_code: str) -> bool:
        return any(event.event_code == event_code for event in self._events)

    def all(self) -> tuple[Event, ...]:
        """What is owed now: numbered events in the order of their numbers, then the M events."""
        return tuple(sorted(self._events, key=_place))[:MOST]

    def add(self, event_code: str, command_key: str = "") -> None:
        """Owe an event. ``0 BOOTSTRAP`` drops whatever else was owed."""
        if event_code == BOOTSTRAP:
            self._events.clear()
        if event_code.startswith("M ") or event_code not in self:
            self._events.append(Event(event_code, command_key))

    def sending(self) -> tuple[Event, ...]:
        """The events of the Inform that goes out now."""
        self._sent = self.all()
        return self._sent

    def delivered(self) -> tuple[Event, ...]:
        """The Inform was answered: forget its events, but those that wait for a TransferCompleteResponse."""
        for event in self._sent:
            if event.event_code not in _UNTIL_TRANSFER_RESPONSE and event in self._events:
                self._events.remove(event)
        sent, self._sent = self._sent, ()
        return sent

    def failed(self) -> None:
        """The session failed: what is not tried again is forgotten, the rest stays owed."""
        self._sent = ()
        self._events = [event for event in self._events if event.event_code not in _NOT_RETRIED]

    def rebooted(self) -> None:
        """Forget what a reboot makes pointless."""
        self._sent = ()
        self._events = [event for event in self._events if event.event_code not in _UNTIL_REBOOT]

    def transfer_reported(self, kind: str, command_key: str, *, more: bool) -> None:
        """A TransferComplete was answered; more: another one is still to be reported."""
        done = Event(f"M {kind}", command_key)
        if done in self._events:
            self._events.remove(done)
        if not more:
            self._events = [event for event in self._events if event.event_code != TRANSFER_COMPLETE]

    def clear(self) -> None:
        """Forget everything."""
        self._events.clear()
        self._sent = ()


def _place(event: Event) -> tuple[int, int]:
    number = event.event_code.partition(" ")[0]
    return (0, int(number)) if number.isdigit() else (1, 0)
