# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets of one task, kept out of everything the task says.

The engine masks what it knows to be secret. This is the second wall: whatever was given as a secret is
looked for in result, diff, message and warnings, also as XML, JSON, URL or Python would spell it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

MASK = "********"
SHORTEST_WITHIN = 4
"""A shorter secret is masked only where it is the whole text: within texts it would hit half of them."""


_SECRET_NAMES = re.compile(
    r"(pass(word|wd|phrase|code)|pwd|presharedkey|wepkey|keypassphrase|secret|privatekey|encryptionkey)\d*$"
    r"|(^|[.])(PIN|AuthenticationCode|AuthenticationKey|KeyValue)$",
    re.IGNORECASE,
)


def holds_secret(path: str) -> bool:
    """Does this path's own name say that its value is a secret?

    Every parameter that the data models hide is named so (a test proves it), but for one called `Value`,
    about which the facts are asked: they take a forked worker longer than all the rest of its work.
    """
    if _SECRET_NAMES.search(path) is not None:
        return True
    if not path.endswith(".Value"):
        return False
    from cwmp.datamodel import is_secret

    return any(is_secret(path, root) for root in ("Device.", "InternetGatewayDevice."))


class Secrets:
    """The secret values of one task."""

    def __init__(self) -> None:
        self._values: set[str] = set()

    def add(self, value: Any) -> None:
        """Remember a secret: a text, a number, or a list or mapping of them."""
        if value is None or isinstance(value, bool):
            return
        if isinstance(value, Mapping):
            for item in value.values():
                self.add(item)
        elif isinstance(value, (list, tuple, set, frozenset)):
            for item in value:
                self.add(item)
        elif str(value):
            self._values.add(str(value))

    def scrub(self, thing: Any) -> Any:
        """The same thing with every secret replaced; containers are rebuilt, nothing is changed in place."""
        if not self._values:
            return thing
        long = (value for value in self._values if len(value) >= SHORTEST_WITHIN)
        spellings = {spelling for value in long for spelling in _spellings(value)}
        # The longest first: a secret may be part of another.
        return self._scrub(thing, sorted(spellings, key=len, reverse=True))

    def _scrub(self, thing: Any, spellings: list[str]) -> Any:
        if isinstance(thing, str):
            if thing in self._values:
                return MASK
            for spelling in spellings:
                thing = thing.replace(spelling, MASK)
            return thing
        if isinstance(thing, dict):
            return {key: self._scrub(value, spellings) for key, value in thing.items()}
        if isinstance(thing, (list, tuple)):
            return [self._scrub(value, spellings) for value in thing]
        if isinstance(thing, (int, float)) and not isinstance(thing, bool):
            return MASK if len(str(thing)) >= SHORTEST_WITHIN and str(thing) in self._values else thing
        return thing


def _spellings(value: str) -> set[str]:
    if value.isascii() and value.isalnum():
        return {value}
    return {
        value,
        escape(value),
        escape(value, {'"': "&quot;", "'": "&apos;"}),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        quote(value, safe=""),
        repr(value)[1:-1],
    }
