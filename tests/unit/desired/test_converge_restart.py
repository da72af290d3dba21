"""The procedure is killed at every step, with the step landed on the device or not, and started anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from cwmp.desired.converge import converge
from cwmp.desired.known import ConvergeOptions
from cwmp.desired.procedure import Checkpoint, CpeFault, Procedure
from cwmp.desired.running import run
from cwmp.desired.state import DesiredState
from cwmp.wire.messages import AddObject, Fault

FULL = {
    "set": {
        ".ManagementServer.PeriodicInformInterval": 300,
        ".ManagementServer.Password": "top-secret",
        ".ManagementServer.ConnReqXMPPConnection": '.XMPP.Connection.[Alias=="acs"]',
        ".X_ACME.AdminPassword": "read-in-clear",
        ".X_ACME.Text": "hello",
    },
    "instances": [
        {
            "table": ".XMPP.Connection.",
            "match": {"Alias": "acs"},
            "set": {
                "Username": "u",
                "Password": "row-secret",
                "Domain": "d",
                "Enable": True,
                "UseTLS": False,
            },
        },
        {
            "table": '.XMPP.Connection.[Alias=="acs"].Server.',
            "match": {"Alias": "main"},
            "set": {"ServerAddress": "192.0.2.1"},
        },
        {"table": ".XMPP.Connection.", "match": {"Alias": "second"}, "set": {"Domain": "e"}},
        {"table": ".XMPP.Connection.", "match": {"Alias": "old"}, "state": "absent"},
    ],
    "attributes": [{"path": '.XMPP.Connection.[Alias=="acs"].Domain', "notification": 1}],
}
PLAIN = {"set": FULL["set"] | {".ManagementServer.ConnReqXMPPConnection": ".XMPP.Connection.1"}}


class Lost(Exception):
    """The session ended here."""


def attempt(
    bench: Any, state: Any, memory: Mapping[str, Any] | None, cut: int, landed: bool, keys: bool
) -> tuple[Any, Mapping[str, Any] | None]:
    """Run until the step numbered `cut`. Gives the outcome or None, and the last checkpoint."""
    known = bench.knowing()
    if not keys:
        known = replace(known, parameter_key="")
    options = ConvergeOptions(token="tx-1")
    procedure: Procedure[Any] = converge(DesiredState.from_json(state), known, options, memory)
    number = 0
    try:
        step = next(procedure)
        while True:
            number += 1
            if isinstance(step, Checkpoint):
                if number != cut or landed:
                    memory = step.memory
                    bench.learn(step.learnt)
                answer = None
            elif number != cut or landed:
                answer = bench.answer(step.message)
            if number == cut:
                procedure.close()
                return None, memory
            step = procedure.send(answer)
    except StopIteration as end:
        return end.value, memory


def told(outcome: Any) -> list[tuple[Any, ...]]:
    return sorted(
        (
            each.kind,
            each.path,
            each.before or "",
            each.wanted or "",
            each.after or "",
            each.type,
            str(each.verdict),
        )
        for each in outcome.changes
    )


def held(bench: Any) -> dict[str, str]:
    skip = ("ParameterKey",)
    return {
        each.path: bench.value(each.path)
        for each in bench.cpe.tree.values("")
        if not each.path.endswith(skip)
    } | {each.path + " notification": str(each.notification) for each in bench.cpe.tree.attributes("")}


def steps_of(make_bench: Any, root: str, state: Any) -> int:
    bench = make_bench(root)
    cut = 1
    while attempt(make_bench(root), state, None, cut, True, True)[0] is None:
        cut += 1
    assert bench is not None
    return cut - 1


@pytest.mark.parametrize("keys", [True, False], ids=["parameter-key", "no-parameter-key"])
@pytest.mark.parametrize("state", [PLAIN, FULL], ids=["values", "rows"])
@pytest.mark.parametrize("root", ["Device.", "InternetGatewayDevice."])
def test_killed_once_or_twice_anywhere_the_end_is_the_same(
    make_bench: Any, root: str, state: Any, keys: bool
) -> None:
    whole = make_bench(root)
    expected, _ = attempt(whole, state, None, 0, True, True)
    wanted, result = told(expected), held(whole)
    steps = steps_of(make_bench, root, state)
    assert steps >= 3
    for first, landed in cuts(steps):
        once = make_bench(root)
        outcome, memory = attempt(once, state, None, first, landed, keys)
        assert outcome is None
        outcome, _ = attempt(once, state, memory, 0, True, keys)
        assert told(outcome) == wanted, (first, landed)
        assert held(once) == result, (first, landed)
        once.learn(outcome.learnt)
        assert not once.converge(state).changed, (first, landed)
        # the second death tells nothing new on the other root
        for second, landed_too in cuts(steps) if root == "Device." else ():
            twice = make_bench(root)
            _, memory = attempt(twice, state, None, first, landed, keys)
            outcome, memory = attempt(twice, state, memory, second, landed_too, keys)
            if outcome is None:
                outcome, _ = attempt(twice, state, memory, 0, True, keys)
            assert told(outcome) == wanted, (first, landed, second, landed_too)
            assert held(twice) == result, (first, landed, second, landed_too)


def cuts(steps: int) -> Iterator[tuple[int, bool]]:
    for number in range(1, steps + 1):
        yield number, False
        yield number, True


def test_after_a_set_that_landed_it_only_verifies(bench: Any) -> None:
    outcome, memory = attempt(bench, PLAIN, None, 3, True, True)
    assert outcome is None and bench.sent[-1] == "SetParameterValues"
    bench.log.clear()
    outcome, _ = attempt(bench, PLAIN, memory, 0, True, True)
    assert bench.sent == ["GetParameterValues"]
    assert outcome.changed and not outcome.failed_verdicts
    assert f"{bench.root}ManagementServer.Password" in outcome.learnt.secret_hashes


def test_what_landed_and_was_undone_by_the_device_is_told_and_not_written_again(bench: Any) -> None:
    state = {"set": {".X_ACME.Text": "hello"}}
    _, memory = attempt(bench, state, None, 3, True, True)
    bench.cpe.change(".X_ACME.Text", "")
    bench.log.clear()
    outcome, _ = attempt(bench, state, memory, 0, True, True)
    assert bench.sent == ["GetParameterValues"]
    assert [str(each.verdict) for each in outcome.changes] == ["reverted"]


def test_without_a_token_an_empty_parameter_key_proves_nothing(bench: Any) -> None:
    state = {"set": {".ManagementServer.Password": "top-secret"}}
    options = ConvergeOptions(token="")
    stored: list[Any] = []

    def lose(message: Any) -> Any:
        if type(message).__name__ == "SetParameterValues":
            raise Lost
        return bench.answer(message)

    with pytest.raises(Lost):
        run(converge(DesiredState.from_json(state), bench.known, options), lose, stored.append)
    procedure = converge(DesiredState.from_json(state), bench.known, options, stored[-1].memory)
    assert run(procedure, bench.answer).changed
    assert bench.value(".ManagementServer.Password") == "top-secret"


def test_of_several_rows_that_appeared_none_is_adopted_and_the_user_is_told(bench: Any) -> None:
    state = {"instances": [{"table": ".XMPP.Connection.", "match": {"Alias": "acs"}}]}
    cut = 1
    while not isinstance((bench.log or [None])[-1], AddObject):
        bench.log.clear()
        _, memory = attempt(bench, state, None, cut, True, True)
        cut += 1
    bench.cpe.answer(AddObject(f"{bench.root}XMPP.Connection."))
    outcome, _ = attempt(bench, state, memory, 0, True, True)
    assert outcome.instances[0].number == 4
    assert "2, 3" in outcome.warnings[0]


def test_of_several_rows_that_appeared_the_one_that_fits_is_taken(bench: Any) -> None:
    state = {"instances": [{"table": ".XMPP.Connection.", "match": {"Alias": "acs"}}]}
    cut = 1
    while not isinstance((bench.log or [None])[-1], AddObject):
        bench.log.clear()
        _, memory = attempt(bench, state, None, cut, True, True)
        cut += 1
    bench.cpe.answer(AddObject(f"{bench.root}XMPP.Connection."))
    bench.cpe.change(".XMPP.Connection.3.Alias", "acs")
    outcome, _ = attempt(bench, state, memory, 0, True, True)
    assert outcome.instances[0].number == 3 and outcome.changes[0].kind == "add"


def test_killed_while_undoing_a_row_it_is_undone_in_the_end(make_bench: Any) -> None:
    state = {
        "instances": [
            {"table": ".XMPP.Connection.", "match": {"Alias": "acs"}, "set": {"KeepAliveInterval": -7}}
        ]
    }
    for cut in range(1, 9):
        for landed in (False, True):
            bench = make_bench("Device.")
            try:
                _, memory = attempt(bench, state, None, cut, landed, True)
            except CpeFault:
                continue
            with pytest.raises(CpeFault, match="KeepAliveInterval"):
                attempt(bench, state, memory, 0, True, True)
            assert bench.value(".XMPP.ConnectionNumberOfEntries") == "1", (cut, landed)


REFUSED_LATE = {
    "set": {".X_ACME.Text": "hello", ".ManagementServer.Password": "top-secret"},
    "instances": [
        {"table": ".XMPP.Connection.", "match": {"Alias": "acs"}, "set": {"Domain": "d"}},
        {"table": ".XMPP.Connection.", "match": {"Alias": "old"}, "state": "absent"},
    ],
    "attributes": [{"path": ".X_ACME.Text", "notification": 1}],
}
NO_SUCH_PARAMETER = {
    "instances": [{"table": ".XMPP.Connection.", "match": {"Alias": "acs"}, "set": {"Nonsense": "d"}}],
}


@pytest.mark.parametrize(
    ("state", "refused"),
    [
        (REFUSED_LATE, "SetParameterAttributes"),
        (REFUSED_LATE, "DeleteObject"),
        (NO_SUCH_PARAMETER, ""),
    ],
    ids=["attributes-refused", "delete-refused", "row-without-parameter"],
)
def test_killed_before_a_refusal_what_stays_on_the_device_is_told(
    make_bench: Any, state: Any, refused: str
) -> None:
    def bench_that_refuses() -> Any:
        bench = make_bench("Device.")
        answer = bench.cpe.answer
        bench.cpe.answer = lambda message: (
            Fault.of(9002) if type(message).__name__ == refused else answer(message)
        )
        return bench

    untouched = held(make_bench("Device."))
    for cut, landed in cuts(40):
        bench = bench_that_refuses()
        memory = None
        try:
            _, memory = attempt(bench, state, None, cut, landed, True)
            attempt(bench, state, memory, 0, True, True)
        except CpeFault as fault:
            now = held(bench)
            rows = tuple(each.path for each in fault.changes if each.kind == "add") or ("-",)
            really = {
                path.removesuffix(" notification")
                for path in {*now, *untouched}
                if now.get(path) != untouched.get(path) and not path.endswith("NumberOfEntries")
            }
            values = {each.path for each in fault.changes if each.kind != "add"}
            assert {path for path in really if not path.startswith(rows)} == {
                path for path in values if not path.startswith(rows)
            }, (cut, landed)
            assert bool(really) == bool(fault.changes), (cut, landed)
            if memory is None:
                return


def test_given_up_after_a_set_that_landed_the_old_password_is_not_taken_for_the_held_one(bench: Any) -> None:
    old = {"set": {".ManagementServer.Password": "old-secret"}}
    new = {"set": {".ManagementServer.Password": "new-secret"}}
    bench.converge(old)
    attempt(bench, new, None, 3, True, True)
    assert bench.value(".ManagementServer.Password") == "new-secret"
    assert bench.converge(old).changed
    assert bench.value(".ManagementServer.Password") == "old-secret"


def test_memory_of_another_version_is_no_harm(bench: Any) -> None:
    assert bench.converge(PLAIN, memory={"version": 99}).changed
