"""Reading: single parameters, whole objects, rows by key; odd agents; secrets masked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from cwmp.desired.known import KnownDevice
from cwmp.desired.outcome import MASK, ReadOutcome
from cwmp.desired.procedure import CpeFault, Refused
from cwmp.desired.read import read
from cwmp.desired.running import run
from cwmp.wire.messages import Fault, GetParameterNames, GetParameterNamesResponse, ParameterInfo


def reading(bench: Any, paths: Sequence[str], **more: Any) -> ReadOutcome:
    bench.log.clear()
    return run(read(paths, bench.known, **more), bench.answer)


def test_single_parameters_cost_one_request_and_missing_ones_are_listed(bench: Any) -> None:
    outcome = reading(bench, [".X_ACME.Text", f"{bench.root}DeviceInfo.SoftwareVersion"])
    assert bench.sent == ["GetParameterValues"]
    assert [(each.path, each.value) for each in outcome.parameters] == [
        (f"{bench.root}X_ACME.Text", ""),
        (f"{bench.root}DeviceInfo.SoftwareVersion", "SoftwareVersion"),
    ]
    outcome = reading(bench, [".X_ACME.Text", ".Nope", ".X_ACME.Flag"])
    assert outcome.missing == (".Nope",) and len(outcome.parameters) == 2


def test_an_object_is_listed_before_its_values_are_read(bench: Any) -> None:
    outcome = reading(bench, [".ManagementServer."])
    assert bench.sent == ["GetParameterNames", "GetParameterValues"]
    assert len(outcome.parameters) == 12
    assert all(not each.path.endswith(".") and each.writable is None for each in outcome.parameters)
    assert reading(bench, [".Nope."]).missing == (".Nope.",)


def test_names_tell_writability_and_objects(bench: Any) -> None:
    outcome = reading(bench, [".XMPP."], names=True)
    found = {each.path.removeprefix(bench.root): each for each in outcome.parameters}
    assert found["XMPP.Connection."].writable is True and found["XMPP.Connection."].value is None
    assert found["XMPP.Connection.1.TLSEstablished"].writable is False
    assert outcome.learnt.writable[f"{bench.root}XMPP.Connection.1.Domain"] is True
    single = reading(bench, [".X_ACME.Text", ".X_ACME.Flag", ".ManagementServer.ParameterKey"], names=True)
    assert [each.writable for each in single.parameters] == [True, True, False]
    assert bench.sent == ["GetParameterValues", "GetParameterNames", "GetParameterNames"]


def test_secrets_are_masked(bench: Any) -> None:
    outcome = reading(bench, [".X_ACME.", ".ManagementServer.Password"], secret_paths=[".X_ACME.Flag"])
    found = {each.path.removeprefix(bench.root): (each.value, each.secret) for each in outcome.parameters}
    assert found["X_ACME.AdminPassword"] == (MASK, True)
    assert found["X_ACME.Flag"] == (MASK, True)
    assert found["ManagementServer.Password"] == ("", True)


def test_rows_by_key(bench: Any) -> None:
    outcome = reading(bench, ['.XMPP.Connection.[Alias=="old"].Server.[Alias=="first"].Port'])
    assert [each.value for each in outcome.parameters] == ["5222"]
    assert reading(bench, ['.XMPP.Connection.[Alias=="x"].']).missing == ('.XMPP.Connection.[Alias=="x"].',)
    assert len(reading(bench, ['.XMPP.Connection.[Alias=="old"].']).parameters) == 13


def test_everything(bench: Any) -> None:
    outcome = reading(bench, ["."])
    assert len(outcome.parameters) == len(bench.cpe.tree.values(""))
    assert outcome.learnt.types[f"{bench.root}X_ACME.Cost"] == "decimal"


def test_a_tree_too_large_to_list_is_listed_in_parts(bench: Any) -> None:
    whole = [each.path for each in reading(bench, ["."], names=True).parameters if each.path != bench.root]
    answer = bench.cpe.answer

    def small(message: Any) -> Any:
        given = answer(message)
        if isinstance(message, GetParameterNames) and len(getattr(given, "parameter_list", ())) > 14:
            return Fault.of(9004)
        return given

    bench.cpe.answer = small
    parts = [each.path for each in reading(bench, ["."], names=True).parameters]
    assert sorted(parts) == sorted(whole)


def test_the_other_root_is_refused(bench: Any) -> None:
    other = "Device." if bench.root != "Device." else "InternetGatewayDevice."
    with pytest.raises(Refused, match="leading dot"):
        reading(bench, [f"{other}DeviceInfo."])


def test_the_root_is_found_also_on_agents_that_list_nothing(bench: Any) -> None:
    answer = bench.cpe.answer
    bench.cpe.answer = lambda message: (
        Fault.of(9005) if isinstance(message, GetParameterNames) else answer(message)
    )
    bench.known = KnownDevice("0A0B0C-Box-1")
    assert reading(bench, [".X_ACME.Text"]).root == bench.root


def test_an_agent_that_fails_at_everything_is_not_asked_for_ever(bench: Any) -> None:
    bench.cpe.answer = lambda _: Fault.of(9002)
    outcome = reading(bench, [f".X_ACME.N{number}" for number in range(256)])
    assert len(bench.sent) < 60
    assert all(each.value is None for each in outcome.parameters)


def test_an_answer_of_the_wrong_kind_is_told(bench: Any) -> None:
    bench.cpe.answer = lambda _: None
    with pytest.raises(CpeFault, match="answered GetParameterValues with nothing"):
        reading(bench, [".X_ACME.Text"])


def test_a_device_whose_objects_never_end_is_given_up(bench: Any) -> None:
    def endless(message: Any) -> Any:
        if isinstance(message, GetParameterNames) and message.next_level:
            names = (f"{message.parameter_path}A.", f"{message.parameter_path}B.")
            return GetParameterNamesResponse(tuple(ParameterInfo(name, False) for name in names))
        return Fault.of(9002)

    with pytest.raises(CpeFault, match="without end"):
        run(read([".Loop."], bench.known), endless)
