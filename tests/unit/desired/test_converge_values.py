"""Plain parameters: read, set, verify; twice is once; faults and refusals tell what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cwmp.desired.outcome import MASK, Learnt, Verdict
from cwmp.desired.procedure import CpeFault, Refused
from cwmp.wire.messages import GetParameterValues, SetParameterValues

FIVE = {
    "set": {
        ".ManagementServer.PeriodicInformEnable": True,
        ".ManagementServer.PeriodicInformInterval": 900,
        ".ManagementServer.ConnectionRequestUsername": "cr",
        ".DeviceInfo.ProvisioningCode": "abc",
        ".X_ACME.Text": "hello",
    }
}
READ_SET_VERIFY = ["GetParameterValues", "SetParameterValues", "GetParameterValues"]


def test_plain_parameters_cost_three_requests_and_the_second_run_one(bench: Any) -> None:
    outcome = bench.converge(FIVE)
    assert bench.sent == READ_SET_VERIFY
    assert outcome.changed and outcome.atomic and not outcome.failed_verdicts
    assert {change.path for change in outcome.changes} == {
        bench.root + path
        for path in (
            "ManagementServer.PeriodicInformInterval",
            "ManagementServer.ConnectionRequestUsername",
            "DeviceInfo.ProvisioningCode",
            "X_ACME.Text",
        )
    }
    interval = next(change for change in outcome.changes if change.path.endswith("Interval"))
    assert (interval.before, interval.wanted, interval.after) == ("86400", "900", "900")
    assert (interval.type, interval.verdict) == ("unsignedInt", Verdict.APPLIED)
    again = bench.converge(FIVE)
    assert bench.sent == ["GetParameterValues"] and not bench.checkpoints
    assert not again.changed


def test_only_the_differences_are_sent_with_the_types_the_device_reported(bench: Any) -> None:
    bench.converge(FIVE)
    sets = [message for message in bench.log if isinstance(message, SetParameterValues)]
    assert len(sets) == 1 and sets[0].parameter_key == "transaction-1"
    assert {
        each.name.removeprefix(bench.root): (each.value, each.type) for each in sets[0].parameter_list
    } == {
        "ManagementServer.PeriodicInformInterval": ("900", "unsignedInt"),
        "ManagementServer.ConnectionRequestUsername": ("cr", "string"),
        "DeviceInfo.ProvisioningCode": ("abc", "string"),
        "X_ACME.Text": ("hello", "string"),
    }


def test_one_checkpoint_with_the_values_before_comes_before_the_set(bench: Any) -> None:
    bench.converge({"set": {".DeviceInfo.ProvisioningCode": "abc"}})
    assert len(bench.checkpoints) == 1
    assert bench.checkpoints[0]["before"] == {f"{bench.root}DeviceInfo.ProvisioningCode": ""}


def test_check_mode_reads_and_never_writes(bench: Any) -> None:
    outcome = bench.converge(FIVE, check=True)
    assert bench.sent == ["GetParameterValues"] and not bench.checkpoints
    assert {change.verdict for change in outcome.changes} == {Verdict.PLANNED}
    assert all(change.after is None for change in outcome.changes)
    assert bench.value(".X_ACME.Text") == ""


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (".ManagementServer.PeriodicInformEnable", "yes"),
        (".ManagementServer.PeriodicInformEnable", 1),
        (".ManagementServer.PeriodicInformInterval", "086400"),
        (".ManagementServer.PeriodicInformTime", "0001-01-01T00:00:00"),
        (".ManagementServer.PeriodicInformTime", "0001-01-01T00:00:00+00:00"),
        (".X_ACME.Cost", "1.50"),
        (".X_ACME.Cost", 1.5),
    ],
)
def test_another_spelling_of_the_same_value_is_no_difference(bench: Any, path: str, value: Any) -> None:
    assert not bench.converge({"set": {path: value}}).changed
    assert bench.sent == ["GetParameterValues"]


def test_the_order_inside_the_set(bench: Any) -> None:
    bench.converge(
        {
            "set": {
                ".ManagementServer.URL": "http://acs.example.com/other",
                ".ManagementServer.ConnReqXMPPConnection": ".XMPP.Connection.1",
                ".XMPP.Connection.1.Enable": True,
                ".ManagementServer.Username": "user",
                ".ManagementServer.Password": "secret",
                ".XMPP.Connection.1.Password": "xmpp-secret",
                ".XMPP.Connection.1.Domain": "xmpp.example.com",
            }
        }
    )
    sets = [message for message in bench.log if isinstance(message, SetParameterValues)]
    assert [each.name.removeprefix(bench.root) for each in sets[0].parameter_list] == [
        "XMPP.Connection.1.Domain",
        "XMPP.Connection.1.Password",
        "XMPP.Connection.1.Enable",
        "ManagementServer.ConnReqXMPPConnection",
        "ManagementServer.Username",
        "ManagementServer.Password",
        "ManagementServer.URL",
    ]
    assert bench.value(".ManagementServer.ConnReqXMPPConnection") == f"{bench.root}XMPP.Connection.1"


def test_missing_parameters_are_found_by_halving_and_named_before_anything_is_written(bench: Any) -> None:
    state = {"set": {f".XMPP.Connection.1.{name}": "x" for name in ("Username", "Domain", "Resource")}}
    state["set"][".ManagementServer.PeriodicInformIntervall"] = 900
    state["set"][".X_ACME.Text"] = "x"
    with pytest.raises(CpeFault) as caught:
        bench.converge(state)
    assert set(bench.sent) == {"GetParameterValues"}
    assert caught.value.code == 9005
    assert [each.path for each in caught.value.parameters] == [
        f"{bench.root}ManagementServer.PeriodicInformIntervall"
    ]
    assert "did you mean" in str(caught.value) and ".PeriodicInformInterval or" in str(caught.value)
    assert "0A0B0C-Box-1" in str(caught.value)


def test_a_value_the_device_refuses_changes_nothing_and_says_what_is_allowed(bench: Any) -> None:
    with pytest.raises(CpeFault) as caught:
        bench.converge(
            {"set": {".ManagementServer.PeriodicInformInterval": 0, ".X_ACME.Text": "not to stay"}}
        )
    assert caught.value.code == 9007 and caught.value.purpose == "set"
    assert [(each.path, each.code) for each in caught.value.parameters] == [
        (f"{bench.root}ManagementServer.PeriodicInformInterval", 9007)
    ]
    assert "PeriodicInformInterval = '0'" in str(caught.value) and "1 or more" in str(caught.value)
    assert bench.value(".X_ACME.Text") == "" and not caught.value.changes


def test_read_only_is_refused_before_sending_where_known_and_told_by_the_device_otherwise(bench: Any) -> None:
    path = f"{bench.root}ManagementServer.ConnectionRequestURL"
    with pytest.raises(CpeFault) as caught:
        bench.converge({"set": {path: "http://x/"}})
    assert caught.value.code == 9008 and path in str(caught.value) and "read-only" in str(caught.value)
    bench.learn(Learnt(writable={path: False}))
    with pytest.raises(Refused, match="read-only"):
        bench.converge({"set": {path: "http://x/"}})
    assert bench.sent == ["GetParameterValues"]


def test_the_other_root_is_refused_with_the_leading_dot_as_advice(bench: Any) -> None:
    other = "Device." if bench.root != "Device." else "InternetGatewayDevice."
    with pytest.raises(Refused, match=r"write \.ManagementServer\.URL"):
        bench.converge({"set": {f"{other}ManagementServer.URL": "x"}})
    assert bench.sent == []


def test_a_foreign_acs_url_is_refused_unless_allowed(bench: Any) -> None:
    state = {"set": {".ManagementServer.URL": "https://acs.other.example/cwmp"}}
    own = ("http://acs.example.com/cwmp",)
    for check in (True, False):
        with pytest.raises(Refused, match="another ACS"):
            bench.converge(state, own_url=own, check=check)
        assert bench.sent == ["GetParameterValues"]
    same = {"set": {".ManagementServer.URL": "HTTP://ACS.example.com:80/cwmp/"}}
    assert bench.converge(same, own_url=own).changed
    assert bench.converge(state, own_url=own, allow_foreign_url=True).changed


def test_a_set_is_split_only_where_the_model_chokes_and_then_it_is_not_atomic(make_bench: Any) -> None:
    from dataclasses import replace

    bench = make_bench("Device.")
    bench.known = replace(bench.known, max_set=2)
    state = {
        "set": {
            ".ManagementServer.URL": "http://acs.example.com/2",
            ".X_ACME.Text": "a",
            ".DeviceInfo.ProvisioningCode": "b",
            ".ManagementServer.Username": "c",
            ".XMPP.Connection.1.Domain": "d",
        }
    }
    outcome = bench.converge(state)
    sets = [message for message in bench.log if isinstance(message, SetParameterValues)]
    assert [len(each.parameter_list) for each in sets] == [2, 1, 2]
    assert {each.name for each in sets[-1].parameter_list} == {
        "Device.ManagementServer.Username",
        "Device.ManagementServer.URL",
    }
    assert [each.parameter_key for each in sets] == ["transaction-1~1", "transaction-1~2", "transaction-1"]
    assert not outcome.atomic and not outcome.failed_verdicts


def test_what_was_set_before_a_later_part_faults_is_told(make_bench: Any) -> None:
    from dataclasses import replace

    bench = make_bench("Device.")
    bench.known = replace(bench.known, max_set=1)
    state = {"set": {".X_ACME.Text": "stays", ".ManagementServer.PeriodicInformInterval": 0}}
    with pytest.raises(CpeFault) as caught:
        bench.converge(state)
    assert [(each.path, each.after, each.verdict) for each in caught.value.changes] == [
        ("Device.X_ACME.Text", "stays", Verdict.APPLIED)
    ]
    assert "1 other change" in str(caught.value)


@pytest.mark.parametrize(
    ("habit", "value", "verdict"),
    [
        ("status1", "new", Verdict.PENDING_REBOOT),
        ("status1_old", "new", Verdict.PENDING_REBOOT),
        ("normalise_case", "New", Verdict.NORMALISED),
        ("ignore_set", "new", Verdict.REVERTED),
    ],
)
def test_verdicts(make_bench: Any, habit: str, value: str, verdict: Verdict) -> None:
    bench = make_bench("Device.", habit)
    outcome = bench.converge({"set": {".X_ACME.Text": value}})
    assert [change.verdict for change in outcome.changes] == [verdict]
    assert outcome.changed and outcome.failed_verdicts
    accepted = bench.converge({"set": {".X_ACME.Text": value + "er"}}, accept=frozenset({verdict}))
    assert not accepted.failed_verdicts


def test_an_accepted_normal_form_makes_the_next_run_quiet_until_something_moves(make_bench: Any) -> None:
    bench = make_bench("Device.", "normalise_case")
    state = {"set": {".X_ACME.Text": "Hello"}}
    accept = frozenset({Verdict.NORMALISED})
    assert bench.converge(state, accept=accept).changed
    assert bench.known.accepted_forms == {"Device.X_ACME.Text": ("Hello", "hello")}
    assert not bench.converge(state).changed and bench.sent == ["GetParameterValues"]
    bench.cpe.change(".X_ACME.Text", "HELLO")
    assert bench.converge(state, accept=accept).changed
    assert bench.converge({"set": {".X_ACME.Text": "plain"}}).changed
    assert bench.known.accepted_forms == {}


def test_secrets_are_written_once_judged_applied_and_never_shown(bench: Any) -> None:
    state = {"set": {".ManagementServer.Password": "s3cret-value", ".XMPP.Connection.1.Password": "s3cret-2"}}
    outcome = bench.converge(state)
    assert bench.sent == ["GetParameterValues", "SetParameterValues"]
    assert {(each.before, each.wanted, each.after) for each in outcome.changes} == {(MASK, MASK, MASK)}
    assert {each.verdict for each in outcome.changes} == {Verdict.APPLIED}
    assert "s3cret" not in str(outcome.to_json()) and "s3cret" not in str(outcome.learnt)
    assert bench.value(".ManagementServer.Password") == "s3cret-value"
    assert not bench.converge(state).changed
    state["set"][".ManagementServer.Password"] = "another"
    assert [each.path for each in bench.converge(state).changes] == [f"{bench.root}ManagementServer.Password"]


def test_secrets_always_and_never(bench: Any) -> None:
    state = {"set": {".ManagementServer.Password": "one"}}
    bench.converge(state)
    assert bench.converge(state, secrets="always").changed
    outcome = bench.converge({"set": {".ManagementServer.Password": "two"}}, secrets="never")
    assert not outcome.changed and "left alone" in outcome.warnings[0]
    assert bench.value(".ManagementServer.Password") == "one"


def test_a_refused_set_leaves_what_was_known_of_a_secret(bench: Any) -> None:
    state = {"set": {".ManagementServer.Password": "one"}}
    bench.converge(state)
    with pytest.raises(CpeFault):
        bench.converge(
            {"set": {".ManagementServer.Password": "two", ".ManagementServer.PeriodicInformInterval": 0}}
        )
    assert not bench.converge(state).changed


def test_without_hashes_a_secret_is_written_each_time_and_unverifiable(make_bench: Any) -> None:
    bench = make_bench("Device.", hashes=False)
    state = {"set": {".ManagementServer.Password": "one"}}
    for _ in range(2):
        outcome = bench.converge(state)
        assert [each.verdict for each in outcome.changes] == [Verdict.UNVERIFIABLE]
        assert outcome.learnt.secret_hashes == {}
    assert not bench.converge(state, accept=frozenset({Verdict.UNVERIFIABLE})).failed_verdicts


def test_a_secret_the_device_gives_in_clear_is_compared_and_verified_but_masked(bench: Any) -> None:
    state = {"set": {".X_ACME.AdminPassword": "changed-secret"}}
    outcome = bench.converge(state)
    assert bench.sent == READ_SET_VERIFY
    assert [(each.verdict, each.secret, each.wanted) for each in outcome.changes] == [
        (Verdict.APPLIED, True, MASK)
    ]
    assert not bench.converge(state).changed
    bench.cpe.change(".X_ACME.AdminPassword", "by-hand")
    assert bench.converge(state).changed


def test_secret_paths_of_the_caller_are_masked(bench: Any) -> None:
    outcome = bench.converge({"set": {".X_ACME.Text": "hush-hush"}}, secret_paths=[".X_ACME.Text"])
    assert "hush-hush" not in str(outcome.to_json())


def test_no_secret_in_any_refusal(bench: Any) -> None:
    with pytest.raises(Refused) as caught:
        bench.converge({"set": {".ManagementServer.Password": 424242}})
    assert "424242" not in str(caught.value) and "quotes" in str(caught.value)
    secret = "x" * 300
    with pytest.raises(CpeFault) as fault:
        bench.converge({"set": {".ManagementServer.Password": secret}})
    assert "xxxx" not in str(fault.value) + str(fault.value.parameters)


def test_yaml_traps_are_refused_with_the_mend(bench: Any) -> None:
    for value, words in ((True, '"yes"'), (5349, '"012345"'), (40953, '"11:22:33"'), (1.1, '"1.10"')):
        with pytest.raises(Refused, match=words) as caught:
            bench.converge({"set": {".X_ACME.Text": value}})
        assert bench.root + "X_ACME.Text" in str(caught.value)
        assert bench.sent == ["GetParameterValues"]


def test_departures_from_the_standard_warn_and_with_strict_refuse(bench: Any) -> None:
    state = {"set": {".XMPP.Connection.1.Resource": "r" * 65}}
    with pytest.raises(CpeFault):
        bench.converge(state)  # this device agrees with the standard
    outcome = bench.converge(state, check=True)
    assert "64" in outcome.warnings[0]
    with pytest.raises(Refused, match="64"):
        bench.converge(state, strict=True)
    assert bench.sent == []


def test_the_root_is_asked_for_only_where_nobody_knows_it(bench: Any) -> None:
    from dataclasses import replace

    bench.known = replace(bench.known, root="")
    assert bench.converge(FIVE).root == bench.root
    assert bench.sent == ["GetParameterNames", *READ_SET_VERIFY]


def test_one_parameter_by_two_spellings_of_its_path_is_refused_only_when_the_values_differ(
    bench: Any,
) -> None:
    full = f"{bench.root}X_ACME.Text"
    assert bench.converge({"set": {full: "a", ".X_ACME.Text": "a"}}).changed
    with pytest.raises(Refused, match="two different values"):
        bench.converge({"set": {full: "a", ".X_ACME.Text": "b"}})


def test_reads_are_split_into_requests_of_bearable_size(bench: Any) -> None:
    from cwmp.desired.asking import CHUNK, read_values
    from cwmp.desired.running import run

    names = [f"{bench.root}ManagementServer.URL"] + [f"{bench.root}No.{n}" for n in range(CHUNK + 3)]
    values, faults = run(read_values(names, "d"), bench.answer)
    assert list(values) == names[:1] and len(faults) == len(names) - 1
    assert max(len(m.parameter_names) for m in bench.log if isinstance(m, GetParameterValues)) == CHUNK


@pytest.mark.parametrize("habit", ["status1", "status1_old"])
def test_what_waits_for_a_reboot_is_not_forgotten(make_bench: Any, habit: str) -> None:
    bench = make_bench("Device.", habit)
    wanted = {"set": {".X_ACME.Text": "hello", ".ManagementServer.ConnectionRequestPassword": "s3cret"}}
    assert {each.verdict for each in bench.converge(wanted).failed_verdicts} == {Verdict.PENDING_REBOOT}
    again = bench.converge(wanted)
    text = next(each for each in again.failed_verdicts if each.path == "Device.X_ACME.Text")
    assert text.verdict is Verdict.PENDING_REBOOT and "s3cret" not in str(again)
    if habit == "status1":
        assert not again.changed and bench.sent == ["GetParameterValues"]
        assert {each.path for each in again.pending} == {each.path for each in again.failed_verdicts}
        assert again.to_json()["pending"] and not again.to_json()["changed"]
        check = bench.converge(wanted, check=True)
        assert not check.changed and not check.failed_verdicts
        assert any("takes effect only after a reboot" in each for each in check.warnings)
        accepted = bench.converge(wanted, accept=frozenset({Verdict.PENDING_REBOOT}))
        assert not accepted.changed and not accepted.failed_verdicts
        # a value that somebody else has set since is not what is waiting
        elsewhere = bench.converge({"set": {".X_ACME.Text": "another"}}, check=True)
        assert elsewhere.changed and not elsewhere.warnings
    bench.known = replace(bench.known, pending_reboot={})  # it has booted
    assert habit != "status1" or not bench.converge(wanted).failed_verdicts
