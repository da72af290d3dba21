"""Brings one CPE to its desired state: read, plan, write the differences, read back, report truthfully.

Nothing differs: one read, nothing else. Plain parameters differ: read, set, verify, three requests. Tables
and row selectors cost a listing and the keys of their rows before that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cwmp.desired.applying import (
    Removal,
    add_row,
    remove_rows,
    roll_back,
    set_values,
    told_what_stays,
    verify,
    verify_removals,
)
from cwmp.desired.asking import find_root
from cwmp.desired.checking import check_state
from cwmp.desired.context import Run, begin
from cwmp.desired.deciding import decide, guard, observe
from cwmp.desired.known import ConvergeOptions, KnownDevice
from cwmp.desired.learning import in_flight, learnt_from, learnt_in_spite
from cwmp.desired.notifying import AttributeWrite, attribute_writes, verify_attributes, write_attributes
from cwmp.desired.outcome import Change, ConvergeOutcome, InstanceFound, Learnt, Verdict
from cwmp.desired.planning import Write, ordered, split
from cwmp.desired.procedure import CpeFault, Procedure, Refused
from cwmp.desired.remembering import recalled
from cwmp.desired.rows import DesiredRow
from cwmp.desired.state import DesiredState
from cwmp.desired.wanting import locate_rows, spec_keys, wanted_values


@dataclass(slots=True)
class Plan:
    """Everything that differs, in the order it is written."""

    rows: list[DesiredRow]
    writes: list[Write] = field(default_factory=list)
    attributes: list[AttributeWrite] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)

    @property
    def new_rows(self) -> list[DesiredRow]:
        """Rows still to be added."""
        return [row for row in self.rows if row.present and not row.number]

    @property
    def to_write(self) -> bool:
        """Is anything still to be sent to the device?"""
        return bool(
            self.new_rows
            or any(not write.landed for write in self.writes)
            or any(not write.landed for write in self.attributes)
            or any(not removal.gone for removal in self.removals)
        )

    def changes(self) -> tuple[Change, ...]:
        """Rows added, values set, attributes, rows deleted."""
        found = [_addition(row) for row in self.rows if row.present and (row.added or not row.number)]
        found += [write.as_change() for write in self.writes]
        for attribute in self.attributes:
            found += attribute.changes()
        found += [removal.as_change() for removal in self.removals]
        return tuple(found)


def _addition(row: DesiredRow) -> Change:
    verdict = Verdict.PLANNED
    if row.number:
        verdict = Verdict.PENDING_REBOOT if row.status == 1 else Verdict.APPLIED
    return Change("add", row.path, None, None, None, "object", verdict)


def converge(
    state: DesiredState,
    known: KnownDevice,
    options: ConvergeOptions,
    memory: Mapping[str, Any] | None = None,
) -> Procedure[ConvergeOutcome]:
    """The procedure that brings the device to `state`, or with ``options.check`` only tells what it would do.

    memory: of the last `Checkpoint` of an attempt whose end was lost, or None. Raises `Refused` for what
    cannot be right for this device, before anything is written, and `CpeFault` for what the device refuses;
    rows added for it are then deleted again.
    """
    root = known.root or (yield from find_root(known.id))
    run = begin(known, options, recalled(memory), root)
    if options.strict:
        _refuse_doubts(run, state)
    try:
        plan = Plan((yield from locate_rows(run, state)))
        yield from _plan_values(run, state, plan)
        plan.attributes = yield from attribute_writes(run, state)
        plan.removals = _removals(run, plan.rows)
    except (CpeFault, Refused) as problem:
        raise (yield from _abandoned(run, problem)) from None
    if options.check:
        return _outcome(run, plan)
    if plan.to_write:
        yield from _apply(run, state, plan)
    elif plan.writes or plan.attributes or plan.removals or any(row.added for row in plan.rows):
        # an earlier attempt did it all; what was read just now is the proof
        yield from _verify(run, plan)
    return _outcome(run, plan)


def _refuse_doubts(run: Run, state: DesiredState) -> None:
    errors = [each for each in check_state(state, run.root, strict=True) if each.severity == "error"]
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise Refused(f"{run.device}: {errors[0].message}{more}", path=errors[0].path)


def _plan_values(run: Run, state: DesiredState, plan: Plan) -> Procedure[None]:
    run.pending = [
        Change("add", row.path, None, None, None, "object", Verdict.PENDING_REBOOT)
        for row in plan.rows
        if row.present and not row.added and row.path in run.known.pending_reboot
    ]
    wanted = yield from wanted_values(run, state, plan.rows)
    yield from observe(run, wanted)
    added = tuple(row.path for row in plan.rows if row.present and (row.added or not row.number))
    plan.writes = ordered(decide(run, wanted, added))
    guard(run, plan.writes)


def _removals(run: Run, rows: list[DesiredRow]) -> list[Removal]:
    """Rows to be away, deepest first, and those an earlier attempt has deleted."""
    there = [row.path for row in rows if not row.present and row.number]
    found = [Removal(path, gone=True) for path in run.memory.deletes if path not in there]
    return found + [Removal(path) for path in sorted(there, key=lambda path: -path.count("."))]


def _apply(run: Run, state: DesiredState, plan: Plan) -> Procedure[None]:
    """Write the plan. Whatever fails, rows added for it are deleted again, and what stays is told."""
    memory = run.memory
    _remember(run, plan)
    done: list[Write] = []
    try:
        if plan.new_rows:
            run.landed = False
            for row in plan.rows:
                if row.present and not row.number:
                    yield from _below_new_parent(run, row, plan.rows)
                if row.present and not row.number:
                    yield from add_row(run, row)
            # now that the rows have numbers and the device tells their types, the same plan becomes real
            yield from _plan_values(run, state, plan)
            plan.attributes = yield from attribute_writes(run, state)
            _remember(run, plan)
        to_set = split([write for write in plan.writes if not write.landed], run.known.max_set)
        to_remove = [removal for removal in plan.removals if not removal.gone]
        run.atomic = len(to_set) <= 1
        steps = len(to_set) + len(to_remove)
        keys = [run.keys.next() for _ in range(steps - 1)] + [run.keys.last()] * (steps > 0)
        memory.taken = run.keys.taken
        if run.options.token:
            settled = keys[max(len(to_set) - 1, 0) :]
            memory.set_keys = tuple(settled) if to_set else (*memory.set_keys, *settled)
        yield memory.checkpoint(in_flight(run, to_set))
        yield from set_values(run, list(zip(keys, to_set, strict=False)), done)
        yield from write_attributes(run, plan.attributes)
        yield from remove_rows(run, list(zip(keys[len(to_set) :], to_remove, strict=True)))
    except (CpeFault, Refused) as problem:
        raise (yield from _undone(run, plan, done, problem)) from None
    yield from _verify(run, plan)


def _below_new_parent(run: Run, row: DesiredRow, rows: list[DesiredRow]) -> Procedure[None]:
    """A row below a row that has just been added: that one's number replaces its label.

    Some devices give a new row children of its own accord; the one that fits is taken.
    """
    for parent in rows:
        if parent.number and row.table.startswith(parent.label):
            row.table = parent.path + row.table[len(parent.label) :]
            row.label = parent.path + row.label[len(parent.label) :]
            numbers = yield from run.tables.matching(row.table, row.spec.match)
            if len(numbers) == 1:
                row.number, row.added = numbers[0], True


def _remember(run: Run, plan: Plan) -> None:
    """Put into memory how things were before; what an earlier attempt remembered is older and stays."""
    for write in plan.writes:
        if "[" not in write.path:
            run.memory.before.setdefault(write.path, write.before)
    for attribute in plan.attributes:
        if attribute.before is not None:
            run.memory.attributes.setdefault(attribute.path, attribute.before)
    for removal in plan.removals:
        if removal.path not in run.memory.deletes:
            run.memory.deletes.append(removal.path)


def _undone(
    run: Run, plan: Plan, done: list[Write], problem: CpeFault | Refused
) -> Procedure[CpeFault | Refused]:
    """After a refusal: delete added rows that did not get their values, and tell what stays."""
    sent = [write for write in plan.writes if not write.landed]
    added = [row for row in plan.rows if row.added]
    complete = len(done) == len(sent) and not plan.new_rows and isinstance(problem, CpeFault)
    left = added if complete else (yield from roll_back(run, added))
    lost = tuple(row.path for row in added if row not in left)
    landed = [write for write in plan.writes if write.landed]
    stays = [write for write in (*landed, *done) if not (lost and write.path.startswith(lost))]
    attributes = [each for each in plan.attributes if each.landed or each.written]
    attributes = [each for each in attributes if not (lost and each.path.startswith(lost))]
    for removal in plan.removals:
        if removal.gone:
            removal.verdict = Verdict.APPLIED
    removed = [removal for removal in plan.removals if removal.verdict is not Verdict.PLANNED]
    yield from verify(run, stays)
    yield from verify_attributes(run, attributes)
    changes = [_addition(row) for row in left]
    changes += [write.as_change() for write in stays]
    changes += [change for each in attributes for change in each.changes()]
    changes += [removal.as_change() for removal in removed]
    unsent = [write for write in sent if write not in done]
    return told_what_stays(problem, changes, learnt_in_spite(run, stays, unsent, removed))


def _abandoned(run: Run, problem: CpeFault | Refused) -> Procedure[CpeFault | Refused]:
    """No plan can be made. Rows that an attempt before a restart added are deleted again, unless it came as
    far as setting values: then all stays, and is told.
    """
    added = [row for row in run.tables.desired if row.added]
    sent = bool(run.memory.set_keys)
    left = added if sent else (yield from roll_back(run, added))
    problem = told_what_stays(problem, [_addition(row) for row in left], Learnt())
    if not sent:
        return problem
    text = f"{problem}; values may have been set before its session was lost: read what it holds"
    if isinstance(problem, Refused):
        return Refused(text, path=problem.path)
    return CpeFault(
        text,
        code=problem.code,
        purpose=problem.purpose,
        parameters=problem.parameters,
        changes=problem.changes,
        learnt=problem.learnt,
    )


def _verify(run: Run, plan: Plan) -> Procedure[None]:
    yield from verify(run, plan.writes)
    yield from verify_attributes(run, plan.attributes)
    yield from verify_removals(run, plan.removals)


def _outcome(run: Run, plan: Plan) -> ConvergeOutcome:
    if run.options.check:
        # a check fails for nothing that it would not change
        for each in run.pending:
            run.warn(f"{each.path} of {run.device} was set before and takes effect only after a reboot")
    return ConvergeOutcome(
        root=run.root,
        changes=plan.changes(),
        instances=tuple(
            InstanceFound(row.table, spec_keys(row.spec), row.number) for row in plan.rows if row.present
        ),
        warnings=tuple(run.warnings),
        atomic=run.atomic,
        learnt=learnt_from(run, plan.writes, plan.removals, plan.rows),
        accepted=run.options.accept,
        pending=() if run.options.check else tuple(run.pending),
    )
