"""Finding the rows of a device's tables by the values of their keys, never by accident of their number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cwmp.datamodel.paths import (
    PathError,
    RowSelector,
    first_selected_row,
    is_partial,
    parent,
    root_of,
    without_root,
)
from cwmp.desired.asking import names_below, read_values
from cwmp.desired.comparing import equal
from cwmp.desired.faults import cannot_read, refused
from cwmp.desired.lexical import Unfit, lexical, meaning
from cwmp.desired.procedure import Procedure, Refused
from cwmp.desired.state import InstanceState, Scalar
from cwmp.desired.traits import traits
from cwmp.wire.messages import Fault, ParameterValue

_NUMBER = re.compile(r"([1-9][0-9]*)\.?")


@dataclass(slots=True)
class DesiredRow:
    """One `InstanceState` and where it stands.

    table: full path; may begin with the label of a row that is still to be added. label: stands for the row
    until it has a number: its path with a selector. added: by this transaction, now or before a restart.
    adopted_from: numbers the table had before the AddObject whose answer was lost.
    """

    spec: InstanceState
    index: int
    table: str
    label: str
    number: int = 0
    added: bool = False
    status: int = 0

    @property
    def present(self) -> bool:
        """Is the row wanted, rather than to be away?"""
        return self.spec.state == "present"

    @property
    def path(self) -> str:
        """The row's path with its final dot; its label while it has no number."""
        return f"{self.table}{self.number}." if self.number else self.label

    @property
    def values(self) -> Mapping[str, Scalar]:
        """All that is wanted below the row: when it is added, its keys are set too."""
        return {**self.spec.match, **self.spec.set} if self.added or not self.number else self.spec.set


def selector_of(match: Mapping[str, Scalar]) -> RowSelector:
    """The keys as they are written in a path."""
    return RowSelector(tuple((key, shown(value)) for key, value in match.items()))


def shown(value: Scalar) -> str:
    """A wanted value for people."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, list) else str(value)


def rooted(path: str, root: str, device: str) -> str:
    """The full path on this device. Raises `Refused` for a path under the other root, or under none."""
    if path.startswith("."):
        return root + path[1:]
    if path.startswith(root):
        return path
    if root_of(path):
        raise Refused(
            f"{path} is under {root_of(path)} but the root of {device} is {root}: write "
            f"{without_root(path)}, the leading dot stands for whichever root the device has",
            path=path,
        )
    raise Refused(f"{path!r} is no path of {device}: begin it with a dot, such as .{path}", path=path)


@dataclass(slots=True)
class Tables:
    """What was asked so far about the tables of one device; nothing is asked twice.

    observed: values read, by path; shared with whoever reads more.
    """

    device: str
    root: str
    observed: dict[str, ParameterValue] = field(default_factory=dict)
    desired: list[DesiredRow] = field(default_factory=list)
    _numbers: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _unreadable: dict[str, Fault] = field(default_factory=dict)

    def numbers(
        self, table: str, *, missing_ok: bool = False, fresh: bool = False
    ) -> Procedure[tuple[int, ...]]:
        """The instance numbers in a table. Raises `CpeFault` 9005 when the device has no such table."""
        if table in self._numbers and not fresh:
            return self._numbers[table]
        answer = yield from names_below(table, True, self.device, "list rows")
        if isinstance(answer, Fault) and answer.code in (9003, 9005):
            # some devices answer so for a table that is there and empty
            above = yield from names_below(parent(table), True, self.device, "list rows")
            there = not isinstance(above, Fault) and any(each.name == table for each in above)
            if not there and not missing_ok:
                raise cannot_read(self.device, self.root, {table: answer}, "list rows")
            answer = ()
        if isinstance(answer, Fault):
            raise refused(self.device, answer, "list the rows of", table, "list rows")
        found = set()
        for each in answer:
            match = _NUMBER.match(each.name, len(table)) if each.name.startswith(table) else None
            if match is not None:
                found.add(int(match[1]))
        self._numbers[table] = tuple(sorted(found))
        return self._numbers[table]

    def added(self, table: str, number: int) -> None:
        """A row has just been added."""
        self._numbers[table] = tuple(sorted({*self._numbers.get(table, ()), number}))

    def matching(
        self, table: str, keys: Mapping[str, Scalar], *, missing_ok: bool = False
    ) -> Procedure[list[int]]:
        """Numbers of the rows whose keys have these values, compared by type.

        Raises `Refused` for a key that is a secret or a value that cannot be the key's, `CpeFault` 9005 for
        a key no row has.
        """
        for key in keys:
            if traits(f"{table}1.{key}", self.root).secret:
                raise Refused(
                    f"{table} of {self.device} cannot be searched by {key}, which is a secret and reads back "
                    "empty: use another key",
                    path=table + key,
                )
        numbers = yield from self.numbers(table, missing_ok=missing_ok)
        names = [f"{table}{number}.{key}" for number in numbers for key in keys]
        unread = [name for name in names if name not in self.observed and name not in self._unreadable]
        if unread:
            values, faults = yield from read_values(unread, self.device, "read keys")
            self.observed |= values
            self._unreadable |= faults
        for key in keys:
            column = [f"{table}{number}.{key}" for number in numbers]
            if column and not any(name in self.observed for name in column):
                raise cannot_read(
                    self.device, self.root, {column[0]: self._unreadable[column[0]]}, "read keys"
                )
        return [
            number
            for number in numbers
            if all(self._holds(f"{table}{number}.{key}", value) for key, value in keys.items())
        ]

    def _holds(self, name: str, value: Scalar) -> bool:
        held = self.observed.get(name)
        if held is None:
            return False
        known = traits(name, self.root)
        try:
            wanted = lexical(value, held.type, known.facts, held=held.value)
        except Unfit as unfit:
            raise Refused(f"{name} of {self.device} {unfit}", path=name) from unfit
        if known.form in ("reference", "references") and wanted.startswith("."):
            wanted = self.root + wanted[1:]
        return equal(meaning(held.type, known.facts), wanted, held.value, known.form, known.item)

    def column(self, table: str, key: str) -> str:
        """The values rows have for a key, as read, for a message: ``1: guest, 2: home``."""
        found = []
        for number in self._numbers.get(table, ()):
            held = self.observed.get(f"{table}{number}.{key}")
            if held is not None:
                found.append(f"{number}: {held.value}")
        return ", ".join(found[:6]) + (" ..." if len(found) > 6 else "")

    def resolved(self, path: str, row: str = "") -> Procedure[str]:
        """A path with numbers in place of row selectors; rows yet to be added keep their label.

        row: the path goes on below this row, which is resolved already. Raises `Refused` when a selector
        fits no row, or several.
        """
        done, rest = row, path
        if "[" not in path:
            return done + path
        while True:
            selected = first_selected_row(rest)
            if selected is None:
                return done + rest
            done = yield from self._row(done + selected.table, selected.selector, path)
            rest = selected.rest
            if not rest:
                return done if is_partial(path) else done.removesuffix(".")

    def _row(self, table: str, selector: RowSelector, path: str) -> Procedure[str]:
        for row in self.desired:
            if row.table != table or not row.present:
                continue
            values = {**row.spec.match, **row.spec.set}
            if all(key in values and shown(values[key]) == value for key, value in selector.keys):
                return row.path
        keys: dict[str, Scalar] = dict(selector.keys)
        numbers = [] if "[" in table else (yield from self.matching(table, keys))
        if len(numbers) == 1:
            return f"{table}{numbers[0]}."
        if not numbers:
            there = "" if "[" in table else self.column(table, selector.keys[0][0])
            raise Refused(
                f"{self.device} has no row of {table} that fits {selector}"
                f"{f' (rows there: {there})' if there else ''}: add it under instances, or correct the key",
                path=path,
            )
        raise Refused(
            f"{selector} fits several rows of {table} on {self.device} "
            f"({', '.join(map(str, numbers))}): give more keys, joined by &&",
            path=path,
        )

    def resolved_value(self, value: Scalar, path: str) -> Procedure[Scalar]:
        """A wanted value, where it is a path of another row made the device's own path.

        A leading dot becomes the root and a selector a number; the final dot goes (TR-106 §3.2.3).
        """
        known = traits(path, self.root)
        if isinstance(value, str) and ("[" in value or value.startswith(".")):
            if known.form == "references" and "[" not in value:
                return ",".join((yield from self._references(value.split(","), path)))
            if known.form != "plain" or (known.facts is None and _selects(value)):
                return (yield from self._reference(value, path))
        if isinstance(value, list) and known.form == "references":
            return (yield from self._references(value, path))
        return value

    def _references(self, items: list[str], path: str) -> Procedure[list[str]]:
        found = []
        for item in items:
            found.append((yield from self._reference(item.strip(), path)))
        return found

    def _reference(self, text: str, path: str) -> Procedure[str]:
        if not text.startswith(".") and "[" not in text:
            return text
        try:
            target = yield from self.resolved(rooted(text, self.root, self.device))
        except PathError as error:
            raise Refused(f"{path} of {self.device} refers to no path: {error}", path=path) from error
        return target.removesuffix(".")


def _selects(value: str) -> bool:
    try:
        return value.startswith(".") and '=="' in value and first_selected_row(value) is not None
    except PathError:
        return False
