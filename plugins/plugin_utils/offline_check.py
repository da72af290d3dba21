# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A desired state held against the standard data models, before anything is sent.

Importing this loads the data models, once, in the parent of all workers: a worker then pays a fraction of a
millisecond for its check instead of the whole load.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from ansible_collections.cpeops.cwmp.plugins.plugin_utils import engine
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.outcome import Failure

SHOWN = 3
"""Errors named in one sentence; the rest are counted."""

try:
    from cwmp.datamodel import is_secret
    from cwmp.desired.checking import check_state
    from cwmp.desired.state import DesiredState

    with contextlib.suppress(Exception):  # what is wrong with it, each worker will say of its own host
        check_state(DesiredState.from_json({"set": {".ManagementServer.URL": ""}}))
except ImportError as error:
    engine.IMPORT_ERROR = engine.IMPORT_ERROR or error


def findings(state: Mapping[str, Any], *, strict: bool) -> list[tuple[str, str]]:
    """Warnings as pairs of path and sentence; the device's root is not known here.

    Raises `Failure` for what cannot be right on any device (YAML's traps), and with `strict` for any finding;
    the engine's `CwmpError` for a malformed state.
    """
    found = check_state(DesiredState.from_json(state), strict=strict)
    errors = [finding.message for finding in found if finding.severity == "error"]
    if errors:
        more = f"; and {len(errors) - SHOWN} more like these" if len(errors) > SHOWN else ""
        raise Failure("; ".join(errors[:SHOWN]) + more)
    return [(finding.path, finding.message) for finding in found]


__all__ = ["findings", "is_secret"]
