"""The compiled facts of one root, read when first asked and a row at a time.

Unpacking and finding the rows takes some ten milliseconds; a row is parsed only when it is asked for.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from cwmp.datamodel.paths import ROOTS, TR098, TR181, PathError, generic, with_root
from cwmp.datamodel.rows import ObjectFacts, ParameterFacts, object_facts, parameter_facts
from cwmp.errors import CwmpError

_FILES = {TR181: "tr181-device2.jsonl.gz", TR098: "tr098-igd1.jsonl.gz"}
_LEAD = len('{"path":"')


class DataModel:
    """What the standard says below one root. Rows in paths may be numbers, ``{i}``, aliases or selectors."""

    def __init__(self, root: str) -> None:
        """Nothing is read yet. Raises `CwmpError` for a root there are no facts of."""
        if root not in _FILES:
            raise CwmpError(f"there is no data model for the root {root!r}: use one of {', '.join(ROOTS)}")
        self.root = root
        self._parameters: dict[str, ParameterFacts | None] = {}
        self._objects: dict[str, ObjectFacts | None] = {}

    @cached_property
    def _rows(self) -> dict[str, bytes]:
        packed = (Path(__file__).parent / "facts" / _FILES[self.root]).read_bytes()
        lines = zlib.decompress(packed, 31).splitlines()
        # five names of TR-098 end in a blank in the source
        return {line[_LEAD : line.index(b'"', _LEAD)].decode().rstrip(): line for line in lines}

    @cached_property
    def _children(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for path in self._rows:
            # a table has two paths, Table. and Table.{i}.; the facts list the second only
            whole = path.removesuffix("{i}.").removesuffix(".")
            found.setdefault(whole[: whole.rfind(".") + 1], []).append(path)
        return {parent: tuple(paths) for parent, paths in found.items()}

    def _row(self, path: str) -> dict[str, Any] | None:
        line = self._rows.get(path)
        if line is None:
            return None
        row: dict[str, Any] = json.loads(line)
        row["path"] = path
        return row

    def _own(self, path: str) -> str:
        try:
            return generic(with_root(path, self.root))
        except PathError:
            return "malformed"  # no path of a model: unknown, as CPEs may name what they like

    def parameter(self, path: str) -> ParameterFacts | None:
        """Facts of a parameter, None when the standard has no such parameter below this root."""
        own = self._own(path)
        if own in self._parameters:
            return self._parameters[own]
        row = None if own.endswith(".") else self._row(own)
        facts = None if row is None else parameter_facts(row)
        if facts is not None:
            self._parameters[own] = facts
        return facts

    def object(self, path: str) -> ObjectFacts | None:
        """Facts of an object; of a table for both ``Table.`` and ``Table.1.``. None when unknown."""
        own = self._own(path)
        if own in self._objects:
            return self._objects[own]
        row = (self._row(own) or self._row(f"{own}{{i}}.")) if own.endswith(".") else None
        facts = None if row is None else object_facts(row)
        if facts is not None:
            self._objects[own] = facts
        return facts

    def known(self, path: str) -> bool:
        """Does the standard have this parameter, object, table or row?"""
        own = self._own(path)
        return own in self._rows or (own.endswith(".") and f"{own}{{i}}." in self._rows)

    def children(self, path: str) -> tuple[str, ...]:
        """Generic paths directly below an object or row; a table is listed as ``Table.{i}.``."""
        own = self._own(path)
        if own.endswith(".") and f"{own}{{i}}." in self._rows:
            return (f"{own}{{i}}.",)
        return self._children.get(own, ())

    def below(self, path: str) -> Iterator[str]:
        """Every generic path below an object, depth first, itself excluded."""
        for child in self.children(path):
            yield child
            if child.endswith("."):
                yield from self.below(child)

    def paths(self) -> Iterator[str]:
        """Every generic path of the model, depth first, objects before what they hold."""
        return iter(self._rows)

    def forced_inform(self) -> tuple[str, ...]:
        """Generic paths of the parameters every Inform has to carry (TR-069a6 §3.7.1.5 and the model)."""
        return tuple(path for path, line in self._rows.items() if b'"forcedInform":true' in line)

    def keys(self, table: str) -> tuple[tuple[str, ...], ...]:
        """Sets of parameters that name a row of the table: Alias first, then as the standard lists them."""
        facts = self.object(table)
        if facts is None:
            return ()
        return tuple(
            key.params for key in sorted(facts.unique_keys, key=lambda key: key.params != ("Alias",))
        )

    def suggest(self, path: str, limit: int = 3) -> list[str]:
        """Did you mean: known paths near an unknown one, best first, in the form the path was written in."""
        from cwmp.datamodel.suggesting import suggestions

        return suggestions(self, path, limit)


@cache
def model(root: str) -> DataModel:
    """The data model of a root: ``Device.`` or ``InternetGatewayDevice.``; one per process.

    Raises `CwmpError` for any other root.
    """
    return DataModel(root)
