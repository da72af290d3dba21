"""How a simulated CPE takes the text of a value: by XSD type, independent of how the ACS reads it."""

from __future__ import annotations

import base64
import binascii
import datetime
import re

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

_BY_LOWER = {name.lower(): name for name in TYPES} | {"base64binary": "base64", "integer": "int"}

_BOUNDS = {
    "int": (-(2**31), 2**31 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "long": (-(2**63), 2**63 - 1),
    "unsignedLong": (0, 2**64 - 1),
}

_NULL = {
    "boolean": "false",
    "int": "0",
    "unsignedInt": "0",
    "long": "0",
    "unsignedLong": "0",
    "decimal": "0",
    "dateTime": "0001-01-01T00:00:00Z",
}

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_HEX = re.compile(r"([0-9A-Fa-f]{2})*")
_DATE_TIME = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})T(?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]+)?"
    r"(Z|[+-]([01][0-9]):[0-5][0-9])?"
)


def type_name(written: str) -> str:
    """The XSD local name of a type as dumps write it: ``xsd:unsignedint`` is ``unsignedInt``; else string."""
    return _BY_LOWER.get(written.rpartition(":")[2].strip().lower(), "string")


def null_value(type_: str) -> str:
    """What a hidden parameter of the type reads as, and a new row holds when nothing else is known."""
    return _NULL.get(type_, "")


def canonical(type_: str, text: str) -> str | None:
    """The text as the CPE stores it, or None when it is no value of the type."""
    if type_ == "string":
        return text
    text = text.strip()
    if type_ == "boolean":
        return {"1": "true", "true": "true", "0": "false", "false": "false"}.get(text)
    if type_ in _BOUNDS:
        if not _INTEGER.fullmatch(text):
            return None
        low, high = _BOUNDS[type_]
        return str(int(text)) if low <= int(text) <= high else None
    if type_ == "decimal":
        return text if _DECIMAL.fullmatch(text) else None
    if type_ == "dateTime":
        return text if _is_moment(text) else None
    if type_ == "hexBinary":
        return text if _HEX.fullmatch(text) else None
    if type_ == "base64":
        return text if _is_base64(text) else None
    return text


def _is_moment(text: str) -> bool:
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return False
    try:
        datetime.datetime.fromisoformat(f"{match['date']}T{match['time']}")
    except ValueError:
        return False
    return True


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
