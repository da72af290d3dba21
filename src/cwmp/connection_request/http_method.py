"""HTTP as one of the methods (TR-069a6 §3.2.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cwmp.connection_request.address import Network
from cwmp.connection_request.answer import Answer
from cwmp.connection_request.choosing_route import Routes
from cwmp.connection_request.crowd import Crowd
from cwmp.connection_request.method import Target
from cwmp.connection_request.safe_http import ask


@dataclass(frozen=True, slots=True)
class HttpMethod:
    """Asks the ConnectionRequestURL, if its host is the one the device's last Inform came from.

    networks: addresses allowed besides, and those of the device's route. basic: send credentials in clear to
    devices that ask for nothing better. timeout: seconds for the whole exchange. crowd: limits what is under
    way to one address at once.
    """

    networks: Sequence[Network] = ()
    routes: Routes = field(default_factory=Routes)
    basic: bool = False
    timeout: float = 10.0
    crowd: Crowd | None = None
    name: str = "http"
    confirms: bool = True

    def obstacle(self, target: Target) -> str:
        return "" if target.url else "the device has not told its ConnectionRequestURL"

    async def ask(self, target: Target) -> tuple[str, Answer]:
        rule = self.routes.choose(target.id, target.tags, target.informed_from)
        return await ask(
            target.url,
            target.username,
            target.password,
            informed_from=target.informed_from,
            allowed=(*self.networks, *rule.allowed),
            route=rule.route,
            basic=self.basic,
            seconds=self.timeout,
            crowd=self.crowd,
        )
