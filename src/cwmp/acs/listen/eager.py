"""Run a coroutine at once, as far as it goes without waiting.

Most requests of CPEs are answered without waiting for anything. A task for each would cost as much as the
parsing of a small message: made, queued, and run in the loop's next turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any


def start(work: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> asyncio.Task[None] | None:
    """Run `work` to its end, or to where it first waits; then a task does the rest, and is returned.

    Until then it belongs to no task: nothing in it may ask for the current one (`asyncio.timeout` does)
    before its first wait. Raises what `work` raises before that.
    """
    try:
        waits_for = work.send(None)
    except StopIteration:
        return None
    return loop.create_task(_rest(work, waits_for))


async def _rest(work: Coroutine[Any, Any, None], waits_for: Any) -> None:
    await _Rest(work, waits_for)


class _Rest:
    """A coroutine that already waits for something, as something to await."""

    __slots__ = ("_waits_for", "_work")

    def __init__(self, work: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self._work = work
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        work, waits_for = self._work, self._waits_for
        try:
            while True:
                try:
                    given = yield waits_for
                except GeneratorExit:
                    work.close()
                    raise
                except BaseException as error:
                    waits_for = work.throw(error)
                else:
                    waits_for = work.send(given)
        except StopIteration:
            return
