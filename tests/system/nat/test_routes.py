"""Waking over routes: a WireGuard tunnel, gateways inside a VPN, two customers with the same addresses."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DEVICE = "192.168.77.10"
PASSWORD = "wake-password"
WAITING = ("--connection-request-username", "acs", "--connection-request-password", PASSWORD)


def lab(play: Any, space: str, acs: str, at: str, prefix: str) -> Any:
    """A simulated CPE that listens for connection requests at that address."""
    return play.lab(
        space, acs, "--serial-prefix", prefix, "--connection-request-address", at, *WAITING
    )  # fmt: skip


def know(play: Any, device: str, *tags: str) -> None:
    (play.shell.folder / "request-password").write_text(PASSWORD + "\n")
    from cwmp.platforms.protocol import Registration

    play.shell.platform.register(
        device,
        Registration(
            tags=tags or None, connection_request_username="acs", connection_request_password=PASSWORD
        ),
        check=False,
    )


def woken(play: Any, device: str, route: str) -> None:
    result = play.wake(device, "--method", "http", "--wait", "15")
    assert (result["answer"], result["route"], result["informed"]) == ("accepted", route, True), result
    assert play.shell.platform.device(device).last_events == ("6 CONNECTION REQUEST",)


@pytest.fixture
def wireguard(net_module: Any, cannot: Callable[[str], None]) -> None:
    if why := net_module.missing("ip", "wireguard-go", "wg"):
        cannot(why)
    if not Path("/dev/net/tun").exists():
        cannot("there is no /dev/net/tun for wireguard-go")


def tunnel(net: Any, acs: str, device: str, folder: Path, until: Callable[..., Any]) -> tuple[str, str]:
    """A WireGuard tunnel over 198.51.100.0/24: 10.8.0.1 at the ACS, 10.8.0.2 at the device's end."""
    ends = []
    for space, side in ((acs, "a"), (device, "d")):
        name = f"cw{side}{net._prefix.removeprefix('cwmp')}"[:15]  # unique: the control sockets are shared
        key = subprocess.run(["wg", "genkey"], capture_output=True, text=True, check=True).stdout
        (folder / f"key-{side}").write_text(key)
        public = subprocess.run(
            ["wg", "pubkey"], input=key, capture_output=True, text=True, check=True
        ).stdout
        ends.append((space, name, folder / f"key-{side}", public.strip()))
        net.spawn(space, "wireguard-go", "-f", name)
    for number, (space, name, key, _) in enumerate(ends, 1):
        control = Path(f"/var/run/wireguard/{name}.sock")
        until(control.exists, "wireguard-go is up")
        other = ends[2 - number]
        peer = ("peer", other[3], "allowed-ips", "10.8.0.0/24,192.168.77.0/24")
        where = ("endpoint", f"198.51.100.{3 - number}:51820")
        net.run(space, "wg", "set", name, "listen-port", "51820", "private-key", str(key), *peer, *where)
        net.run(space, "ip", "address", "add", f"10.8.0.{number}/24", "dev", name)
        net.run(space, "ip", "link", "set", name, "up")
    return ends[0][1], ends[1][1]


@pytest.mark.usefixtures("wireguard")
def test_through_a_wireguard_tunnel(
    spaces: Any, inside: Callable[[Any], Any], until: Callable[..., Any], tmp_path: Path
) -> None:
    acs, device = spaces.make("acs"), spaces.make("cpe")
    spaces.link(acs, "eth0", device, "eth0")
    spaces.address(acs, "eth0", "198.51.100.1/24")
    spaces.address(device, "eth0", "198.51.100.2/24")
    ours, _ = tunnel(spaces, acs, device, tmp_path, until)
    # The device's own network is behind the tunnel, but the ACS's routing table sends it elsewhere.
    spaces.address(device, "lo", f"{DEVICE}/32")
    spaces.run(acs, "ip", "route", "add", "192.168.77.0/24", "via", "198.51.100.2")
    spaces.run(acs, "ip", "route", "add", "192.168.77.0/24", "dev", ours, "metric", "100")
    play = inside(spaces)
    play.acs(
        acs,
        "10.8.0.1",
        f"""
[[routes]]
name = "by interface"
tags = ["interface"]
interface = "{ours}"
allow = ["192.168.77.0/24"]
[[routes]]
name = "by source"
tags = ["source"]
source_address = "10.8.0.1"
[[routes]]
name = "gone"
tags = ["gone"]
interface = "nosuch0"
[[routes]]
name = "closed"
tags = ["closed"]
interface = "lo"
""",
    )
    (far,) = lab(play, device, "10.8.0.1", DEVICE, "FAR")["devices"]
    (near,) = lab(play, device, "10.8.0.1", "10.8.0.2", "NEAR")["devices"]
    know(play, far, "interface")
    know(play, near, "source")
    # Nothing of a connection request leaves by the way the routing table would take.
    spaces.nft(
        device,
        """
table inet t {
  chain in { type filter hook input priority 0; iifname "eth0" meta l4proto tcp drop; }
}
""",
    )
    woken(play, far, "by interface")
    woken(play, near, "by source")
    know(play, near, "gone")
    result = play.wake(near, "--method", "http", expect=1)
    assert result["answer"] == "unreachable" and "interface nosuch0" in result["detail"], result


def test_through_a_socks5_gateway_and_an_http_proxy(
    spaces: Any,
    inside: Callable[[Any], Any],
    net_module: Any,
    until: Callable[..., Any],
    tmp_path: Path,
    cannot: Callable[[str], None],
) -> None:
    if why := net_module.missing("ip", "microsocks", "tinyproxy"):
        cannot(why)
    acs, gateway, device = (spaces.make(name) for name in ("acs", "gw", "cpe"))
    spaces.link(acs, "eth0", gateway, "out")
    spaces.link(gateway, "in", device, "eth0")
    spaces.address(acs, "eth0", "198.51.100.1/24")
    spaces.address(gateway, "out", "198.51.100.2/24")
    spaces.address(gateway, "in", "192.168.77.1/24")
    spaces.address(device, "eth0", f"{DEVICE}/24")
    spaces.default_route(device, "192.168.77.1")
    spaces.forward(gateway)  # the device reaches the ACS; the ACS has no way back but the gateway
    spaces.nft(
        gateway,
        """
table ip nat {
  chain post { type nat hook postrouting priority 100; oifname "out" masquerade; }
}
""",
    )
    spaces.spawn(
        gateway, "microsocks", "-i", "198.51.100.2", "-p", "1080", "-u", "me", "-P", "socks-password"
    )
    proxy = tmp_path / "tinyproxy.conf"
    proxy.write_text("Port 8888\nListen 198.51.100.2\nTimeout 20\nMaxClients 10\nConnectPort 443\n")
    spaces.spawn(gateway, "tinyproxy", "-d", "-c", str(proxy))
    (tmp_path / "socks").write_text("socks-password\n")
    for port in (1080, 8888):
        until(lambda port=port: _answers(spaces, acs, "198.51.100.2", port), "the gateway is up")
    play = inside(spaces)
    play.acs(
        acs,
        "198.51.100.1",
        f"""
[[routes]]
name = "socks"
tags = ["socks"]
socks5 = "198.51.100.2:1080"
username = "me"
password_file = "{tmp_path / "socks"}"
allow = ["192.168.77.0/24"]
[[routes]]
name = "proxy"
tags = ["proxy"]
http = "198.51.100.2:8888"
http_tunnel = false
allow = ["192.168.77.0/24"]
[[routes]]
name = "tunnel"
tags = ["tunnel"]
http = "198.51.100.2:8888"
allow = ["192.168.77.0/24"]
""",
    )
    (ident,) = lab(play, device, "198.51.100.1", DEVICE, "INNER")["devices"]
    know(play, ident)
    refused = play.wake(ident, "--method", "http", expect=1)
    assert refused["answer"] == "unsafe_address", refused
    know(play, ident, "socks")
    woken(play, ident, "socks")
    know(play, ident, "proxy")
    woken(play, ident, "proxy")
    know(play, ident, "tunnel")
    result = play.wake(ident, "--method", "http", expect=1)
    # This proxy allows CONNECT to port 443 only, as many do: said, not taken for the device's own words.
    assert result["answer"] == "unreachable" and "does not allow it" in result["detail"], result
    # A device that is gone shows as such through either gateway.
    spaces.run(device, "ip", "link", "set", "eth0", "down")
    for name in ("socks", "proxy"):
        know(play, ident, name)
        result = play.wake(ident, "--method", "http", expect=1)
        assert result["answer"] == "unreachable", result
    logs = "".join(file.read_text() for file in play.shell.folder.glob("log-*"))
    assert "socks-password" not in logs


def _answers(spaces: Any, space: str, host: str, port: int) -> bool:
    probe = spaces.socket(space, socket.SOCK_STREAM)
    try:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0
    finally:
        probe.close()


def test_two_customers_with_the_same_addresses(
    spaces: Any, inside: Callable[[Any], Any], until: Callable[..., Any]
) -> None:
    """Both customers' devices are at 192.168.77.10; the tag says over which interface each is reached."""
    acs, red, blue = (spaces.make(name) for name in ("acs", "red", "blue"))
    for space, name, number in ((red, "red", 1), (blue, "blue", 2)):
        spaces.link(acs, name, space, "eth0")
        spaces.address(acs, name, f"10.9.{number}.1/24")
        spaces.address(space, "eth0", f"10.9.{number}.2/24", f"{DEVICE}/32")
        # Toward the ACS each customer is somebody else; inside both have the same address.
        spaces.run(
            acs, "ip", "route", "add", "192.168.77.0/24", "via", f"10.9.{number}.2", "metric", str(number)
        )
        spaces.run(
            space, "ip", "route", "add", "10.10.0.1", "via", f"10.9.{number}.1", "src", f"10.9.{number}.2"
        )
    spaces.address(acs, "lo", "10.10.0.1/32")
    play = inside(spaces)
    play.acs(
        acs,
        "10.10.0.1",
        "".join(
            f'[[routes]]\nname = "{name}"\ntags = ["{name}"]\ninterface = "{name}"\n'
            'allow = ["192.168.77.0/24"]\n'
            for name in ("red", "blue")
        ),
    )
    at = f"{DEVICE}:7547"
    (hers,) = lab(play, red, "10.10.0.1", at, "RED")["devices"]
    (his,) = lab(play, blue, "10.10.0.1", at, "BLUE")["devices"]
    know(play, hers, "red")
    know(play, his, "blue")
    for _ in range(2):
        woken(play, hers, "red")
        woken(play, his, "blue")
    # On the other customer's route there is nobody of that path.
    know(play, his, "red")
    wrong = play.wake(his, "--method", "http", expect=1)
    assert wrong["route"] == "red" and wrong["answer"] == "refused", wrong
