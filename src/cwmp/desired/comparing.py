"""When are two values of a parameter the same value? By XSD type, on the text as it is on the wire.

Every text has a canonical form, and two texts are equal when their forms are: so equality is an equivalence,
whatever a device sends. A text that is no value of its type stands for itself.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Hashable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Literal, TypeAlias

Form: TypeAlias = Literal["plain", "list", "reference", "references"]
"""How a parameter's text is built: one value, a comma-separated list, a path, a list of paths."""

INTEGERS = frozenset({"int", "unsignedInt", "long", "unsignedLong"})

BOOLEANS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}
"""Spellings of a boolean in lower case; XSD has only the digits and the English words for true and false."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,40}", re.ASCII)
_DATE_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?(Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.ASCII | re.IGNORECASE,
)
_BLANKS = " \t\r\n"


def equal(type_: str, one: str, other: str, form: Form = "plain", item: str = "string") -> bool:
    """Are both the same value of this type? item: XSD type of a list's items."""
    return one == other or canonical(type_, one, form, item) == canonical(type_, other, form, item)


def canonical(type_: str, text: str, form: Form = "plain", item: str = "string") -> Hashable:
    """The form that all texts of one value share."""
    if form == "plain":
        if type_ == "string":
            return text
        return _canonical(type_, text)
    if form == "reference":
        return _path(text)
    stripped = text.strip(_BLANKS)
    if not stripped:
        return ()
    items = (part.strip(_BLANKS) for part in stripped.split(","))
    if form == "references":
        return tuple(_path(part) for part in items)
    return tuple(canonical(item, part) for part in items)


@lru_cache(maxsize=8192)
def _canonical(type_: str, text: str) -> Hashable:
    read = _READERS.get(type_)
    found = None if read is None else read(text.strip(_BLANKS))
    # the pair cannot be taken for a value: no reader gives one that begins with None
    return (None, text) if found is None else found


def _path(text: str) -> Hashable:
    # devices write the row a reference points to with and without its final dot (TR-106 §3.2.3: without)
    return text.strip(_BLANKS).removesuffix(".")


def _boolean(text: str) -> Hashable | None:
    return BOOLEANS.get(text.lower())


def _integer(text: str) -> Hashable | None:
    return ("number", int(text)) if _INTEGER.fullmatch(text) else None


def _decimal(text: str) -> Hashable | None:
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)", text, re.ASCII) or len(text) > 400:
        return None
    try:
        sign, digits, exponent = Decimal(text).as_tuple()
    except InvalidOperation:
        return None
    # Decimal.normalize() rounds to the context's precision, which would make different numbers equal
    number = int("".join(map(str, digits)))
    places = -int(exponent)
    while places > 0 and number % 10 == 0:
        number, places = number // 10, places - 1
    return ("decimal", -number if sign else number, places)


def _base64(text: str) -> Hashable | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _hex(text: str) -> Hashable | None:
    compact = "".join(text.split())
    return ("hex", compact.upper()) if re.fullmatch(r"([0-9A-Fa-f]{2})*", compact, re.ASCII) else None


def moment(text: str) -> tuple[int, int, str] | None:
    """A dateTime as (days, seconds of the day in UTC, fraction); None when it is none.

    Without a zone it counts as UTC, as TR-106 §3.2.1 wants all times. Year 0001 without anything else is the
    unknown time, wherever it is; earlier years than 1000 count from the boot.
    """
    found = _DATE_TIME.fullmatch(text.strip(_BLANKS))
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    fraction = (found[7] or "").rstrip("0")
    zone = (found[8] or "Z").upper()
    if (year, month, day, hour, minute, second) in ((1, 1, 1, 0, 0, 0), (0, 0, 0, 0, 0, 0)):
        return (0, 0, "")
    if year == 0 or hour > 24 or minute > 59 or second > 60 or (hour == 24 and (minute or second)):
        return None
    offset = 0
    if zone != "Z":
        digits = zone[1:].replace(":", "")
        hours, minutes = int(digits[:2]), int(digits[2:])
        if hours > 14 or minutes > 59:
            return None
        offset = (hours * 60 + minutes) * (-60 if zone[0] == "-" else 60)
    try:
        date = datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
    seconds = hour * 3600 + minute * 60 + second - offset
    # plain arithmetic: a datetime cannot leave the years 1 to 9999, an offset can
    days = (date - datetime(1, 1, 1, tzinfo=UTC)) // timedelta(days=1) + seconds // 86400
    return (days, seconds % 86400, fraction)


_READERS: dict[str, Callable[[str], Hashable | None]] = {
    "boolean": _boolean,
    "int": _integer,
    "unsignedInt": _integer,
    "long": _integer,
    "unsignedLong": _integer,
    "decimal": _decimal,
    "dateTime": moment,
    "base64": _base64,
    "hexBinary": _hex,
}
