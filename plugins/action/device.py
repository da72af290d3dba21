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
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.outcome import Failure
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.plain import as_lines

MATCH: Spec = {
    "manufacturer": {"type": "str"},
    "oui": {"type": "str"},
    "product_class": {"type": "str"},
    "serial_prefix": {"type": "str"},
}
OF_A_DEVICE = ("connection_request_username", "connection_request_password", "tags", "quarantine")
OF_A_TYPE = ("match", "any_device", "individual")


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
        "device_type": {"type": "str"},
        "match": {"type": "dict", "options": MATCH},
        "any_device": {"type": "bool"},
        "individual": {"type": "bool"},
    }

    def act(self):
        return self._device_type() if self.options["device_type"] else self._device()

    def _device(self):
        self._refuse(OF_A_TYPE, "is for a device type; give 'device_type' too")
        self._refuse_half_pairs()
        check = bool(self._task.check_mode)
        if self.options["state"] == "absent":
            change = self.platform.forget(self.device, check=check)
        else:
            change = self.platform.register(self.device, self._registration(), check=check)
        device = change.device.id if change.device else self.device
        record = record_of(change.device) if change.device else None
        return {**self._changed(device, change.changed, change.fields), "device": device, "record": record}

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

    def _device_type(self):
        self._refuse(OF_A_DEVICE, "is for one device; leave out 'device_type'")
        self._refuse_half_pairs()
        name, check = self.options["device_type"], bool(self._task.check_mode)
        if not hasattr(self.platform, "set_device_type"):
            raise Failure(f"platform {self.platform.name} has no device types; register devices one by one")
        if self.options["state"] == "absent":
            if not any(known["name"] == name for known in self.platform.device_types()):
                return {**self._changed(name, False, {}), "device_type": name}
            change = self.platform.delete_device_type(name, check=check)
        else:
            if not self.options["username"]:
                raise Failure(f"device type {name} needs the 'username' that its devices present")
            match = {key: value for key, value in (self.options["match"] or {}).items() if value}
            any_device = bool(self.options["any_device"])
            if any_device and match:
                raise Failure(f"device type {name} has both 'match' and 'any_device: true'; give one of them")
            if not match and not any_device:
                raise Failure(
                    f"device type {name} has no 'match', so its password would let in every device; "
                    "say which devices are of this type, or give 'any_device: true'"
                )
            change = self.platform.set_device_type(
                name,
                match=match,
                username=self.options["username"],
                password=self.options["password"] or "",
                individual=bool(self.options["individual"]),
                any_device=any_device,
                check=check,
            )
        return {**self._changed(name, change["changed"], change["fields"]), "device_type": name}

    def _refuse_half_pairs(self):
        for password in ("password", "connection_request_password"):
            username = password.replace("password", "username")
            if self.options[password] is not None and not self.options[username]:
                raise Failure(f"option '{password}' needs '{username}' beside it; nothing was registered")

    def _refuse(self, options, why):
        for option in options:
            if self.options[option] is not None:
                raise Failure(f"option '{option}' {why}")

    def _changed(self, header, changed, fields):
        result = {"changed": changed, "fields": {name: list(pair) for name, pair in fields.items()}}
        if self._task.diff and fields:
            result["diff"] = {
                "before_header": header,
                "after_header": header,
                "before": as_lines({name: pair[0] for name, pair in fields.items()}),
                "after": as_lines({name: pair[1] for name, pair in fields.items()}),
            }
        return result
