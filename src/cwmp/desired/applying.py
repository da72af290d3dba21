"""Writing the plan to the device: rows added, values set, rows deleted; and added rows deleted again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cwmp.desired.asking import ask, read_values
from cwmp.desired.context import Run
from cwmp.desired.faults import refused, set_refused
from cwmp.desired.outcome import Change, Learnt, Verdict
from cwmp.desired.planning import Write
from cwmp.desired.procedure import CpeFault, Procedure, Refused
from cwmp.desired.remembering import RowMemory
from cwmp.desired.rows import DesiredRow
from cwmp.desired.verifying import verdict_of
from cwmp.wire.messages import (
    AddObject,
    AddObjectResponse,
    DeleteObject,
    DeleteObjectResponse,
    Fault,
    SetParameterValues,
    SetParameterValuesResponse,
)


@dataclass(slots=True)
class Removal:
    """A row to delete. gone: an attempt before a restart did it."""

    path: str
    gone: bool = False
    verdict: Verdict = Verdict.PLANNED

    def as_change(self) -> Change:
        return Change("delete", self.path, None, None, None, "object", self.verdict)


def add_row(run: Run, row: DesiredRow) -> Procedure[None]:
    """Add one row. The numbers there are stored before, so that a lost answer can be settled later."""
    there = yield from run.tables.numbers(row.table)
    run.memory.rows[row.index] = RowMemory(there)
    key = run.keys.next()
    run.memory.taken = run.keys.taken
    yield run.memory.checkpoint()
    answer = yield from ask(AddObject(row.table, key), AddObjectResponse, "add instance", run.device)
    if isinstance(answer, AddObjectResponse) and (answer.instance_number < 1 or answer.status > 1):
        # some devices put the fault into the status
        answer = Fault.of(answer.status if answer.status >= 9000 else 9002)
    if isinstance(answer, Fault):
        del run.memory.rows[row.index]
        raise refused(run.device, answer, "add a row to", row.table, "add instance")
    row.number, row.added, row.status = answer.instance_number, True, answer.status
    run.memory.rows[row.index].number = row.number
    run.tables.added(row.table, row.number)


def roll_back(run: Run, rows: Sequence[DesiredRow]) -> Procedure[list[DesiredRow]]:
    """Delete the rows this transaction added, the last first. Returns those that could not be deleted."""
    left = []
    for row in reversed([row for row in rows if row.added]):
        answer = yield from ask(
            DeleteObject(row.path, run.keys.next()), DeleteObjectResponse, "undo instance", run.device
        )
        if isinstance(answer, Fault) and answer.code != 9005:
            left.append(row)
    return left


def set_values(run: Run, parts: Sequence[tuple[str, Sequence[Write]]], done: list[Write]) -> Procedure[None]:
    """Send each part under its ParameterKey. done: takes the writes the device accepted.

    Raises `CpeFault` with the parameters the device refuses.
    """
    for key, part in parts:
        message = SetParameterValues(tuple(write.as_parameter() for write in part), key)
        answer = yield from ask(message, SetParameterValuesResponse, "set", run.device)
        if isinstance(answer, SetParameterValuesResponse) and answer.status >= 9000:
            answer = Fault.of(answer.status)
        if isinstance(answer, Fault):
            values = {write.path: write.value for write in part}
            secrets = {write.path: write.value for write in part if write.secret}
            raise set_refused(run.device, run.root, answer, values, secrets)
        for write in part:
            write.status = answer.status
        done += part


def remove_rows(run: Run, removals: Sequence[tuple[str, Removal]]) -> Procedure[None]:
    """Delete rows, each under its ParameterKey. Raises `CpeFault`."""
    for key, removal in removals:
        answer = yield from ask(
            DeleteObject(removal.path, key), DeleteObjectResponse, "delete instance", run.device
        )
        if isinstance(answer, Fault):
            raise refused(run.device, answer, "delete", removal.path, "delete instance")
        removal.verdict = Verdict.PENDING_REBOOT if answer.status == 1 else Verdict.APPLIED


def verify(run: Run, writes: Sequence[Write]) -> Procedure[None]:
    """Read back what was set and give each its verdict. What an earlier attempt set was just read."""
    names = [write.path for write in writes if not write.landed and write.readable]
    values, _ = yield from read_values(names, run.device, "verify")
    observed = run.tables.observed
    for write in writes:
        held = observed.get(write.path) if write.landed else values.get(write.path)
        write.after = held.value if held is not None else None
        write.verdict = verdict_of(write, write.after, write.status, hashes_kept=run.secrets.kept)


def verify_removals(run: Run, removals: Sequence[Removal]) -> Procedure[None]:
    """List the tables again: a row that is still there was not deleted, whatever the device answered."""
    for removal in removals:
        if removal.gone:
            removal.verdict = Verdict.APPLIED
    for table in dict.fromkeys(
        _table(each.path) for each in removals if each.verdict is Verdict.APPLIED and not each.gone
    ):
        numbers = yield from run.tables.numbers(table, missing_ok=True, fresh=True)
        for removal in removals:
            if (
                removal.verdict is Verdict.APPLIED
                and not removal.gone
                and removal.path in {f"{table}{number}." for number in numbers}
            ):
                removal.verdict = Verdict.REVERTED


def _table(row: str) -> str:
    return row[: row.rindex(".", 0, -1) + 1]


def told_what_stays(
    problem: CpeFault | Refused, changes: Sequence[Change], learnt: Learnt
) -> CpeFault | Refused:
    """The problem, as a fault that tells what had been changed before it and stays changed, if anything."""
    if not changes:
        if isinstance(problem, CpeFault):
            problem.learnt = learnt
        return problem
    count = "1 other change" if len(changes) == 1 else f"{len(changes)} other changes"
    text = f"{problem}; {count} made before it stayed on the device"
    if isinstance(problem, Refused):
        return CpeFault(text, code=0, purpose="set", changes=tuple(changes), learnt=learnt)
    return CpeFault(
        text,
        code=problem.code,
        purpose=problem.purpose,
        parameters=problem.parameters,
        changes=tuple(changes),
        learnt=learnt,
    )
