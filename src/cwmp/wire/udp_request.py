"""The UDP connection request (TR-069a6 §G.2.2.3): one datagram that looks like HTTP and is signed.

    GET http://host:port?ts=1120673700&id=1234&un=CPE57689&cn=XTGRWIPC6D3IPXS3&sig=3545F7B5... HTTP/1.1

Any bytes give a request or an `UdpRequestError`; nothing else is raised.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from cwmp.wire.errors import WireError

LONGEST = 1500
_LINE = re.compile(rb"GET +(\S*?)\?(\S*) +HTTP/1\.[01][ \t]*(?:\r?\n|\r|\Z)", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,20}")
_SIGNATURE = re.compile(r"[0-9A-Fa-f]{40}")


class UdpRequestError(WireError):
    """The datagram is no UDP connection request."""


@dataclass(frozen=True, slots=True)
class UdpRequest:
    """One request, signed or not yet.

    timestamp: Unix time in seconds, greater than that of any request the device took before. id: the same
    for copies of one request only. nonce: random. signature: 40 hexadecimal digits.
    """

    timestamp: int
    id: int
    username: str
    nonce: str
    signature: str = ""
    signed_text: bytes = b""
    """What the sender may have signed besides: its values as it spelt them (leading zeros, percent-signs)."""

    @property
    def text(self) -> bytes:
        """What is signed: the values put together."""
        return f"{self.timestamp}{self.id}{self.username}{self.nonce}".encode()

    def sign(self, password: str) -> UdpRequest:
        """The same request signed with the device's ConnectionRequestPassword."""
        return UdpRequest(self.timestamp, self.id, self.username, self.nonce, _sign(password, self.text))

    def signed_with(self, password: str) -> bool:
        """Was it signed with this password? In constant time; either case of the digits."""
        shown = self.signature.upper().encode()
        right = hmac.compare_digest(_sign(password, self.text).encode(), shown)
        if self.signed_text:
            right |= hmac.compare_digest(_sign(password, self.signed_text).encode(), shown)
        return right


def encode(request: UdpRequest, host: str, port: int) -> bytes:
    """The datagram for the device at that address."""
    name = f"[{host}]" if ":" in host else host
    query = "&".join(
        (
            f"ts={request.timestamp}",
            f"id={request.id}",
            f"un={quote(request.username, safe='')}",
            f"cn={quote(request.nonce, safe='')}",
            f"sig={request.signature}",
        )
    )
    return f"GET http://{name}:{port}?{query} HTTP/1.1\r\nHost: {name}:{port}\r\n\r\n".encode("ascii")


def decode(data: bytes) -> UdpRequest:
    """Read one datagram. Raises `UdpRequestError`; the text of the error shows nothing of it."""
    if len(data) > LONGEST:
        raise UdpRequestError(f"{len(data)} bytes are no UDP connection request")
    line = _LINE.match(data)
    if line is None:
        raise UdpRequestError("the datagram has no request line with a query")
    raw: dict[str, bytes] = {}
    for part in line[2].split(b"&"):
        name, equals, value = part.partition(b"=")
        key = name.decode("latin-1").lower()
        if not equals or key in raw:
            raise UdpRequestError("the query of the UDP connection request cannot be read")
        raw[key] = value
    try:
        values = {name: unquote_to_bytes(value).decode() for name, value in raw.items()}
        ts, number, username, nonce, signature = (values[name] for name in ("ts", "id", "un", "cn", "sig"))
    except (KeyError, UnicodeDecodeError):
        raise UdpRequestError("the UDP connection request lacks one of ts, id, un, cn, sig") from None
    if not _NUMBER.fullmatch(ts) or not _NUMBER.fullmatch(number):
        raise UdpRequestError("ts and id of the UDP connection request are not whole numbers")
    if not _SIGNATURE.fullmatch(signature):
        raise UdpRequestError("the signature of the UDP connection request is not 40 hexadecimal digits")
    spelt = raw["ts"] + raw["id"] + raw["un"] + raw["cn"]
    request = UdpRequest(int(ts), int(number), username, nonce, signature.upper())
    if spelt == request.text:
        return request
    return UdpRequest(int(ts), int(number), username, nonce, signature.upper(), spelt)


def _sign(password: str, text: bytes) -> str:
    return hmac.digest(password.encode(), text, hashlib.sha1).hex().upper()
