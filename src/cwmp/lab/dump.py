"""Reads a tree from a dump of a real CPE: one JSON object a line.

``path`` (objects end in a dot), ``writable`` (of an object: rows can be added, or the row deleted), and of
parameters ``type`` (XSD, any spelling), ``value`` and sometimes ``notification`` (0 to 6). A CPE with such a
tree takes any value of the type the dump names, as real devices differ from the standard.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from cwmp.datamodel.paths import MAX_LENGTH, ROOTS, root_of
from cwmp.errors import CwmpError
from cwmp.lab.nodes import BaseTree, TreeRow, base_tree


def load_dump(file: Path | str) -> BaseTree:
    """The tree in a dump file. Raises `CwmpError` with the line for whatever cannot be understood."""
    path = Path(file)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise CwmpError(f"the device dump {path} cannot be read: {reason}") from error
    return read_dump(text.split("\n"), str(path))


def read_dump(lines: Iterable[str], name: str) -> BaseTree:
    """The tree in the lines of a dump; ``name`` is for messages. Raises `CwmpError` as `load_dump` does."""
    rows = list(_rows(lines, name))
    if not rows:
        raise CwmpError(f"the device dump {name} is empty: it has one JSON object a line")
    roots = {root_of(row.path) for row in rows}
    if len(roots) != 1:
        raise CwmpError(f"the device dump {name} mixes {' and '.join(sorted(roots))}: a CPE has one root")
    return base_tree(roots.pop(), rows, checks_facts=False)


def _rows(lines: Iterable[str], name: str) -> Iterator[TreeRow]:
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue

        def wrong(why: str, number: int = number) -> CwmpError:
            return CwmpError(f"line {number} of the device dump {name}: {why}")

        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise wrong("this is no JSON object; a dump has one a line") from error
        if not isinstance(found, dict):
            raise wrong("this is no JSON object; a dump has one a line")
        path, writable = found.get("path"), found.get("writable")
        if not isinstance(path, str) or not root_of(path):
            raise wrong(f'"path" has to be a text that begins with {" or ".join(ROOTS)}')
        if len(path) > MAX_LENGTH:
            raise wrong(f'"path" has at most {MAX_LENGTH} characters, not {len(path)}')
        for part in path.removesuffix(".").split("."):
            if not part or part[0] in "[{*":
                raise wrong(f'"path" {path!r} has the part {part!r}, which is neither a name nor a number')
        if not isinstance(writable, bool):
            raise wrong('"writable" has to be true or false')
        if path in seen:
            raise wrong(f"{path!r} has come before")
        seen.add(path)
        if path.endswith("."):
            if f"{path[:-1]}" in seen:
                raise wrong(f"{path!r} has come before as a parameter")
            yield TreeRow(path, writable)
            continue
        type_, value = found.get("type"), found.get("value")
        if not isinstance(type_, str) or not isinstance(value, str):
            raise wrong('a parameter needs "type" and "value", both texts')
        if f"{path}." in seen:
            raise wrong(f"{path!r} has come before as an object")
        notification = found.get("notification")
        if notification is not None and (type(notification) is not int or notification not in range(7)):
            raise wrong('"notification" has to be a number from 0 to 6')
        yield TreeRow(path, writable, type_, value, notification)
