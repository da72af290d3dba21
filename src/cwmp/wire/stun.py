"""STUN binding messages, bytes ⇄ messages: RFC 3489 and RFC 5389 with what TR-069a6 Annex G adds.

Any bytes give a message or a `StunError`; nothing else is raised.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from cwmp.wire.errors import WireError

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

BINDING_REQUEST = 0x0001
BINDING_RESPONSE = 0x0101
BINDING_ERROR = 0x0111

MAPPED_ADDRESS = 0x0001
RESPONSE_ADDRESS = 0x0002
CHANGE_REQUEST = 0x0003
SOURCE_ADDRESS = 0x0004
CHANGED_ADDRESS = 0x0005
USERNAME = 0x0006
MESSAGE_INTEGRITY = 0x0008
ERROR_CODE = 0x0009
UNKNOWN_ATTRIBUTES = 0x000A
XOR_MAPPED_ADDRESS = 0x0020
SOFTWARE = 0x8022
FINGERPRINT = 0x8028
CONNECTION_REQUEST_BINDING = 0xC001
BINDING_CHANGE = 0xC002

CONNECTION_REQUEST_BINDING_VALUE = b"dslforum.org/TR-111 "
"""Twenty bytes, the last one a blank (TR-069a6 §G.2.1.2)."""

MAGIC_COOKIE = b"\x21\x12\xa4\x42"
HEADER = 20
LONGEST = 1500
"""Bytes; a binding message is far shorter, and no device sends it in fragments."""

_INTEGRITY = 4 + 20


class StunError(WireError):
    """The bytes are no STUN message, or an attribute of it makes no sense."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """type: as in the constants above. value: without the padding."""

    type: int
    value: bytes


@dataclass(frozen=True, slots=True)
class StunMessage:
    """One message. transaction: 16 bytes, in RFC 5389 the magic cookie and 12 random ones.

    raw: the bytes it was read from, for checking its integrity; empty for a message of our own.
    """

    type: int
    transaction: bytes
    attributes: tuple[Attribute, ...] = ()
    raw: bytes = b""

    @property
    def modern(self) -> bool:
        """Does it follow RFC 5389 (which pads and signs otherwise than RFC 3489)?"""
        return self.transaction.startswith(MAGIC_COOKIE)

    def get(self, kind: int) -> bytes | None:
        """The first attribute of that type; None where there is none."""
        return next((each.value for each in self.attributes if each.type == kind), None)

    @property
    def username(self) -> str:
        """USERNAME as text; "" where there is none. Devices fill it up with blanks or NULs (§G.2.1.2)."""
        return (self.get(USERNAME) or b"").decode("utf-8", "replace").rstrip(" \0")

    @property
    def for_connection_requests(self) -> bool:
        """Does the device say that it listens on this binding? Some leave out the final blank."""
        value = self.get(CONNECTION_REQUEST_BINDING)
        return value is not None and value.rstrip(b" \0") == CONNECTION_REQUEST_BINDING_VALUE.rstrip()

    @property
    def binding_changed(self) -> bool:
        return self.get(BINDING_CHANGE) is not None

    @property
    def mapped_address(self) -> tuple[str, int] | None:
        """Host and port the server saw; None where it does not say. Raises `StunError` for nonsense."""
        value = self.get(XOR_MAPPED_ADDRESS)
        if value is not None:
            return unpack_address(value, mask=self.transaction)
        value = self.get(MAPPED_ADDRESS)
        return unpack_address(value) if value is not None else None

    @property
    def error(self) -> tuple[int, str] | None:
        """Code and reason of an error response; None for any other message."""
        value = self.get(ERROR_CODE)
        if value is None or len(value) < 4:
            return None
        return (value[2] & 7) * 100 + value[3] % 100, value[4:].decode("utf-8", "replace").rstrip(" \0")

    def signed_with(self, password: str) -> bool:
        """Is its MESSAGE-INTEGRITY made with this password? In constant time; False where it has none.

        RFC 3489 fills the text up to 64 bytes with zeros, RFC 5389 does not, and devices mix the two.
        """
        shown = self.get(MESSAGE_INTEGRITY)
        if shown is None or len(shown) != 20 or not self.raw:
            return False
        text = self.raw[: _place_of(self.raw, MESSAGE_INTEGRITY)]
        # What comes after (FINGERPRINT) is not signed: the length is as if the message ended here.
        ended = _with_length(text, len(text) - HEADER + _INTEGRITY)
        right = False
        for candidate in (ended, _zero_padded(ended)):
            right |= hmac.compare_digest(_hmac(password, candidate), shown)
        return right


def decode(data: bytes) -> StunMessage:
    """Read one datagram. Raises `StunError`."""
    if not HEADER <= len(data) <= LONGEST:
        raise StunError(f"{len(data)} bytes are no STUN message")
    kind, length = struct.unpack_from("!HH", data)
    if kind & 0xC000:
        raise StunError("the first bits say it is no STUN message")
    if length != len(data) - HEADER:
        raise StunError("the length in the STUN header is not the datagram's")
    attributes: list[Attribute] = []
    place = HEADER
    while place < len(data):
        if len(data) - place < 4:
            raise StunError("a STUN attribute is cut off")
        name, size = struct.unpack_from("!HH", data, place)
        place += 4
        if size > len(data) - place:
            raise StunError("a STUN attribute is longer than the message")
        attributes.append(Attribute(name, data[place : place + size]))
        # RFC 3489 knows no padding; there the last attribute may end where it likes.
        place = min(place + size + -size % 4, len(data))
    return StunMessage(kind, data[4:HEADER], tuple(attributes), data)


def encode(message: StunMessage, password: str | None = None) -> bytes:
    """The message's bytes; with `password` a MESSAGE-INTEGRITY at the end, as its RFC makes it."""
    body = b"".join(
        struct.pack("!HH", each.type, len(each.value)) + each.value + bytes(-len(each.value) % 4)
        for each in message.attributes
    )
    head = struct.pack("!HH", message.type, len(body)) + message.transaction
    if password is None:
        return head + body
    text = _with_length(head + body, len(body) + _INTEGRITY)
    signature = _hmac(password, text if message.modern else _zero_padded(text))
    return text + struct.pack("!HH", MESSAGE_INTEGRITY, 20) + signature


def binding_request(
    transaction: bytes, *, username: str = "", listening: bool = True, changed: bool = False
) -> StunMessage:
    """What a CPE sends; `listening` on this binding for connection requests (TR-069a6 §G.2.1.2)."""
    attributes: list[Attribute] = []
    if username:
        name = username.encode()
        attributes.append(Attribute(USERNAME, name + b" " * (-len(name) % 4)))
    if listening:
        attributes.append(Attribute(CONNECTION_REQUEST_BINDING, CONNECTION_REQUEST_BINDING_VALUE))
    if changed:
        attributes.append(Attribute(BINDING_CHANGE, b""))
    return StunMessage(BINDING_REQUEST, transaction, tuple(attributes))


def binding_response(request: StunMessage, host: IPAddress, port: int) -> StunMessage:
    """Where the request came from, as the request's RFC wants to hear it."""
    if request.modern:
        address = Attribute(XOR_MAPPED_ADDRESS, pack_address(host, port, mask=request.transaction))
    else:
        address = Attribute(MAPPED_ADDRESS, pack_address(host, port))
    return StunMessage(BINDING_RESPONSE, request.transaction, (address,))


def error_response(request: StunMessage, code: int, reason: str, unknown: Iterable[int] = ()) -> StunMessage:
    """An error response; `unknown` attribute types belong to code 420."""
    text = reason.encode()
    text += b" " * (-len(text) % 4)
    attributes = [Attribute(ERROR_CODE, struct.pack("!HBB", 0, code // 100, code % 100) + text)]
    types = list(unknown)
    if types:
        if len(types) % 2 and not request.modern:
            types.append(types[0])  # RFC 3489 §11.2.10 wants an even number of them
        attributes.append(Attribute(UNKNOWN_ATTRIBUTES, struct.pack(f"!{len(types)}H", *types)))
    return StunMessage(BINDING_ERROR, request.transaction, tuple(attributes))


def pack_address(host: IPAddress, port: int, *, mask: bytes = b"") -> bytes:
    """The value of an address attribute; with `mask` (the transaction) of an XOR one."""
    value = bytes((0, 1 if host.version == 4 else 2)) + port.to_bytes(2, "big") + host.packed
    return value[:2] + _masked(value[2:], mask)


def unpack_address(value: bytes, *, mask: bytes = b"") -> tuple[str, int]:
    """Host and port of an address attribute. Raises `StunError`."""
    family = value[1] if len(value) > 1 else 0
    size = {1: 4, 2: 16}.get(family)
    if size is None or len(value) < 4 + size:
        raise StunError("a STUN address is neither IPv4 nor IPv6")
    clear = _masked(value[2 : 4 + size], mask)
    return str(ipaddress.ip_address(clear[2:])), int.from_bytes(clear[:2], "big")


def _masked(value: bytes, transaction: bytes) -> bytes:
    """Port and address XORed with cookie, and cookie and transaction id (RFC 5389 §15.2)."""
    if not transaction:
        return value
    mask = transaction[:2] + transaction
    return bytes(left ^ right for left, right in zip(value, mask, strict=False))


def _place_of(data: bytes, kind: int) -> int:
    """Where the first attribute of that type begins; `data` has been decoded before."""
    place = HEADER
    while place < len(data):
        name, size = struct.unpack_from("!HH", data, place)
        if name == kind:
            break
        place += 4 + size + -size % 4
    return place


def _with_length(data: bytes, length: int) -> bytes:
    return data[:2] + length.to_bytes(2, "big") + data[4:]


def _zero_padded(text: bytes) -> bytes:
    return text + bytes(-len(text) % 64)


def _hmac(password: str, text: bytes) -> bytes:
    return hmac.digest(password.encode(), text, hashlib.sha1)
