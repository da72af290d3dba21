"""ts and id of UDP connection requests: a device believes only what grows (TR-069a6 §G.2.2.3).

They grow across restarts too, and when the clock is set back: a small file keeps how far they came.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

_AHEAD = 1000
"""Ids the file is ahead, so that it is written once a second and not at every request."""
_LARGEST = 2**31 - 1
"""Devices read the id into 32 bits, some of them signed."""
_REMEMBERED = 20_000


class GrowingNumbers:
    """Gives each request its ts (Unix seconds, growing for each device) and its id (growing for all).

    file: where the high-water mark is kept; None keeps it in memory only. An unreadable file is begun anew.
    """

    def __init__(self, file: Path | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._clock = clock
        timestamp, number = self._read()
        self._floor = timestamp
        """Every request before the restart had at most this ts."""
        self._written = (timestamp, number)
        self._highest = timestamp
        self._id = number
        self._last: OrderedDict[str, int] = OrderedDict()

    def next(self, device: str) -> tuple[int, int]:
        """(ts, id) of a new request to this device. Raises OSError when the mark cannot be kept."""
        least = max(self._floor, self._last.pop(device, 0))
        timestamp = max(int(self._clock()), least + 1)
        self._last[device] = timestamp
        if len(self._last) > _REMEMBERED:
            _, forgotten = self._last.popitem(last=False)
            # What is not remembered one by one is remembered for all.
            self._floor = max(self._floor, forgotten)
        # From the clock, so that a lost file does no harm; counting on where requests come faster.
        number = max(int(self._clock()) % _LARGEST, self._id + 1)
        self._id = number if number <= _LARGEST else 1
        self._highest = max(self._highest, timestamp)
        if self._highest > self._written[0] or self._id > self._written[1]:
            self._write()
        return timestamp, self._id

    def _read(self) -> tuple[int, int]:
        if self._file is None:
            return 0, 0
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            held = json.loads(self._file.read_text(encoding="ascii"))
            # A mark far ahead of the clock can only be a clock that was wrong; devices may believe it all
            # the same, so it is kept.
            return max(0, int(held["ts"])), max(0, int(held["id"])) % _LARGEST
        return 0, 0

    def _write(self) -> None:
        self._written = (self._highest, self._id + _AHEAD)
        if self._file is None:
            return
        # Without fsync: after a power cut the clock has gone on further than the mark.
        beside = self._file.with_name(self._file.name + ".new")
        beside.write_text(json.dumps({"ts": self._written[0], "id": self._written[1]}), encoding="ascii")
        os.replace(beside, self._file)  # noqa: PTH105
