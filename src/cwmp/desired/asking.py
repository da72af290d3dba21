"""Asking a CPE in ways that small and odd agents survive: procedures that read and never write.

One unknown name faults a whole GetParameterValues (9005), so a read that faults is halved until the names
at fault stand alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from cwmp.datamodel.paths import ROOTS, TR098, TR181
from cwmp.desired.procedure import CpeFault, Procedure, Request
from cwmp.wire.messages import (
    Fault,
    GetParameterAttributes,
    GetParameterAttributesResponse,
    GetParameterNames,
    GetParameterNamesResponse,
    GetParameterValues,
    GetParameterValuesResponse,
    Message,
    ParameterAttribute,
    ParameterInfo,
    ParameterValue,
)

CHUNK = 256
"""Names in one GetParameterValues; agents with little memory choke on thousands."""

_NO_SUCH_NAME = (9003, 9005)
_NO_SUCH_METHOD = 9000
_GIVE_UP = 8
"""So many names refused one by one for another reason than their name, and none read: all will be."""

R = TypeVar("R", bound=Message)
V = TypeVar("V", ParameterValue, ParameterAttribute)


def ask(message: Message, response: type[R], purpose: str, device: str) -> Procedure[R | Fault]:
    """One request. A fault is returned; raises `CpeFault` (code 0) for an answer of another kind."""
    answer = yield Request(message, purpose)
    if isinstance(answer, response | Fault):
        return answer
    raise CpeFault(
        f"{device} answered {type(message).__name__} with "
        f"{'nothing' if answer is None else type(answer).__name__}: look at its trace",
        code=0,
        purpose=purpose,
    )


def read_values(
    names: Iterable[str], device: str, purpose: str = "read"
) -> Procedure[tuple[dict[str, ParameterValue], dict[str, Fault]]]:
    """Values by name, and the fault of each name that could not be read."""

    def request(part: Sequence[str]) -> Procedure[Sequence[ParameterValue] | Fault]:
        message = GetParameterValues(tuple(part))
        answer = yield from ask(message, GetParameterValuesResponse, purpose, device)
        return answer if isinstance(answer, Fault) else answer.parameter_list

    return (yield from _bisected(names, request))


def read_attributes(
    names: Iterable[str], device: str, purpose: str = "read attributes"
) -> Procedure[tuple[dict[str, ParameterAttribute], dict[str, Fault]]]:
    """Attributes by name, and the fault of each name that could not be read."""

    def request(part: Sequence[str]) -> Procedure[Sequence[ParameterAttribute] | Fault]:
        message = GetParameterAttributes(tuple(part))
        answer = yield from ask(message, GetParameterAttributesResponse, purpose, device)
        return answer if isinstance(answer, Fault) else answer.parameter_list

    return (yield from _bisected(names, request))


def _bisected(
    names: Iterable[str], request: Callable[[Sequence[str]], Procedure[Sequence[V] | Fault]]
) -> Procedure[tuple[dict[str, V], dict[str, Fault]]]:
    asked = list(names)
    found: dict[str, V] = {}
    faults: dict[str, Fault] = {}
    parts = [asked[at : at + CHUNK] for at in range(0, len(asked), CHUNK)][::-1]
    while parts:
        part = parts.pop()
        answer = yield from request(part)
        if not isinstance(answer, Fault):
            for each in answer:
                found[each.name] = each
            for name in part:
                if name not in found:
                    faults[name] = Fault.of(9005, "the CPE left it out of its answer")
            continue
        if len(part) > 1 and answer.code != _NO_SUCH_METHOD and not _hopeless(found, faults):
            middle = len(part) // 2
            parts += [part[middle:], part[:middle]]
            continue
        faults |= dict.fromkeys(part, answer)
    return found, faults


def _hopeless(found: Mapping[str, V], faults: Mapping[str, Fault]) -> bool:
    if found or len(faults) < _GIVE_UP:
        return False
    return all(fault.code not in _NO_SUCH_NAME for fault in faults.values())


def names_below(
    path: str, next_level: bool, device: str, purpose: str = "list"
) -> Procedure[tuple[ParameterInfo, ...] | Fault]:
    """GetParameterNames; a fault is returned."""
    answer = yield from ask(GetParameterNames(path, next_level), GetParameterNamesResponse, purpose, device)
    return answer if isinstance(answer, Fault) else answer.parameter_list


def find_root(device: str) -> Procedure[str]:
    """The device's root, asked for where nobody knows it. Raises `CpeFault` when it has neither.

    GetParameterNames of the empty path is what the standard offers; agents that refuse it are asked for a
    parameter every device has (TR-069a6 §3.6).
    """
    listed = yield from names_below("", True, device, "find root")
    if not isinstance(listed, Fault):
        for root in ROOTS:
            if any(each.name.startswith(root) for each in listed):
                return root
    for root in (TR181, TR098):
        name = f"{root}DeviceInfo.SoftwareVersion"
        values, _ = yield from read_values([name], device, "find root")
        if name in values:
            return root
    raise CpeFault(
        f"{device} has neither {TR181} nor {TR098} as its root: it is no CPE this engine knows",
        code=listed.code if isinstance(listed, Fault) else 9005,
        purpose="find root",
    )
