"""How to get to a device: where a connection leaves from. Directly, or from a given source address.

A route through an interface, a SOCKS5 or an HTTP gateway is another class with the same `connect`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol


class Route(Protocol):
    """Opens TCP connections to checked addresses. `name` is for results and logs."""

    @property
    def name(self) -> str: ...

    async def connect(self, address: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to an IP address (never a name: what was checked is what is dialled). Raises OSError."""
        ...


@dataclass(frozen=True, slots=True)
class Direct:
    """Straight to the device; `source_address` is bound before connecting, or the route is not taken."""

    source_address: str = ""
    buffer: int = 64 * 1024

    @property
    def name(self) -> str:
        return f"source {self.source_address}" if self.source_address else "direct"

    async def connect(self, address: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        source = (self.source_address, 0) if self.source_address else None
        return await asyncio.open_connection(address, port, local_addr=source, limit=self.buffer)
