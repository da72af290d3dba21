"""ACS URLs as simulated CPEs take them apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwmp.lab.connection import AcsAddress, ConnectionFailed


@pytest.mark.parametrize(
    ("url", "host", "port", "target", "header"),
    [
        ("http://acs.test:7547/cwmp?a=1", "acs.test", 7547, "/cwmp?a=1", b"acs.test:7547"),
        ("http://acs.test", "acs.test", 80, "/", b"acs.test"),
        ("https://acs.test", "acs.test", 443, "/", b"acs.test"),
        (" http://[::1]:8080/x ", "::1", 8080, "/x", b"[::1]:8080"),
    ],
)
def test_an_address_from_a_url(url: str, host: str, port: int, target: str, header: bytes) -> None:
    address = AcsAddress.of(url)
    assert (address.host, address.port, address.target, address.host_header) == (host, port, target, header)
    assert address.secure == url.startswith("https")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "acs.test",
        "ftp://acs.test/",
        "http://",
        "http://acs.test:99999/",
        "http://a/\u00fc",
        "http://a/b c",
    ],
)
def test_what_is_no_acs_url_is_one_sentence(url: str) -> None:
    with pytest.raises(ConnectionFailed, match="not usable"):
        AcsAddress.of(url)


def test_a_password_in_the_url_is_refused_unshown() -> None:
    with pytest.raises(ConnectionFailed, match=r"acs\.test") as refused:
        AcsAddress.of("http://user:s3cret@acs.test/")
    assert "s3cret" not in str(refused.value)


def test_a_redirect_may_be_relative() -> None:
    address = AcsAddress.of("http://acs.test:7547/one/two")
    assert address.join("three").url == "http://acs.test:7547/one/three"
    assert address.join("https://other.test/").host == "other.test"
    with pytest.raises(ConnectionFailed):
        address.join("mailto:nobody")


@given(st.text() | st.text().map("http://{}".format))
def test_any_text_is_an_address_or_a_clear_refusal(url: str) -> None:
    try:
        address = AcsAddress.of(url)
    except ConnectionFailed:
        return
    assert address.host
    assert 0 < address.port < 65536
