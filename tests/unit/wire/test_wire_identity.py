"""Device identities, spelt as GenieACS spells them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwmp.wire.errors import InvalidIdentity
from cwmp.wire.identity import device_id_of, parse_device_id
from cwmp.wire.messages import DeviceId

PARTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


@pytest.mark.parametrize(
    ("device", "identity"),
    [
        (DeviceId("Acme", "00D09E", "Box", "S1"), "00D09E-Box-S1"),
        (DeviceId("Acme", "00D09E", "", "S1"), "00D09E-S1"),
        (DeviceId("Acme", "00d09e", "HG8245-H v2", "a.b_c"), "00d09e-HG8245%2DH%20v2-a%2Eb_c"),
        (DeviceId("Acme", "202BC1", "BM632w", "000000"), "202BC1-BM632w-000000"),
        (DeviceId("Acme", "00D09E", "Böx", "中"), "00D09E-B%C3%B6x-%E4%B8%AD"),
    ],
)
def test_spelling(device: DeviceId, identity: str) -> None:
    assert device_id_of(device) == identity
    parsed = parse_device_id(identity)
    assert (parsed.oui, parsed.product_class, parsed.serial_number) == (
        device.oui,
        device.product_class,
        device.serial_number,
    )


@given(PARTS, PARTS, PARTS)
def test_identities_come_back_as_they_were_and_differ_as_devices_do(
    oui: str, product_class: str, serial: str
) -> None:
    device = DeviceId("", oui, product_class, serial)
    identity = device_id_of(device)
    assert parse_device_id(identity) == device
    assert all(char.isascii() and (char.isalnum() or char in "_%-") for char in identity)


@given(st.text(max_size=40))
def test_any_text_is_an_identity_or_not(text: str) -> None:
    try:
        device = parse_device_id(text)
    except InvalidIdentity:
        return
    assert parse_device_id(device_id_of(device)) == device


@pytest.mark.parametrize("text", ["", "x", "a-b-c-d", "a b-c", "a-%2", "a-%ff", "a-ü", "a-b\n"])
def test_what_is_no_identity(text: str) -> None:
    with pytest.raises(InvalidIdentity):
        parse_device_id(text)


def test_lone_surrogates_do_not_crash() -> None:
    assert device_id_of(DeviceId("", "00D09E", "", "\ud800")) == "00D09E-%3F"
