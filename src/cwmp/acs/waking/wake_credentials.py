"""What a device was told to expect in connection requests, so that the ACS can send it.

Whoever converges ManagementServer.ConnectionRequestUsername and .ConnectionRequestPassword need not tell
the ACS the same again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from cwmp.desired.outcome import ConvergeOutcome, Verdict

Pair: TypeAlias = "tuple[str | None, str | None]"

_USERNAME = ".ManagementServer.ConnectionRequestUsername"
_PASSWORD = ".ManagementServer.ConnectionRequestPassword"  # noqa: S105


def told_by(payload: Mapping[str, Any], outcome: object) -> Pair:
    """Username and password that the device holds after this converge; None for what it was not told."""
    if not isinstance(outcome, ConvergeOutcome):
        return None, None
    wanted = (payload.get("state") or {}).get("set") or {}
    lost = {
        change.path for change in outcome.changes if change.verdict in (Verdict.REVERTED, Verdict.PLANNED)
    }
    found: dict[str, str] = {}
    for path, value in wanted.items():
        for ending in (_USERNAME, _PASSWORD):
            kept = not any(each.endswith(ending) for each in lost)
            if path.endswith(ending) and isinstance(value, str) and kept:
                found[ending] = value
    return found.get(_USERNAME), found.get(_PASSWORD)
