"""From the desired state to full paths on this device: rows found, selectors and references resolved."""

from __future__ import annotations

from cwmp.desired.context import Run
from cwmp.desired.procedure import Procedure, Refused
from cwmp.desired.rows import DesiredRow, rooted, selector_of
from cwmp.desired.state import DesiredState, InstanceState, Scalar


def locate_rows(run: Run, state: DesiredState) -> Procedure[list[DesiredRow]]:
    """Find each desired instance's row; number 0 where there is none. Parents come before children.

    Raises `Refused` when keys fit several rows, when two instances mean one row, or when a row is wanted by a
    number the table does not have.
    """
    rows: list[DesiredRow] = []
    by_depth = sorted(enumerate(state.instances), key=lambda each: each[1].table.count("."))
    for index, spec in by_depth:
        table = yield from run.tables.resolved(rooted(spec.table, run.root, run.device))
        name = f"{spec.number}" if spec.number is not None else str(selector_of(spec.match))
        row = DesiredRow(spec, index, table, f"{table}{name}.")
        if any(other.label == row.label for other in rows):
            raise Refused(
                f"two instances for {run.device} mean the same row {row.label}: keep one of them", path=table
            )
        if "[" not in table:
            if spec.number is not None:
                yield from _by_number(run, row, spec.number)
            else:
                yield from _by_keys(run, row)
        elif spec.number is not None and row.present:
            raise _no_number(run, row, spec.number)
        if row.present and not row.number and run.known.writable.get(table) is False:
            raise Refused(
                f"{table} of {run.device} takes no new rows, the device says: "
                "change one of its rows instead, found by a key",
                path=table,
            )
        twin = next((each for each in rows if row.number and each.path == row.path), None)
        if twin is not None:
            raise Refused(
                f"{row.label} and {twin.label} are the same row {row.path} on {run.device}: keep one of them",
                path=table,
            )
        rows.append(row)
        run.tables.desired.append(row)
    return rows


def _no_number(run: Run, row: DesiredRow, number: int) -> Refused:
    return Refused(
        f"{run.device} has no row {row.table}{number}. and the CPE alone numbers new rows: "
        "name the row by key parameters under match",
        path=row.table,
    )


def _by_number(run: Run, row: DesiredRow, number: int) -> Procedure[None]:
    spec = row.spec
    numbers = yield from run.tables.numbers(row.table, missing_ok=not row.present)
    if number not in numbers:
        if row.present:
            raise _no_number(run, row, number)
        return
    if spec.match:
        fitting = yield from run.tables.matching(row.table, spec.match)
        if number not in fitting:
            raise Refused(
                f"row {row.table}{number}. of {run.device} does not have {selector_of(spec.match)}: "
                "correct the number or the keys",
                path=row.table,
            )
    row.number = number


def _by_keys(run: Run, row: DesiredRow) -> Procedure[None]:
    match = yield from _resolved_keys(run, row)
    numbers = yield from run.tables.matching(row.table, match, missing_ok=not row.present)
    remembered = run.memory.rows.get(row.index)
    if len(numbers) > 1:
        raise Refused(
            f"{selector_of(row.spec.match)} fits several rows of {row.table} on {run.device} "
            f"({', '.join(map(str, numbers))}): give more keys, or delete the doubles",
            path=row.table,
        )
    if numbers:
        row.number = numbers[0]
        row.added = remembered is not None and row.number not in remembered.there
    elif row.present and remembered is not None:
        yield from _adopt(run, row, remembered.there, remembered.number)
    if row.added and remembered is not None:
        # the next answer that is lost must not put this row in doubt again
        remembered.number = row.number


def _resolved_keys(run: Run, row: DesiredRow) -> Procedure[dict[str, Scalar]]:
    found: dict[str, Scalar] = {}
    for key, value in row.spec.match.items():
        found[key] = yield from run.tables.resolved_value(value, f"{row.table}1.{key}")
    return found


def _adopt(run: Run, row: DesiredRow, there: tuple[int, ...], number: int) -> Procedure[None]:
    """The row whose AddObject was sent before the restart: told by the CPE, or the only new one."""
    now = yield from run.tables.numbers(row.table)
    taken = {each.number for each in run.tables.desired if each.table == row.table}
    new = [each for each in now if each not in there and each not in taken]
    if number in new:
        new = [number]
    if len(new) == 1:
        row.number, row.added = new[0], True
    elif new:
        run.warn(
            f"rows {', '.join(map(str, new))} of {row.table} appeared on {run.device} while an answer was "
            "lost, and none can be told for ours: look at them"
        )


def wanted_values(run: Run, state: DesiredState, rows: list[DesiredRow]) -> Procedure[dict[str, Scalar]]:
    """Every wanted value by full path, in the order of the state. Raises `Refused` for contradictions."""
    found: dict[str, Scalar] = {}
    for path, value in state.set.items():
        full = rooted(path, run.root, run.device)
        if "[" in full:
            full = yield from run.tables.resolved(full)
        yield from _want(run, found, full, value)
    for row in rows:
        if not row.present:
            continue
        for name, value in row.values.items():
            full = row.path + name
            if "[" in name:
                full = yield from run.tables.resolved(name, row.path)
            yield from _want(run, found, full, value)
    return found


def _want(run: Run, found: dict[str, Scalar], path: str, value: Scalar) -> Procedure[None]:
    if isinstance(value, list) or (isinstance(value, str) and ("[" in value or value.startswith("."))):
        value = yield from run.tables.resolved_value(value, path)
    if path in found and found[path] != value:
        raise Refused(
            f"{path} of {run.device} is wanted with two different values: keep one of them", path=path
        )
    found[path] = value


def spec_keys(spec: InstanceState) -> dict[str, str]:
    """The keys of an instance as text, for the outcome."""
    return dict(selector_of(spec.match).keys)
