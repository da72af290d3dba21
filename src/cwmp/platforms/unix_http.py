"""HTTP/1.1 to our own ACS over its unix socket, and no more of HTTP than that takes.

An Ansible worker is forked for one task on one host and talks to the ACS once. There `http.client` and the
mail parser it reads headers with cost more than the rest of the action: each function called for the first
time after a fork copies the memory pages it lies on. Errors are those of `http.client`, so that a caller need
not know which of the two it uses.
"""

from __future__ import annotations

import socket
from http.client import BadStatusLine, HTTPException, IncompleteRead, RemoteDisconnected

CHUNK = 65536
MAX_HEAD = 65536


class Headers(dict[str, str]):
    """Header fields by lower-case name."""

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        return super().get(name.lower(), default)


class UnixResponse:
    """A whole answer, already read."""

    def __init__(self, status: int, headers: Headers, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.will_close = (headers.get("Connection") or "").lower() == "close"
        self._body = body

    def read(self) -> bytes:
        return self._body


class UnixConnection:
    """The part of `http.client.HTTPConnection` that a client of the ACS uses, over a unix socket.

    path: of the socket. timeout: seconds for connecting and for each step of an exchange.
    """

    def __init__(self, path: str, timeout: float) -> None:
        self.timeout = timeout
        self.sock: socket.socket | None = None
        self._path = path

    def connect(self) -> None:
        """Raises OSError when nobody listens there."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(self._path)
        except BaseException:
            self.close()
            raise

    def request(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> None:
        """Send one request; `path` is already quoted. Raises OSError."""
        if self.sock is None:
            self.connect()
        assert self.sock is not None
        fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        if "\r\n" in path or fields.count("\n") != len(headers):
            raise HTTPException("a header field or path holds a line break")
        length = "" if body is None else f"Content-Length: {len(body)}\r\n"
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{fields}{length}\r\n"
        self.sock.sendall(head.encode("latin-1") + (body or b""))

    def getresponse(self) -> UnixResponse:
        """The answer, whole. Raises OSError, or an `HTTPException` for what is not HTTP or ends early."""
        assert self.sock is not None
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            if len(data) > MAX_HEAD or not data.startswith(b"HTTP/1."[: len(data)]):
                raise BadStatusLine(repr(data[:60]))
            more = self.sock.recv(CHUNK)
            if not more:
                raise RemoteDisconnected("the ACS closed the connection without an answer")
            data += more
        status, headers = _head(data[:end])
        if status == 204:
            return UnixResponse(status, headers, b"")
        length = headers.get("Content-Length") or ""
        if not length.isdecimal():
            raise BadStatusLine("no Content-Length")
        parts = [data[end + 4 :]]
        missing = int(length) - len(parts[0])
        while missing > 0:
            more = self.sock.recv(CHUNK)
            if not more:
                raise IncompleteRead(b"".join(parts), missing)
            parts.append(more)
            missing -= len(more)
        return UnixResponse(status, headers, b"".join(parts))

    def close(self) -> None:
        if self.sock is not None:
            self.sock.close()
            self.sock = None


def _head(head: bytes) -> tuple[int, Headers]:
    line, *fields = head.decode("latin-1").split("\r\n")
    version, _, rest = line.partition(" ")
    code = rest[:3]
    if not version.startswith("HTTP/1.") or not code.isdecimal():
        raise BadStatusLine(line[:60])
    headers = Headers()
    for field in fields:
        name, _, value = field.partition(":")
        headers[name.strip().lower()] = value.strip()
    return int(code), headers
