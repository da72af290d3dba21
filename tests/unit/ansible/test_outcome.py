"""From a transaction to a result: truthful about what changed."""

from __future__ import annotations

from typing import Any

import pytest

from cwmp.platforms.protocol import Transaction


def change(verdict: str) -> dict[str, Any]:
    return {
        "kind": "set",
        "path": "Device.A.B",
        "before": "1",
        "wanted": "2",
        "after": "2",
        "type": "string",
        "verdict": verdict,
        "secret": False,
    }


def transaction(state: str, *verdicts: str, check: bool = False, **more: Any) -> Transaction:
    result = {"root": "Device.", "changes": [change(verdict) for verdict in verdicts], "warnings": ["odd"]}
    return Transaction("t", "dev", "converge", state, check=check, result=result, **more)


@pytest.mark.parametrize(
    ("verdicts", "changed"),
    [((), False), (("applied",), True), (("reverted",), False), (("reverted", "pending_reboot"), True)],
)
def test_a_failure_is_changed_only_where_the_device_is(verdicts: tuple[str, ...], changed: bool) -> None:
    from ansible_collections.cpeops.cwmp.plugins.plugin_utils.outcome import Failure, result_of

    fault = {"kind": "verdict", "message": "it did not hold"}
    with pytest.raises(Failure, match="it did not hold") as caught:
        result_of(transaction("fault", *verdicts, fault=fault), diff=False)
    assert caught.value.result["changed"] is changed
    assert caught.value.result["fault"] == fault


def test_check_mode_counts_what_is_planned() -> None:
    from ansible_collections.cpeops.cwmp.plugins.plugin_utils.outcome import result_of

    result = result_of(transaction("done", "planned", check=True), diff=False)
    assert result["changed"] is True
    assert result["verdicts"] == {"Device.A.B": "planned"}
    assert result["warnings"] == ["odd"]
    assert "diff" not in result


@pytest.mark.parametrize("state", ["expired", "cancelled", "fault"])
def test_every_bad_end_is_a_sentence(state: str) -> None:
    from ansible_collections.cpeops.cwmp.plugins.plugin_utils.outcome import Failure, result_of

    with pytest.raises(Failure, match="dev") as caught:
        result_of(
            Transaction("t", "dev", "read", state, connection_request={"answer": "no_answer"}), diff=False
        )
    assert caught.value.result["changed"] is False
    assert state != "expired" or "no answer" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "xsd_type", "value"),
    [
        ("900", "unsignedInt", 900),
        ("-1", "int", -1),
        ("x", "int", "x"),
        ("1", "boolean", True),
        ("false", "boolean", False),
        ("900", "string", "900"),
        ("00", None, "00"),
    ],
)
def test_values_have_the_type_a_user_expects(text: str, xsd_type: str | None, value: object) -> None:
    from ansible_collections.cpeops.cwmp.plugins.plugin_utils.outcome import native

    assert native(text, xsd_type) == value


def test_relative_paths_read_alike_on_both_roots() -> None:
    from ansible_collections.cpeops.cwmp.plugins.plugin_utils.outcome import parameters_of

    for root in ("Device.", "InternetGatewayDevice."):
        parameter = {"path": f"{root}A.B", "value": "x", "type": "string"}
        read = parameters_of({"root": root, "parameters": [parameter, {"path": f"{root}A.", "value": None}]})
        assert read["relative"] == {".A.B": "x"}
        assert read["parameters"] == {f"{root}A.B": "x"}
        assert len(read["details"]) == 2
