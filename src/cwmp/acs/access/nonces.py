"""Digest nonces without a table of them: signed, numbered, and one bit of memory each.

A nonce says its own number and age under an HMAC, so none has to be stored to be recognised. That it has
been used once is one bit in a ring; who used it is remembered by the TCP connection and goes with it. So
nothing grows with the number of CPEs, and nothing outlives its session.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from enum import Enum
from typing import Protocol

_HEAD = struct.Struct(">QI")
_SIGNATURE = 12


class Standing(Enum):
    """What becomes of a nonce that a CPE presents."""

    GOOD = "good"
    STALE = "stale"
    """Ours or not, it counts no more: challenge with a new one, and say that only the nonce was bad."""


class UsesNonce(Protocol):
    """What a TCP connection remembers: the nonce last used on it. shared: many CPEs speak over it."""

    nonce: str
    shared: bool


class Nonces:
    """Issues nonces and judges those presented.

    lifetime: seconds from issue to first use, and of repeated use on one connection. ring: how many of
    the nonces issued last are recognised at all (1 bit each).
    """

    def __init__(self, key: bytes, *, lifetime: float = 300.0, ring: int = 1 << 20) -> None:
        self._key = key
        self._lifetime = lifetime
        self._ring = ring
        self._used = bytearray(ring // 8)
        self._next = 0

    def issue(self, now: float) -> str:
        """A new nonce; `now` in seconds since the epoch."""
        number = self._next
        self._next = number + 1
        index = number % self._ring
        self._used[index >> 3] &= ~(1 << (index & 7)) & 0xFF
        head = _HEAD.pack(number, int(now) & 0xFFFFFFFF)
        return base64.urlsafe_b64encode(head + self._sign(head)).decode("ascii")

    def judge(self, nonce: str, connection: UsesNonce, now: float) -> Standing:
        """May this nonce be used now, on this connection? Changes nothing; `use` does.

        A nonce counts once, and again only on the TCP connection where it was used: CPEs repeat it there,
        some with the same nc each time. Anywhere else a second use could be a replay.
        """
        number = self._number(nonce, now)
        if number is None:
            return Standing.STALE
        index = number % self._ring
        if not self._used[index >> 3] & (1 << (index & 7)):
            return Standing.GOOD
        if not connection.shared and hmac.compare_digest(connection.nonce.encode(), nonce.encode()):
            return Standing.GOOD
        return Standing.STALE

    def use(self, nonce: str, connection: UsesNonce, now: float) -> None:
        """The nonce has proved somebody: note it, whether or not the CPE may then come in."""
        number = self._number(nonce, now)
        if number is not None:
            index = number % self._ring
            self._used[index >> 3] |= 1 << (index & 7)
            connection.nonce = nonce

    def _number(self, nonce: str, now: float) -> int | None:
        if len(nonce) != 32 or not nonce.isascii():
            return None
        try:
            raw = base64.b64decode(nonce, altchars=b"-_", validate=True)
        except ValueError:
            return None
        head = raw[: _HEAD.size]
        if not hmac.compare_digest(raw[_HEAD.size :], self._sign(head)):
            return None
        number, issued = _HEAD.unpack(head)
        age = (int(now) - issued) & 0xFFFFFFFF
        if number >= self._next or number < self._next - self._ring or age > self._lifetime:
            return None
        return int(number)

    def _sign(self, head: bytes) -> bytes:
        return hmac.digest(self._key, head, hashlib.sha256)[:_SIGNATURE]
