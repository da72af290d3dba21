"""Addresses to listen on, as users write them, and the sockets made from them."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

from cwmp.errors import CwmpError

BACKLOG = 2048
UNIX_PATH_LIMIT = 107


class ListenError(CwmpError):
    """The ACS cannot listen there; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Address:
    """HOST:PORT, or the path of a unix socket."""

    host: str = ""
    port: int = 0
    unix: str = ""

    @property
    def loopback(self) -> bool:
        if self.unix or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def wildcard(self) -> bool:
        return self.host in ("0.0.0.0", "::")  # noqa: S104

    def __str__(self) -> str:
        if self.unix:
            return f"unix:{self.unix}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address_of(text: str) -> Address:
    """Read ``HOST:PORT``, ``[IPV6]:PORT`` or ``unix:PATH``. Raises `ListenError`."""
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path:
            raise ListenError("unix: needs the path of a socket, such as unix:/run/cwmp/acs.sock")
        return Address(unix=str(Path(path).expanduser().absolute()))
    host, colon, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not colon or not bare or not port.isascii() or not port.isdecimal() or int(port) > 65535:
        raise ListenError(f"'{text}' is no address to listen on: write HOST:PORT, such as 127.0.0.1:7547")
    if ":" in bare and not host.startswith("["):
        raise ListenError(f"'{text}' is no address to listen on: write an IPv6 address in brackets")
    return Address(bare, int(port))


def listening_sockets(address: Address, what: str) -> list[socket.socket]:
    """Bound, listening TCP sockets for every address the host name has. Raises `ListenError`."""
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise ListenError(
            f"{what} cannot listen on {address}: the name {address.host} is not known"
        ) from error
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, where in found:
            one = socket.socket(family, kind, protocol)
            sockets.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.setblocking(False)
            one.bind(where)
            one.listen(BACKLOG)
    except OSError as error:
        for one in sockets:
            one.close()
        raise ListenError(f"{what} cannot listen on {address}: {_why(error)}") from error
    return sockets


def listening_unix_socket(address: Address, what: str) -> socket.socket:
    """A listening unix socket that only this user may open (mode 0600). Raises `ListenError`.

    One left over by an ACS that was killed is replaced; one that somebody answers on is not.
    """
    path = Path(address.unix)
    if len(os.fsencode(path)) > UNIX_PATH_LIMIT:
        raise ListenError(
            f"{what} cannot listen on {address}: the path is longer than {UNIX_PATH_LIMIT} bytes"
        )
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _clear(path, what)
        before = os.umask(0o177)
        try:
            one.bind(str(path))
        finally:
            os.umask(before)
        path.chmod(0o600)
        one.setblocking(False)
        one.listen(BACKLOG)
    except OSError as error:
        one.close()
        raise ListenError(f"{what} cannot listen on {address}: {_why(error)}") from error
    except ListenError:
        one.close()
        raise
    return one


def _clear(path: Path, what: str) -> None:
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise ListenError(f"{what} cannot listen on unix:{path}: there is a file that is no socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except OSError:
            pass
    raise ListenError(f"{what} cannot listen on unix:{path}: another ACS answers there already")


def _why(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the port is in use; end the other process or choose another port (--cwmp, --api HOST:PORT)"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "this user may not (ports below 1024 need a privilege, directories need write permission)"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine has no such address"
    return error.strerror or str(error)
