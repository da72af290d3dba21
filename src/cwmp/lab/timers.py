"""What one CPE will do later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Timers:
    """Calls to come in the running loop, forgotten when they have fired."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: set[asyncio.TimerHandle] = set()

    def later(self, seconds: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        """Call it in so many seconds, unless it is cancelled."""

        def fire() -> None:
            self._waiting.discard(handle)
            call()

        handle = asyncio.get_running_loop().call_later(seconds, fire)
        self._waiting.add(handle)
        return handle

    def cancel(self, handle: asyncio.TimerHandle | None) -> None:
        """Harmless for one that has fired, and for None."""
        if handle is not None:
            handle.cancel()
            self._waiting.discard(handle)

    def cancel_all(self) -> None:
        for handle in self._waiting:
            handle.cancel()
        self._waiting.clear()
