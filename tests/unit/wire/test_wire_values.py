"""The XSD types of values: what is one, what it means, one spelling for each meaning."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwmp.wire import values
from cwmp.wire.errors import InvalidValue

ZONES = st.none() | st.timezones() | st.just(dt.UTC)
PYTHON_VALUES = {
    "string": st.text(),
    "boolean": st.booleans(),
    **{name: st.integers(low, high) for name, (low, high) in values.RANGES.items()},
    "decimal": st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30),
    "base64": st.binary(),
    "hexBinary": st.binary(),
    "dateTime": st.datetimes(
        dt.datetime(2, 1, 1), dt.datetime(9998, 1, 1), timezones=ZONES, allow_imaginary=False
    ),
}


@given(st.data())
def test_values_come_back_as_they_were(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(values.TYPES))
    value = data.draw(PYTHON_VALUES[kind])
    text = values.format(kind, value)
    assert values.parse(kind, text) == value
    assert values.canonical(kind, text) == text
    assert values.valid(kind, text)


@given(st.sampled_from(values.TYPES), st.text(max_size=40) | st.text("0123456789-+:.TZ aAfFt=", max_size=40))
def test_any_text_is_a_value_or_invalid(kind: str, text: str) -> None:
    if values.valid(kind, text):
        canonical = values.canonical(kind, text)
        assert values.canonical(kind, canonical) == canonical
        assert values.parse(kind, canonical) == values.parse(kind, text)
    else:
        with pytest.raises(InvalidValue):
            values.canonical(kind, text)


@pytest.mark.parametrize(
    ("kind", "text", "canonical"),
    [
        ("boolean", "1", "true"),
        ("boolean", " TRUE\n", "true"),
        ("boolean", "0", "false"),
        ("int", "+007", "7"),
        ("int", "-0", "0"),
        ("unsignedLong", "18446744073709551615", "18446744073709551615"),
        ("decimal", "+1.50", "1.5"),
        ("decimal", "100.00", "100"),
        ("decimal", "-0.0", "0"),
        ("decimal", ".5", "0.5"),
        ("dateTime", "2026-11-23T02:00:00+02:00", "2026-11-23T00:00:00Z"),
        ("dateTime", "2026-11-23T02:00:00", "2026-11-23T02:00:00"),
        ("dateTime", "2026-11-23T02:00:00.500Z", "2026-11-23T02:00:00.5Z"),
        ("dateTime", "2026-12-31T24:00:00Z", "2027-01-01T00:00:00Z"),
        ("dateTime", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("dateTime", "2026-11-23T02:00:00-00:00", "2026-11-23T02:00:00Z"),
        ("base64", "aGVs\r\nbG8=", "aGVsbG8="),
        ("hexBinary", "0aff", "0AFF"),
        ("string", " a ", " a "),
    ],
)
def test_canonical_spellings(kind: str, text: str, canonical: str) -> None:
    assert values.canonical(kind, text) == canonical


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("boolean", "yes"),
        ("boolean", ""),
        ("int", "2147483648"),
        ("int", "1.0"),
        ("int", "1_000"),
        ("int", "٣"),
        ("unsignedInt", "-1"),
        ("unsignedInt", "4294967296"),
        ("long", "9223372036854775808"),
        ("unsignedLong", "9" * 5000),
        ("decimal", "1e5"),
        ("decimal", "NaN"),
        ("dateTime", "2026-11-23T11:54::14"),
        ("dateTime", "2026-02-30T00:00:00Z"),
        ("dateTime", "2026-11-23 02:00:00"),
        ("dateTime", "2026-11-23T02:00:00+25:00"),
        ("dateTime", "2026-11-23T24:00:01Z"),
        ("dateTime", "0001-01-01T00:00:00+01:00"),
        ("dateTime", "9999-12-31T24:00:00Z"),
        ("base64", "a"),
        ("base64", "é==="),
        ("hexBinary", "abc"),
        ("hexBinary", "xx"),
        ("hexBinary", "é"),
        ("float", "1"),
    ],
)
def test_what_is_no_value(kind: str, text: str) -> None:
    with pytest.raises(InvalidValue):
        values.canonical(kind, text)


@pytest.mark.parametrize("kind", [kind for kind in values.TYPES if kind != "string"])
def test_the_error_does_not_show_the_value(kind: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        values.parse(kind, "hunter2!")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", 1),
        ("boolean", 1),
        ("int", True),
        ("int", 2**31),
        ("unsignedInt", -1),
        ("decimal", Decimal("NaN")),
        ("decimal", Decimal("1e999")),
        ("decimal", 1.5),
        ("dateTime", "now"),
        ("base64", "text"),
        ("nonsense", "x"),
    ],
)
def test_python_values_that_do_not_fit(kind: str, value: object) -> None:
    with pytest.raises(InvalidValue):
        values.format(kind, value)  # type: ignore[arg-type]
