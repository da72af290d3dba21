# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A desired state held against the standard data models, before anything is sent.

Our own ACS does this itself when a state is submitted, and knows the device's root and types; doing it twice
would cost each forked worker the loading of the data models. So it is for platforms that do not check.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.cpeops.cwmp.plugins.plugin_utils.outcome import Failure

CHECKING_PLATFORMS = ("acs",)
SHOWN = 3
"""Errors named in one sentence; the rest are counted."""


def findings(state: Mapping[str, Any], *, strict: bool) -> list[tuple[str, str]]:
    """Warnings as pairs of path and sentence; the device's root is not known here.

    Raises `Failure` for what cannot be right on any device (YAML's traps), and with `strict` for any finding;
    the engine's `CwmpError` for a malformed state.
    """
    from cwmp.desired.checking import check_state
    from cwmp.desired.state import DesiredState

    found = check_state(DesiredState.from_json(state), strict=strict)
    errors = [finding.message for finding in found if finding.severity == "error"]
    if errors:
        more = f"; and {len(errors) - SHOWN} more like these" if len(errors) > SHOWN else ""
        raise Failure("; ".join(errors[:SHOWN]) + more)
    return [(finding.path, finding.message) for finding in found]
