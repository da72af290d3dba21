"""Bindings of a STUN server: bounded, and nobody takes another's place by claiming its name."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cwmp.connection_request.bindings import Binding, Bindings
from cwmp.connection_request.rate import RateLimit


def binding(port: int, username: str = "", *, proven: bool = False) -> Binding:
    address = ("198.51.100.1", port)
    return Binding(address, address, username, proven, True, 0.0)


def test_a_claimed_name_does_not_take_the_place_of_a_proven_one() -> None:
    table = Bindings()
    table.note(binding(1, "cpe", proven=True))
    table.note(binding(2, "cpe"))
    found = table.of("cpe")
    assert found is not None and found.address[1] == 1
    table.note(binding(3, "cpe", proven=True))
    found = table.of("cpe")
    assert found is not None and found.address[1] == 3


def test_a_request_without_proof_from_a_proven_address_changes_nothing() -> None:
    table = Bindings()
    table.note(binding(1, "cpe", proven=True))
    table.note(binding(1, "other"))
    found = table.at(("198.51.100.1", 1))
    assert found is not None and found.username == "cpe" and table.of("other") is None


def test_made_up_addresses_do_not_drive_out_proven_ones() -> None:
    table = Bindings(10)
    for port in range(1, 9):
        table.note(binding(port, f"cpe{port}", proven=True))
    for port in range(100, 200):
        table.note(binding(port, f"made up {port}"))
    assert len(table) == 10
    assert all(table.of(f"cpe{port}") for port in range(1, 9))


@given(st.lists(st.tuples(st.integers(1, 12), st.sampled_from(["", "a", "b", "c"]), st.booleans())))
def test_it_stays_in_bounds_and_consistent(steps: list[tuple[int, str, bool]]) -> None:
    table = Bindings(6)
    for port, username, proven in steps:
        table.note(binding(port, username, proven=proven))
        assert len(table) <= 6
        for name in "abc":
            found = table.of(name)
            assert found is None or found.username == name
        assert not set(table._proven) & set(table._claimed)
        assert all(table.at(address) is not None for address in table._by_username.values())


def test_the_rate_of_one_does_not_touch_another() -> None:
    limit = RateLimit(2, 3, keys=2)
    assert [limit.allows("a", 0.0) for _ in range(4)] == [True, True, True, False]
    assert limit.allows("b", 0.0)
    assert limit.allows("a", 0.5) and not limit.allows("a", 0.5)
    limit.allows("c", 1.0)
    limit.allows("d", 1.0)
    assert len(limit._spent) == 2
