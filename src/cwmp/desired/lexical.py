"""A wanted value as the text that goes on the wire, by type; and the traps YAML sets on the way here.

YAML reads an unquoted ``012345`` as octal, ``11:22:33`` as seconds, ``1.10`` as 1.1 and ``no`` as false,
before anybody sees it. So a boolean or number for a text is refused, and the refusal says how to quote.
"""

from __future__ import annotations

import math
import re

from cwmp.datamodel import ParameterFacts
from cwmp.desired.comparing import BOOLEANS, INTEGERS, canonical, moment
from cwmp.desired.state import Scalar
from cwmp.wire.values import RANGES

# what XML 1.0 cannot carry in any form (production Char)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Unfit(ValueError):
    """The value cannot be one of this type. The text is half a sentence that follows the path."""


def meaning(type_: str, facts: ParameterFacts | None) -> str:
    """The type a value is compared as.

    The device's type, except where the device calls everything a string and the standard knows better: then
    ``1`` and ``true`` are still the same boolean. A text that is no value of that type compares exactly.
    """
    if type_ == "string" and facts is not None:
        return facts.type
    return type_


def lexical(
    value: Scalar,
    type_: str,
    facts: ParameterFacts | None = None,
    *,
    held: str | None = None,
    secret: bool = False,
) -> str:
    """The text of a wanted value. Raises `Unfit`, whose text never holds a secret.

    type_: the type the device reports, or the standard's where nothing is known of the device.
    held: what the device holds now; its own spelling of booleans is kept, and a text it holds is fit for it.
    """
    if isinstance(value, str) and value == held:
        return value
    text = _lexical(value, type_, facts, held, secret)
    if not carried(text):
        raise Unfit("holds a control character that XML cannot carry: take it out or encode it")
    return text


def carried(text: str) -> bool:
    """Can XML carry the text?"""
    return _NOT_XML.search(text) is None


def _lexical(value: Scalar, type_: str, facts: ParameterFacts | None, held: str | None, secret: bool) -> str:
    if isinstance(value, list):
        for item in value:
            if "," in item:
                raise Unfit("has a comma inside a list item, which separates items on the wire: write %2C")
        if type_ != "string" and not (facts is not None and facts.list):
            raise Unfit(f"is of type {type_} and takes one value, not a list")
        return ",".join(value)
    if type_ == "boolean":
        return _boolean(value, held, secret)
    if type_ in INTEGERS:
        if isinstance(value, bool) and facts is not None and facts.type == "boolean":
            return "1" if value else "0"
        return _integer(value, type_, secret)
    if isinstance(value, str):
        if type_ == "string":
            return value
        return _typed_text(value, type_, secret)
    if type_ == "decimal" and not isinstance(value, bool):
        return _plain_number(value)
    # a device that calls everything a string: the standard tells what a boolean or number may mean
    if type_ == "string" and facts is not None and facts.type != "string" and facts.list is None:
        text = _lexical(value, facts.type, facts, held, secret)
        if facts.type == "boolean" and held and held.lower() in BOOLEANS:
            return _spelt_like(held, bool(BOOLEANS[text.lower()]))
        return text
    raise Unfit(quoting_advice(value, type_, secret=secret))


def quoting_advice(value: Scalar, type_: str, *, secret: bool) -> str:
    """How to write what YAML has turned into a boolean or number."""
    what = "text" if type_ == "string" else type_
    if secret:
        return f'takes {what} but was given a {_kind(value)}: put the value in quotes, such as "012345"'
    if isinstance(value, bool):
        words = '"yes", "on" or "true"' if value else '"no", "off" or "false"'
        return (
            f"takes {what}, but YAML reads an unquoted yes, no, on or off as a boolean: "
            f"put it in quotes as you mean it, {words}"
        )
    if isinstance(value, int):
        forms = [str(value)]
        if value > 7:
            forms.append(f"0{value:o}")
        if value >= 60:
            forms.append(_sexagesimal(value))
        shown = " or ".join(f'"{form}"' for form in forms)
        return f"takes {what}, but was given the number {value}: put it in quotes as you mean it, {shown}"
    return (
        f"takes {what}, but was given the number {value}, as YAML reads a version or an amount: "
        f'put it in quotes with all its digits, such as "{value}0" or "{value}"'
    )


def _kind(value: Scalar) -> str:
    return "boolean" if isinstance(value, bool) else "list" if isinstance(value, list) else "number"


def _sexagesimal(number: int) -> str:
    parts: list[str] = []
    while number >= 60:
        number, rest = divmod(number, 60)
        parts.insert(0, f"{rest:02d}")
    return ":".join([str(number), *parts])


def _boolean(value: str | int | float, held: str | None, secret: bool) -> str:
    if isinstance(value, str):
        wanted = BOOLEANS.get(value.strip().lower())
    elif isinstance(value, int) and value in (0, 1):
        wanted = bool(value)
    else:
        wanted = None
    if wanted is None:
        shown = "" if secret else f", not {value!r}"
        raise Unfit(f"is a boolean: write true or false{shown}")
    return _spelt_like(held, wanted)


def _spelt_like(held: str | None, wanted: bool) -> str:
    if held is not None and held.lower() in ("true", "false"):
        word = "true" if wanted else "false"
        return word.capitalize() if held[0] in "TF" else word
    return "1" if wanted else "0"


def _integer(value: str | int | float, type_: str, secret: bool) -> str:
    shown = "" if secret else f", not {value!r}"
    if isinstance(value, bool | float):
        raise Unfit(f"is of type {type_}: write a whole number{shown}")
    if isinstance(value, str):
        if not re.fullmatch(r"\s*[+-]?[0-9]{1,40}\s*", value, re.ASCII):
            raise Unfit(f"is of type {type_}: write a whole number{shown}")
        value = int(value)
    low, high = RANGES[type_]
    if not low <= value <= high:
        raise Unfit(f"is of type {type_} and holds {low} to {high}{shown}")
    return str(value)


def _plain_number(value: int | float) -> str:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Unfit(f"cannot be {value!r}: write a plain number")
        return f"{value:f}".rstrip("0").rstrip(".") if "e" in repr(value) else repr(value)
    return str(value)


def _typed_text(value: str, type_: str, secret: bool) -> str:
    shown = "" if secret else f", not {value!r}"
    if type_ == "dateTime":
        if moment(value) is None:
            raise Unfit(f"is a dateTime: write it as 2026-01-31T12:00:00Z{shown}")
        return value.strip()
    if type_ in ("base64", "hexBinary", "decimal"):
        form = canonical(type_, value)
        if isinstance(form, tuple) and form[0] is None:
            example = {"base64": "AAECAw==", "hexBinary": "00FFA0", "decimal": "1.5"}[type_]
            raise Unfit(f'is of type {type_}: write it as "{example}"{shown}')
        return value.strip()
    return value
