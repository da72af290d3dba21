# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gather what the platform knows of a CPE."""

from __future__ import annotations

from typing import ClassVar

from ansible_collections.cpeops.cwmp.plugins.plugin_utils.argument_specs import PLATFORM, Spec
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.cpe_action import CpeAction
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.device_record import record_of


class ActionModule(CpeAction):
    """Asks the platform only; the CPE is not woken."""

    SPEC: ClassVar[Spec] = {**PLATFORM}

    def act(self):
        return {"changed": False, "ansible_facts": {"cwmp": record_of(self.platform.device(self.device))}}
