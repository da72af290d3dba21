"""Which reported addresses may be dialled."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwmp.connection_request.address import Target, parse_url, plain_address, safe


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://192.0.2.1:7547/abc?d=e", Target("192.0.2.1", 7547, "/abc?d=e")),
        ("http://192.0.2.1", Target("192.0.2.1", 80, "/")),
        ("HTTP://Cpe.Example:7547", Target("cpe.example", 7547, "/")),
        ("http://[2001:db8::1]:7547/x", Target("2001:db8::1", 7547, "/x")),
        (" http://192.0.2.1:7547/ ", Target("192.0.2.1", 7547, "/")),
        ("http://user:pass@192.0.2.1/x", Target("192.0.2.1", 80, "/x")),
        ("http://192.0.2.1/a b", Target("192.0.2.1", 80, "/a%20b")),
    ],
)
def test_urls(url, target):
    assert parse_url(url) == target


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://192.0.2.1/",
        "ftp://192.0.2.1/",
        "http://",
        "http:///x",
        "http://192.0.2.1:0/",
        "http://192.0.2.1:99999/",
        "http://192.0.2.1:x/",
        "http://192.0.2.1/\r\nX: y",
        "http://[::1/",
        "http://192.0.2.1/" + "x" * 3000,
        "http://münchen/",
        "file:///etc/passwd",
    ],
)
def test_what_is_no_plain_http_url(url):
    assert parse_url(url) is None


def test_authority():
    assert Target("192.0.2.1", 80, "/").authority == "192.0.2.1"
    assert Target("2001:db8::1", 7547, "/").authority == "[2001:db8::1]:7547"


@given(st.text(max_size=80))
def test_any_text_is_a_target_or_none(text):
    for url in (text, "http://" + text):
        target = parse_url(url)
        assert target is None or (
            target.uri.startswith("/") and "\n" not in target.uri and " " not in target.uri
        )


LAN = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("169.254.0.0/16"))


@pytest.mark.parametrize(
    ("address", "informed_from", "allowed", "good"),
    [
        ("192.0.2.1", "192.0.2.1", (), True),
        ("192.0.2.1", "::ffff:192.0.2.1", (), True),
        ("::ffff:192.0.2.1", "192.0.2.1", (), True),
        ("192.0.2.2", "192.0.2.1", (), False),
        ("127.0.0.1", "192.0.2.1", (), False),
        ("127.0.0.1", "127.0.0.1", (), True),
        ("127.0.0.2", "127.0.0.1", (), False),
        ("169.254.169.254", "192.0.2.1", LAN, False),
        ("10.1.2.3", "192.0.2.1", LAN, True),
        ("::ffff:10.1.2.3", "192.0.2.1", LAN, True),
        ("10.1.2.3", "192.0.2.1", (), False),
        ("fe80::1", "fe80::1%eth0", (), True),
        ("0.0.0.0", "192.0.2.1", (ipaddress.ip_network("0.0.0.0/0"),), False),
        ("224.0.0.1", "192.0.2.1", (ipaddress.ip_network("0.0.0.0/0"),), False),
        ("192.0.2.1", "", (), False),
        ("192.0.2.1", "nonsense", (), False),
    ],
)
def test_safety(address, informed_from, allowed, good):
    parsed = plain_address(address)
    assert parsed is not None and safe(parsed, informed_from, allowed) is good
