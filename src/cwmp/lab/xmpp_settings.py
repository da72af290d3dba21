"""What a CPE's XMPP.Connection rows tell it to do."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from cwmp.lab.tree import DeviceTree
from cwmp.wire.xmpp_request import RESOURCE, parse_jid

PORT = 5222


@dataclass(frozen=True, slots=True)
class Server:
    """A row of XMPP.Connection.{i}.Server."""

    address: str
    port: int
    priority: int
    weight: int


@dataclass(frozen=True, slots=True)
class XmppSettings:
    """One enabled row, secrets in clear. Times in seconds; keep_alive 0: none.

    for_requests: ManagementServer.ConnReqXMPPConnection refers to it.
    """

    username: str
    password: str
    domain: str
    resource: str
    use_tls: bool
    algorithm: str
    servers: tuple[Server, ...]
    keep_alive: int
    retry_first: int
    retry_multiplier: int
    retry_longest: int
    for_requests: bool

    def __repr__(self) -> str:
        return f"XmppSettings({self.username}@{self.domain}/{self.resource})"

    @property
    def jid(self) -> str:
        account = f"{self.username}@{self.domain}"
        return f"{account}/{self.resource}" if self.resource else account

    @property
    def complete(self) -> bool:
        """Could anybody log in with this?"""
        jid = parse_jid(self.jid)
        if jid is None or not jid.local or jid.local != self.username:
            return False
        return self.algorithm in ("DNS-SRV", "DNS") or (
            self.algorithm == "ServerTable" and bool(self.servers)
        )

    def addresses(self) -> list[tuple[str, int]]:
        """Host and port to dial, in turn; ("", 0) for what the domain's SRV records say."""
        if self.algorithm == "DNS-SRV":
            return [("", 0)]
        if self.algorithm == "DNS":
            return [(self.domain, PORT)]
        chosen = sorted(self.servers, key=lambda each: (each.priority, -_lot(each.weight)))
        return [(each.address, each.port) for each in chosen]

    def retry_wait(self, attempt: int, chance: float) -> float:
        """Seconds before retry number `attempt` (1: the first): a point of an interval that grows."""
        factor = self.retry_multiplier / 1000
        low = min(self.retry_first * factor ** min(attempt - 1, 32), float(self.retry_longest))
        return min(low + (low * factor - low) * chance, float(self.retry_longest))


def settings_of(tree: DeviceTree) -> dict[str, XmppSettings | None]:
    """By the path of each XMPP.Connection row what it says; None for one that is not enabled."""
    rows = tree.rows(".XMPP.Connection.")
    if not rows:
        return {}
    chosen = (tree.value(".ManagementServer.ConnReqXMPPConnection") or "").rstrip(".") + "."
    return {row: _row(tree, row, row == chosen) for row in rows}


def _row(tree: DeviceTree, row: str, for_requests: bool) -> XmppSettings | None:
    def text(name: str) -> str:
        return (tree.value(row + name) or "").strip()

    def number(name: str, default: int, least: int = 1) -> int:
        held = text(name)
        return int(held) if held.isdecimal() and int(held) >= least else default

    if text("Enable") not in ("1", "true"):
        return None
    return XmppSettings(
        username=text("Username"),
        password=tree.value(f"{row}Password") or "",
        domain=text("Domain"),
        # For connection requests the standard wants a resource that the ACS can know.
        resource=text("Resource") or (RESOURCE if for_requests else ""),
        use_tls=text("UseTLS") in ("1", "true"),
        algorithm=text("ServerConnectAlgorithm") or "DNS-SRV",
        servers=tuple(_servers(tree, row)),
        keep_alive=number("KeepAliveInterval", 300, 0),
        retry_first=number("ServerRetryInitialInterval", 60),
        retry_multiplier=number("ServerRetryIntervalMultiplier", 2000, 1000),
        retry_longest=number("ServerRetryMaxInterval", 30720),
        for_requests=for_requests,
    )


def _servers(tree: DeviceTree, row: str) -> Iterator[Server]:
    for server in tree.rows(f"{row}Server."):
        address = (tree.value(f"{server}ServerAddress") or "").strip()
        if (tree.value(f"{server}Enable") or "") in ("1", "true") and address:
            yield Server(
                address,
                int(tree.value(f"{server}Port") or 0) or PORT,
                int(tree.value(f"{server}Priority") or 0),
                int(tree.value(f"{server}Weight") or 0),
            )


def _lot(weight: int) -> float:
    return random.random() * (max(weight, 0) + 1)  # noqa: S311 - spreads load, keeps no secret
