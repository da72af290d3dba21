"""PROXY headers, both versions."""

from __future__ import annotations

import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwmp.acs.listen.proxy_header import BadProxyHeader, parse_v1, parse_v2


def test_version_1() -> None:
    assert parse_v1(b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 7547\r\n") == "192.0.2.1"
    assert parse_v1(b"PROXY TCP6 2001:db8::1 2001:db8::2 56324 7547\r\n") == "2001:db8::1"
    assert parse_v1(b"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n") == "192.0.2.1"
    assert parse_v1(b"PROXY UNKNOWN\r\n") == ""
    for bad in (
        b"PROXY TCP4 192.0.2.1\r\n",
        b"PROXY TCP4 2001:db8::1 ::1 1 2\r\n",
        b"PROXY TCP4 a b c d\r\n",
        b"PROXY\n",
    ):
        with pytest.raises(BadProxyHeader):
            parse_v1(bad)


@given(st.ip_addresses(), st.binary(max_size=30))
def test_version_2(address: ipaddress.IPv4Address | ipaddress.IPv6Address, extensions: bytes) -> None:
    rest = address.packed + address.packed + struct.pack("!HH", 1, 2) + extensions
    family = 0x11 if address.version == 4 else 0x21
    said = parse_v2(0x21, family, rest)
    mapped = getattr(address, "ipv4_mapped", None)
    assert said == str(mapped or address)
    assert parse_v2(0x20, family, rest) == ""
    assert parse_v2(0x21, 0, rest) == ""
    with pytest.raises(BadProxyHeader):
        parse_v2(0x21, family, rest[:11])
    with pytest.raises(BadProxyHeader):
        parse_v2(0x11, family, rest)


@given(st.binary(max_size=120))
def test_any_line(line: bytes) -> None:
    try:
        said = parse_v1(line)
    except BadProxyHeader:
        return
    assert said == "" or ipaddress.ip_address(said)
