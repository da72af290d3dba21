"""STUN binding messages against the RFCs' own examples, what devices send, and arbitrary bytes."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwmp.wire import stun
from cwmp.wire.stun import Attribute, StunError, StunMessage

OLD = bytes(range(16))
NEW = stun.MAGIC_COOKIE + bytes(range(12))

# RFC 5769 §2.1 and §2.2: sample request and IPv4 response, password "VOkJxbRl1RmTxUk/WvJxBt"
RFC5769_PASSWORD = "VOkJxbRl1RmTxUk/WvJxBt"
RFC5769_REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74"
    "002400046e0001ff80290008932ff9b151263b36000600096576746a3a6836765920202000080014"
    "9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf"
)
RFC5769_RESPONSE = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220"
    "002000080001a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96"
)


def test_rfc_5769_request() -> None:
    message = stun.decode(RFC5769_REQUEST)
    assert message.type == stun.BINDING_REQUEST and message.modern
    assert message.username == "evtj:h6vY"
    assert message.signed_with(RFC5769_PASSWORD)
    assert not message.signed_with(RFC5769_PASSWORD + "x")


def test_rfc_5769_response() -> None:
    message = stun.decode(RFC5769_RESPONSE)
    assert message.mapped_address == ("192.0.2.1", 32853)
    assert message.signed_with(RFC5769_PASSWORD)


def test_rfc_3489_integrity_is_over_text_padded_to_64_bytes() -> None:
    request = stun.binding_request(OLD, username="cpe1")
    data = stun.encode(request, "secret")
    text = data[:-24]
    expected = hmac.digest(b"secret", text + bytes(-len(text) % 64), hashlib.sha1)
    assert data[-20:] == expected
    assert struct.unpack_from("!H", data, 2)[0] == len(data) - 20
    assert stun.decode(data).signed_with("secret")


@pytest.mark.parametrize("transaction", [OLD, NEW])
def test_either_way_of_signing_is_believed(transaction: bytes) -> None:
    """A device with a classic transaction id may sign as RFC 5389 says, and the other way round."""
    body = stun.encode(stun.binding_request(transaction, username="cpe1"))
    text = body[:2] + (len(body) - 20 + 24).to_bytes(2, "big") + body[4:]
    for signed in (text, text + bytes(-len(text) % 64)):
        signature = hmac.digest(b"pw", signed, hashlib.sha1)
        assert stun.decode(text + b"\0\x08\0\x14" + signature).signed_with("pw")


def test_what_annex_g_adds() -> None:
    data = stun.encode(stun.binding_request(OLD, username="device-1", changed=True))
    message = stun.decode(data)
    assert message.for_connection_requests and message.binding_changed
    assert message.get(0xC001) == b"dslforum.org/TR-111 " and len(message.get(0xC001) or b"") == 20
    assert message.get(0xC002) == b""
    assert message.username == "device-1"
    assert not stun.decode(stun.encode(stun.binding_request(OLD, listening=False))).for_connection_requests


@pytest.mark.parametrize("value", [b"dslforum.org/TR-111", b"dslforum.org/TR-111 ", b"dslforum.org/TR-111\0"])
def test_the_blank_may_be_missing(value: bytes) -> None:
    message = StunMessage(1, OLD, (Attribute(0xC001, value),))
    assert stun.decode(stun.encode(message)).for_connection_requests


def test_a_classic_message_without_padding_at_its_end() -> None:
    data = b"\0\x01\0\x09" + OLD + b"\0\x06\0\x05cpe-1"
    assert stun.decode(data).username == "cpe-1"


@pytest.mark.parametrize("transaction", [OLD, NEW])
@pytest.mark.parametrize("host", ["198.51.100.7", "2001:db8::7"])
def test_an_answer_says_where_the_request_came_from(transaction: bytes, host: str) -> None:
    request = stun.decode(stun.encode(stun.binding_request(transaction)))
    answer = stun.binding_response(request, ipaddress.ip_address(host), 40000)
    read = stun.decode(stun.encode(answer))
    assert read.transaction == transaction
    assert read.mapped_address == (host, 40000)


def test_errors_say_code_and_reason() -> None:
    request = stun.decode(stun.encode(stun.binding_request(OLD)))
    refusal = stun.decode(stun.encode(stun.error_response(request, 401, "Unauthorized")))
    assert refusal.type == stun.BINDING_ERROR and refusal.error == (401, "Unauthorized")
    unknown = stun.decode(stun.encode(stun.error_response(request, 420, "Unknown", [0x0003])))
    assert unknown.get(stun.UNKNOWN_ATTRIBUTES) == b"\0\x03\0\x03"


def test_no_request_of_ours_is_answered_with_more_bytes() -> None:
    """The server is no amplifier for what devices send: a marked request is longer than any answer."""
    for transaction in (OLD, NEW):
        data = stun.encode(stun.binding_request(transaction))
        request = stun.decode(data)
        address = ipaddress.ip_address("198.51.100.7")
        assert len(stun.encode(stun.binding_response(request, address, 1))) <= len(data)
        assert len(stun.encode(stun.error_response(request, 401, "Unauthorized"))) <= len(data)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_message_or_a_stun_error(data: bytes) -> None:
    examine(data)


@given(
    st.sampled_from([OLD, NEW]),
    st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=30)), max_size=6),
    st.binary(max_size=3),
)
def test_any_attributes_give_a_message_or_a_stun_error(
    transaction: bytes, attributes: list[tuple[int, bytes]], rest: bytes
) -> None:
    message = StunMessage(1, transaction, tuple(Attribute(*each) for each in attributes))
    data = stun.encode(message, "pw")
    assert stun.decode(data).attributes[:-1] == message.attributes
    examine(data)
    examine(data[: len(data) - 1] + rest)


@given(st.integers(0, len(RFC5769_REQUEST) - 1), st.integers(0, 255))
def test_one_changed_byte(place: int, byte: int) -> None:
    examine(RFC5769_REQUEST[:place] + bytes([byte]) + RFC5769_REQUEST[place + 1 :])


def examine(data: bytes) -> None:
    try:
        message = stun.decode(data)
    except StunError:
        return
    assert isinstance(message.username, str)
    assert message.for_connection_requests in (True, False)
    message.signed_with("pw")
    assert message.error is None or 0 <= message.error[0] <= 799
    try:
        address = message.mapped_address
    except StunError:
        return
    assert address is None or 0 <= address[1] <= 0xFFFF


@given(st.sampled_from([OLD, NEW]), st.text(max_size=40), st.booleans(), st.booleans(), st.text(max_size=30))
def test_what_is_written_is_read(
    transaction: bytes, username: str, listening: bool, changed: bool, password: str
) -> None:
    request = stun.binding_request(transaction, username=username, listening=listening, changed=changed)
    read = stun.decode(stun.encode(request, password))
    assert read.username == username.rstrip(" \0")
    assert (read.for_connection_requests, read.binding_changed) == (listening, changed)
    assert read.signed_with(password)


@given(st.ip_addresses(), st.integers(0, 0xFFFF), st.sampled_from([b"", NEW]))
def test_addresses(host: stun.IPAddress, port: int, mask: bytes) -> None:
    assert stun.unpack_address(stun.pack_address(host, port, mask=mask), mask=mask) == (str(host), port)
