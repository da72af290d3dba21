"""Rows found by key, added, filled, referred to, deleted, undone; and attributes."""

from __future__ import annotations

from typing import Any

import pytest

from cwmp.desired.outcome import Verdict
from cwmp.desired.procedure import CpeFault, Refused
from cwmp.wire.messages import AddObject, DeleteObject, Fault, SetParameterValues

TABLE = ".XMPP.Connection."
XMPP = {
    "instances": [
        {
            "table": TABLE,
            "match": {"Alias": "acs"},
            "set": {
                "Username": "u",
                "Password": "pw-of-the-row",
                "Domain": "xmpp.example.com",
                "Enable": True,
            },
        }
    ],
    "set": {".ManagementServer.ConnReqXMPPConnection": '.XMPP.Connection.[Alias=="acs"]'},
}


def kinds(outcome: Any) -> list[tuple[str, str]]:
    return [(change.kind, change.path) for change in outcome.changes]


def test_a_missing_row_is_added_filled_and_referred_to_and_never_twice(bench: Any) -> None:
    outcome = bench.converge(XMPP)
    row = f"{bench.root}XMPP.Connection.2."
    assert ("add", row) == kinds(outcome)[0]
    assert not outcome.failed_verdicts and outcome.instances[0].number == 2
    assert bench.value(f"{row}Alias") == "acs" and bench.value(f"{row}Password") == "pw-of-the-row"
    assert bench.value(".ManagementServer.ConnReqXMPPConnection") == row[:-1]
    sets = [message for message in bench.log if isinstance(message, SetParameterValues)]
    assert len(sets) == 1
    names = [each.name.removeprefix(bench.root) for each in sets[0].parameter_list]
    assert names.index("XMPP.Connection.2.Password") < names.index("XMPP.Connection.2.Enable")
    assert names[-1] == "ManagementServer.ConnReqXMPPConnection"
    again = bench.converge(XMPP)
    assert not again.changed and again.instances[0].number == 2
    assert bench.sent == ["GetParameterNames", "GetParameterValues", "GetParameterValues"]


def test_check_mode_plans_a_row_without_adding_it(bench: Any) -> None:
    outcome = bench.converge(XMPP, check=True)
    assert {type(message) for message in bench.log}.isdisjoint({AddObject, SetParameterValues})
    label = f'{bench.root}XMPP.Connection.[Alias=="acs"].'
    assert kinds(outcome)[0] == ("add", label) and outcome.instances[0].number == 0
    assert {change.verdict for change in outcome.changes} == {Verdict.PLANNED}
    planned = {change.path: change for change in outcome.changes}
    assert planned[f"{label}Enable"].before is None and planned[f"{label}Enable"].type == "boolean"
    assert planned[f"{bench.root}ManagementServer.ConnReqXMPPConnection"].wanted == label[:-1]
    applied = bench.converge(XMPP)
    assert len(applied.changes) == len(outcome.changes)


def test_a_selector_in_a_path_names_the_row_it_fits(bench: Any) -> None:
    outcome = bench.converge({"set": {'.XMPP.Connection.[Alias=="old"].Domain': "d", ".X_ACME.Text": "t"}})
    assert f"{bench.root}XMPP.Connection.1.Domain" in dict(kinds(outcome)).values() or (
        "set",
        f"{bench.root}XMPP.Connection.1.Domain",
    ) in kinds(outcome)
    nested = {'.XMPP.Connection.[old].Server.[Alias=="first"].Port'.replace("[old]", '[Alias=="old"]'): 5223}
    assert kinds(bench.converge({"set": nested})) == [("set", f"{bench.root}XMPP.Connection.1.Server.1.Port")]


def test_a_selector_that_fits_no_row_says_which_there_are(bench: Any) -> None:
    with pytest.raises(Refused, match="1: old"):
        bench.converge({"set": {'.XMPP.Connection.[Alias=="nope"].Domain': "d"}})


def test_keys_that_fit_several_rows_are_refused_with_their_numbers(bench: Any) -> None:
    bench.cpe.answer(AddObject(f"{bench.root}XMPP.Connection."))
    for number in (1, 2):
        bench.cpe.change(f".XMPP.Connection.{number}.Domain", "same")
    for state in (
        {"instances": [{"table": TABLE, "match": {"Domain": "same"}, "set": {"Enable": True}}]},
        {"instances": [{"table": TABLE, "match": {"Domain": "same"}, "state": "absent"}]},
        {"set": {'.XMPP.Connection.[Domain=="same"].Enable': True}},
    ):
        with pytest.raises(Refused, match=r"several rows .*1, 2"):
            bench.converge(state)
    found = bench.converge(
        {"instances": [{"table": TABLE, "match": {"Domain": "same", "Alias": "old"}, "set": {"Enable": 1}}]}
    )
    assert kinds(found) == [("set", f"{bench.root}XMPP.Connection.1.Enable")]


def test_a_row_below_a_row_that_is_added_too(bench: Any) -> None:
    state = {
        "instances": [
            {
                "table": '.XMPP.Connection.[Alias=="acs"].Server.',
                "match": {"Alias": "main"},
                "set": {"ServerAddress": "192.0.2.9", "Port": 5222},
            },
            {"table": TABLE, "match": {"Alias": "acs"}, "set": {"Domain": "d"}},
        ]
    }
    outcome = bench.converge(state)
    row = f"{bench.root}XMPP.Connection.2."
    assert kinds(outcome)[:2] == [("add", row), ("add", f"{row}Server.1.")]
    assert bench.value(f"{row}Server.1.ServerAddress") == "192.0.2.9"
    assert not outcome.failed_verdicts
    assert not bench.converge(state).changed


def test_absent_deletes_forgets_and_is_quiet_the_second_time(bench: Any) -> None:
    bench.converge(XMPP)
    assert bench.known.secret_hashes
    state = {"instances": [{"table": TABLE, "match": {"Alias": "acs"}, "state": "absent"}]}
    assert kinds(bench.converge(state, check=True)) == [("delete", f"{bench.root}XMPP.Connection.2.")]
    outcome = bench.converge(state)
    assert [change.verdict for change in outcome.changes] == [Verdict.APPLIED]
    assert bench.known.secret_hashes == {}
    assert not bench.converge(state).changed


def test_absent_from_a_table_the_device_does_not_have_is_no_error(bench: Any) -> None:
    state = {"instances": [{"table": ".NoSuch.Table.", "match": {"Alias": "a"}, "state": "absent"}]}
    assert not bench.converge(state).changed


def test_a_table_the_device_does_not_have_is_named(bench: Any) -> None:
    with pytest.raises(CpeFault, match=r"XMPP\.Connexion\.") as caught:
        bench.converge({"instances": [{"table": ".XMPP.Connexion.", "match": {"Alias": "a"}}]})
    assert caught.value.code == 9005 and "did you mean" in str(caught.value)


def test_a_row_whose_values_fault_is_deleted_again(bench: Any) -> None:
    state = {"instances": [{"table": TABLE, "match": {"Alias": "acs"}, "set": {"KeepAliveInterval": -7}}]}
    with pytest.raises(CpeFault) as caught:
        bench.converge(state)
    assert caught.value.parameters[0].path == f"{bench.root}XMPP.Connection.2.KeepAliveInterval"
    assert bench.sent[-2:] == ["SetParameterValues", "DeleteObject"]
    assert bench.value(".XMPP.ConnectionNumberOfEntries") == "1"
    assert not caught.value.changes


def test_a_row_with_a_parameter_it_does_not_have_is_deleted_again(bench: Any) -> None:
    state = {"instances": [{"table": TABLE, "match": {"Alias": "acs"}, "set": {"Nonsense": "x"}}]}
    with pytest.raises(CpeFault, match="Nonsense"):
        bench.converge(state)
    assert bench.sent[-1] == "DeleteObject" and "SetParameterValues" not in bench.sent
    assert bench.value(".XMPP.ConnectionNumberOfEntries") == "1"


def test_a_row_that_cannot_be_deleted_again_is_told(bench: Any) -> None:
    answer = bench.cpe.answer
    bench.cpe.answer = lambda message: (
        Fault.of(9001) if isinstance(message, DeleteObject) else answer(message)
    )
    state = {"instances": [{"table": TABLE, "match": {"Alias": "acs"}, "set": {"KeepAliveInterval": -7}}]}
    with pytest.raises(CpeFault) as caught:
        bench.converge(state)
    assert [(each.kind, each.path) for each in caught.value.changes] == [
        ("add", f"{bench.root}XMPP.Connection.2.")
    ]


def test_a_row_by_its_number_is_changed_but_never_added(bench: Any) -> None:
    state = {"instances": [{"table": TABLE, "number": 1, "set": {"Domain": "d"}}]}
    assert kinds(bench.converge(state)) == [("set", f"{bench.root}XMPP.Connection.1.Domain")]
    state["instances"][0]["number"] = 4
    with pytest.raises(Refused, match="numbers new rows"):
        bench.converge(state)
    with pytest.raises(Refused, match="does not have"):
        bench.converge({"instances": [{"table": TABLE, "number": 1, "match": {"Alias": "other"}}]})


def test_a_secret_is_no_key(bench: Any) -> None:
    with pytest.raises(Refused, match="secret"):
        bench.converge({"instances": [{"table": TABLE, "match": {"Password": "x"}}]})


def test_a_table_without_add_object_is_not_found_out_by_trying_twice(bench: Any) -> None:
    from cwmp.desired.outcome import Learnt

    bench.learn(Learnt(writable={f"{bench.root}XMPP.Connection.": False}))
    with pytest.raises(Refused, match="no new rows"):
        bench.converge(XMPP)


def test_two_new_rows_in_one_table(bench: Any) -> None:
    state = {"instances": [{"table": TABLE, "match": {"Alias": name}} for name in ("a", "b")]}
    outcome = bench.converge(state)
    assert [each.number for each in outcome.instances] == [2, 3]
    assert [bench.value(f".XMPP.Connection.{number}.Alias") for number in (2, 3)] == ["a", "b"]


def test_attributes_are_set_verified_and_quiet_the_second_time(bench: Any) -> None:
    state = {
        "attributes": [
            {"path": ".X_ACME.Text", "notification": 2},
            {"path": ".X_ACME.Flag", "notification": 1, "access_list": ["Subscriber"]},
        ]
    }
    planned = bench.converge(state, check=True)
    assert bench.sent == ["GetParameterAttributes"] and len(planned.changes) == 3
    outcome = bench.converge(state)
    assert bench.sent == ["GetParameterAttributes", "SetParameterAttributes", "GetParameterAttributes"]
    assert [(each.kind, each.type, each.before, each.after) for each in outcome.changes] == [
        ("attribute", "notification", "0", "2"),
        ("attribute", "notification", "0", "1"),
        ("attribute", "access_list", "", "Subscriber"),
    ]
    assert not outcome.failed_verdicts
    assert not bench.converge(state).changed
    assert bench.sent == ["GetParameterAttributes"]


def test_attributes_of_an_unknown_parameter_fault_before_anything_is_written(bench: Any) -> None:
    state = {
        "set": {".X_ACME.Text": "x"},
        "attributes": [
            {"path": ".X_ACME.Texxt", "notification": 2},
            {"path": ".X_ACME.Text", "notification": 2},
        ],
    }
    with pytest.raises(CpeFault, match="Texxt"):
        bench.converge(state)
    assert bench.value(".X_ACME.Text") == ""


def test_a_refused_notification_tells_that_the_values_stay(bench: Any) -> None:
    state = {
        "set": {".X_ACME.Text": "x"},
        "attributes": [{"path": ".ManagementServer.ParameterKey", "notification": 6}],
    }
    answer = bench.cpe.answer
    bench.cpe.answer = lambda message: (
        Fault.of(9009) if type(message).__name__ == "SetParameterAttributes" else answer(message)
    )
    with pytest.raises(CpeFault) as caught:
        bench.converge(state)
    assert caught.value.code == 9009
    assert [(each.path, each.after) for each in caught.value.changes] == [(f"{bench.root}X_ACME.Text", "x")]


def test_a_row_that_got_its_values_stays_when_something_later_is_refused(bench: Any) -> None:
    state = {**XMPP, "attributes": [{"path": ".X_ACME.Text", "notification": 2}]}
    answer = bench.cpe.answer
    bench.cpe.answer = lambda message: (
        Fault.of(9009) if type(message).__name__ == "SetParameterAttributes" else answer(message)
    )
    with pytest.raises(CpeFault) as caught:
        bench.converge(state)
    assert caught.value.changes[0].kind == "add" and "DeleteObject" not in bench.sent
    assert not bench.converge(XMPP).changed


def test_attributes_in_a_row_that_is_added(bench: Any) -> None:
    state = {
        **XMPP,
        "attributes": [{"path": '.XMPP.Connection.[Alias=="acs"].Domain', "notification": 1}],
    }
    assert bench.converge(state, check=True).changes[-1].before is None
    outcome = bench.converge(state)
    assert outcome.changes[-1].path == f"{bench.root}XMPP.Connection.2.Domain"
    assert outcome.changes[-1].verdict is Verdict.APPLIED
    assert not bench.converge(state).changed
