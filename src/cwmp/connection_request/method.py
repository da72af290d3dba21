"""What every way of waking a device has in common: a target, and one question asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cwmp.connection_request.answer import Answer


@dataclass(frozen=True, slots=True)
class Target:
    """A device as whoever wakes it needs to know it. Everything it reports is hostile until checked.

    informed_from: address its last Inform came from. supported: ManagementServer.SupportedConnReqMethods as
    the device reports it, upper case; empty: not told. parameters: others it has told, without root.
    username, password: ManagementServer.ConnectionRequest*, "" where the ACS holds none.
    """

    id: str
    informed_from: str = ""
    url: str = ""
    udp_address: str = ""
    jabber_id: str = ""
    supported: frozenset[str] = frozenset()
    tags: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    username: str = ""
    password: str = ""


class Method(Protocol):
    """One way of waking: http, xmpp or stun.

    `confirms`: the device answers the request itself, so that `accepted` is its word; a method that does not
    confirm (a datagram) is only proven by the Inform that follows.
    """

    @property
    def name(self) -> str: ...

    @property
    def confirms(self) -> bool: ...

    def obstacle(self, target: Target) -> str:
        """Why the device cannot be asked this way: half a sentence; "" when it can."""
        ...

    async def ask(self, target: Target) -> tuple[str, Answer]:
        """Ask; gives the route's name and the answer. Never raises for what the device or the way does."""
        ...
