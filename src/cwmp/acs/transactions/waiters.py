"""Those who wait for something to be over."""

from __future__ import annotations

import asyncio


class Waiters:
    """Futures by id of what is waited for."""

    def __init__(self) -> None:
        self._futures: dict[str, list[asyncio.Future[None]]] = {}
        self._closed = False

    async def wait(self, ident: str, seconds: float) -> None:
        """Return when `over` is called with this id, at the latest after so many seconds."""
        if seconds <= 0 or self._closed:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        futures = self._futures.setdefault(ident, [])
        futures.append(future)
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            pass
        finally:
            futures.remove(future)
            if not futures and self._futures.get(ident) is futures:
                del self._futures[ident]

    def over(self, ident: str) -> None:
        """Whoever waits for this id need not wait any more."""
        for future in self._futures.get(ident, ()):
            if not future.done():
                future.set_result(None)

    def close(self) -> None:
        """Nobody needs to wait any more, now or later."""
        self._closed = True
        for ident in list(self._futures):
            self.over(ident)
