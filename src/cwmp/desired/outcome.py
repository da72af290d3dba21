"""What came of a procedure: changes with verdicts, values read. Safe to print: secrets are masked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

MASK = "********"
"""Stands for every secret in anything a person or a log can see."""


class Verdict(StrEnum):
    """How a change stands after reading back. Only `APPLIED` is success by itself."""

    PLANNED = "planned"
    """Check mode: would be changed."""
    APPLIED = "applied"
    PENDING_REBOOT = "pending_reboot"
    """The CPE answered Status 1: committed, not yet applied."""
    NORMALISED = "normalised"
    """The CPE holds another spelling of what was asked; both are shown."""
    REVERTED = "reverted"
    """The CPE accepted the set and holds something else, or still the old value."""
    UNVERIFIABLE = "unverifiable"
    """The value cannot be read back (secrets) and nothing else proves it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between desired and observed.

    before/wanted/after are lexical values as on the wire, or `MASK`; None where there is none
    (an added row has no before; in check mode there is no after).
    """

    kind: Literal["set", "add", "delete", "attribute"]
    path: str
    before: str | None
    wanted: str | None
    after: str | None
    type: str
    verdict: Verdict
    secret: bool = False


@dataclass(frozen=True, slots=True)
class InstanceFound:
    """Which row a desired instance turned out to be; number 0 when it would be added (check mode)."""

    table: str
    match: Mapping[str, str]
    number: int


def _plain(record: Change | InstanceFound | ParameterRead) -> dict[str, Any]:
    # dataclasses.asdict copies deeply, ten times the price, and an outcome may hold 6,000 parameters
    return {name: getattr(record, name) for name in record.__slots__}


@dataclass(frozen=True, slots=True)
class Learnt:
    """What whoever runs the procedure should remember of this device for the next time."""

    secret_hashes: Mapping[str, str | None] = field(default_factory=dict)
    """path → keyed hash of the secret the device accepted last; None: forget it."""
    accepted_forms: Mapping[str, tuple[str, str] | None] = field(default_factory=dict)
    """path → (wanted, held) spelling the user accepted as `normalised`; None: forget it."""
    pending_reboot: Mapping[str, str | None] = field(default_factory=dict)
    """path → value read after a set that takes effect only after a reboot ("" for secrets and rows); None: it
    has taken effect. The device's next boot ends them all."""
    types: Mapping[str, str] = field(default_factory=dict)
    """path → XSD type name the device itself reported."""
    writable: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConvergeOutcome:
    """Result of a converge. `failed_verdicts` lists changes whose verdict was not accepted.

    pending: what was set earlier, is as it is wanted, and still waits for a reboot; nothing was changed there
    now.
    """

    root: str
    changes: tuple[Change, ...]
    instances: tuple[InstanceFound, ...] = ()
    warnings: tuple[str, ...] = ()
    atomic: bool = True
    learnt: Learnt = field(default_factory=Learnt)
    accepted: frozenset[Verdict] = frozenset()
    pending: tuple[Change, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.changes)

    @property
    def failed_verdicts(self) -> tuple[Change, ...]:
        good = self.accepted | {Verdict.APPLIED, Verdict.PLANNED}
        return tuple(change for change in (*self.changes, *self.pending) if change.verdict not in good)

    def to_json(self) -> dict[str, Any]:
        """The result as the API gives it; without `learnt`, which stays with the platform."""
        return {
            "root": self.root,
            "changed": self.changed,
            "changes": [_plain(change) for change in self.changes],
            "pending": [_plain(change) for change in self.pending],
            "instances": [_plain(instance) | {"match": dict(instance.match)} for instance in self.instances],
            "warnings": list(self.warnings),
            "atomic": self.atomic,
        }


@dataclass(frozen=True, slots=True)
class ParameterRead:
    """One parameter or object read. value/type are None where only the name was asked for."""

    path: str
    value: str | None
    type: str | None
    writable: bool | None
    secret: bool = False


@dataclass(frozen=True, slots=True)
class ReadOutcome:
    """Result of a read. `missing` lists the asked paths that the device does not have."""

    root: str
    parameters: tuple[ParameterRead, ...]
    missing: tuple[str, ...] = ()
    learnt: Learnt = field(default_factory=Learnt)

    def to_json(self) -> dict[str, Any]:
        return {
            "root": self.root,
            "parameters": [_plain(parameter) for parameter in self.parameters],
            "missing": list(self.missing),
        }
