# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring a CPE to one desired state of parameters, instances and attributes in one transaction."""

from __future__ import annotations

from typing import ClassVar

from ansible_collections.cpeops.cwmp.plugins.plugin_utils.argument_specs import (
    ATTRIBUTE,
    CALL,
    CONVERGE,
    INSTANCE,
    PLATFORM,
    Spec,
)
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.converge_action import ConvergeAction
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.plain import plain_values


class ActionModule(ConvergeAction):
    """`set`, `instances` and `attributes` together."""

    SPEC: ClassVar[Spec] = {
        **PLATFORM,
        **CALL,
        **CONVERGE,
        "set": {"type": "dict", "default": {}},
        "instances": {"type": "list", "elements": "dict", "default": [], "options": INSTANCE},
        "attributes": {"type": "list", "elements": "dict", "default": [], "options": ATTRIBUTE},
    }
    WRITES = ("set", "instances")

    def act(self):
        return self.converge(
            {
                "set": plain_values("set", self.options["set"]),
                "instances": [self._instance(given) for given in self.options["instances"]],
                "attributes": [
                    {option: value for option, value in given.items() if value is not None}
                    for given in self.options["attributes"]
                ],
            }
        )

    @staticmethod
    def _instance(given):
        instance = {
            "table": given["table"],
            "match": plain_values("match", given["match"]),
            "set": plain_values("set", given["set"]),
            "state": given["state"],
        }
        return instance if given["number"] is None else {**instance, "number": given["number"]}
