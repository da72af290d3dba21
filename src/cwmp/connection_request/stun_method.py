"""UDP by the STUN server's socket as one of the methods (TR-069a6 Annex G)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cwmp.connection_request.address import Network
from cwmp.connection_request.answer import Answer
from cwmp.connection_request.choosing_route import Routes
from cwmp.connection_request.method import Target
from cwmp.connection_request.udp import StunDevice, UdpRequests


class StunMethod:
    """UDP connection requests among the ways of waking; the best answer is `sent`.

    username_of: the STUNUsername that this device alone has, "" where none is known. networks: addresses
    allowed besides the one the last Inform came from, and those of the device's route.
    """

    name = "stun"
    confirms = False

    def __init__(
        self,
        requests: UdpRequests,
        username_of: Callable[[str], str] = lambda device_id: "",
        *,
        networks: Sequence[Network] = (),
        routes: Routes | None = None,
    ) -> None:
        self._requests = requests
        self._username_of = username_of
        self._networks = tuple(networks)
        self._routes = routes or Routes()
        self._asked: dict[str, object] = {}

    def obstacle(self, target: Target) -> str:
        """Why the device cannot be asked by UDP; "" when it can."""
        refused = self._requests.refusal(self._device(target), target.password)
        return refused.detail if refused is not None and refused.word == "no_method" else ""

    async def ask(self, target: Target) -> tuple[str, Answer]:
        asking = self._asked[target.id] = object()
        answer = await self._requests.ask(
            self._device(target),
            target.username,
            target.password,
            informed=lambda: self._asked.get(target.id) is not asking,
        )
        if answer.word != "sent":
            self.came(target.id)
        return "stun", answer

    def came(self, device_id: str) -> None:
        """The device has informed: no more copies for it."""
        self._asked.pop(device_id, None)

    def _device(self, target: Target) -> StunDevice:
        told = target.parameters
        enabled = told.get("ManagementServer.STUNEnable", "")
        rule = self._routes.choose(target.id, target.tags, target.informed_from)
        return StunDevice(
            id=target.id,
            reported=target.udp_address,
            stun_username=self._username_of(target.id),
            server=told.get("ManagementServer.STUNServerAddress", ""),
            enabled=enabled in ("1", "true") if enabled else None,
            informed_from=target.informed_from,
            allowed=(*self._networks, *rule.allowed),
        )
