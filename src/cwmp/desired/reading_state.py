"""JSON ⇄ `DesiredState`. Strict: whatever is not understood is refused, with its place and the mend."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, cast

from cwmp.datamodel.paths import PathError, check_path, leaf, row_selector
from cwmp.desired.procedure import Refused
from cwmp.desired.state import AttributeState, DesiredState, InstanceState, Scalar

_STATE = ("set", "instances", "attributes")
_INSTANCE = ("table", "match", "set", "state", "number")
_ATTRIBUTE = ("path", "notification", "access_list")


def state_from_json(data: Mapping[str, Any]) -> DesiredState:
    """Read the JSON form. Raises `Refused` with the place and the mend for anything malformed.

    Whether the paths exist and the values suit them is not looked at here: see `checking`.
    """
    top = _mapping(data, "the desired state", _STATE)
    return DesiredState(
        set=_values(top.get("set"), "set", relative=False),
        instances=tuple(
            _instance(each, f"instances[{index}]") for index, each in _list(top.get("instances"), "instances")
        ),
        attributes=tuple(
            _attribute(each, f"attributes[{index}]")
            for index, each in _list(top.get("attributes"), "attributes")
        ),
    )


def state_to_json(state: DesiredState) -> dict[str, Any]:
    """The JSON form; `state_from_json` gives the same state back. It may hold secrets."""
    found: dict[str, Any] = {}
    if state.set:
        found["set"] = _copied(state.set)
    if state.instances:
        found["instances"] = [_instance_to_json(each) for each in state.instances]
    if state.attributes:
        found["attributes"] = [_attribute_to_json(each) for each in state.attributes]
    return found


def _copied(values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    return {path: list(value) if isinstance(value, list) else value for path, value in values.items()}


def _instance_to_json(instance: InstanceState) -> dict[str, Any]:
    found: dict[str, Any] = {"table": instance.table}
    if instance.match:
        found["match"] = _copied(instance.match)
    if instance.set:
        found["set"] = _copied(instance.set)
    if instance.state != "present":
        found["state"] = instance.state
    if instance.number is not None:
        found["number"] = instance.number
    return found


def _attribute_to_json(attribute: AttributeState) -> dict[str, Any]:
    found: dict[str, Any] = {"path": attribute.path}
    if attribute.notification is not None:
        found["notification"] = attribute.notification
    if attribute.access_list is not None:
        found["access_list"] = list(attribute.access_list)
    return found


def _mapping(data: Any, place: str, allowed: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise Refused(f"{place} has to be a mapping with {_named(allowed)}, not {_kind(data)}")
    for key in data:
        if key not in allowed:
            raise Refused(f"{place} does not know {key!r}: allowed are {_named(allowed)}")
    return data


def _list(data: Any, place: str) -> enumerate[Any]:
    if data is None:
        return enumerate(())
    if isinstance(data, str | bytes | Mapping) or not isinstance(data, Sequence):
        raise Refused(f"{place} has to be a list, not {_kind(data)}")
    return enumerate(data)


def _values(data: Any, place: str, *, relative: bool) -> dict[str, Scalar]:
    """A mapping from path to value; relative: the paths begin below a row."""
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise Refused(f"{place} has to be a mapping from parameter path to value, not {_kind(data)}")
    found: dict[str, Scalar] = {}
    for path, value in data.items():
        if not isinstance(path, str):
            raise Refused(f"{place} has a key that is no text ({path!r}): write the path in quotes")
        _checked(path, place, relative=relative)
        found[path] = _scalar(value, path, place)
    return found


def _checked(path: str, place: str, *, relative: bool) -> None:
    complaint = _complaint(path, relative)
    if complaint:
        raise Refused(f"{place}: {complaint}", path=path)


@lru_cache(maxsize=8192)
def _complaint(path: str, relative: bool) -> str:
    """What is wrong with a parameter's path, "" if nothing. A fleet is sent the same few paths."""
    if relative and path.startswith("."):
        return f"{path!r} is below the row already: leave the leading dot away"
    try:
        check_path(f".{path}" if relative else path)
    except PathError as error:
        return str(error)
    if path.endswith("."):
        return f"{path!r} is an object because it ends in a dot: name its parameters one by one"
    if "{i}" in path:
        return f'{path!r} has {{i}} where a row is to be named: write its number or [Key=="value"]'
    if row_selector(leaf(path)) is not None:
        return f"{path!r} names a row: add a dot and the parameter's name"
    return ""


def _scalar(value: Any, path: str, place: str) -> Scalar:
    # no value is ever shown here: it may be a secret
    if value is None:
        raise Refused(
            f'{place}: {path} has no value: write "" for the empty text, or take the line out', path=path
        )
    if isinstance(value, Mapping):
        raise Refused(
            f"{place}: {path} holds a nested mapping: write each parameter as one whole path with its value",
            path=path,
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise Refused(f"{place}: {path} is no finite number: put a text in quotes", path=path)
    if isinstance(value, str | bool | int | float):
        # str subclasses (Ansible's, say) and enums become plain values here
        return value if isinstance(value, bool) else _plain(value)
    if isinstance(value, list | tuple):
        for item in value:
            if not isinstance(item, str):
                raise Refused(
                    f"{place}: {path} has {_kind(item)} in its list: put every item in quotes", path=path
                )
        return [str(item) for item in value]
    raise Refused(
        f"{place}: {path} holds {_kind(value)}: put the value in quotes as it is to be sent", path=path
    )


def _plain(value: str | int | float) -> Scalar:
    if isinstance(value, str):
        return value if type(value) is str else str.__str__(value)
    return value


def _instance(data: Any, place: str) -> InstanceState:
    found = _mapping(data, place, _INSTANCE)
    table = found.get("table")
    if not isinstance(table, str):
        raise Refused(f'{place} needs "table": the path of the table, such as ".XMPP.Connection."')
    try:
        check_path(table)
    except PathError as error:
        raise Refused(f"{place}: {error}", path=table) from error
    if not table.endswith("."):
        raise Refused(f"{place}: the table {table!r} has to end in a dot", path=table)
    if "{i}" in table:
        raise Refused(f'{place}: {table!r} has {{i}}: name the row by number or [Key=="value"]', path=table)
    if leaf(table)[:1] in "0123456789[":
        raise Refused(
            f"{place}: {table!r} names a row: give the table, and the row's keys in match", path=table
        )
    state = found.get("state", "present")
    if state not in ("present", "absent"):
        raise Refused(f"{place}: state is present or absent, not {state!r}", path=table)
    number = found.get("number")
    if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 1):
        raise Refused(f"{place}: number is an instance number from 1 up, not {number!r}", path=table)
    match = _values(found.get("match"), f"{place}.match", relative=True)
    wanted = _values(found.get("set"), f"{place}.set", relative=True)
    if not match and number is None:
        raise Refused(
            f"{place}: {table} needs match, the key parameters that tell the row from others "
            'such as {"Alias": "acs"}',
            path=table,
        )
    if state == "absent" and wanted:
        raise Refused(f"{place}: a row of {table} that is to be absent takes no set", path=table)
    for key, value in match.items():
        if key in wanted and wanted[key] != value:
            raise Refused(
                f"{place}: {key} is in match and in set with another value: the row could not be found again",
                path=table,
            )
    return InstanceState(table, match, wanted, cast('Literal["present", "absent"]', state), number)


def _attribute(data: Any, place: str) -> AttributeState:
    found = _mapping(data, place, _ATTRIBUTE)
    path = found.get("path")
    if not isinstance(path, str):
        raise Refused(f'{place} needs "path": the parameter whose attributes are meant')
    _checked(path, place, relative=False)
    notification = found.get("notification")
    if notification is not None and (
        isinstance(notification, bool) or not isinstance(notification, int) or not 0 <= notification <= 6
    ):
        raise Refused(
            f"{place}: notification is 0 (off), 1 (passive), 2 (active) or 3 to 6 (lightweight), "
            f"not {notification!r}",
            path=path,
        )
    access = found.get("access_list")
    if access is not None and (
        not isinstance(access, list | tuple) or not all(isinstance(each, str) for each in access)
    ):
        raise Refused(f'{place}: access_list is a list of texts such as ["Subscriber"]', path=path)
    if notification is None and access is None:
        raise Refused(f"{place}: {path} needs notification or access_list", path=path)
    return AttributeState(path, notification, None if access is None else tuple(access))


def _named(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return f"a {type(value).__name__}"
