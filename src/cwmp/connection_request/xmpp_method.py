"""Which broker a device's JID belongs to, whether that JID may be used, and the request over that broker."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from cwmp.connection_request.answer import Answer
from cwmp.connection_request.method import Target
from cwmp.connection_request.xmpp import BrokerConnection
from cwmp.wire.xmpp_request import Jid, parse_jid


class XmppMethod:
    """XMPP among the ways of waking. A JID that a device reports is hostile input: only domains of configured
    brokers count, and a JID that several devices report is nobody's.

    reporters(key): ids of the devices that report the JID with this `Jid.key`. seconds: for one request.
    """

    name = "xmpp"
    confirms = True

    def __init__(
        self,
        brokers: Iterable[BrokerConnection],
        reporters: Callable[[str], Collection[str]],
        *,
        seconds: float = 10.0,
    ) -> None:
        self.brokers = {each.broker.domain.lower().removesuffix("."): each for each in brokers}
        self._reporters = reporters
        self._seconds = seconds

    def start(self) -> None:
        """Log in at every broker and stay."""
        for broker in self.brokers.values():
            broker.start()

    async def close(self) -> None:
        for broker in self.brokers.values():
            await broker.close()

    @property
    def connected(self) -> int:
        """Brokers with a connection that stands."""
        return sum(each.connected for each in self.brokers.values())

    def obstacle(self, target: Target) -> str:
        """Why the device cannot be asked by XMPP; "" when it can."""
        if not target.jabber_id:
            return "the device has not told its ConnReqJabberID"
        jid = parse_jid(target.jabber_id)
        if jid is None or not jid.local or not jid.resource:
            return "the device's ConnReqJabberID is no full JID in plain letters (NAME@DOMAIN/RESOURCE)"
        if self._broker(jid) is None:
            return f"the device's JID is of {jid.domain}, and this ACS has no account at an XMPP broker of it"
        return ""

    async def ask(self, target: Target) -> tuple[str, Answer]:
        """Ask over the broker of the JID's domain; the route is named after it."""
        obstacle = self.obstacle(target)
        jid = parse_jid(target.jabber_id)
        broker = self._broker(jid) if jid is not None else None
        if obstacle or jid is None or broker is None:
            return "", Answer("no_method", obstacle)
        route = f"broker {broker.broker.domain}"
        if (jid.local.lower(), jid.domain.lower()) == (
            broker.account.local.lower(),
            broker.account.domain.lower(),
        ):
            return route, Answer("unsafe_address", "the device reports the ACS's own JID")
        others = sorted(set(self._reporters(jid.key)) - {target.id})
        if others:
            more = f" and {len(others) - 1} more" if len(others) > 1 else ""
            return route, Answer(
                "unsafe_address", f"{jid.full} is reported by {others[0]}{more} too: a JID is of one device"
            )
        return route, await broker.request(jid, target.username, target.password, seconds=self._seconds)

    def _broker(self, jid: Jid) -> BrokerConnection | None:
        return self.brokers.get(jid.domain.lower())
