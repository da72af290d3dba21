# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine, imported once in the parent of all workers, and guarded.

An unguarded import would end the whole run; here it becomes one sentence per host. Only what a worker
needs is imported: the client of the platform and the data-model facts, both standard library only.
"""

from __future__ import annotations

import sys

REQUIRED = (0, 1)
"""The oldest engine (major, minor) this collection was tested with; requirements.txt says the same."""

try:
    import cwmp
    import cwmp.platforms.acs  # what platform_for would import in every single worker
    from cwmp.errors import CwmpError
    from cwmp.platforms.choose import platform_for
    from cwmp.platforms.protocol import Call, ConvergeCall, Registration

    IMPORT_ERROR: ImportError | None = None
except ImportError as error:
    IMPORT_ERROR = error

    class CwmpError(Exception):  # type: ignore[no-redef]
        """Stands in where the engine is missing; never raised."""


def _problem() -> str | None:
    wanted = ".".join(str(part) for part in REQUIRED)
    install = f"run '{sys.executable} -m pip install \"cwmp>={wanted}\"'"
    if IMPORT_ERROR is not None:
        return f"the Python that runs Ansible cannot import the engine 'cwmp' ({IMPORT_ERROR}); {install}"
    version = cwmp.__version__
    if tuple(int(part) for part in version.split(".")[:2] if part.isdigit()) < REQUIRED:
        return f"the engine 'cwmp' {version} is older than this collection needs; {install}"
    return None


PROBLEM = _problem()
"""One sentence that says what to install, or None where the engine is there and new enough."""

__all__ = [
    "PROBLEM",
    "REQUIRED",
    "Call",
    "ConvergeCall",
    "CwmpError",
    "Registration",
    "platform_for",
]
