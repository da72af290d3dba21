"""How many connection requests may be on their way to one address at once.

Each device names where it wants to be woken. Where many of them name the same place, on a network that is
allowed, they could aim this ACS at somebody who has nothing to do with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Crowded(Exception):
    """As many requests as may be are under way to that address already."""


class Crowd:
    """Counts what is under way by address and port. limit: at most so many at once to one of them."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._under_way: Counter[tuple[str, str, int]] = Counter()

    @contextmanager
    def one_more(self, route: str, address: str, port: int) -> Iterator[None]:
        """For the time of one request over that route; raises `Crowded` at once, without waiting."""
        place = (route, address, port)
        if self._under_way[place] >= self.limit:
            raise Crowded
        self._under_way[place] += 1
        try:
            yield
        finally:
            self._under_way[place] -= 1
            if not self._under_way[place]:
                del self._under_way[place]

    def __len__(self) -> int:
        """Addresses with something under way."""
        return len(self._under_way)
