"""The UDP connection request: as the standard's example has it, as devices spell it, and arbitrary bytes."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwmp.wire import udp_request
from cwmp.wire.udp_request import UdpRequest, UdpRequestError

EXAMPLE = (
    b"GET http://10.1.1.1:8080?ts=1120673700&id=1234&un=CPE57689&cn=XTGRWIPC6D3IPXS3"
    b"&sig=3545F7B5820D76A3DF45A3A509DA8D8C38F13512 HTTP/1.1"
)


def test_the_example_of_the_standard_is_read() -> None:
    request = udp_request.decode(EXAMPLE)
    assert (request.timestamp, request.id, request.username) == (1120673700, 1234, "CPE57689")
    assert request.nonce == "XTGRWIPC6D3IPXS3"
    assert request.text == b"11206737001234CPE57689XTGRWIPC6D3IPXS3"


def test_the_signature_is_hmac_sha1_of_the_values() -> None:
    request = UdpRequest(1120673700, 1234, "CPE57689", "XTGRWIPC6D3IPXS3").sign("secret")
    expected = hmac.digest(b"secret", b"11206737001234CPE57689XTGRWIPC6D3IPXS3", hashlib.sha1).hex()
    assert request.signature.lower() == expected
    data = udp_request.encode(request, "198.51.100.7", 40000)
    assert data.startswith(b"GET http://198.51.100.7:40000?ts=1120673700&id=1234&un=CPE57689&cn=XTGR")
    assert b" HTTP/1.1\r\n" in data
    read = udp_request.decode(data)
    assert read.signed_with("secret") and not read.signed_with("Secret")
    assert udp_request.decode(data.replace(request.signature.encode(), expected.encode())).signed_with(
        "secret"
    )


@pytest.mark.parametrize(
    "line",
    [
        b"GET /?ts=1&id=2&un=u&cn=n&sig=" + b"a" * 40 + b" HTTP/1.1\r\n\r\n",
        b"GET ?ts=1&id=2&un=u&cn=n&sig=" + b"a" * 40 + b" HTTP/1.0",
        b"get http://[2001:db8::1]:1?sig=" + b"A" * 40 + b"&cn=n&un=u&id=2&ts=1&more=x HTTP/1.1\n",
    ],
)
def test_other_spellings_are_read(line: bytes) -> None:
    request = udp_request.decode(line)
    assert (request.timestamp, request.id, request.username, request.nonce) == (1, 2, "u", "n")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"POST http://h:1?ts=1&id=2&un=u&cn=n&sig=" + b"a" * 40 + b" HTTP/1.1",
        b"GET http://h:1?ts=1&id=2&un=u&cn=n&sig=" + b"a" * 39 + b" HTTP/1.1",
        b"GET http://h:1?ts=-1&id=2&un=u&cn=n&sig=" + b"a" * 40 + b" HTTP/1.1",
        b"GET http://h:1?ts=1&ts=2&id=2&un=u&cn=n&sig=" + b"a" * 40 + b" HTTP/1.1",
        b"GET http://h:1?ts=1&un=u&cn=n&sig=" + b"a" * 40 + b" HTTP/1.1",
        b"GET http://h:1?ts=1&id=2&un=%FF&cn=n&sig=" + b"a" * 40 + b" HTTP/1.1",
        EXAMPLE + b" " * 2000,
    ],
)
def test_what_is_no_request_is_refused(line: bytes) -> None:
    with pytest.raises(UdpRequestError):
        udp_request.decode(line)


@given(st.binary(max_size=300))
def test_any_bytes_give_a_request_or_an_error(data: bytes) -> None:
    examine(data)


@given(st.text(alphabet="tsidunc=&%0129afGET ?/:HP.\r\n\x00é", max_size=200))
def test_any_query_gives_a_request_or_an_error(text: str) -> None:
    examine(f"GET http://h:1?{text} HTTP/1.1\r\n".encode())


@given(st.integers(0, len(EXAMPLE) - 1), st.integers(0, 255))
def test_one_changed_byte(place: int, byte: int) -> None:
    examine(EXAMPLE[:place] + bytes([byte]) + EXAMPLE[place + 1 :])


def examine(data: bytes) -> None:
    try:
        request = udp_request.decode(data)
    except UdpRequestError as error:
        assert str(error)
        return
    request.signed_with("pw")


@given(
    st.integers(0, 2**32), st.integers(0, 2**64 - 1), st.text(max_size=50), st.text(max_size=30), st.text()
)
def test_what_is_written_is_read(ts: int, number: int, username: str, nonce: str, password: str) -> None:
    request = UdpRequest(ts, number, username, nonce).sign(password)
    read = udp_request.decode(udp_request.encode(request, "192.0.2.1", 5))
    assert read.signed_with(password)
    assert (read.timestamp, read.id, read.username, read.nonce) == (ts, number, username, nonce)
