"""How often something may happen for each of many sources, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable


class RateLimit:
    """`burst` at once and `rate` each second for every key; the longest unseen keys are forgotten."""

    def __init__(self, rate: float, burst: float, keys: int = 20_000) -> None:
        self._rate = rate
        self._burst = burst
        self._keys = keys
        self._spent: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def allows(self, key: Hashable, now: float) -> bool:
        """Count one for this key at time `now` (seconds); False where that is too many."""
        left, before = self._spent.pop(key, (self._burst, now))
        left = min(self._burst, left + max(0.0, now - before) * self._rate)
        allowed = left >= 1
        self._spent[key] = (left - 1 if allowed else left, now)
        if len(self._spent) > self._keys:
            self._spent.popitem(last=False)
        return allowed
