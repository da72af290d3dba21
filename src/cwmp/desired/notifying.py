"""Notification and access attributes: what differs, written and read back (TR-069a6 §A.3.2.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cwmp.desired.asking import ask, read_attributes
from cwmp.desired.context import Run
from cwmp.desired.faults import cannot_read, refused
from cwmp.desired.outcome import Change, Verdict
from cwmp.desired.procedure import Procedure, Refused
from cwmp.desired.rows import rooted
from cwmp.desired.state import AttributeState, DesiredState
from cwmp.wire.messages import (
    Fault,
    SetParameterAttribute,
    SetParameterAttributes,
    SetParameterAttributesResponse,
)


@dataclass(slots=True)
class AttributeWrite:
    """Attributes of one parameter that differ. before: None in a row still to be added.

    landed: an attempt before a restart wrote them. written: this one did.
    """

    wanted: AttributeState
    path: str
    before: tuple[int, tuple[str, ...]] | None
    landed: bool = False
    written: bool = False
    after: tuple[int, tuple[str, ...]] | None = None
    checked: bool = False

    def changes(self) -> list[Change]:
        """One change for the notification and one for the access list, where they differ."""
        found = []
        if self.wanted.notification is not None:
            found.append(
                self._change(
                    "notification",
                    None if self.before is None else str(self.before[0]),
                    str(self.wanted.notification),
                    None if self.after is None else str(self.after[0]),
                )
            )
        if self.wanted.access_list is not None:
            found.append(
                self._change(
                    "access_list",
                    None if self.before is None else ",".join(sorted(self.before[1])),
                    ",".join(sorted(self.wanted.access_list)),
                    None if self.after is None else ",".join(sorted(self.after[1])),
                )
            )
        return [change for change in found if change.before != change.wanted]

    def _change(self, what: str, before: str | None, wanted: str, after: str | None) -> Change:
        if not self.checked:
            verdict = Verdict.PLANNED
        elif after is None:
            verdict = Verdict.UNVERIFIABLE
        else:
            verdict = Verdict.APPLIED if after == wanted else Verdict.REVERTED
        return Change("attribute", self.path, before, wanted, after, what, verdict)


def _holds(wanted: AttributeState, held: tuple[int, tuple[str, ...]]) -> bool:
    if wanted.notification is not None and wanted.notification != held[0]:
        return False
    return wanted.access_list is None or sorted(wanted.access_list) == sorted(held[1])


def attribute_writes(run: Run, state: DesiredState) -> Procedure[list[AttributeWrite]]:
    """Read the attributes that are wanted and give those that differ.

    Raises `Refused` for one parameter listed twice, `CpeFault` for a parameter the device does not have.
    """
    wanted: dict[str, AttributeState] = {}
    for each in state.attributes:
        path = yield from run.tables.resolved(rooted(each.path, run.root, run.device))
        if wanted.setdefault(path, each) is not each:
            raise Refused(f"the attributes of {path} of {run.device} are listed twice", path=path)
    names = [path for path in wanted if "[" not in path]
    held, faults = yield from read_attributes(names, run.device)
    if faults:
        raise cannot_read(run.device, run.root, faults, "read attributes")
    found = []
    for path, each in wanted.items():
        now = (held[path].notification, held[path].access_list) if path in held else None
        before = run.memory.attributes.get(path, now)
        if now is None or not _holds(each, now):
            found.append(AttributeWrite(each, path, before))
        elif before is not None and not _holds(each, before):
            found.append(AttributeWrite(each, path, before, landed=True, after=now))
    return found


def write_attributes(run: Run, writes: Sequence[AttributeWrite]) -> Procedure[None]:
    """One SetParameterAttributes for all that differ. Raises `CpeFault`."""
    parameters = tuple(
        SetParameterAttribute(
            name=write.path,
            notification_change=write.wanted.notification is not None,
            notification=write.wanted.notification or 0,
            access_list_change=write.wanted.access_list is not None,
            access_list=write.wanted.access_list or (),
        )
        for write in writes
        if not write.landed
    )
    if not parameters:
        return
    answer = yield from ask(
        SetParameterAttributes(parameters), SetParameterAttributesResponse, "set attributes", run.device
    )
    if isinstance(answer, Fault):
        names = ", ".join(each.name for each in parameters[:3])
        raise refused(run.device, answer, "set the attributes of", names, "set attributes")
    for write in writes:
        write.written = not write.landed


def verify_attributes(run: Run, writes: Sequence[AttributeWrite]) -> Procedure[None]:
    """Read the written attributes back."""
    names = [write.path for write in writes if not write.landed]
    held, _ = yield from read_attributes(names, run.device, "verify attributes")
    for write in writes:
        write.checked = True
        if write.path in held:
            write.after = (held[write.path].notification, held[write.path].access_list)
