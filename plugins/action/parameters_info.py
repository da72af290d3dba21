# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read parameters of a CPE."""

from __future__ import annotations

from typing import ClassVar

from ansible_collections.cpeops.cwmp.plugins.plugin_utils import engine
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.argument_specs import CALL, PLATFORM, Spec
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.cpe_action import CpeAction
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.outcome import Failure


class ActionModule(CpeAction):
    """`paths`: parameters and partial paths (ending in a dot)."""

    SPEC: ClassVar[Spec] = {
        **PLATFORM,
        **CALL,
        "paths": {"type": "list", "elements": "str", "required": True},
        "names": {"type": "bool", "default": False},
        "strict": {"type": "bool", "default": False},
    }

    def act(self):
        if not self.options["paths"]:
            raise Failure("option 'paths' is empty; name at least one parameter, or '.' for all")
        call = engine.Call(**self.call_options())
        paths = [str(path) for path in self.options["paths"]]
        result = self.settled(self.platform.read(self.device, paths, call, names=self.options["names"]))
        if self.options["strict"] and result.get("missing"):
            raise Failure(
                f"{result['device']} does not have {', '.join(result['missing'])}; correct 'paths'", result
            )
        return result
