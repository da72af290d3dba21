"""What a converge must find again if it is started anew: the content of its checkpoints.

The device is always read again; memory only tells what it was like before this transaction touched it, so
that what changed is reported as changed, and which row was about to be added when the answer was lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cwmp.desired.outcome import Learnt
from cwmp.desired.procedure import Checkpoint

_VERSION = 1


@dataclass(slots=True)
class RowMemory:
    """A row this transaction adds. number: 0 until the CPE has told it. there: numbers before AddObject."""

    there: tuple[int, ...]
    number: int = 0


@dataclass(slots=True)
class Memory:
    """before: value per written path when first looked at, None in an added row. rows: by the index of the
    instance in the desired state. deletes: rows to go. attributes: before, per path. taken: step keys used.
    set_keys: ParameterKeys that, seen in an Inform, prove that all values have been set.
    """

    before: dict[str, str | None] = field(default_factory=dict)
    rows: dict[int, RowMemory] = field(default_factory=dict)
    deletes: list[str] = field(default_factory=list)
    attributes: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    taken: int = 0
    set_keys: tuple[str, ...] = ()

    def checkpoint(self, learnt: Learnt | None = None) -> Checkpoint:
        """As plain JSON data."""
        return Checkpoint(
            learnt=learnt or Learnt(),
            memory={
                "version": _VERSION,
                "before": dict(self.before),
                "rows": {
                    str(index): {"there": list(row.there), "number": row.number}
                    for index, row in self.rows.items()
                },
                "deletes": list(self.deletes),
                "attributes": {
                    path: {"notification": notification, "access_list": list(access)}
                    for path, (notification, access) in self.attributes.items()
                },
                "taken": self.taken,
                "set_keys": list(self.set_keys),
            },
        )


def recalled(memory: Mapping[str, Any] | None) -> Memory:
    """Memory from a checkpoint; empty for none, and for one written by another version of the engine."""
    if not memory or memory.get("version") != _VERSION:
        return Memory()
    return Memory(
        before=dict(memory["before"]),
        rows={
            int(index): RowMemory(tuple(row["there"]), row["number"]) for index, row in memory["rows"].items()
        },
        deletes=list(memory["deletes"]),
        attributes={
            path: (each["notification"], tuple(each["access_list"]))
            for path, each in memory["attributes"].items()
        },
        taken=memory["taken"],
        set_keys=_texts(memory["set_keys"]),
    )


def _texts(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(values)
