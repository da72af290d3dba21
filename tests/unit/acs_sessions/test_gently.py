"""A procedure carried on after its session was lost: small questions, and none for what is not there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cwmp.acs.sessions.gently import AT_ONCE, gently
from cwmp.desired.known import KnownDevice
from cwmp.desired.procedure import Answer, CpeFault, Procedure, Request
from cwmp.desired.read import read
from cwmp.wire.messages import (
    Fault,
    GetParameterNames,
    GetParameterNamesResponse,
    GetParameterValues,
    GetParameterValuesResponse,
    Message,
    ParameterInfo,
    ParameterValue,
    Reboot,
    RebootResponse,
)

KNOWN = KnownDevice("0A0B0C-X-1", "Device.")


class Fragile:
    """A CPE that dies of a name it does not have, and of too many."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.asked: list[Message] = []

    def answer(self, message: Message) -> Message | Fault:
        self.asked.append(message)
        if isinstance(message, GetParameterNames):
            path = message.parameter_path
            below = [name for name in self.names if name.startswith(path)]
            if not below:
                return Fault.of(9005)
            return GetParameterNamesResponse(tuple(ParameterInfo(name, True) for name in below))
        assert isinstance(message, GetParameterValues)
        assert len(message.parameter_names) <= AT_ONCE, "the device has crashed"
        assert set(message.parameter_names) <= set(self.names), "the device has crashed"
        return GetParameterValuesResponse(
            tuple(ParameterValue(name, name[-1]) for name in message.parameter_names)
        )


def run(procedure: Procedure[object], answer: Callable[[Message], Answer]) -> object:
    given: Answer = None
    while True:
        try:
            step = procedure.send(given)
        except StopIteration as stop:
            return stop.value
        assert isinstance(step, Request)
        given = answer(step.message)


def test_a_whole_tree_is_listed_once_and_read_in_small_parts() -> None:
    names = tuple(f"Device.Table.{number}.Name" for number in range(1, 101))
    cpe = Fragile(*names)
    outcome = run(gently(read(["."], KNOWN)), cpe.answer)
    assert [each.path for each in outcome.parameters] == list(names)
    assert [type(each) for each in cpe.asked].count(GetParameterNames) == 1
    assert [type(each) for each in cpe.asked].count(GetParameterValues) == -(-100 // AT_ONCE)


def test_names_the_device_does_not_have_are_missing_and_never_asked() -> None:
    cpe = Fragile("Device.A.B", "Device.A.C")
    paths = ["Device.A.B", "Device.A.X", "Device.A.C", "Device.None.Y"]
    outcome = run(gently(read(paths, KNOWN)), cpe.answer)
    assert {each.path: each.value for each in outcome.parameters} == {"Device.A.B": "B", "Device.A.C": "C"}
    assert outcome.missing == ("Device.A.X", "Device.None.Y")
    listed = [each.parameter_path for each in cpe.asked if isinstance(each, GetParameterNames)]
    assert listed == ["Device.A.", "Device.None."]


@pytest.mark.parametrize("code", [9000, 9002])
def test_a_device_that_lists_nothing_is_asked_directly(code: int) -> None:
    cpe = Fragile("Device.A.B")

    def answer(message: Message) -> Message | Fault:
        return Fault.of(code) if isinstance(message, GetParameterNames) else cpe.answer(message)

    outcome = run(gently(read(["Device.A.B"], KNOWN)), answer)
    assert [each.value for each in outcome.parameters] == ["B"]


def test_faults_and_errors_pass_and_closing_closes() -> None:
    def reboots() -> Procedure[str]:
        answer = yield Request(Reboot("k"), "reboot")
        if isinstance(answer, Fault):
            raise CpeFault("no", code=answer.code, purpose="reboot")
        return type(answer).__name__

    assert run(gently(reboots()), lambda _: RebootResponse()) == "RebootResponse"
    with pytest.raises(CpeFault):
        run(gently(reboots()), lambda _: Fault.of(9001))

    closed = []

    def waits() -> Procedure[None]:
        try:
            yield Request(Reboot("k"), "reboot")
        finally:
            closed.append(True)

    procedure = gently(waits())
    next(procedure)
    procedure.close()
    assert closed == [True]


def test_a_fault_in_the_middle_of_the_parts_is_the_faults_of_all() -> None:
    names = tuple(f"Device.Table.{number}.Name" for number in range(1, 40))
    cpe = Fragile(*names)

    def answer(message: Message) -> Message | Fault:
        if isinstance(message, GetParameterValues) and names[20] in message.parameter_names:
            return Fault.of(9002)
        return cpe.answer(message)

    outcome = run(gently(read(["."], KNOWN)), answer)
    assert {each.path for each in outcome.parameters if each.value is not None} == set(names) - {names[20]}
