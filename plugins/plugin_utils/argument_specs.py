# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Argument specs of the actions, composed like their documentation (plugins/doc_fragments)."""

from __future__ import annotations

from typing import Any

Spec = dict[str, dict[str, Any]]

PLATFORM: Spec = {
    "device": {"type": "str"},
    "platform": {"type": "str", "default": "acs"},
    "url": {"type": "str"},
    "token": {"type": "str", "no_log": True},
    "ca_file": {"type": "path"},
}
"""Which device, through which platform."""

TIMEOUT: Spec = {"timeout": {"type": "float", "default": 60.0}}

CALL: Spec = {
    **TIMEOUT,
    "wait": {"type": "bool", "default": True},
    "queue": {"type": "bool", "default": False},
    "connection_request": {
        "type": "str",
        "default": "auto",
        "choices": ["auto", "http", "xmpp", "stun", "none"],
    },
}
"""How a transaction is carried."""

CONVERGE: Spec = {
    "secrets": {"type": "str", "default": "when_changed", "choices": ["when_changed", "always", "never"]},
    "secret_paths": {"type": "list", "elements": "str", "default": []},
    "accept": {
        "type": "list",
        "elements": "str",
        "default": [],
        "choices": ["pending_reboot", "normalised", "reverted", "unverifiable"],
    },
    "strict": {"type": "bool", "default": False},
}
"""How differences are found and judged."""

COMMON = frozenset({*PLATFORM, *CALL, *CONVERGE})
"""Options that `module_defaults` may give to the whole action group, used by an action or not."""

INSTANCE: Spec = {
    "table": {"type": "str", "required": True},
    "match": {"type": "dict", "default": {}},
    "set": {"type": "dict", "default": {}},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "number": {"type": "int"},
}

ATTRIBUTE: Spec = {
    "path": {"type": "str", "required": True},
    "notification": {"type": "int", "choices": [0, 1, 2, 3, 4, 5, 6]},
    "access_list": {"type": "list", "elements": "str"},
}

HOST_VARIABLES = {
    "device": "cwmp_device",
    "platform": "cwmp_platform",
    "url": "cwmp_url",
    "token": "cwmp_token",
    "ca_file": "cwmp_ca_file",
    "timeout": "cwmp_timeout",
    "connection_request": "cwmp_connection_request",
}
"""Host variables that stand in for an option that is not given."""

ENVIRONMENT = {"url": "CWMP_URL", "token": "CWMP_TOKEN"}
"""Environment variables that stand in where the host variable is missing too."""

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "path": (),
    "bool": (bool,),
    "int": (int,),
    "float": (float, int),
    "dict": (dict,),
    "list": (list,),
}


def at_once(spec: Spec, given: dict[str, Any]) -> dict[str, Any] | None:
    """Options that need no conversion, with defaults filled in; None where Ansible's validator has to look.

    The validator costs a forked worker more than everything else it does before it calls the platform, and
    nearly every task gives what the spec says.
    """
    options: dict[str, Any] = {}
    for name, entry in spec.items():
        value = given.get(name)
        if value is None:
            if entry.get("required"):
                return None
            default = entry.get("default")
            options[name] = default.copy() if isinstance(default, (dict, list)) else default
            continue
        if not _fits(entry, value):
            return None
        options[name] = value
    return options


def _fits(entry: dict[str, Any], value: Any) -> bool:
    kind = entry["type"]
    if not isinstance(value, _PYTHON_TYPES[kind]) or (kind != "bool" and isinstance(value, bool)):
        return False
    choices = entry.get("choices")
    if "options" in entry:
        return not value
    if kind == "list":
        return all(isinstance(item, str) and (not choices or item in choices) for item in value)
    return not choices or value in choices
