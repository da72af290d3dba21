"""Checks a desired state offline, against the standard's facts and against YAML's traps.

Errors are what cannot be right on any device. What only departs from the standard is a warning, because
real devices do too; `strict` makes errors of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cwmp.datamodel import ParameterFacts, is_secret, model
from cwmp.datamodel.facets import refusal
from cwmp.datamodel.paths import (
    MAX_LENGTH,
    ROOTS,
    PathError,
    first_selected_row,
    root_of,
    valid_path,
    with_root,
    without_root,
)
from cwmp.desired.lexical import Unfit, lexical
from cwmp.desired.state import DesiredState, Scalar


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in a desired state. message: one sentence that names the path, never a secret."""

    severity: Literal["error", "warning"]
    path: str
    message: str


def check_state(state: DesiredState, root: str | None = None, strict: bool = False) -> list[Finding]:
    """What is wrong or doubtful in a desired state, without asking any device.

    root: the device's, None or "" when it is not known; then a path with a leading dot is doubtful only if
    neither data model has it.
    """
    check = _Check(root or "", strict)
    check.roots(state)
    check.duplicates(state)
    for path, value in state.set.items():
        check.value(path, value)
    for instance in state.instances:
        check.table(instance.table)
        row = f"{instance.table}{instance.number or 1}."
        for key, value in instance.match.items():
            check.value(row + key, value, key_of=instance.table)
        for name, value in instance.set.items():
            check.value(row + name, value)
    for attribute in state.attributes:
        check.known(attribute.path)
    return check.found


def departures(
    path: str, facts: ParameterFacts | None, text: str, *, writable: bool | None, secret: bool
) -> str | None:
    """In what a value to be written departs from the standard, as a sentence; None: in nothing.

    writable: what the device itself says, which then counts alone.
    """
    if facts is None:
        return None
    if facts.command:
        return f"{path} starts an action and holds nothing, so it is started once for each new value"
    if not facts.writable and writable is None:
        return f"{path} is read-only by the standard"
    why = refusal(facts, text)
    if why is None:
        return None
    if secret:
        return f"{path}: the value is not what the standard allows"
    return f"{path}: {text!r} is not what the standard allows: {why}"


class _Check:
    def __init__(self, root: str, strict: bool) -> None:
        self.root = root
        self.strict = strict
        self.found: list[Finding] = []

    def error(self, path: str, message: str) -> None:
        self.found.append(Finding("error", path, message))

    def doubt(self, path: str, message: str) -> None:
        self.found.append(Finding("error" if self.strict else "warning", path, message))

    # ---- the state as a whole

    def roots(self, state: DesiredState) -> None:
        """A device has one root; a state that names both fits none."""
        seen: dict[str, str] = {}
        for path in _paths(state):
            seen.setdefault(root_of(path), path)
        seen.pop("", None)
        if not self.root and len(seen) > 1:
            first, second = seen.values()
            self.error(
                second,
                f"{first} and {second} are under different roots, and a device has one: "
                f"begin both with a dot, {without_root(second)}",
            )
        for found, path in seen.items():
            if self.root and found != self.root:
                self.error(
                    path,
                    f"{path} is under {found} but this device's root is {self.root}: "
                    f"write {without_root(path)}, the leading dot stands for whichever root it has",
                )

    def duplicates(self, state: DesiredState) -> None:
        """The same parameter twice, once with its root and once without."""
        seen: dict[str, str] = {}
        for path in state.set:
            other = seen.setdefault(without_root(path), path)
            if other != path:
                self.error(path, f"{path} and {other} are the same parameter: keep one of them")
        rows: set[tuple[str, int | None, tuple[tuple[str, str], ...]]] = set()
        for instance in state.instances:
            keys = tuple(sorted((key, str(value)) for key, value in instance.match.items()))
            row = (without_root(instance.table), instance.number, keys)
            if row in rows:
                self.error(instance.table, f"{instance.table} lists the same row twice: keep one of them")
            rows.add(row)

    # ---- one path

    def _models(self, path: str) -> tuple[str, ...]:
        own = root_of(path) or self.root
        return (own,) if own else ROOTS

    def _formed(self, path: str) -> bool:
        if len(path) > MAX_LENGTH:
            self.error(
                path, f"{path[:60]}... has {len(path)} characters, and CWMP carries at most {MAX_LENGTH}"
            )
            return False
        if not valid_path(path):
            self.error(path, f"{path!r} is no parameter path: begin it with a dot and join names by dots")
            return False
        return True

    def known(self, path: str) -> dict[str, ParameterFacts]:
        """Facts of a parameter by root. Reports a malformed path, or one the standard does not have."""
        if not self._formed(path):
            return {}
        models = self._models(path)
        facts = {root: found for root in models if (found := model(root).parameter(path)) is not None}
        if not facts and ".X_" not in path:
            self.doubt(path, f"{path} is not in the data model{_did_you_mean(path, models)}")
        if facts and all(each.status == "deleted" for each in facts.values()):
            self.doubt(path, f"{path} was deleted from the data model")
        return facts

    def table(self, path: str) -> None:
        """A table must be one, and take AddObject."""
        if not self._formed(path):
            return
        models = self._models(path)
        facts = [found for root in models if (found := model(root).object(path)) is not None]
        if not facts and ".X_" not in path:
            self.doubt(path, f"{path} is not in the data model{_did_you_mean(path, models)}")
        elif facts and not any(each.table for each in facts):
            self.error(path, f"{path} is no table: set its parameters instead")
        elif facts and not any(each.add_object for each in facts):
            self.doubt(
                path, f"rows of {path} come and go by the device itself: the standard has no AddObject"
            )

    def value(self, path: str, value: Scalar, *, key_of: str = "") -> None:
        """A value has to suit its parameter under one of the roots in question."""
        facts = self.known(path)
        secret = is_secret(path, next(iter(facts), self.root))
        if key_of and secret:
            self.error(path, f"{path} is a secret and cannot be read, so no row of {key_of} is found by it")
        if not facts:
            self._any_type(path, value, secret)
            return
        wrong: list[Finding] = []
        for root, each in facts.items():
            finding = self._against(path, value, each, root, secret, key=bool(key_of))
            if finding is None:
                return
            wrong.append(finding)
        self.found.append(wrong[0])

    def _any_type(self, path: str, value: Scalar, secret: bool) -> None:
        try:
            lexical(value if isinstance(value, str | list) else str(value), "string", secret=secret)
        except Unfit as unfit:
            self.error(path, f"{path} {unfit}")

    def _against(
        self, path: str, value: Scalar, facts: ParameterFacts, root: str, secret: bool, *, key: bool
    ) -> Finding | None:
        doubt: Literal["error", "warning"] = "error" if self.strict else "warning"
        try:
            text = lexical(value, facts.type, facts, secret=secret)
        except Unfit as unfit:
            # a text or number of the wrong type may still suit a device that has another type (many call a
            # boolean unsignedInt); what YAML turned into a number or boolean is lost whatever the device
            whole = isinstance(value, int) and not isinstance(value, bool)
            fits_another = isinstance(value, str) or (whole and facts.type == "boolean")
            trap = not fits_another or "XML" in str(unfit) or facts.type == "string"
            return Finding("error" if trap else doubt, path, f"{path} {unfit}")
        if facts.command:
            return Finding(doubt, path, f"{path} starts an action and holds nothing: it is no configuration")
        if not facts.writable and not key:
            return Finding(doubt, path, f"{path} is read-only by the standard: take it out, or only read it")
        if facts.reference is not None and _leads_elsewhere(text):
            return None
        why = refusal(facts, text)
        if why is not None:
            shown = "the value" if secret else repr(text)
            return Finding(doubt, path, f"{path}: {shown} is not what the standard allows: {why}")
        return None


def _leads_elsewhere(text: str) -> bool:
    try:
        return text.startswith(".") or first_selected_row(text) is not None
    except PathError:
        return False


def _paths(state: DesiredState) -> Iterator[str]:
    yield from state.set
    for instance in state.instances:
        yield instance.table
    for attribute in state.attributes:
        yield attribute.path


def _did_you_mean(path: str, models: tuple[str, ...]) -> str:
    near: dict[str, None] = {}
    for root in models:
        near |= dict.fromkeys(model(root).suggest(path))
    return f": {_proposal(path, list(near))}" if near else ": check its spelling"


def did_you_mean(path: str, root: str) -> str:
    """Half a sentence that proposes known paths near this one; "" when there are none."""
    near = model(root).suggest(with_root(path, root))
    return _proposal(path, near) if near else ""


def _proposal(path: str, near: list[str]) -> str:
    alike = [each for each in near if each.endswith(".") == path.endswith(".")]
    if alike:
        return f"did you mean {' or '.join(alike[:3])}?"
    return f"nothing like it is known, see what {near[0]} has"
