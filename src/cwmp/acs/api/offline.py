"""Refusing a desired state that cannot be right before anything is stored or sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cwmp.acs.errors import BadInput
from cwmp.desired.checking import check_state
from cwmp.desired.state import DesiredState


def checked_state(data: Mapping[str, Any], root: str, *, strict: bool, device: str) -> DesiredState:
    """The desired state in `data`. Raises `Refused` or `BadInput` with the first thing wrong and its mend."""
    state = DesiredState.from_json(data)
    errors = [finding for finding in check_state(state, root or None, strict) if finding.severity == "error"]
    if errors:
        first = errors[0].message.rstrip(".")
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise BadInput(f"{device}: {first}{more}")
    return state
