"""The SOAP of each device's last sessions, kept in bounded memory and masked when it is read."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from cwmp.acs.sessions.trace_masking import masked_bodies

Direction: TypeAlias = Literal["cpe→acs", "acs→cpe"]

_EXCHANGE_COST = 160
_SESSION_COST = 900
"""Rough bytes of memory that an exchange and a session take besides their bodies."""


class SessionTrace:
    """One session's messages. The live session holds it and adds to it."""

    __slots__ = (
        "device_id",
        "ended",
        "events",
        "exchanges",
        "peer",
        "secret_paths",
        "size",
        "started",
        "trace",
    )

    def __init__(self, trace: Trace, device_id: str, at: float, peer: str, events: tuple[str, ...]) -> None:
        self.trace: Trace | None = trace
        self.device_id = device_id
        self.started = at
        self.ended = 0.0
        self.peer = peer
        self.events = events
        self.exchanges: list[tuple[Direction, float, int, bytes | None, int]] = []
        self.secret_paths: set[str] = set()
        self.size = _SESSION_COST

    def add(self, direction: Direction, at: float, status: int, body: bytes) -> None:
        """Keep one message; `status` is the HTTP status of a response, 0 for a request."""
        trace = self.trace
        if trace is None:
            return
        length = len(body)
        cost = length + _EXCHANGE_COST
        if length > trace.max_body or self.size + cost > trace.max_session:
            self.exchanges.append((direction, at, status, None, length))
            cost = _EXCHANGE_COST
        else:
            self.exchanges.append((direction, at, status, body, length))
        self.size += cost
        trace.size += cost
        if trace.size > trace.max_bytes:
            trace.make_room(self)

    def end(self, at: float) -> None:
        self.ended = at


class Trace:
    """The last sessions of every device. Adding is cheap; masking happens in `sessions`.

    max_bytes bounds all of it: beyond, the oldest sessions go, whichever device they are of. max_body and
    max_session keep one device's huge tree from pushing out everyone else's sessions.
    """

    def __init__(
        self,
        *,
        sessions_per_device: int = 5,
        max_bytes: int = 64 * 1024 * 1024,
        max_body: int = 1024 * 1024,
        max_session: int = 4 * 1024 * 1024,
    ) -> None:
        self.sessions_per_device = sessions_per_device
        self.max_bytes = max_bytes
        self.max_body = max_body
        self.max_session = max_session
        self.size = 0
        self._devices: dict[str, deque[SessionTrace]] = {}
        self._oldest: deque[SessionTrace] = deque()

    def begin(self, device_id: str, at: float, peer: str, events: tuple[str, ...]) -> SessionTrace:
        """A session has begun; `at` is seconds since the epoch."""
        session = SessionTrace(self, device_id, at, peer, events)
        kept = self._devices.get(device_id)
        if kept is None:
            kept = self._devices[device_id] = deque()
        elif len(kept) >= self.sessions_per_device:
            self._drop(kept.popleft())
        kept.append(session)
        self._oldest.append(session)
        self.size += session.size
        if len(self._oldest) > 64 and len(self._oldest) > 2 * self.sessions_per_device * len(self._devices):
            self._oldest = deque(each for each in self._oldest if each.trace is not None)
        return session

    def make_room(self, keep: SessionTrace) -> None:
        """Let the oldest sessions go until the bound holds again."""
        while self.size > self.max_bytes and self._oldest:
            session = self._oldest.popleft()
            if session.trace is None:
                continue
            if session is keep and not self._oldest:
                self._oldest.append(session)
                self._empty(session)
                return
            self._drop(session)
            kept = self._devices.get(session.device_id)
            if kept is not None and session in kept:
                kept.remove(session)
                if not kept:
                    del self._devices[session.device_id]

    def sessions(self, device_id: str) -> list[dict[str, Any]]:
        """Newest last: ``{"started", "ended", "peer", "events", "exchanges": [...]}``, secrets masked."""
        return [_shown(session) for session in self._devices.get(device_id, ())]

    def forget(self, device_id: str) -> None:
        """Drop everything kept of a device."""
        for session in self._devices.pop(device_id, ()):
            self._drop(session)

    def _drop(self, session: SessionTrace) -> None:
        session.trace = None
        self.size -= session.size
        session.exchanges = []

    def _empty(self, session: SessionTrace) -> None:
        self.size -= session.size
        session.exchanges = []
        session.size = _SESSION_COST
        self.size += session.size


def _shown(session: SessionTrace) -> dict[str, Any]:
    bodies = masked_bodies([body for _, _, _, body, _ in session.exchanges], session.secret_paths)
    exchanges: list[dict[str, Any]] = []
    for (direction, at, status, body, length), text in zip(session.exchanges, bodies, strict=True):
        shown: dict[str, Any] = {"direction": direction, "at": _iso(at)}
        if status:
            shown["status"] = status
        shown["body"] = f"(a body of {length} bytes was not kept)" if body is None else text
        exchanges.append(shown)
    return {
        "started": _iso(session.started),
        "ended": _iso(session.ended) if session.ended else "",
        "peer": session.peer,
        "events": list(session.events),
        "exchanges": exchanges,
    }


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
