"""The same procedure for a CPE that was lost while it was asked for values: small questions, and safe ones.

Some agents do not survive what the standard allows: a GetParameterValues of more names than they have room
for (32 with one), or of one name they do not have.
"""

from __future__ import annotations

from typing import TypeVar

from cwmp.desired.procedure import Answer, Procedure, Request
from cwmp.wire.messages import (
    Fault,
    GetParameterNames,
    GetParameterNamesResponse,
    GetParameterValues,
    GetParameterValuesResponse,
    ParameterValue,
)

T = TypeVar("T")

AT_ONCE = 16
"""Names in one GetParameterValues."""


def gently(procedure: Procedure[T]) -> Procedure[T]:
    """`procedure`, with each of its GetParameterValues in small parts and only for names the CPE lists.

    For a name the CPE does not list, fault 9005 is given in its stead, and it is not asked.
    """
    names = _Names()
    answer: Answer = None
    try:
        while True:
            try:
                step = procedure.send(answer)
            except StopIteration as stop:
                result: T = stop.value
                return result
            if isinstance(step, Request) and isinstance(step.message, GetParameterValues):
                answer = yield from _values(step.message.parameter_names, step.purpose, names)
            else:
                answer = yield step
                names.heard(answer)
    finally:
        procedure.close()


class _Names:
    """What the CPE has, as far as it was asked. unlistable: objects it would not list."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.listed: set[str] = set()
        self.unlistable: set[str] = set()

    def heard(self, answer: Answer) -> None:
        if isinstance(answer, GetParameterNamesResponse):
            self.known.update(each.name for each in answer.parameter_list)

    def lacks(self, name: str, purpose: str) -> Procedure[bool]:
        if name in self.known:
            return False
        above = name.rpartition(".")[0] + "."
        if above not in self.listed:
            self.listed.add(above)
            answer = yield Request(GetParameterNames(above, True), purpose)
            self.heard(answer)
            # 9005 says as much as an empty list; after any other fault nothing is known
            nothing = isinstance(answer, Fault) and answer.code in (9003, 9005)
            if not nothing and not isinstance(answer, GetParameterNamesResponse):
                self.unlistable.add(above)
        return name not in self.known and above not in self.unlistable


def _values(wanted: tuple[str, ...], purpose: str, names: _Names) -> Procedure[Answer]:
    for name in wanted:
        if (yield from names.lacks(name, purpose)):
            return Fault.of(9005)
    found: list[ParameterValue] = []
    for at in range(0, len(wanted), AT_ONCE):
        answer = yield Request(GetParameterValues(wanted[at : at + AT_ONCE]), purpose)
        if not isinstance(answer, GetParameterValuesResponse):
            return answer
        found += answer.parameter_list
    return GetParameterValuesResponse(tuple(found))
