"""HTTP authentication: both sides agree, nothing forged passes, nothing odd crashes."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cwmp.wire import digest
from cwmp.wire.digest import ALGORITHMS, Challenge
from cwmp.wire.errors import LocalProtocolError, RemoteProtocolError, WireError

HEADER_TEXT = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x17F, exclude_characters="\x7f"), max_size=20
)
QOPS = st.sampled_from([(), ("auth",), ("auth-int",), ("auth", "auth-int"), ("auth-int", "auth")])
EXCHANGES = st.fixed_dictionaries(
    {
        "realm": HEADER_TEXT,
        "nonce": HEADER_TEXT,
        "algorithm": st.sampled_from(["", *ALGORITHMS]),
        "qop": QOPS,
        "opaque": st.none() | HEADER_TEXT,
        "method": st.sampled_from(["POST", "GET"]),
        "uri": HEADER_TEXT,
        "username": HEADER_TEXT,
        "password": st.text(st.characters(exclude_categories=("Cs",)), max_size=20),
        "body": st.binary(max_size=30),
        "nc": st.integers(1, 0xFFFFFFFF),
        "cnonce": st.text("0123456789abcdef", min_size=1, max_size=16),
        "stale": st.booleans(),
    }
)


def exchange(given: dict[str, Any]) -> tuple[Challenge, digest.Credentials, str]:
    header = digest.challenge_header(
        given["realm"],
        given["nonce"],
        given["algorithm"],
        qop=given["qop"],
        stale=given["stale"],
        opaque=given["opaque"],
    )
    (challenge,) = digest.parse_challenges(header)
    answer = digest.answer(
        challenge,
        given["method"],
        given["uri"],
        given["username"],
        given["password"],
        body=given["body"],
        cnonce=given["cnonce"],
        nc=given["nc"],
    )
    ha1 = digest.ha1(given["username"], given["realm"], given["password"], given["algorithm"])
    return challenge, digest.parse_authorization(answer), ha1


@settings(max_examples=200, deadline=None)
@given(EXCHANGES)
def test_what_one_side_answers_the_other_side_verifies(given: dict[str, Any]) -> None:
    challenge, credentials, ha1 = exchange(given)
    assert challenge == Challenge(
        "Digest",
        given["realm"],
        given["nonce"],
        given["algorithm"],
        given["qop"],
        given["opaque"],
        given["stale"],
    )
    assert credentials.username == given["username"]
    assert credentials.nc == (given["nc"] if given["qop"] else 0)
    assert digest.verify(
        credentials, given["method"], ha1, body=given["body"], uri=given["uri"], challenge=challenge
    )
    assert digest.verify(credentials, given["method"], ha1, body=given["body"])


@settings(max_examples=200, deadline=None)
@given(EXCHANGES, st.data())
def test_any_field_changed_is_refused(given: dict[str, Any], data: st.DataObject) -> None:
    challenge, credentials, ha1 = exchange(given)
    names = ["realm", "nonce", "uri", "response", "algorithm", "qop"]
    if given["qop"]:
        names += ["nc_text", "cnonce"]
    if given["opaque"] is not None:
        names.append("opaque")
    name = data.draw(st.sampled_from(names))
    value = data.draw(HEADER_TEXT | st.sampled_from(["", "auth", "auth-int", *ALGORITHMS]))
    old = getattr(credentials, name)
    assume(value.lower() != (old or "").lower())
    # No algorithm and MD5 mean the same.
    assume(name != "algorithm" or {value.upper(), old.upper()} != {"", "MD5"})
    changed = dataclasses.replace(credentials, **{name: value})
    assert not digest.verify(
        changed, given["method"], ha1, body=given["body"], uri=given["uri"], challenge=challenge
    )


@settings(max_examples=100, deadline=None)
@given(EXCHANGES)
def test_another_secret_method_or_body_is_refused(given: dict[str, Any]) -> None:
    challenge, credentials, ha1 = exchange(given)
    wrong = digest.ha1(given["username"], given["realm"], given["password"] + "x", given["algorithm"])
    other = {"body": given["body"], "uri": given["uri"], "challenge": challenge}
    assert not digest.verify(credentials, given["method"], wrong, **other)
    assert not digest.verify(credentials, "PUT", ha1, **other)
    if credentials.qop == "auth-int":
        assert not digest.verify(
            credentials, given["method"], ha1, **(other | {"body": b"x" + given["body"]})
        )
    assert not digest.verify(credentials, given["method"], ha1, **(other | {"uri": given["uri"] + "x"}))


def test_a_weaker_qop_than_asked_is_refused() -> None:
    asked = Challenge("Digest", "r", "n", "MD5", ("auth",))
    answer = digest.answer(dataclasses.replace(asked, qop=()), "GET", "/", "u", "p")
    credentials = digest.parse_authorization(answer)
    ha1 = digest.ha1("u", "r", "p")
    assert digest.verify(credentials, "GET", ha1)
    assert not digest.verify(credentials, "GET", ha1, challenge=asked)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_rfc_7616(algorithm: str, response: str) -> None:
    challenge = Challenge(
        "Digest",
        "http-auth@example.org",
        "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        algorithm,
        ("auth", "auth-int"),
        "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
    )
    for secret in (
        {"password": "Circle of Life"},
        {"ha1": digest.ha1("Mufasa", "http-auth@example.org", "Circle of Life", algorithm)},
    ):
        answer = digest.answer(
            challenge,
            "GET",
            "/dir/index.html",
            "Mufasa",
            cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            **secret,
        )
        assert digest.parse_authorization(answer).response == response


def test_the_example_of_rfc_2617() -> None:
    challenge = Challenge(
        "Digest", "testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "", ("auth", "auth-int"), "5ccc"
    )
    answer = digest.answer(
        challenge, "GET", "/dir/index.html", "Mufasa", "Circle Of Life", cnonce="0a4f113b", nc=1
    )
    assert 'response="6629fae49393a05397450978507c4ef1"' in answer
    assert "algorithm" not in answer


@pytest.mark.parametrize(
    "header",
    [
        'Digest realm="a b" nonce="n" qop="auth" algorithm="MD5"',
        'Digest realm="a b",\r\n  nonce="n",\r\n\tqop="auth",algorithm=MD5',
        'digest REALM="a b", Nonce="n", QOP=auth, Algorithm=md5',
        'Digest realm = "a b" , nonce = n , qop = "auth" , algorithm = "MD5" ,',
        'Digest realm="a b", nonce="n", qop="auth", algorithm="FOO, MD5", unknown=1, another',
        'Digest realm="a b", nonce="n", qop="auth", algorithm="MD5',
        ', Digest realm="a b", nonce="n", qop="auth", algorithm=MD5, realm="second"',
    ],
)
def test_challenges_as_devices_write_them(header: str) -> None:
    challenge = digest.parse_challenges(header)[0]
    assert (challenge.realm, challenge.nonce, challenge.algorithm, challenge.qop) == (
        "a b",
        "n",
        "MD5",
        ("auth",),
    )
    assert challenge.scheme.lower() == "digest"


def test_several_challenges_in_one_header() -> None:
    header = (
        'Basic realm="x, y=z", Digest realm="r", nonce="n", qop=auth,auth-int, algorithm=SHA-256,MD5, '
        'Negotiate abc==, Digest nonce="m", realm="é\\"q", qop="", stale=TRUE, NTLM'
    )
    found = digest.parse_challenges(header)
    assert [each.scheme for each in found] == ["Basic", "Digest", "Negotiate", "Digest", "NTLM"]
    assert found[0].realm == "x, y=z"
    assert (found[1].qop, found[1].algorithm) == (("auth", "auth-int"), "SHA-256")
    assert (found[3].qop, found[3].realm, found[3].stale) == ((), 'é"q', True)


def test_an_unknown_algorithm_is_a_typed_error() -> None:
    (challenge,) = digest.parse_challenges('Digest realm="r", nonce="n", algorithm=WHIRLPOOL')
    assert challenge.algorithm == "WHIRLPOOL"
    with pytest.raises(RemoteProtocolError, match="WHIRLPOOL"):
        digest.answer(challenge, "GET", "/", "u", "p")
    with pytest.raises(RemoteProtocolError, match="Negotiate"):
        digest.answer(Challenge("Negotiate"), "GET", "/", "u", "p")


def test_basic_is_answered_too() -> None:
    (challenge,) = digest.parse_challenges(digest.basic_challenge("r"))
    assert (
        digest.answer(challenge, "GET", "/", "Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    )


SENDABLE = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)


@given(SENDABLE.map(lambda text: text.replace(":", "")), SENDABLE)
def test_basic_comes_back_as_it_was(username: str, password: str) -> None:
    assert digest.parse_basic(digest.basic_header(username, password)) == (username, password)


def test_basic_in_latin_1_and_wrong() -> None:
    assert digest.parse_basic("basic  w7ZzOug=") == ("Ã¶s", "è")
    for header in ("", "Basic", "Basic %%%", "Basic YWJj", "Digest abc", "Basic é"):
        with pytest.raises(RemoteProtocolError):
            digest.parse_basic(header)
    with pytest.raises(LocalProtocolError):
        digest.basic_header("a:b", "c")


@settings(max_examples=300)
@given(st.text(max_size=80) | st.text('Dd igest=",\\auth-intqopnonce\r\n\t', max_size=80))
def test_any_text_gives_a_result_or_a_typed_error(text: str) -> None:
    for header in (text, "Digest " + text, 'Digest username="u", nonce="n", uri="/", response="r", ' + text):
        for parse in (digest.parse_challenges, digest.parse_authorization, digest.parse_basic):
            try:
                result = parse(header)
            except WireError:
                continue
            if isinstance(result, digest.Credentials):
                assert not digest.verify(result, "GET", "0" * 32, uri=result.uri)
            elif isinstance(result, list):
                for challenge in result:
                    try:
                        digest.answer(challenge, "GET", "/", "u", "p", cnonce="c")
                    except WireError:
                        continue


@pytest.mark.parametrize("missing", ["username", "nonce", "uri", "response"])
def test_credentials_that_lack_something(missing: str) -> None:
    parts = {"username": "u", "nonce": "n", "uri": "/", "response": "r"}
    del parts[missing]
    header = "Digest " + ", ".join(f'{name}="{value}"' for name, value in parts.items())
    with pytest.raises(RemoteProtocolError, match=missing):
        digest.parse_authorization(header)


@pytest.mark.parametrize("nc", ["", "x", "-1", "0x1", "1" * 17])
def test_credentials_with_a_bad_count(nc: str) -> None:
    with pytest.raises(RemoteProtocolError, match="nc"):
        digest.parse_authorization(
            f'Digest username="u", nonce="n", uri="/", response="r", qop=auth, nc={nc}'
        )


def test_counts_as_devices_write_them() -> None:
    for text in ('"00000001"', "1", "00000001"):
        header = f'Digest username="u", nonce="n", uri="/", response="r", qop="auth", nc={text}, cnonce="c"'
        assert digest.parse_authorization(header).nc == 1


def test_local_mistakes() -> None:
    with pytest.raises(LocalProtocolError):
        digest.challenge_header("r\n", "n")
    with pytest.raises(LocalProtocolError):
        digest.challenge_header("r", "n", "SHA-1")
    asked = Challenge("Digest", "r", "n", "", ("auth",))
    with pytest.raises(LocalProtocolError, match="cnonce"):
        digest.answer(asked, "GET", "/", "u", "p")
    with pytest.raises(LocalProtocolError, match="password"):
        digest.answer(asked, "GET", "/", "u", cnonce="c")


def test_long_headers_are_refused_quickly() -> None:
    for header in ("Digest " + "a" * 20_000, "Digest " + 'a="' * 6_000, "Digest " + "a " * 9_000):
        with pytest.raises(RemoteProtocolError):
            digest.parse_challenges(header)
    digest.parse_challenges("Digest " + 'a="\\' * 4_000)
    digest.parse_challenges("Digest a" + " " * 16_000)
