"""Digest as other makers' CPEs compute and send it."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from cwmp_test_raw_cpe import Habits, RawCpe, Response, converges  # type: ignore[import-not-found]

from cwmp.platforms.protocol import Registration


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


@dataclass
class Digest:
    """How a CPE answers a challenge. form: the parameters it sends, in its order and quoting."""

    form: str
    qop: bool = True
    uri: str = "/"
    counts: bool = True
    seen: int = 0
    password: str = 'p:ä"ss'
    username: str = ""
    challenges: list[str] = field(default_factory=list)

    def __call__(self, cpe: RawCpe, headers: Mapping[str, str]) -> str:
        challenge = headers["www-authenticate"]
        self.challenges.append(challenge)
        realm, nonce = (re.findall(f'{name}="(.*?)"', challenge)[0] for name in ("realm", "nonce"))
        self.seen = self.seen + 1 if self.counts else 1
        nc, cnonce, user = f"{self.seen:08x}", "0a4f113b", self.username or cpe.serial
        ha1, ha2 = md5(f"{user}:{realm}:{self.password}"), md5(f"POST:{self.uri}")
        middle = f"{nc}:{cnonce}:auth:" if self.qop else ""
        return self.form.format(
            user=user, realm=realm, nonce=nonce, uri=self.uri, nc=nc, cnonce=cnonce,
            response=md5(f"{ha1}:{nonce}:{middle}{ha2}"),
        )  # fmt: skip


FULL = (
    'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", algorithm=MD5, '
    'response="{response}", qop=auth, nc={nc}, cnonce="{cnonce}"'
)
OLD = 'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{response}"'
AUTHORIZATIONS = {
    "the_standard": (lambda: Digest(FULL), Habits()),
    "no_qop_and_no_uri": (lambda: Digest(OLD, qop=False, uri=""), Habits()),
    "nc_fixed": (lambda: Digest(FULL, counts=False), Habits()),
    "everything_quoted": (
        lambda: Digest(re.sub(r"=(MD5|auth|\{nc\})", r'="\1"', FULL)),
        Habits(),
    ),
    "no_blanks_other_order": (
        lambda: Digest(
            'digest response="{response}",cnonce="{cnonce}",nc={nc},qop="auth",uri="{uri}",nonce="{nonce}",'
            'realm="{realm}",username="{user}"'
        ),
        Habits(),
    ),
    "absolute_uri": (lambda: Digest(FULL, uri="http://127.0.0.1:7547/acs"), Habits()),
    "reconnects_each_time": (lambda: Digest(FULL), Habits(reconnect=True)),
    "no_cookies": (lambda: Digest(FULL), Habits(cookies=None)),
    "http_1_0": (lambda: Digest(FULL), Habits(version="1.0")),
}


@pytest.mark.parametrize("name", AUTHORIZATIONS)
def test_digest_habits(closed, name: str) -> None:
    made, habits = AUTHORIZATIONS[name]
    cpe = RawCpe(closed.port, habits)
    cpe.authorize = made()
    closed.platform.register(cpe.id, Registration(username=cpe.serial, password='p:ä"ss'), check=False)
    converges(closed, cpe)


def test_an_empty_post_first_to_be_challenged(closed) -> None:
    """As libcurl does: no body before the challenge, and none of the Inform is lost."""
    cpe = RawCpe(closed.port)
    cpe.authorize = Digest(FULL)
    closed.platform.register(cpe.id, Registration(username=cpe.serial, password='p:ä"ss'), check=False)
    challenge = cpe._post("")
    assert challenge.status == 401
    cpe.authorization = cpe.authorize(cpe, challenge.headers)
    converges(closed, cpe)


def test_authorization_with_the_inform_only(closed) -> None:
    """As netcwmp does: empty POSTs, which have no body, go without."""
    cpe = RawCpe(closed.port, Habits(cookies=None))
    cpe.authorize = Digest(OLD, qop=False)
    closed.platform.register(cpe.id, Registration(username=cpe.serial, password='p:ä"ss'), check=False)
    plain = cpe.post

    def post(text: str) -> Response:
        kept = cpe.authorization
        if not text:
            cpe.authorization = ""
        response = plain(text)
        cpe.authorization = kept
        return response

    cpe.post = post  # type: ignore[method-assign]
    converges(closed, cpe)


def test_a_wrong_password_never_gets_in(closed) -> None:
    cpe = RawCpe(closed.port)
    cpe.authorize = Digest(FULL, password="wrong")
    closed.platform.register(cpe.id, Registration(username=cpe.serial, password='p:ä"ss'), check=False)
    with contextlib.suppress(EOFError):
        assert cpe.post(cpe.inform()).status in (401, 503)
    assert not closed.platform.device(cpe.id).last_inform
