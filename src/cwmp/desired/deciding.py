"""Desired against observed, parameter by parameter: what is to be written, and what may not be."""

from __future__ import annotations

from collections.abc import Iterable

from cwmp.desired.asking import read_values
from cwmp.desired.checking import departures
from cwmp.desired.comparing import equal
from cwmp.desired.context import Run
from cwmp.desired.faults import cannot_read
from cwmp.desired.lexical import Unfit, carried, lexical, meaning
from cwmp.desired.outcome import MASK, Change, Verdict
from cwmp.desired.planning import Write
from cwmp.desired.procedure import Procedure, Refused
from cwmp.desired.secrecy import told
from cwmp.desired.state import Scalar
from cwmp.desired.traits import ACS_URL, Traits, traits
from cwmp.desired.verifying import normal_url
from cwmp.wire.messages import ParameterValue


def observe(run: Run, paths: Iterable[str]) -> Procedure[None]:
    """Read what is wanted and not read yet. Raises `CpeFault` that names every parameter that is missing."""
    observed = run.tables.observed
    # a path with a bracket is in a row that is still to be added
    names = [path for path in paths if path not in observed and "[" not in path]
    if not names:
        return
    values, faults = yield from read_values(names, run.device)
    if faults:
        raise cannot_read(run.device, run.root, faults, "read")
    observed.update(values)


def decide(run: Run, wanted: dict[str, Scalar], added_rows: tuple[str, ...]) -> list[Write]:
    """The parameters that differ, or that an earlier attempt of this transaction has changed.

    added_rows: paths or labels of rows this transaction adds; whatever is wanted in them is a change.
    Raises `Refused` for values that cannot be of the device's own type.
    """
    found = []
    for path, value in wanted.items():
        added = bool(added_rows) and path.startswith(added_rows)
        write = _decided(run, path, value, run.tables.observed.get(path), added)
        if write is not None:
            found.append(write)
        elif path in run.known.pending_reboot:
            _still_pending(run, path)
    return found


def _still_pending(run: Run, path: str) -> None:
    """Nothing to write, but what was written before waits for a reboot, unless it was changed since."""
    held = run.tables.observed.get(path)
    secret = path in run.secrets.paths
    if held is None or (not secret and held.value != run.known.pending_reboot[path]):
        return
    value = MASK if secret else held.value
    run.pending.append(Change("set", path, value, value, value, held.type, Verdict.PENDING_REBOOT, secret))


def _decided(run: Run, path: str, value: Scalar, held: ParameterValue | None, added: bool) -> Write | None:
    known = traits(path, run.root)
    secret = path in run.secrets.paths
    type_ = held.type if held is not None else _expected_type(run, path, known)
    now = held.value if held is not None else None
    try:
        text = lexical(value, type_, known.facts, held=now, secret=secret)
    except Unfit as unfit:
        # vendors hold texts in parameters they call numbers; where no standard objects the device decides
        if known.facts is not None or held is None or not isinstance(value, str) or not carried(value):
            raise Refused(f"{path} of {run.device} {unfit}", path=path) from unfit
        text = value
        run.warn(f"{path} of {run.device} {unfit}; it is sent as it is, the parameter is the vendor's own")
    as_type = meaning(type_, known.facts)
    readable = not secret or told(now, type_)
    same = readable and now is not None and equal(as_type, text, now, known.form, known.item)
    remembered = path in run.memory.before
    if not remembered and not added:
        # the common case first: nothing to do, nothing to build
        if same and not (secret and run.options.secrets == "always"):
            if path in run.known.accepted_forms:
                run.outdated_forms.add(path)
            return None
        if not secret and _accepted(run, path, text, as_type, now, known):
            return None
    before = run.memory.before[path] if remembered else None if added else now
    write = Write(
        path,
        text,
        type_,
        as_type,
        known.form,
        known.item,
        known.rank,
        known.handover,
        before,
        secret,
        readable,
        known.facts is not None and known.facts.command,
    )
    if remembered and run.landed:
        write.landed = True
        return write
    if secret:
        if run.options.secrets == "never":
            if same is False and run.secrets.differs(path, text):
                run.warn(f"{path} of {run.device} differs and was left alone, as secrets: never asks")
            return None
        needed = added and not same
        needed = needed or run.secrets.to_write(path, text, same=same if readable else None)
    else:
        needed = not same and not _accepted(run, path, text, as_type, now, known)
    if needed:
        return write
    changed = before is None or not equal(as_type, before, text, known.form, known.item)
    if added or (remembered and changed):
        write.landed = True
        return write
    return None


def _expected_type(run: Run, path: str, known: Traits) -> str:
    return run.known.types.get(path) or (known.facts.type if known.facts is not None else "string")


def _accepted(run: Run, path: str, text: str, as_type: str, now: str | None, known: Traits) -> bool:
    """Does the device hold the spelling the user accepted for this wanted value?"""
    form = run.known.accepted_forms.get(path)
    return form is not None and now == form[1] and equal(as_type, form[0], text, known.form, known.item)


def guard(run: Run, writes: Iterable[Write]) -> None:
    """Refuse what must not be sent: the read-only, and what would give the device to another ACS.

    Departures from the standard become warnings: the device has the last word.
    """
    for write in writes:
        if write.landed:
            continue
        writable = run.known.writable.get(write.path)
        if writable is False:
            raise Refused(
                f"{write.path} of {run.device} is read-only, says the device: "
                "take it out of what is to be set",
                path=write.path,
            )
        if write.rank == ACS_URL:
            _guard_url(run, write)
        if write.form in ("reference", "references"):
            continue
        known = traits(write.path, run.root)
        doubt = departures(write.path, known.facts, write.value, writable=writable, secret=write.secret)
        if doubt is not None:
            run.warn(doubt)


def _guard_url(run: Run, write: Write) -> None:
    own = {normal_url(url) for url in run.options.own_url}
    if not own or run.options.allow_foreign_url or normal_url(write.value) in own:
        return
    raise Refused(
        f"{write.path} of {run.device} would become {write.value}, which gives the device to another "
        f"ACS than the one applying this ({', '.join(run.options.own_url)}): leave it, or migrate the device",
        path=write.path,
    )
