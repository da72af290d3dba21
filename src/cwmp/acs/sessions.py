"""Live CWMP sessions: at most one per device, each driving its device's transactions in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cwmp.acs.trace import Trace


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Bounds of sessions. Times in seconds.

    sessions: live at once; beyond, a CPE gets 503 with Retry-After.
    exchanges: of one session, counted in requests of the CPE.
    idle: without an exchange before a session is over; a longer SessionTimeout of the CPE is honoured up
    to `longest_idle`. response: for the answer to a request of ours, raised for models that are slower.
    unanswered: times a request may stay without its answer in one session (an empty POST came instead).
    """

    sessions: int = 20_000
    exchanges: int = 2_000
    idle: float = 30.0
    longest_idle: float = 600.0
    response: float = 120.0
    unanswered: int = 2


class Sessions:
    """All live sessions of this process."""

    def __init__(
        self,
        *,
        registry: Any,
        knowledge: Any,
        transactions: Any,
        credentials: Any,
        trace: Trace,
        limits: SessionLimits | None = None,
        own_urls: tuple[str, ...] = (),
        metrics: Any = None,
    ) -> None: ...

    def __len__(self) -> int:
        """Live sessions."""
        raise NotImplementedError

    def in_session(self, device_id: str) -> bool:
        """The device is in a session now: work queued for it joins that session."""
        raise NotImplementedError

    def on_inform(self, callback: Callable[[Any, tuple[str, ...]], None]) -> None:
        """Call back with (device record, event codes) whenever an accepted Inform has been registered."""
        raise NotImplementedError

    def start(self) -> None:
        """Begin sweeping timed-out sessions; needs the running event loop."""
        raise NotImplementedError

    async def drain(self, timeout: float) -> None:
        """Take no new session (503), let the live ones end for at most `timeout` seconds, end the rest."""
        raise NotImplementedError
