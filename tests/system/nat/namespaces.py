"""Network namespaces of one test: made with unique names, removed with everything in them."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any

_CLONE_NEWNET = 0x40000000
_PACKAGES = {
    "ip": "iproute2",
    "nft": "nftables",
    "wireguard-go": "wireguard-go",
    "wg": "wireguard-tools",
    "microsocks": "microsocks",
    "tinyproxy": "tinyproxy",
}
_numbers = itertools.count(1)
_libc = ctypes.CDLL(None, use_errno=True)


def missing(*programs: str) -> str:
    """Why there can be no such test here; "" when there can. Installs from Debian what is absent."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    absent = [_PACKAGES[each] for each in programs if not shutil.which(each)]
    if absent and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "-y", "--no-install-recommends", *absent]):
            subprocess.run(["apt-get", "-qq", *command], capture_output=True, env=environment, check=False)
    still = [_PACKAGES[each] for each in programs if not shutil.which(each)]
    if still:
        return f"not installed: {', '.join(still)}"
    probe = subprocess.run(["ip", "netns", "add", name := f"cwmp-probe-{os.getpid()}"], capture_output=True)
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    return "" if probe.returncode == 0 else f"no network namespaces: {probe.stderr.decode().strip()}"


class Namespaces:
    """The namespaces of one test; `close` removes them and ends what still runs in them."""

    def __init__(self) -> None:
        self._prefix = f"cwmp{os.getpid()}n{next(_numbers)}"
        self._made: list[str] = []
        self._links = itertools.count(1)
        self._children: list[subprocess.Popen[Any]] = []

    def make(self, name: str) -> str:
        """A namespace with its loopback up; gives its whole name."""
        full = f"{self._prefix}-{name}"
        run("ip", "netns", "add", full)
        self._made.append(full)
        self.run(full, "ip", "link", "set", "lo", "up")
        return full

    def link(self, left: str, left_name: str, right: str, right_name: str) -> None:
        """A cable between two namespaces. The interfaces' names need be unique there only."""
        ours, theirs = (f"{self._prefix}{side}{next(self._links)}"[-15:] for side in "lr")
        run("ip", "link", "add", ours, "type", "veth", "peer", "name", theirs)
        for name, final, space in ((ours, left_name, left), (theirs, right_name, right)):
            run("ip", "link", "set", name, "netns", space, "name", final)
            self.run(space, "ip", "link", "set", final, "up")

    def address(self, space: str, interface: str, *addresses: str) -> None:
        for each in addresses:
            self.run(space, "ip", "address", "add", each, "dev", interface)

    def default_route(self, space: str, gateway: str) -> None:
        self.run(space, "ip", "route", "add", "default", "via", gateway)

    def forward(self, space: str) -> None:
        self.run(space, "sysctl", "-qw", "net.ipv4.ip_forward=1")

    def nft(self, space: str, rules: str) -> None:
        """Replace the namespace's rules."""
        run("ip", "netns", "exec", space, "nft", "-f", "-", text="flush ruleset\n" + rules)

    def run(self, space: str, *command: str) -> str:
        return run("ip", "netns", "exec", space, *command)

    def spawn(self, space: str, *command: str, **more: Any) -> subprocess.Popen[Any]:
        """A process in there that ends with the test."""
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | more
        child = subprocess.Popen(["ip", "netns", "exec", space, *command], start_new_session=True, **quiet)
        self._children.append(child)
        return child

    def socket(
        self, space: str, kind: int = socket.SOCK_DGRAM, family: int = socket.AF_INET
    ) -> socket.socket:
        """A socket of that namespace, for use in this process."""
        made: list[socket.socket | OSError] = []

        def inside() -> None:
            # Only this thread goes there, and it ends; a socket stays where it was made.
            try:
                with Path("/var/run/netns", space).open() as where:
                    if _libc.setns(where.fileno(), _CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), f"setns {space}")
                made.append(socket.socket(family, kind))
            except OSError as error:
                made.append(error)

        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        if isinstance(made[0], OSError):
            raise made[0]
        return made[0]

    def close(self) -> None:
        for child in reversed(self._children):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGTERM)
        for child in self._children:
            try:
                child.wait(timeout=5)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        for name in reversed(self._made):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def run(*command: str, text: str | None = None) -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout


ACS, ACS_OTHER, WAN, LAN, CPE = "203.0.113.1", "203.0.113.2", "203.0.113.254", "192.168.1.1", "192.168.1.10"
"""The ACS's two addresses, the home gateway's outside and inside, and the device behind it."""

_MASQUERADE = """
table ip nat {
  chain post { type nat hook postrouting priority 100; oifname "wan" masquerade; }
}
"""
_ADDRESS_RESTRICTED = """
table ip nat {
  set spoken { type ipv4_addr; flags dynamic; size 1000; }
  chain spoke { type filter hook forward priority 0; iifname "lan" add @spoken { ip daddr }; }
  chain pre { type nat hook prerouting priority -100; iifname "wan" ip saddr @spoken dnat to 192.168.1.10; }
  chain post { type nat hook postrouting priority 100; oifname "wan" masquerade; }
}
"""
_FULL_CONE = """
table ip nat {
  chain pre { type nat hook prerouting priority -100; iifname "wan" dnat to 192.168.1.10; }
  chain post { type nat hook postrouting priority 100; oifname "wan" masquerade; }
}
"""
NATS = {
    "masquerade": _MASQUERADE,
    "address-restricted": _ADDRESS_RESTRICTED,
    "full cone": _FULL_CONE,
    "none": "",
}


class Home(Namespaces):
    """An ACS on the internet, a home gateway with a NAT of some kind, and a device behind it."""

    def __init__(self, nat: str = "masquerade") -> None:
        super().__init__()
        self.acs, self.gateway, self.cpe = (self.make(name) for name in ("acs", "nat", "cpe"))
        self.link(self.acs, "wan", self.gateway, "wan")
        self.link(self.gateway, "lan", self.cpe, "lan")
        self.address(self.acs, "wan", f"{ACS}/24", f"{ACS_OTHER}/24")
        self.address(self.gateway, "wan", f"{WAN}/24")
        self.address(self.gateway, "lan", f"{LAN}/24")
        self.address(self.cpe, "lan", f"{CPE}/24")
        self.default_route(self.cpe, LAN)
        self.forward(self.gateway)
        if nat == "none":
            self.run(self.acs, "ip", "route", "add", "192.168.1.0/24", "via", WAN)
        self.nft(self.gateway, NATS[nat])
