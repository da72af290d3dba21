from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwmp.acs.errors import KeyMismatch
from cwmp.acs.keyring import Keyring

KEY = Keyring(bytes(range(32)))


@given(st.binary(), st.binary(max_size=40))
def test_what_is_sealed_can_be_unsealed_and_does_not_show(data: bytes, context: bytes) -> None:
    sealed = KEY.seal(data, context)
    assert KEY.unseal(sealed, context) == data
    assert len(data) < 4 or data not in sealed
    assert sealed != KEY.seal(data, context)


@given(st.binary(max_size=64), st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_whatever_is_changed_is_noticed(data: bytes, place: int, flip: int) -> None:
    sealed = bytearray(KEY.seal(data, b"tx1"))
    sealed[place % len(sealed)] ^= flip
    with pytest.raises(KeyMismatch):
        KEY.unseal(bytes(sealed), b"tx1")


@given(st.binary(max_size=64))
def test_any_bytes_unseal_to_a_typed_error(data: bytes) -> None:
    with pytest.raises(KeyMismatch):
        KEY.unseal(data)


def test_sealed_for_one_is_not_opened_for_another() -> None:
    sealed = KEY.seal(b"x", b"tx1")
    with pytest.raises(KeyMismatch):
        KEY.unseal(sealed, b"tx2")
    with pytest.raises(KeyMismatch):
        Keyring(bytes(32)).unseal(sealed, b"tx1")


@given(st.tuples(st.text(), st.text(), st.text()), st.tuples(st.text(), st.text(), st.text()))
def test_keyed_hashes_are_equal_only_for_equal_things(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert (KEY.keyed_hash(*one) == KEY.keyed_hash(*other)) == (one == other)


def test_keyed_hashes_do_not_run_parts_together() -> None:
    assert KEY.keyed_hash("a", "bc", "d") != KEY.keyed_hash("ab", "c", "d")
    assert KEY.keyed_hash("a", "b", "c") != Keyring(bytes(32)).keyed_hash("a", "b", "c")


def test_a_key_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(KeyMismatch, match="31 bytes instead of 32"):
        Keyring(bytes(31))
