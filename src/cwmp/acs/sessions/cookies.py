"""The one cookie of a CWMP session (TR-069a6 §3.4.2): made plain, read back however a CPE mangles it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

_NAME = "cwmp"
# CPEs send back the whole Set-Cookie with its attributes, `$Version="1"; cwmp="..."; $Path="/"`, several
# cookies of which only one is ours, and old ones beside the new one.
_OURS = re.compile(rb'(?:^|[;,\s])cwmp\s*=\s*"?([0-9a-f]{32})(?![0-9a-zA-Z])')
_MOST = 4
"""Values of ours that are looked at in one request."""


def new_cookie() -> str:
    """128 random bits in hexadecimal."""
    return secrets.token_hex(16)


def set_cookie(value: str, *, secure: bool) -> tuple[bytes, bytes]:
    """The Set-Cookie header. No path and no lifetime: it ends with the session."""
    attributes = "; HttpOnly; Secure" if secure else "; HttpOnly"
    return b"set-cookie", f"{_NAME}={value}{attributes}".encode("ascii")


def cookies_of(headers: Iterable[tuple[bytes, bytes]]) -> list[str]:
    """The values of our cookie in a request, in order; what does not look like ours is left out."""
    found: list[str] = []
    for name, value in headers:
        if name == b"cookie":
            found += [match.decode("ascii") for match in _OURS.findall(value)]
    return found[:_MOST]
