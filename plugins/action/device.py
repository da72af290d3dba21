# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Register a CPE, or a type of CPEs, on its platform."""

from __future__ import annotations

from typing import ClassVar

from ansible_collections.cpeops.cwmp.plugins.plugin_utils import engine
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.argument_specs import PLATFORM, Spec
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.cpe_action import CpeAction
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.device_record import record_of
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.plain import as_lines


class ActionModule(CpeAction):
    """The platform's side only; nothing is sent to the CPE."""

    SPEC: ClassVar[Spec] = {
        **PLATFORM,
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "username": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "connection_request_username": {"type": "str"},
        "connection_request_password": {"type": "str", "no_log": True},
        "tags": {"type": "list", "elements": "str"},
        "quarantine": {"type": "bool"},
    }

    def act(self):
        check = bool(self._task.check_mode)
        if self.options["state"] == "absent":
            change = self.platform.forget(self.device, check=check)
        else:
            change = self.platform.register(self.device, self._registration(), check=check)
        result = {
            "changed": change.changed,
            "fields": {name: list(pair) for name, pair in change.fields.items()},
            "device": change.device.id if change.device else self.device,
            "record": record_of(change.device) if change.device else None,
        }
        if self._task.diff and change.fields:
            result["diff"] = {
                "before_header": result["device"],
                "after_header": result["device"],
                "before": as_lines({name: pair[0] for name, pair in change.fields.items()}),
                "after": as_lines({name: pair[1] for name, pair in change.fields.items()}),
            }
        return result

    def _registration(self):
        tags = self.options["tags"]
        return engine.Registration(
            username=self.options["username"],
            password=self.options["password"],
            connection_request_username=self.options["connection_request_username"],
            connection_request_password=self.options["connection_request_password"],
            tags=None if tags is None else tuple(str(tag) for tag in tags),
            quarantine=self.options["quarantine"],
        )
