"""Is a value within the bounds the standard sets for its parameter? Works on the text as on the wire."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from functools import lru_cache

from cwmp.datamodel.rows import ParameterFacts, Range

INTEGERS = frozenset({"int", "unsignedInt", "long", "unsignedLong"})

_BRACKETED = re.compile(r"\[([^\]]*)\]")

_SHOWN = 8
"""How many allowed values a message names before it gives up."""


def refusal(facts: ParameterFacts, value: str) -> str | None:
    """Why the standard does not allow the value, as half a sentence; None: allowed.

    Checks enumerations, ranges, lengths and patterns, of each item where the parameter is a list. The XSD
    type itself is checked only as far as needed: a number has to be one.
    """
    if facts.list is None:
        return _item_refusal(facts, facts.type, value)
    items = _items(value, nested=facts.list.nested)
    most, least = facts.list.max_items, facts.list.min_items
    if most is not None and len(items) > most:
        return f"at most {most} items are allowed, not {len(items)}"
    if least is not None and len(items) < least:
        return f"at least {least} items are needed, not {len(items)}"
    if facts.list.max_length is not None and len(value) > facts.list.max_length:
        return f"the whole list may have at most {facts.list.max_length} characters, not {len(value)}"
    for item in items:
        why = _item_refusal(facts, facts.list.item, item)
        if why is not None:
            return f"item {item!r}: {why}" if not facts.hidden else why
    return None


def _items(value: str, *, nested: bool) -> list[str]:
    if nested:
        return _BRACKETED.findall(value)
    return [item.strip() for item in value.split(",")] if value.strip() else []


def _item_refusal(facts: ParameterFacts, type_: str, value: str) -> str | None:
    if facts.enum:
        if value not in facts.enum:
            return f"allowed are {_listed(facts.enum)}"
        if value in facts.enum_read_only:
            return "only the CPE itself may set this value"
    if facts.ranges and type_ in INTEGERS:
        try:
            number = int(value)
        except ValueError:
            return "it has to be a whole number"
        if not any(_within(number, bounds) for bounds in facts.ranges):
            return f"allowed are {_described(facts.ranges)}"
    if facts.lengths:
        size, unit = _size(type_, value)
        if size is not None and not any(_within(size, bounds) for bounds in facts.lengths):
            return f"{_described(facts.lengths)} {unit} are allowed, not {size}"
    if facts.pattern and not any(_matches(pattern, value) for pattern in facts.pattern):
        return f"it has to match {_listed(facts.pattern)}"
    return None


def _within(number: int, bounds: Range) -> bool:
    if bounds.minimum is not None and number < bounds.minimum:
        return False
    if bounds.maximum is not None and number > bounds.maximum:
        return False
    return not bounds.step or (number - (bounds.minimum or 0)) % bounds.step == 0


def _size(type_: str, value: str) -> tuple[int | None, str]:
    """Length as the facets count it; None where the text is no value of the type at all."""
    if type_ == "hexBinary":
        return len(value) // 2, "bytes"
    if type_ == "base64":
        try:
            return len(base64.b64decode(value)), "bytes"
        except (binascii.Error, ValueError):
            return None, "bytes"
    return len(value), "characters"


def _described(ranges: Sequence[Range]) -> str:
    def one(bounds: Range) -> str:
        low, high = bounds.minimum, bounds.maximum
        if low == high:
            text = str(low)
        elif high is None:
            text = f"{low} or more"
        elif low is None:
            text = f"at most {high}"
        else:
            text = f"{low} to {high}"
        return f"{text} in steps of {bounds.step}" if bounds.step else text

    return ", ".join(one(bounds) for bounds in ranges)


def _listed(values: Sequence[str]) -> str:
    shown = ", ".join(repr(value) for value in values[:_SHOWN])
    return f"{shown} and {len(values) - _SHOWN} more" if len(values) > _SHOWN else shown


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern, re.ASCII)
    except re.error:  # XSD has escapes Python has not (\i, \c); the facts of today use none of them
        return None


def _matches(pattern: str, value: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or compiled.fullmatch(value) is not None
