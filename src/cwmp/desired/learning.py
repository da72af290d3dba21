"""What a converge teaches about its device for the next time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from cwmp.desired.applying import Removal
from cwmp.desired.context import Run
from cwmp.desired.outcome import Learnt, Verdict
from cwmp.desired.planning import Write
from cwmp.desired.rows import DesiredRow


def learnt_from(
    run: Run, writes: Iterable[Write], removals: Sequence[Removal], rows: Iterable[DesiredRow] = ()
) -> Learnt:
    """Hashes of accepted secrets, accepted spellings, what waits for a reboot, types that were not known."""
    pending: dict[str, str | None] = {row.path: "" for row in rows if row.added and row.status == 1}
    hashes: dict[str, str | None] = {}
    forms: dict[str, tuple[str, str] | None] = dict.fromkeys(run.outdated_forms)
    for removal in removals:
        if removal.verdict is not Verdict.REVERTED:
            hashes |= {path: None for path in run.known.secret_hashes if path.startswith(removal.path)}
            forms |= {path: None for path in run.known.accepted_forms if path.startswith(removal.path)}
            pending |= {path: None for path in run.known.pending_reboot if path.startswith(removal.path)}
    for write in writes:
        if write.verdict is Verdict.PLANNED:
            continue
        if write.verdict is Verdict.PENDING_REBOOT:
            pending[write.path] = "" if write.secret else write.after or ""
        elif write.path in run.known.pending_reboot:
            pending[write.path] = None
        if write.secret:
            accepted = write.verdict is not Verdict.REVERTED
            hashed = run.secrets.hash(write.path, write.value) if accepted else None
            if hashed is not None or write.path in run.known.secret_hashes:
                hashes[write.path] = hashed
        elif write.command and write.verdict is Verdict.APPLIED and write.after is not None:
            # a command reads back empty; remembered so, it is not started again by every run
            forms[write.path] = (write.value, write.after)
        elif (
            write.verdict is Verdict.NORMALISED
            and Verdict.NORMALISED in run.options.accept
            and write.after is not None
        ):
            forms[write.path] = (write.value, write.after)
        elif write.path in run.known.accepted_forms:
            forms[write.path] = None
    types = {
        path: held.type
        for path, held in run.tables.observed.items()
        if run.known.types.get(path) != held.type
    }
    return Learnt(secret_hashes=hashes, accepted_forms=forms, pending_reboot=pending, types=types)


def in_flight(run: Run, parts: Iterable[Iterable[Write]]) -> Learnt:
    """Before secrets are sent: what was known of them holds no longer."""
    known = run.known.secret_hashes
    return Learnt(
        secret_hashes={
            write.path: None for part in parts for write in part if write.secret and write.path in known
        }
    )


def learnt_in_spite(
    run: Run, stays: Sequence[Write], refused: Iterable[Write], removals: Sequence[Removal]
) -> Learnt:
    """After a fault: what the device took counts, and of what it refused it holds the old value still."""
    learnt = learnt_from(run, stays, removals)
    known = run.known.secret_hashes
    kept: dict[str, str | None] = {
        write.path: known[write.path] for write in refused if write.secret and write.path in known
    }
    return replace(learnt, secret_hashes={**kept, **learnt.secret_hashes})
