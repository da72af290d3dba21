# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ensure parameter values of a CPE."""

from __future__ import annotations

from typing import ClassVar

from ansible_collections.cpeops.cwmp.plugins.plugin_utils.argument_specs import CALL, CONVERGE, PLATFORM, Spec
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.converge_action import ConvergeAction
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.plain import plain_values


class ActionModule(ConvergeAction):
    """`set`: a mapping from parameter path to value."""

    SPEC: ClassVar[Spec] = {**PLATFORM, **CALL, **CONVERGE, "set": {"type": "dict", "required": True}}
    WRITES = ("set",)

    def act(self):
        return self.converge({"set": plain_values("set", self.options["set"])})
