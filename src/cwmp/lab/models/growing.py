"""Grows a whole tree from the standard's facts and a profile: which objects, how many rows, which values."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cwmp.datamodel import DataModel, ParameterFacts, model
from cwmp.datamodel.paths import generic, leaf, parent
from cwmp.lab.nodes import BaseTree, TreeRow, base_tree, first_value

_OTHER_COUNTERS = ("TotalAssociations", "NumberOfActiveConnections")
"""Counters of TR-098 that are not called NumberOfEntries."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a kind of CPE has. All paths are without root; objects without their final dot.

    objects: objects taken, with all below. without: objects or parameters below those, left out. also:
    parameters that newer issues of the standard have deleted, which such a CPE still has.
    rows: table → rows from the factory; values: parameter → value. Rows in these paths are numbers or
    ``{i}``, the path with the most numbers counts; in a value ``{n}`` is the number of the last ``{i}``.
    personal: see `DeviceModel`. newest: minor version of the data model the CPE was made for.
    """

    root: str
    newest: int
    objects: tuple[str, ...]
    without: frozenset[str] = frozenset()
    also: frozenset[str] = frozenset()
    rows: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)


def grow(profile: Profile) -> BaseTree:
    """The tree of the profile; its CPEs hold values to the standard's bounds."""
    return base_tree(profile.root, _Growth(profile).rows(), checks_facts=True)


class _Growth:
    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._facts: DataModel = model(profile.root)
        self._values = _ByPath(profile.values)
        self._rows = _ByPath({table: str(count) for table, count in profile.rows.items()})

    def rows(self) -> Iterator[TreeRow]:
        root = self._profile.root
        for child in self._facts.children(root):
            if child.endswith("."):
                if self._taken(child):
                    yield from self._object(child, root, "")
            elif self._current(child):
                yield self._parameter(child, child, "")

    def _taken(self, path: str) -> bool:
        own = path[len(self._profile.root) :].removesuffix("{i}.").removesuffix(".")
        return any(
            own == each or own.startswith(f"{each}.") or each.startswith(f"{own}.")
            for each in self._profile.objects
        )

    def _current(self, path: str) -> bool:
        facts = self._facts.parameter(path) or self._facts.object(path)
        if facts is None or self._short(path) in self._profile.without:
            return False
        if facts.status not in ("current", "deprecated") and self._short(path) not in self._profile.also:
            return False
        return int(facts.version.split(".")[1]) <= self._profile.newest

    def _short(self, path: str) -> str:
        return path[len(self._profile.root) :].removesuffix(".").removesuffix(".{i}")

    def _object(self, own: str, above: str, number: str) -> Iterator[TreeRow]:
        """An object below ``above``; own is its generic path, a table's ends in ``{i}.``."""
        if not self._current(own) or not self._taken(own):
            return
        facts = self._facts.object(own)
        assert facts is not None
        if not facts.table:
            path = f"{above}{leaf(own)}."
            yield TreeRow(path, False)
            yield from self._inside(own, path, number)
            return
        table = f"{above}{leaf(own.removesuffix('{i}.'))}."
        yield TreeRow(table, facts.add_object)
        for row in range(1, self._count(table) + 1):
            path = f"{table}{row}."
            yield TreeRow(path, facts.add_object)
            yield from self._inside(own, path, str(row))

    def _inside(self, own: str, path: str, number: str) -> Iterator[TreeRow]:
        children = self._facts.children(own)
        for child in children:
            if not child.endswith(".") and self._current(child):
                yield self._parameter(child, path + leaf(child), number)
        for child in children:
            if child.endswith("."):
                yield from self._object(child, path, number)

    def _count(self, table: str) -> int:
        return int(self._rows.find(self._short(table)) or 0)

    def _counted(self, counter: ParameterFacts, path: str) -> int:
        """Rows of the table the counter counts; the two have not always the same name."""
        for child in self._facts.children(parent(counter.path)):
            table = self._facts.object(child) if child.endswith("{i}.") else None
            if table is not None and table.counter == counter.path:
                return self._count(f"{parent(path)}{leaf(child.removesuffix('{i}.'))}.")
        return 0

    def _parameter(self, own: str, path: str, number: str) -> TreeRow:
        facts = self._facts.parameter(own)
        assert facts is not None
        return TreeRow(path, facts.writable, facts.type, self._value(facts, path, number))

    def _value(self, facts: ParameterFacts, path: str, number: str) -> str:
        given = self._values.find(path[len(self._profile.root) :])
        if given is not None:
            return given
        name = leaf(path)
        if name.endswith("NumberOfEntries") or name in _OTHER_COUNTERS:
            return str(self._counted(facts, path))
        if name == "Alias":
            return f"cpe-{number}"
        if name == "Enable":
            return "true"
        if name == "Status" and facts.enum:
            return next(
                (each for each in ("Up", "Enabled", "Connected") if each in facts.enum), facts.enum[0]
            )
        if ".Stats." in path and facts.type in ("unsignedInt", "unsignedLong") and not facts.ranges:
            # the same numbers in every process, so that two reads of the model agree
            return str(zlib.crc32(path.encode()) % (100 if "Error" in name or "Discard" in name else 10**7))
        return first_value(path, facts.type, facts)


class _ByPath:
    """Texts by path, where ``{i}`` in a path stands for any row."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts: dict[str, list[tuple[list[str], str]]] = {}
        # the most numbers first
        for path in sorted(texts, key=lambda path: path.count("{i}")):
            self._texts.setdefault(generic(path), []).append((path.split("."), texts[path]))

    def find(self, path: str) -> str | None:
        asked = path.split(".")
        for parts, text in self._texts.get(generic(path), ()):
            free = [own for part, own in zip(parts, asked, strict=True) if part != own]
            if all(part in (own, "{i}") for part, own in zip(parts, asked, strict=True)):
                return text.replace("{n}", free[-1]) if free else text
        return None
