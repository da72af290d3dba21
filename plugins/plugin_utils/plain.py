# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values as YAML and Jinja give them, made plain: fit for JSON, or an error that says the mend."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any


class NotPlain(Exception):
    """A value that YAML has turned into something no CPE parameter can be; one sentence with the mend."""


def plain_value(where: str, value: Any) -> str | int | float | bool | list[str]:
    """One wanted value. `where` is its path, for the error. Ansible's tagged values become plain ones."""
    if isinstance(value, bool):
        return bool(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if value is None:
        raise NotPlain(f"{where} has no value; write '' for the empty string, or leave the path out")
    if isinstance(value, (datetime.date, datetime.datetime)):
        raise NotPlain(f"YAML made a date of the value of {where}; quote it")
    if isinstance(value, (list, tuple)):
        return [_list_item(where, item) for item in value]
    if isinstance(value, Mapping):
        raise NotPlain(f"the value of {where} is a mapping; write one full path per parameter")
    raise NotPlain(f"the value of {where} is a {type(value).__name__}; quote it")


def _list_item(where: str, item: Any) -> str:
    if isinstance(item, str):
        return str(item)
    if isinstance(item, int) and not isinstance(item, bool):
        return str(int(item))
    raise NotPlain(f"an item of the list {where} is neither text nor a whole number; quote it")


def plain_values(option: str, mapping: Any) -> dict[str, Any]:
    """A mapping from parameter path to value."""
    if mapping is None:
        return {}
    if not isinstance(mapping, Mapping):
        raise NotPlain(f"option '{option}' must be a mapping from parameter path to value")
    result: dict[str, Any] = {}
    for path, value in mapping.items():
        if not isinstance(path, str) or not path:
            raise NotPlain(f"option '{option}' has a key that is not a parameter path; quote it")
        result[str(path)] = plain_value(str(path), value)
    return result


def as_lines(fields: Mapping[str, Any]) -> str:
    """One `name: value` a line, for a diff; what is not there has no line."""
    return "".join(f"{name}: {_told(value)}\n" for name, value in fields.items() if value is not None)


def _told(value: Any) -> str:
    return ", ".join(str(item) for item in value) if isinstance(value, (list, tuple)) else str(value)
