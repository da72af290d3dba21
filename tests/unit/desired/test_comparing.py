"""Equality of values is an equivalence, by type, whatever text a device sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwmp.desired.comparing import canonical, equal, moment
from cwmp.desired.lexical import lexical
from cwmp.desired.verifying import normal_url, same_but_spelt_otherwise

TYPES = (
    "string", "boolean", "int", "unsignedInt", "long", "unsignedLong", "dateTime", "base64", "hexBinary",
    "decimal", "strange",
)  # fmt: skip
FORMS = ("plain", "list", "reference", "references")

spellings = st.one_of(
    st.sampled_from(
        [
            "1", "0", "true", "TRUE", "yes", "No", "on", "off", " 1 ", "01", "+1", "-0", "1.0", "1.50", "1.5",
            "", " ", ".5", "a,b", "a, b", " a ,b", "AAEC", "AA EC", "00ff", "00FF", "2026-01-31T12:00:00Z",
            "2026-01-31T13:00:00+01:00", "2026-01-31T12:00:00", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00",
            "Device.A.1", "Device.A.1.", "Device.A.1., Device.A.2",
        ]
    ),
    st.text(max_size=12),
)  # fmt: skip


@given(st.sampled_from(TYPES), st.sampled_from(FORMS), spellings, spellings, spellings)
def test_equality_is_an_equivalence(type_: str, form: str, a: str, b: str, c: str) -> None:
    def same(one: str, other: str) -> bool:
        return equal(type_, one, other, form)  # type: ignore[arg-type]

    assert same(a, a)
    assert same(a, b) == same(b, a)
    if same(a, b) and same(b, c):
        assert same(a, c)
    hash(canonical(type_, a, form))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("type_", "one", "other", "same"),
    [
        ("boolean", "1", "true", True),
        ("boolean", "Yes", "1", True),
        ("boolean", "0", "false", True),
        ("boolean", "1", "0", False),
        ("boolean", "maybe", "perhaps", False),
        ("unsignedInt", "007", "7", True),
        ("int", "-0", "0", True),
        ("int", "seven", "7", False),
        ("string", "1", "01", False),
        ("string", "a", "a ", False),
        ("dateTime", "2026-01-31T12:00:00Z", "2026-01-31T14:00:00+02:00", True),
        ("dateTime", "2026-01-31T12:00:00", "2026-01-31T12:00:00Z", True),
        ("dateTime", "2026-01-31T12:00:00.500Z", "2026-01-31T12:00:00.5Z", True),
        ("dateTime", "2026-01-31T12:00:00Z", "2026-01-31T12:00:01Z", False),
        ("dateTime", "2026-01-31T24:00:00Z", "2026-02-01T00:00:00Z", True),
        ("dateTime", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00", True),
        ("dateTime", "0001-01-01T00:00:00Z", "0000-00-00T00:00:00", True),
        ("dateTime", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59", True),
        ("dateTime", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z", False),
        ("base64", "AAECAw==", "AAEC\nAw==", True),
        ("hexBinary", "00ffAA", "00FFaa", True),
        ("decimal", "1.50", "1.5", True),
        ("decimal", "100", "1e2", False),
        ("decimal", "0.1234567890123456789012345678901", "0.1234567890123456789012345678902", False),
    ],
)
def test_by_type(type_: str, one: str, other: str, same: bool) -> None:
    assert equal(type_, one, other) is same


def test_lists_ignore_blanks_and_references_their_final_dot() -> None:
    assert equal("string", "a, b ,c", "a,b,c", "list")
    assert not equal("string", "a,b", "b,a", "list")
    assert equal("string", "1, 02", "01,2", "list", "unsignedInt")
    assert equal("string", "Device.A.1.", "Device.A.1", "reference")
    assert equal("string", "Device.A.1.,Device.A.2", "Device.A.1, Device.A.2.", "references")
    assert equal("string", "", "  ", "list") and not equal("string", "", "a", "list")


@given(st.integers(-(2**63), 2**63 - 1))
def test_numbers_survive_writing(number: int) -> None:
    text = lexical(number, "long")
    assert equal("long", text, f" +{number} " if number >= 0 else f"{number}")


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15))
def test_decimals_are_written_without_exponent(number: float) -> None:
    assert "e" not in lexical(number, "decimal").lower()


@given(st.datetimes(), st.integers(-14 * 60, 14 * 60))
def test_a_moment_is_the_same_in_every_zone(at: object, minutes: int) -> None:
    from datetime import datetime, timedelta, timezone

    assert isinstance(at, datetime)
    at = at.replace(microsecond=0, tzinfo=timezone.utc)  # noqa: UP017
    try:
        other = at.astimezone(timezone(timedelta(minutes=minutes)))
    except OverflowError:
        return
    if (at.year, other.year) == (1, 1) and (at.timetuple().tm_yday == 1 or other.timetuple().tm_yday == 1):
        return  # the first moment of year 1 is the unknown time in every zone
    assert moment(at.isoformat()) == moment(other.isoformat()) is not None


@given(st.text(max_size=40))
def test_any_text_can_be_compared(text: str) -> None:
    for type_ in TYPES:
        canonical(type_, text)
    normal_url(text)
    assert same_but_spelt_otherwise(text, text)


@pytest.mark.parametrize(
    ("wanted", "held", "same"),
    [
        ("Hello", "hello", True),
        (" a  b ", "a b", True),
        ("http://Host:80/x/", "http://host/x", True),
        ("00:1A:2b:3c:4d:5e", "001a2b3c4d5e", True),
        ("2001:db8::0:1", "2001:db8::1", True),
        ("0300", "300", True),
        ("a,b", "b, A", True),
        ("x%20y", "x y", True),
        ("Device.A.1", "Device.A.1.", True),
        ("12345678", "1234", False),
        ("300", "600", False),
        ("", "something", False),
    ],
)
def test_another_spelling_is_told_from_another_value(wanted: str, held: str, same: bool) -> None:
    assert same_but_spelt_otherwise(wanted, held) is same
