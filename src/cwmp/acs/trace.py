"""The SOAP of each device's last sessions, kept in bounded memory and masked when it is read."""

from __future__ import annotations

from typing import Any, Literal

Direction = Literal["cpe→acs", "acs→cpe"]


class Trace:
    """The last sessions of every device. Adding is cheap; masking happens in `sessions`."""

    def __init__(self, *, sessions_per_device: int = 5, max_bytes: int = 64 * 1024 * 1024) -> None: ...

    def begin(self, device_id: str, session_id: str, at: float, peer: str, events: tuple[str, ...]) -> None:
        """A session has begun; `at` is seconds since the epoch."""
        raise NotImplementedError

    def add(
        self, device_id: str, session_id: str, direction: Direction, at: float, status: int, body: bytes
    ) -> None:
        """One message; `status` is the HTTP status of a response, 0 for a request."""
        raise NotImplementedError

    def sessions(self, device_id: str) -> list[dict[str, Any]]:
        """Newest last: ``{"started", "ended", "peer", "events", "exchanges": [...]}``, secrets masked."""
        raise NotImplementedError

    def forget(self, device_id: str) -> None:
        raise NotImplementedError
