"""Failed authentications, and how long their source must wait before it is heard again."""

from __future__ import annotations

from collections import OrderedDict


class Attempts:
    """Backs off per (source address, username): never a device alone, never a whole carrier's NAT.

    free: failures without consequence, because a CPE may hold an old password; then each doubles the wait
    from 1 s up to `longest`. kept: pairs remembered, the least recent forgotten first.
    """

    def __init__(self, *, free: int = 5, longest: float = 60.0, kept: int = 20_000) -> None:
        self._free = free
        self._longest = longest
        self._kept = kept
        self._failed: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def wait(self, source: str, username: str, now: float) -> float:
        """Seconds this pair has still to wait; 0.0 when it may try."""
        known = self._failed.get((source, username[:256]))
        return 0.0 if known is None else max(0.0, known[1] - now)

    def failed(self, source: str, username: str, now: float) -> None:
        key = (source, username[:256])
        count, _ = self._failed.pop(key, (0, 0.0))
        count += 1
        over = count - self._free
        wait = min(self._longest, 2.0 ** min(over - 1, 20)) if over > 0 else 0.0
        self._failed[key] = (count, now + wait)
        if len(self._failed) > self._kept:
            self._failed.popitem(last=False)

    def succeeded(self, source: str, username: str) -> None:
        if self._failed:
            self._failed.pop((source, username[:256]), None)
