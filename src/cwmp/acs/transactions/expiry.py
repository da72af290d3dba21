"""One timer for many deadlines, on the loop's own clock, so that a jump of the wall clock expires nothing."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable


class Expiry:
    """Calls back with the id of whatever is due. An id set again has its newest deadline only."""

    def __init__(self, due: Callable[[str], None]) -> None:
        self._due = due
        self._heap: list[tuple[float, str]] = []
        self._deadlines: dict[str, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def set(self, ident: str, seconds: float) -> None:
        """Due in so many seconds; in the next turn of the loop for 0 or less."""
        deadline = asyncio.get_running_loop().time() + max(0.0, seconds)
        self._deadlines[ident] = deadline
        heapq.heappush(self._heap, (deadline, ident))
        if self._heap[0] == (deadline, ident):
            self._arm()

    def remaining(self, ident: str) -> float:
        """Seconds until it is due, negative when it should have been; 0.0 for an unknown id."""
        deadline = self._deadlines.get(ident)
        return 0.0 if deadline is None else deadline - asyncio.get_running_loop().time()

    def drop(self, ident: str) -> None:
        """Never due any more."""
        self._deadlines.pop(ident, None)
        # Dropped entries stay in the heap until their time; keep it from growing beyond what is alive.
        if len(self._heap) > 64 and len(self._heap) > 2 * len(self._deadlines):
            self._heap = [(deadline, key) for key, deadline in self._deadlines.items()]
            heapq.heapify(self._heap)
            self._arm()

    def close(self) -> None:
        """Call back no more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._heap and not self._closed:
            self._timer = asyncio.get_running_loop().call_at(self._heap[0][0], self._run)

    def _run(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        while self._heap and self._heap[0][0] <= now:
            deadline, ident = heapq.heappop(self._heap)
            if self._deadlines.get(ident) == deadline:
                del self._deadlines[ident]
                self._due(ident)
        self._arm()
