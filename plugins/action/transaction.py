# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wait for a transaction and report what it did, as the task that submitted it would have."""

from __future__ import annotations

from typing import ClassVar

from ansible_collections.cpeops.cwmp.plugins.plugin_utils.argument_specs import PLATFORM, TIMEOUT, Spec
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.cpe_action import CpeAction


class ActionModule(CpeAction):
    """A transaction submitted with `wait: false`, also one of check mode."""

    SPEC: ClassVar[Spec] = {
        **PLATFORM,
        **TIMEOUT,
        "id": {"type": "str", "required": True},
        "queue": {"type": "bool", "default": False},
    }

    def act(self):
        return self.settled(self.platform.transaction(self.options["id"], wait=self.options["timeout"]))
