"""Changes as two texts, before and after, for people (Ansible's ``--diff``, the command line)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from cwmp.desired.outcome import MASK, Change, Verdict

_PLAIN = re.compile(r"[A-Za-z0-9_/.+*@%-]([A-Za-z0-9_/.+*@%:, -]*[A-Za-z0-9_/.+*@%-])?")
_DIGITS = re.compile(r"(\d+)")
_LIKE_ANOTHER_TYPE = re.compile(r"(?i:null|~|yes|no|on|off|nan)|-.*[ :].*|.*: .*|[*%@&].*")
_REMARKS = {
    Verdict.PENDING_REBOOT: "after a reboot",
    Verdict.REVERTED: "asked for {wanted}",
    Verdict.NORMALISED: "asked for {wanted}",
    Verdict.UNVERIFIABLE: "cannot be read back",
}


def diff_of(changes: Iterable[Change | Mapping[str, Any]]) -> dict[str, str]:
    """``{"before": text, "after": text}``, a line ``path: value`` each, in the order of the paths.

    Takes changes as objects or as the API's JSON. A secret's line differs between the two, its value is
    never shown. After means: what the device holds now, or in check mode what it would hold.
    """
    before: list[str] = []
    after: list[str] = []
    for change in sorted((_change(each) for each in changes), key=_order):
        one, other = _lines(change)
        before += one
        after += other
    return {"before": _text(before), "after": _text(after)}


def _change(each: Change | Mapping[str, Any]) -> Change:
    if isinstance(each, Change):
        return each
    return Change(**{**each, "verdict": Verdict(each["verdict"])})


def _order(change: Change) -> tuple[list[tuple[int, str]], str, str]:
    # by path, with instance numbers as numbers; a row before what is in it
    parts = [(int(part), "") if part.isdigit() else (-1, part) for part in _DIGITS.split(change.path)]
    return (parts, change.kind, change.type)


def _lines(change: Change) -> tuple[list[str], list[str]]:
    if change.kind == "add":
        return [], [f"{change.path}: present{_remark(change)}"]
    if change.kind == "delete":
        kept = [f"{change.path}: present  # still there"] if change.verdict is Verdict.REVERTED else []
        return [f"{change.path}: present"], kept
    name = f"{change.path} ({change.type})" if change.kind == "attribute" else change.path
    old = [] if change.before is None else [f"{name}: {_shown(_spelt(change, change.before), change.secret)}"]
    if change.secret:
        # the mask is the same before and after; the line has to say that the value is not
        state = "not changed" if change.verdict is Verdict.REVERTED else "changed" if old else "set"
        return old, [f"{name}: {MASK} ({state}){_remark(change)}"]
    held = change.wanted if change.after is None else change.after
    return old, [f"{name}: {_shown(_spelt(change, held or ''), False)}{_remark(change)}"]


def _spelt(change: Change, value: str) -> str:
    """Booleans in one spelling: what will be sent and what is read back may differ in it."""
    return {"1": "true", "0": "false"}.get(value, value) if change.type == "boolean" else value


def _remark(change: Change) -> str:
    remark = _REMARKS.get(change.verdict, "")
    if "{wanted}" in remark:
        if change.secret or change.wanted is None:
            return ""
        remark = remark.format(wanted=_shown(change.wanted, False))
    return f"  # {remark}" if remark else ""


def _shown(value: str, secret: bool) -> str:
    if secret:
        return MASK
    if _PLAIN.fullmatch(value) and not _LIKE_ANOTHER_TYPE.fullmatch(value):
        return value
    text = json.dumps(value, ensure_ascii=False)
    # Devices choose their own strings: nothing in them may steer a terminal, or be there and not be seen.
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(char: str) -> str:
    return char if char.isprintable() else json.dumps(char)[1:-1]


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n" if lines else ""
