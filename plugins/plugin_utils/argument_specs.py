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
