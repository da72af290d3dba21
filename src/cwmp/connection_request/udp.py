"""A UDP connection request: to which address, signed with what, sent by the STUN server's socket (§G.2.2)."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cwmp.connection_request.address import Network, plain_address, safe
from cwmp.connection_request.answer import Answer
from cwmp.connection_request.bindings import Address
from cwmp.connection_request.growing import GrowingNumbers
from cwmp.connection_request.rate import RateLimit
from cwmp.connection_request.stun import StunServer
from cwmp.wire import udp_request
from cwmp.wire.udp_request import UdpRequest

_REPORTED = re.compile(r"\s*(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::([0-9]{1,5}))?\s*")


@dataclass(frozen=True, slots=True)
class StunDevice:
    """What is known of a device's STUN side.

    reported: its UDPConnectionRequestAddress. stun_username: its STUNUsername. server: the
    STUNServerAddress it is told to use, "" unknown. enabled: its STUNEnable, None unknown.
    informed_from: address of its last Inform. allowed: networks that are safe besides.
    """

    id: str
    reported: str = ""
    stun_username: str = ""
    server: str = ""
    enabled: bool | None = None
    informed_from: str = ""
    allowed: Sequence[Network] = ()


class UdpRequests:
    """Sends UDP connection requests. own_names: the STUN server addresses devices know us by."""

    def __init__(self, server: StunServer, numbers: GrowingNumbers, *, own_names: Sequence[str] = ()) -> None:
        self._server = server
        self._numbers = numbers
        self._own = frozenset(_name(each) for each in own_names)
        self._aimed = RateLimit(0.5, 3)
        self._sending: set[asyncio.Task[None]] = set()

    async def ask(
        self,
        device: StunDevice,
        username: str,
        password: str,
        *,
        informed: Callable[[], bool] = lambda: False,
    ) -> Answer:
        """Send a request; `sent` is the best answer there is, for nobody acknowledges it.

        informed: has the device come? Then no further copy is sent. Never raises for what a device does.
        """
        found = self._address(device, password)
        if isinstance(found, Answer):
            return found
        if not self._aimed.allows(found, asyncio.get_running_loop().time()):
            return Answer("busy", f"{found[0]}:{found[1]} was sent several requests within a few seconds")
        try:
            timestamp, number = self._numbers.next(device.id)
        except OSError as error:
            return Answer("no_answer", f"the ts of UDP connection requests cannot be kept: {error.strerror}")
        request = UdpRequest(timestamp, number, username, secrets.token_hex(8)).sign(password)
        datagram = udp_request.encode(request, *found)
        task = asyncio.get_running_loop().create_task(
            self._server.send_copies(datagram, found, until=informed)
        )
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
        return Answer("sent", f"sent to {found[0]}:{found[1]}, which nobody acknowledges")

    async def close(self) -> None:
        for task in list(self._sending):
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    def refusal(self, device: StunDevice, password: str) -> Answer | None:
        """Why the device cannot be asked; None where it can."""
        found = self._address(device, password)
        return found if isinstance(found, Answer) else None

    # ---- where to

    def _address(self, device: StunDevice, password: str) -> Address | Answer:
        """The address of the device's binding, or why there is none that may be used."""
        found = self._binding(device)
        if not password and not isinstance(found, Answer):
            detail = "the device's ConnectionRequestPassword, which signs the request, is not known here"
            return Answer("no_method", detail)
        return found

    def _binding(self, device: StunDevice) -> Address | Answer:
        reported = parse_reported(device.reported)
        bindings = self._server.bindings
        own = bindings.of(device.stun_username)
        if own is not None and own.proven:
            return own.address
        if reported is not None and bindings.at(reported) is not None:
            # Seen here and told in an authenticated session.
            return reported
        if own is not None and self._safe(own.address, device):
            return own.address
        foreign = self._foreign(device)
        if foreign is not None:
            return foreign
        if reported is None:
            return self._nothing_known(device)
        if self._safe(reported, device):
            return reported
        detail = (
            f"the device reports {reported[0]}:{reported[1]}, from where this ACS's STUN server has heard "
            f"nothing, and its last Inform came from {device.informed_from or 'nowhere'}: allow that network "
            "if it is right"
        )
        return Answer("unsafe_address", detail)

    def _safe(self, address: Address, device: StunDevice) -> bool:
        host = plain_address(address[0])
        return host is not None and safe(host, device.informed_from, device.allowed)

    def _foreign(self, device: StunDevice) -> Answer | None:
        if not device.server or not self._own or _name(device.server) in self._own:
            return None
        detail = (
            f"the device uses the STUN server {device.server}, and only that server's socket gets through "
            f"to it: set its STUNServerAddress to {' or '.join(sorted(self._own))}"
        )
        return Answer("no_method", detail)

    def _nothing_known(self, device: StunDevice) -> Answer:
        if device.enabled is False:
            return Answer("no_method", "the device's STUNEnable is false")
        detail = "no binding of the device has been seen, and it has told no UDPConnectionRequestAddress"
        return Answer("no_method", detail)


def parse_reported(text: str) -> Address | None:
    """A UDPConnectionRequestAddress: host number, and port or 80 (§G.2.1.4). None for anything else."""
    found = _REPORTED.fullmatch(text)
    if found is None:
        return None
    host = plain_address(found[1] or found[2])
    port = int(found[3] or 80)
    return (str(host), port) if host is not None and 0 < port < 65536 else None


def _name(server: str) -> str:
    """A STUN server's name or number, to be compared."""
    address = plain_address(server.strip("[] "))
    return str(address) if address is not None else server.strip().rstrip(".").lower()
