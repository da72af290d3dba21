"""What real devices do that the standard does not foresee."""

from __future__ import annotations

from html import escape
from typing import Any

import pytest

from cwmp.desired.procedure import CpeFault, Refused
from cwmp.lab.cpe import SimulatedCpe
from cwmp.lab.nodes import TreeRow, base_tree
from cwmp.wire.messages import Fault, SetParameterValuesFault

RESET = ".IP.Interface.1.Reset"


def odd(make_bench: Any, *rows: TreeRow, checks_facts: bool = False) -> Any:
    bench = make_bench("Device.")
    tree = base_tree("Device.", [TreeRow("Device.", False), *rows], checks_facts=checks_facts)
    bench.cpe = SimulatedCpe(tree)
    return bench


@pytest.mark.parametrize("silent", [True, False])
def test_a_command_is_started_once_for_each_new_value(make_bench: Any, silent: bool) -> None:
    """silent: it reads back as false, as the standard wants."""
    bench = odd(make_bench, TreeRow(f"Device{RESET}", True, "boolean", "false"), checks_facts=silent)
    outcome = bench.converge({"set": {RESET: True}})
    assert outcome.changed and not outcome.failed_verdicts and "action" in outcome.warnings[0]
    assert not bench.converge({"set": {RESET: True}}).changed
    assert bench.converge({"set": {RESET: False}}).changed is not silent
    assert bench.converge({"set": {RESET: True}}).changed


def test_a_vendors_parameter_may_hold_a_text_that_is_no_value_of_its_type(make_bench: Any) -> None:
    bench = odd(make_bench, TreeRow("Device.X_ACME.First", True, "boolean", "user-1"))
    assert not bench.converge({"set": {".X_ACME.First": "user-1"}}).changed
    assert bench.converge({"set": {".X_ACME.First": True}}).changed
    outcome = bench.converge({"set": {".X_ACME.First": "user-1"}}, check=True)
    assert outcome.changed and "vendor" in outcome.warnings[0]
    with pytest.raises(Refused, match="whole number"):
        make_bench("Device.").converge({"set": {".ManagementServer.PeriodicInformInterval": "soon"}})


@pytest.mark.parametrize(("held", "sent"), [("1", "0"), ("true", "false"), ("True", "False"), ("", "0")])
def test_a_boolean_called_string_is_spelt_as_the_device_spells_it(
    make_bench: Any, held: str, sent: str
) -> None:
    path = ".ManagementServer.PeriodicInformEnable"
    bench = odd(make_bench, TreeRow(f"Device{path}", True, "string", held))
    bench.converge({"set": {path: False}})
    assert bench.value(path) == sent
    assert not bench.converge({"set": {path: "no"}}).changed


def test_references_written_with_a_final_dot_are_the_same(make_bench: Any) -> None:
    path = ".IP.Interface.1.LowerLayers"
    bench = odd(make_bench, TreeRow(f"Device{path}", True, "string", "Device.PPP.Interface.1.,Device.X.2."))
    assert not bench.converge({"set": {path: ["Device.PPP.Interface.1", ".X.2"]}}).changed
    assert not bench.converge({"set": {path: ".PPP.Interface.1, .X.2."}}).changed


def test_a_secret_that_a_fault_quotes_escaped_is_masked(make_bench: Any) -> None:
    bench = make_bench("Device.")
    answer = bench.cpe.answer

    def quoting(message: Any) -> Any:
        if type(message).__name__ != "SetParameterValues":
            return answer(message)
        text = f"no {escape(message.parameter_list[0].value)} here"
        return Fault(9007, text, (SetParameterValuesFault(message.parameter_list[0].name, 9007, text),))

    bench.cpe.answer = quoting
    with pytest.raises(CpeFault) as fault:
        bench.converge({"set": {".ManagementServer.Password": 'pa&ss<w>"rd'}})
    assert "ss&lt;w" not in str(fault.value) + str(fault.value.parameters)
    assert "no ******** here" in str(fault.value)


def test_a_refused_value_is_not_told_at_length(make_bench: Any) -> None:
    bench = make_bench("Device.")
    answer = bench.cpe.answer
    bench.cpe.answer = lambda message: (
        Fault(9003, "", (SetParameterValuesFault(message.parameter_list[0].name, 9007, "too long"),))
        if type(message).__name__ == "SetParameterValues"
        else answer(message)
    )
    with pytest.raises(CpeFault, match="xxx") as fault:
        bench.converge({"set": {".X_ACME.Text": "x" * 100_000}})
    assert len(str(fault.value)) < 500
