"""The XSD types of parameter values: reading, writing, validity, one canonical spelling for comparing.

Types are local names as in `ParameterValue.type` (TR-106 §3.2.1, TR-069a6 §A.2.1).
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TypeAlias

from cwmp.wire.errors import InvalidValue

Value: TypeAlias = str | bool | int | Decimal | datetime | bytes

TYPES = (
    "string",
    "boolean",
    "int",
    "unsignedInt",
    "long",
    "unsignedLong",
    "dateTime",
    "base64",
    "hexBinary",
    "decimal",
)
"""Every type a parameter can have."""

RANGES = {
    "int": (-(2**31), 2**31 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "long": (-(2**63), 2**63 - 1),
    "unsignedLong": (0, 2**64 - 1),
}
"""Least and greatest value of the whole-number types."""

_SPELLINGS = {name.lower(): name for name in TYPES} | {
    "bool": "boolean",
    "integer": "int",
    "short": "int",
    "byte": "int",
    "int32": "int",
    "uint": "unsignedInt",
    "uint32": "unsignedInt",
    "unsigned": "unsignedInt",
    "unsignedinteger": "unsignedInt",
    "nonnegativeinteger": "unsignedInt",
    "positiveinteger": "unsignedInt",
    "unsignedshort": "unsignedInt",
    "unsignedbyte": "unsignedInt",
    "int64": "long",
    "uint64": "unsignedLong",
    "base64binary": "base64",
    "hex": "hexBinary",
    "float": "decimal",
    "double": "decimal",
}
_INTEGER = re.compile(r"[+-]?[0-9]{1,40}\Z")
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)\Z")
_DATE_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?\Z"
)
_BLANKS = re.compile(r"[ \t\r\n]+")


def normalise_type(spelled: str | None) -> str:
    """The type a device means by ``xsd:unsignedint``, ``Int``, blank or nothing; unknown is string."""
    if not spelled:
        return "string"
    return _SPELLINGS.get(spelled.rpartition(":")[2].strip().lower(), "string")


def parse(type: str, text: str) -> Value:
    """The Python value of a text on the wire.

    boolean → bool, whole numbers → int, decimal → Decimal, dateTime → datetime (without zone when the text
    has none), base64 and hexBinary → bytes, string → the text. Raises `InvalidValue`, which names the type
    and never the text.
    """
    if type == "string":
        return text
    stripped = text.strip(" \t\r\n")
    if type == "boolean":
        return _boolean(stripped)
    if type in RANGES:
        return _whole(type, stripped)
    if type == "decimal":
        if len(stripped) > 400 or not _DECIMAL.match(stripped):
            raise InvalidValue("not a decimal number")
        return Decimal(stripped)
    if type == "dateTime":
        return _date_time(stripped)
    if type == "base64":
        try:
            return base64.b64decode(_BLANKS.sub("", text).encode("ascii"), validate=True)
        except (UnicodeEncodeError, binascii.Error):
            raise InvalidValue("not base64") from None
    if type == "hexBinary":
        if not stripped.isascii():
            raise InvalidValue("not hexBinary: an even number of hex digits")
        try:
            return binascii.unhexlify(stripped)
        except (binascii.Error, ValueError):
            raise InvalidValue("not hexBinary: an even number of hex digits") from None
    raise InvalidValue(f"{type!r} is no parameter type; there are {', '.join(TYPES)}")


def valid(type: str, text: str) -> bool:
    """Is the text a value of the type?"""
    try:
        parse(type, text)
    except InvalidValue:
        return False
    return True


def format(type: str, value: Value) -> str:
    """The canonical text of a Python value; `parse` gives the value back.

    Raises `InvalidValue` when the value's Python type or range does not fit.
    """
    match type, value:
        case "string", str():
            return value
        case "boolean", bool():
            return "true" if value else "false"
        case "int" | "unsignedInt" | "long" | "unsignedLong", int() if not isinstance(value, bool):
            low, high = RANGES[type]
            if not low <= value <= high:
                raise InvalidValue(f"out of range: {type} goes from {low} to {high}")
            return str(value)
        case "decimal", Decimal() if value.is_finite() and -400 < value.adjusted() < 400:
            return _plain(value)
        case "dateTime", datetime():
            return _iso(value)
        case "base64", bytes():
            return base64.b64encode(value).decode("ascii")
        case "hexBinary", bytes():
            return value.hex().upper()
    raise InvalidValue(f"a Python {value.__class__.__name__} of this kind is no {type}")


def canonical(type: str, text: str) -> str:
    """One spelling for every text that means the same value: ``1`` → ``true``, ``+01`` → ``1``.

    A dateTime with a zone is given in UTC, one without stays without. Raises `InvalidValue`.
    """
    return text if type == "string" else format(type, parse(type, text))


def _boolean(text: str) -> bool:
    lowered = text.lower()
    if lowered in ("1", "true"):
        return True
    if lowered in ("0", "false"):
        return False
    raise InvalidValue("not a boolean: true, false, 1 or 0")


def _whole(type: str, text: str) -> int:
    if not _INTEGER.match(text):
        raise InvalidValue(f"not a whole number, as {type} wants")
    number = int(text)
    low, high = RANGES[type]
    if not low <= number <= high:
        raise InvalidValue(f"out of range: {type} goes from {low} to {high}")
    return number


def _plain(value: Decimal) -> str:
    """XSD knows no exponents, and one zero is all zeros."""
    if not value:
        return "0"
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _date_time(text: str) -> datetime:
    found = _DATE_TIME.match(text)
    if not found:
        raise InvalidValue("not a dateTime such as 2026-11-23T02:00:00Z")
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    fraction, zone = found.group(7), found.group(8)
    # XSD writes the end of a day as 24:00:00, which is the next day's 00:00:00.
    next_day = hour == 24 and not (minute or second)
    try:
        when = datetime(
            year,
            month,
            day,
            0 if next_day else hour,
            minute,
            second,
            int((fraction or ".0")[1:7].ljust(6, "0")),
            tzinfo=_zone(zone),
        )
        return when + timedelta(days=1) if next_day else when
    except (ValueError, OverflowError):
        raise InvalidValue("not a dateTime: there is no such date or time") from None


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 14 or minutes > 59:
        raise ValueError(text)
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


def _iso(when: datetime) -> str:
    suffix = ""
    if when.tzinfo is not None:
        try:
            when = when.astimezone(UTC)
        except OverflowError:
            raise InvalidValue("a dateTime outside the years 1 to 9999 in UTC") from None
        suffix = "Z"
    text = when.replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + suffix
