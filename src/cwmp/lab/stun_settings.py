"""What a CPE's tree says of its STUN client (TR-069a6 §G.2.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cwmp.lab.nodes import ParameterNode
from cwmp.lab.tree import DeviceTree

DEFAULT_PORT = 3478
_KEEP_ALIVE = 30


@dataclass(frozen=True, slots=True)
class StunSettings:
    """keep_alive: seconds between two binding requests: the minimum, which keeps any binding that the
    maximum keeps; the NAT's own time is not measured.
    """

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    keep_alive: int


def settings_of(tree: DeviceTree) -> StunSettings | None:
    """The settings as the tree holds them now; None where STUN is off, unknown to the CPE, or without server.

    A twin made of a real device's dump does not speak to that device's server until somebody says so.
    """
    if not _true(tree.value(".ManagementServer.STUNEnable")):
        return None

    def text(name: str) -> str:
        return tree.value(f".ManagementServer.{name}") or ""

    def number(name: str) -> int:
        held = text(name)
        return int(held) if held.isdecimal() else 0

    host = text("STUNServerAddress").strip()
    if host and host == _shipped(tree, "STUNServerAddress") and _true(_shipped(tree, "STUNEnable")):
        return None
    if not host:
        # Without one the ACS's own address is asked (TR-181, STUNServerAddress).
        try:
            host = urlsplit(text("URL").strip()).hostname or ""
        except ValueError:
            host = ""
    if not host:
        return None
    least, most = number("STUNMinimumKeepAlivePeriod"), number("STUNMaximumKeepAlivePeriod")
    keep_alive = least or most or _KEEP_ALIVE
    return StunSettings(
        host.strip("[]"),
        number("STUNServerPort") or DEFAULT_PORT,
        text("STUNUsername"),
        text("STUNPassword"),
        min(keep_alive, most) if most else keep_alive,
    )


def _shipped(tree: DeviceTree, name: str) -> str:
    node = tree.base.nodes.get(f"{tree.root}ManagementServer.{name}")
    return node.value if isinstance(node, ParameterNode) else ""


def _true(value: str | None) -> bool:
    return value in ("1", "true")
