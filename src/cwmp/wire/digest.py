"""HTTP authentication, Digest and Basic, both sides (RFC 7616, RFC 2617, RFC 7617), without any I/O.

Devices answer for this file's size: they send challenges without commas, folded, several in one header,
algorithms listed or unquoted, nonces reused. Reading takes all of it; writing is plain.

Nonces are the caller's business: whoever issues them knows which are alive and which counts were used.
`verify` only does the arithmetic. The parse functions raise `WireError` and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from cwmp.wire.errors import LocalProtocolError, RemoteProtocolError

ALGORITHMS = ("MD5", "MD5-sess", "SHA-256", "SHA-256-sess")
"""The algorithms both sides know; a challenge without one means MD5."""

QOPS = ("auth", "auth-int")

_LONGEST_HEADER = 16 * 1024
_NAME = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_PIECE = re.compile(
    rf"""(?P<name>{_NAME})\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)(?:"|\Z)|(?P<bare>[^\s,"]+)|(?=[\s,]|\Z))"""
    rf"""|(?P<word>[^\s,="]+)""",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_UNSENDABLE = re.compile(r"[\x00-\x1f\x7f]")
_NONCE_COUNT = re.compile(r"[0-9A-Fa-f]{1,16}\Z")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to authenticate that a WWW-Authenticate header offers.

    scheme: Digest, Basic or another, as sent. algorithm: one of `ALGORITHMS` where it is known, else as
    sent; "" where none is named. qop: those offered. opaque: None where there is none.
    """

    scheme: str
    realm: str = ""
    nonce: str = ""
    algorithm: str = ""
    qop: tuple[str, ...] = ()
    opaque: str | None = None
    stale: bool = False
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an Authorization header of scheme Digest says. nc: 0 where there is no qop."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str = ""
    qop: str = ""
    nc: int = 0
    cnonce: str = ""
    opaque: str | None = None
    nc_text: str = field(default="", repr=False)
    """The count as sent: it enters the hash in that spelling."""


# --- the side that is asked: CPE toward the ACS, ACS toward a connection-request server --------------------


def parse_challenges(header: str) -> list[Challenge]:
    """All challenges in one WWW-Authenticate header, in the order offered; none in an empty header.

    Raises `RemoteProtocolError` where the header is no challenge at all.
    """
    challenges = [_challenge(scheme, parameters) for scheme, parameters in _schemes(header)]
    if not challenges and header.strip():
        raise RemoteProtocolError("the authentication challenge cannot be read")
    return challenges


def answer(
    challenge: Challenge,
    method: str,
    uri: str,
    username: str,
    password: str | None = None,
    *,
    ha1: str | None = None,
    body: bytes = b"",
    cnonce: str = "",
    nc: int = 1,
) -> str:
    """The Authorization header that answers a challenge of scheme Digest or Basic.

    uri: the request's target as it stands in the request line. ha1: `ha1()` of the same username, instead
    of the password. cnonce: fresh random text; nc: how often this nonce was used, from 1.
    Raises `RemoteProtocolError` for a challenge that nobody here can answer.
    """
    scheme = challenge.scheme.lower()
    if scheme == "basic" and password is not None:
        return basic_header(username, password)
    if scheme != "digest":
        raise RemoteProtocolError(f"an authentication of scheme {challenge.scheme[:40]!r} is not known here")
    algorithm = _algorithm(challenge.algorithm)
    qop = next((each for each in QOPS if each in challenge.qop), "")
    session = algorithm.endswith("-sess")
    if (qop or session) and not cnonce:
        raise LocalProtocolError("a digest answer with qop needs a cnonce")
    if ha1 is None:
        if password is None:
            raise LocalProtocolError("a digest answer needs the password or its hash")
        ha1 = _ha1(username, challenge.realm, password, algorithm)
    count = f"{nc:08x}" if qop else ""
    response = _response(
        algorithm, ha1, challenge.nonce, count, cnonce if qop or session else "", qop, method, uri, body
    )
    parts = [
        ("username", _quote(username)),
        ("realm", _quote(challenge.realm)),
        ("nonce", _quote(challenge.nonce)),
        ("uri", _quote(uri)),
        ("response", f'"{response}"'),
    ]
    if challenge.algorithm:
        parts.append(("algorithm", algorithm))
    if challenge.opaque is not None:
        parts.append(("opaque", _quote(challenge.opaque)))
    if qop:
        parts += [("qop", qop), ("nc", count)]
    if qop or session:
        parts.append(("cnonce", _quote(cnonce)))
    return "Digest " + ", ".join(f"{name}={value}" for name, value in parts)


# --- the side that asks ----------------------------------------------------------------------------------


def challenge_header(
    realm: str,
    nonce: str,
    algorithm: str = "MD5",
    *,
    qop: tuple[str, ...] = ("auth",),
    stale: bool = False,
    opaque: str | None = None,
) -> str:
    """A WWW-Authenticate header of scheme Digest. algorithm "" names none, which means MD5."""
    if algorithm and algorithm not in ALGORITHMS:
        raise LocalProtocolError(f"{algorithm!r} is no digest algorithm; there are {', '.join(ALGORITHMS)}")
    parts = [f"realm={_quote(realm)}", f"nonce={_quote(nonce)}"]
    if qop:
        parts.append(f'qop="{",".join(qop)}"')
    if algorithm:
        parts.append(f"algorithm={algorithm}")
    if opaque is not None:
        parts.append(f"opaque={_quote(opaque)}")
    if stale:
        parts.append("stale=true")
    return "Digest " + ", ".join(parts)


def parse_authorization(header: str) -> Credentials:
    """Credentials of an Authorization header of scheme Digest. Raises `RemoteProtocolError`."""
    for scheme, parameters in _schemes(header):
        if scheme.lower() == "digest":
            return _credentials(parameters)
    raise RemoteProtocolError("the Authorization header holds no digest credentials")


def verify(
    credentials: Credentials,
    method: str,
    ha1: str,
    *,
    body: bytes = b"",
    uri: str | None = None,
    challenge: Challenge | None = None,
) -> bool:
    """Do the credentials prove knowledge of the password behind `ha1`? Takes constant time.

    ha1: `ha1()` with the algorithm that was asked for. uri: the request's target, if it is to be compared.
    challenge: what was asked; then realm, nonce, opaque, algorithm and qop must be its own, which keeps
    an answer from choosing something weaker.
    """
    matches = uri is None or _same(credentials.uri, uri)
    if challenge is not None:
        matches &= _fits(credentials, challenge)
    try:
        algorithm = _algorithm(credentials.algorithm)
    except RemoteProtocolError:
        return False
    if credentials.qop not in ("", *QOPS):
        return False
    expected = _response(
        algorithm,
        ha1,
        credentials.nonce,
        credentials.nc_text,
        credentials.cnonce,
        credentials.qop,
        method,
        credentials.uri,
        body,
    )
    return _same(expected, credentials.response.lower()) and matches


def ha1(username: str, realm: str, password: str, algorithm: str = "MD5") -> str:
    """What a side may keep instead of the password: it opens this realm only (RFC 7616 §3.4.2)."""
    return _ha1(username, realm, password, _algorithm(algorithm))


# --- basic -----------------------------------------------------------------------------------------------


def basic_challenge(realm: str) -> str:
    """A WWW-Authenticate header of scheme Basic."""
    return f"Basic realm={_quote(realm)}"


def basic_header(username: str, password: str) -> str:
    """An Authorization header of scheme Basic. Raises `LocalProtocolError` for a colon in the username."""
    if ":" in username:
        raise LocalProtocolError("a username for HTTP Basic cannot hold a colon")
    return "Basic " + base64.b64encode(_bytes(f"{username}:{password}")).decode("ascii")


def parse_basic(header: str) -> tuple[str, str]:
    """Username and password of an Authorization header of scheme Basic. Raises `RemoteProtocolError`."""
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic":
        raise RemoteProtocolError("the Authorization header holds no basic credentials")
    try:
        raw = base64.b64decode(encoded.strip().encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise RemoteProtocolError("the basic credentials are not base64") from None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    username, colon, password = text.partition(":")
    if not colon:
        raise RemoteProtocolError("the basic credentials have no colon")
    return username, password


# --- the arithmetic --------------------------------------------------------------------------------------


def _ha1(username: str, realm: str, password: str, algorithm: str) -> str:
    return _hash(algorithm)(f"{username}:{realm}:{password}")


def _response(
    algorithm: str,
    ha1: str,
    nonce: str,
    count: str,
    cnonce: str,
    qop: str,
    method: str,
    uri: str,
    body: bytes,
) -> str:
    """RFC 7616 §3.4.1; without qop, RFC 2069's shorter form."""
    digest = _hash(algorithm)
    if algorithm.endswith("-sess"):
        ha1 = digest(f"{ha1}:{nonce}:{cnonce}")
    ha2 = digest(f"{method}:{uri}:{digest(body)}" if qop == "auth-int" else f"{method}:{uri}")
    middle = f"{nonce}:{count}:{cnonce}:{qop}" if qop else nonce
    return digest(f"{ha1}:{middle}:{ha2}")


def _hash(algorithm: str) -> Callable[[str | bytes], str]:
    return _sha256 if algorithm.startswith("SHA-256") else _md5


def _md5(data: str | bytes) -> str:
    raw = data if isinstance(data, bytes) else _bytes(data)
    return hashlib.md5(raw, usedforsecurity=False).hexdigest()


def _sha256(data: str | bytes) -> str:
    return hashlib.sha256(data if isinstance(data, bytes) else _bytes(data)).hexdigest()


def _algorithm(name: str) -> str:
    """The algorithm in our spelling, MD5 when none is named."""
    known = _known_algorithm(name)
    if known is None:
        raise RemoteProtocolError(f"the digest algorithm {name[:40]!r} is not known here")
    return known or "MD5"


def _known_algorithm(name: str) -> str | None:
    if not name:
        return ""
    return next((each for each in ALGORITHMS if each.lower() == name.lower()), None)


def _fits(credentials: Credentials, challenge: Challenge) -> bool:
    """The credentials answer this challenge and no weaker one."""
    asked_qop = [each for each in QOPS if each in challenge.qop]
    return (
        _same(credentials.realm, challenge.realm)
        & _same(credentials.nonce, challenge.nonce)
        & (challenge.opaque is None or credentials.opaque == challenge.opaque)
        & ((_known_algorithm(credentials.algorithm) or "MD5") == (challenge.algorithm or "MD5"))
        & (credentials.qop in asked_qop if asked_qop else credentials.qop == "")
    )


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(_bytes(one), _bytes(other))


def _bytes(text: str) -> bytes:
    """UTF-8; bytes a caller could not decode come back as they were (surrogateescape)."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


# --- headers ---------------------------------------------------------------------------------------------


def _quote(text: str) -> str:
    if _UNSENDABLE.search(text):
        raise LocalProtocolError("a control character cannot be sent in an HTTP header")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _schemes(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Every scheme in a header with its parameters, names in lower case, the first of a name counting.

    A word that is no parameter begins a new scheme, unless it goes on an unquoted list such as
    ``qop=auth,auth-int``, or is the token that follows Basic or Negotiate.
    """
    if len(header) > _LONGEST_HEADER:
        raise RemoteProtocolError("the authentication header is too long")
    scheme: str | None = None
    parameters: dict[str, str] = {}
    last = ""
    for piece in _PIECE.finditer(header):
        word, name, quoted, bare = piece.group("word", "name", "quoted", "bare")
        if word is None:
            if scheme is None:
                raise RemoteProtocolError("the authentication header does not begin with a scheme")
            last = name.lower()
            value = bare or ""
            if quoted is not None:
                value = _ESCAPED.sub(r"\1", quoted) if "\\" in quoted else quoted
            parameters.setdefault(last, value)
        elif (last == "qop" and word.lower() in QOPS) or (last == "algorithm" and _known_algorithm(word)):
            parameters[last] += "," + word
        elif scheme is not None and not parameters and scheme.lower() not in ("digest", "basic"):
            continue
        else:
            if scheme is not None:
                yield scheme, parameters
            scheme, parameters, last = word, {}, ""
    if scheme is not None:
        yield scheme, parameters


def _challenge(scheme: str, parameters: dict[str, str]) -> Challenge:
    listed = _listed(parameters.get("algorithm", ""))
    known = next((name for name in map(_known_algorithm, listed) if name), None)
    return Challenge(
        scheme,
        parameters.get("realm", ""),
        parameters.get("nonce", ""),
        known or (listed[0] if listed else ""),
        tuple(each.lower() for each in _listed(parameters.get("qop", ""))),
        parameters.get("opaque"),
        parameters.get("stale", "").strip().lower() == "true",
        parameters.get("domain", ""),
    )


def _listed(text: str) -> list[str]:
    return [each for each in re.split(r"[\s,]+", text) if each]


def _credentials(parameters: dict[str, str]) -> Credentials:
    missing = [name for name in ("username", "nonce", "uri", "response") if name not in parameters]
    if missing:
        raise RemoteProtocolError(f"the digest credentials lack {', '.join(missing)}")
    qop = parameters.get("qop", "").strip().lower()
    count = parameters.get("nc", "")
    if qop and not _NONCE_COUNT.match(count):
        raise RemoteProtocolError("the digest credentials have an nc that is no hexadecimal count")
    return Credentials(
        parameters["username"],
        parameters.get("realm", ""),
        parameters["nonce"],
        parameters["uri"],
        parameters["response"],
        parameters.get("algorithm", ""),
        qop,
        int(count, 16) if qop else 0,
        parameters.get("cnonce", ""),
        parameters.get("opaque"),
        count,
    )
