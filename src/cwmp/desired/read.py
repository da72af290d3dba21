"""Reads parameters of one CPE: single ones, everything below an object, rows found by key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cwmp.datamodel.paths import PathError, first_selected_row, is_partial, parent
from cwmp.desired.asking import find_root, names_below, read_values
from cwmp.desired.known import KnownDevice
from cwmp.desired.outcome import MASK, Learnt, ParameterRead, ReadOutcome
from cwmp.desired.procedure import CpeFault, Procedure, Refused
from cwmp.desired.rows import Tables, rooted
from cwmp.desired.secrecy import SecretPaths
from cwmp.desired.state import Scalar
from cwmp.wire.messages import Fault, ParameterInfo, ParameterValue

_MISSING = (9003, 9005)
_LONGEST_PATH = 256
"""Characters a parameter's path may have (TR-069a6 §A.3.2.3)."""


def read(
    paths: Sequence[str],
    known: KnownDevice,
    *,
    names: bool = False,
    memory: Mapping[str, Any] | None = None,
    secret_paths: Iterable[str] = (),
) -> Procedure[ReadOutcome]:
    """The procedure that reads `paths`; secrets come back masked. It writes nothing.

    A path that ends in a dot stands for all below it: small agents crash when GetParameterValues names such
    a path, so the names are listed first. A row selector stands for every row that fits. names: tell
    writability too, and list objects. Paths the device does not have are in the outcome's `missing`.
    memory: of no use, a read starts from the beginning. Raises `Refused` for a path under the other root.
    """
    root = known.root or (yield from find_root(known.id))
    reading = _Reading(known, root, names)
    for path in paths:
        yield from reading.find(path)
    yield from reading.values()
    return reading.outcome(SecretPaths(root, secret_paths))


class _Reading:
    def __init__(self, known: KnownDevice, root: str, names: bool) -> None:
        self.known = known
        self.root = root
        self.names = names
        self.tables = Tables(known.id, root)
        self.writable: dict[str, bool] = {}
        self.asked: dict[str, str] = {}
        """Single parameters: full path → as the caller wrote it."""
        self.found: dict[str, None] = {}
        """Everything to tell, in order; objects end in a dot."""
        self.missing: list[str] = []
        self.read: dict[str, ParameterValue] = {}

    def find(self, path: str) -> Procedure[None]:
        full = self.root if path in ("", ".") else rooted(path, self.root, self.known.id)
        try:
            rows = yield from self._rows(full)
        except PathError as error:
            raise Refused(f"{self.known.id}: {error}", path=path) from error
        if not rows:
            self.missing.append(path)
        for each in rows:
            if is_partial(each):
                yield from self._below(each, path)
            else:
                self.asked[each] = path
                self.found[each] = None

    def _rows(self, path: str) -> Procedure[list[str]]:
        """The path with every row that fits its selectors."""
        done, pending = [], [("", path)]
        while pending:
            before, rest = pending.pop(0)
            selected = first_selected_row(rest)
            if selected is None:
                done.append(before + rest)
                continue
            table = before + selected.table
            keys: dict[str, Scalar] = dict(selected.selector.keys)
            try:
                numbers = yield from self.tables.matching(table, keys, missing_ok=True)
            except CpeFault as fault:
                if fault.code not in _MISSING:
                    raise
                numbers = []
            pending += [(f"{table}{number}.", selected.rest) for number in numbers]
        return done

    def _below(self, path: str, asked: str) -> Procedure[None]:
        listed = yield from self._listed(path)
        if isinstance(listed, Fault):
            if listed.code not in _MISSING:
                raise CpeFault(
                    f"{self.known.id} does not list what is below {path} "
                    f"({listed.code} {listed.message}): ask for something deeper",
                    code=listed.code,
                    purpose="list",
                )
            self.missing.append(asked)
            return
        # some devices leave the final dot of an object out, and read it as an empty text when asked
        objects = {each.name.removesuffix(".").rpartition(".")[0] for each in listed}
        for each in listed:
            name = f"{each.name}." if each.name in objects else each.name
            self.writable[name] = each.writable
            if not name.endswith(".") or self.names:
                self.found[name] = None

    def _listed(self, path: str) -> Procedure[Sequence[ParameterInfo] | Fault]:
        """Everything below; level by level where the whole is too much for the device."""
        listed = yield from names_below(path, False, self.known.id)
        if not isinstance(listed, Fault) or listed.code in _MISSING:
            return listed
        if len(path) > _LONGEST_PATH:
            raise CpeFault(
                f"{self.known.id} lists objects within objects without end ({path[:60]}...): "
                "ask for something deeper",
                code=listed.code,
                purpose="list",
            )
        level = yield from names_below(path, True, self.known.id)
        if isinstance(level, Fault):
            return listed
        found: list[ParameterInfo] = []
        for each in level:
            found.append(each)
            if each.name.endswith(".") and each.name.startswith(path) and each.name != path:
                below = yield from self._listed(each.name)
                if isinstance(below, Fault):
                    return below
                found += (inner for inner in below if inner.name != each.name)
        return found

    def values(self) -> Procedure[None]:
        wanted = [path for path in self.found if not path.endswith(".")]
        unread = [path for path in wanted if path not in self.tables.observed]
        self.read, faults = yield from read_values(unread, self.known.id)
        self.read |= {path: held for path, held in self.tables.observed.items() if path in self.found}
        for path, fault in faults.items():
            if path in self.asked and fault.code in _MISSING:
                self.missing.append(self.asked[path])
                del self.found[path]
        if self.names:
            yield from self._single_names()

    def _single_names(self) -> Procedure[None]:
        """Writability of the parameters asked for one by one; of several neighbours with one listing."""
        single = [path for path in self.asked if path in self.found and path not in self.writable]
        for above in dict.fromkeys(parent(path) for path in single):
            here = [path for path in single if parent(path) == above]
            listed = yield from names_below(
                here[0] if len(here) == 1 else above, len(here) > 1, self.known.id
            )
            if not isinstance(listed, Fault):
                self.writable |= {each.name: each.writable for each in listed if each.name in here}

    def outcome(self, secrets: SecretPaths) -> ReadOutcome:
        parameters = []
        for path in self.found:
            held = self.read.get(path)
            secret = not path.endswith(".") and path in secrets
            value = None if held is None else held.value
            parameters.append(
                ParameterRead(
                    path,
                    MASK if secret and value else value,
                    None if held is None else held.type,
                    self.writable.get(path) if self.names else None,
                    secret,
                )
            )
        types = {path: held.type for path, held in self.read.items()}
        return ReadOutcome(
            root=self.root,
            parameters=tuple(parameters),
            missing=tuple(dict.fromkeys(self.missing)),
            learnt=Learnt(
                types={path: type_ for path, type_ in types.items() if self.known.types.get(path) != type_},
                writable={
                    path: may for path, may in self.writable.items() if self.known.writable.get(path) != may
                },
            ),
        )
