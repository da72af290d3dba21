"""What converges and reads tell of a device's STUN settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cwmp.desired.outcome import ConvergeOutcome, ReadOutcome, Verdict

_OBJECT = ".ManagementServer."
_NAMES = ("STUNEnable", "STUNServerAddress", "STUNServerPort", "STUNUsername", "STUNPassword")
PLAIN = ("ManagementServer.STUNEnable", "ManagementServer.STUNServerAddress")
"""What is worth keeping of a device in clear."""


def stun_told(payload: Mapping[str, Any], outcome: object) -> dict[str, str]:
    """Name (STUNEnable, ...) → the value the device holds now, as far as this outcome tells."""
    if isinstance(outcome, ReadOutcome):
        return {
            name: each.value
            for each in outcome.parameters
            if (name := _name(each.path)) and each.value is not None and name != "STUNPassword"
        }
    if not isinstance(outcome, ConvergeOutcome):
        return {}
    wanted = (payload.get("state") or {}).get("set") or {}
    lost = {
        _name(change.path)
        for change in outcome.changes
        if change.verdict in (Verdict.REVERTED, Verdict.PLANNED)
    }
    return {
        name: _text(value)
        for path, value in wanted.items()
        if (name := _name(path)) and name not in lost and isinstance(value, (str, bool, int))
    }


def _name(path: str) -> str:
    _, found, name = path.rpartition(_OBJECT)
    return name if found and name in _NAMES else ""


def _text(value: str | bool | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
