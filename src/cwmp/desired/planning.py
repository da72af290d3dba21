"""The plan: which differences are written, in which order, in how many requests, under which ParameterKey."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cwmp.desired.comparing import Form
from cwmp.desired.outcome import MASK, Change, Verdict
from cwmp.desired.traits import ACS_URL
from cwmp.wire.messages import ParameterValue

KEY_LENGTH = 32
"""Characters a ParameterKey may have (TR-069a6 §A.3.2.1)."""


@dataclass(slots=True)
class Write:
    """One parameter that differs.

    type: XSD type that goes on the wire. meaning: type by which it is compared. before: what the device held
    when this transaction first looked; None in an added row. readable: reading back shows the real value.
    command: by the standard it starts something and reads back as false or empty, whatever was written.
    landed: an attempt before a restart wrote it, so it is only verified and reported.
    status: of the set that carried it, 1 is not yet applied. after: what was read.
    """

    path: str
    value: str
    type: str
    meaning: str
    form: Form
    item: str
    rank: int
    handover: bool
    before: str | None
    secret: bool
    readable: bool
    command: bool
    landed: bool = False
    status: int = 0
    after: str | None = None
    verdict: Verdict = Verdict.PLANNED

    def as_parameter(self) -> ParameterValue:
        """As SetParameterValues carries it."""
        return ParameterValue(self.path, self.value, self.type)

    def as_change(self) -> Change:
        """As the outcome tells it, secrets masked."""
        if self.secret:
            before = None if self.before is None else MASK
            after = None if self.after is None and self.verdict is Verdict.PLANNED else MASK
            return Change("set", self.path, before, MASK, after, self.type, self.verdict, True)
        return Change("set", self.path, self.before, self.value, self.after, self.type, self.verdict, False)


def ordered(writes: Iterable[Write]) -> list[Write]:
    """Credentials before Enable, rows before references to them, the ACS's own URL last.

    SetParameterValues is atomic, so a good device does not care; agents that apply value by value do.
    What moves the device to another ACS stays together at the end.
    """
    found = list(writes)
    moves = any(write.rank == ACS_URL for write in found)

    def place(write: Write) -> tuple[int, bool]:
        return (ACS_URL, write.rank == ACS_URL) if moves and write.handover else (write.rank, False)

    return sorted(found, key=place)


def split(writes: Sequence[Write], most: int) -> list[list[Write]]:
    """The ordered writes in sets of at most `most`; 0: all in one, which alone is atomic.

    The values that move the device to another ACS are never torn apart, unless `most` is smaller than they.
    """
    if not writes:
        return []
    if most <= 0 or len(writes) <= most:
        return [list(writes)]
    moves = any(write.rank == ACS_URL for write in writes)
    last = [write for write in writes if moves and write.handover]
    first = [write for write in writes if not (moves and write.handover)]
    if len(last) > most:
        first, last = list(writes), []
    parts = [first[at : at + most] for at in range(0, len(first), most)]
    return [*parts, last] if last else parts


class StepKeys:
    """ParameterKeys of one transaction's writes: numbered, and the last one bears the token itself.

    The next Inform's ParameterKey then tells how far a session got whose end nobody saw.
    """

    def __init__(self, token: str, taken: int = 0, fallback: str = "") -> None:
        """taken: numbers used before a restart. fallback: the key to leave in place without a token."""
        self._token = token[:KEY_LENGTH]
        self._fallback = fallback
        self.taken = taken

    def next(self) -> str:
        """The key of a write that others follow."""
        self.taken += 1
        if not self._token:
            return self._fallback
        number = f"~{self.taken}"
        return self._token[: KEY_LENGTH - len(number)] + number

    def last(self) -> str:
        """The key of the last write."""
        return self._token or self._fallback
