"""Waking devices that have work waiting: which, when, by what method, and what they answered."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from cwmp.platforms.protocol import ConnectionRequestResult

if TYPE_CHECKING:
    from cwmp.acs.sessions import Sessions

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class WakingRules:
    """How and where the ACS may send connection requests. Times in seconds.

    networks: addresses allowed besides the one the device's last Inform came from.
    repeat: before a request that was not followed by an Inform is repeated.
    in_flight: connection requests under way at once. source_address: to send from; "" any.
    """

    networks: tuple[Network, ...] = ()
    repeat: float = 30.0
    timeout: float = 10.0
    in_flight: int = 200
    source_address: str = ""


class Waking:
    """Sends connection requests. Hooks itself into `transactions.on_queued` and `sessions.on_inform`."""

    def __init__(
        self,
        *,
        registry: Any,
        transactions: Any,
        credentials: Any,
        sessions: Sessions,
        rules: WakingRules | None = None,
        metrics: Any = None,
    ) -> None: ...

    async def request(
        self, device_id: str, method: str = "auto", wait: float = 0.0
    ) -> ConnectionRequestResult:
        """Wake the device now; with `wait` > 0 also wait up to that many seconds for its Inform.

        Never raises for what the device does: the result's `answer` says it. An unknown device raises
        `acs.errors.UnknownDevice`; an unknown method is answered `no_method`.
        """
        raise NotImplementedError

    async def close(self) -> None:
        """Cancel what is under way."""
        raise NotImplementedError
