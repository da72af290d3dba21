"""A desired state checked offline: errors for what cannot be right, warnings for departures."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwmp.desired.checking import check_state
from cwmp.desired.lexical import Unfit, lexical
from cwmp.desired.state import DesiredState

TYPES = ("string", "boolean", "int", "unsignedInt", "dateTime", "base64", "hexBinary", "decimal")


def found(state: Any, root: str | None = "Device.", strict: bool = False) -> list[tuple[str, str]]:
    return [
        (each.severity, each.message) for each in check_state(DesiredState.from_json(state), root, strict)
    ]


def one(value: Any, path: str = ".DeviceInfo.ProvisioningCode", **more: Any) -> tuple[str, str]:
    findings = found({"set": {path: value}}, **more)
    assert len(findings) == 1, findings
    return findings[0]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (12345, '"12345"'),
        (5349, '"012345"'),
        (40953, '"11:22:33"'),
        (1.1, '"1.10"'),
        (True, '"yes", "on" or "true"'),
        (False, '"no", "off" or "false"'),
    ],
)
def test_yaml_traps_are_errors_that_say_how_to_quote(value: Any, words: str) -> None:
    severity, message = one(value)
    assert severity == "error" and words in message and ".DeviceInfo.ProvisioningCode" in message


def test_a_trap_in_a_secret_does_not_show_it() -> None:
    severity, message = one(5349, ".ManagementServer.Password")
    assert severity == "error" and "5349" not in message and "quotes" in message


@pytest.mark.parametrize(
    ("path", "value", "severity", "words"),
    [
        (".ManagementServer.PeriodicInformIntervall", 900, "warning", "did you mean"),
        (".ManagementServer.ConnectionRequestURL", "x", "warning", "read-only"),
        (".ManagementServer.PeriodicInformInterval", 0, "warning", "1 or more"),
        (".ManagementServer.PeriodicInformInterval", True, "error", "whole number"),
        (".ManagementServer.PeriodicInformInterval", 1.5, "error", "whole number"),
        (".ManagementServer.PeriodicInformInterval", "soon", "warning", "whole number"),
        (".ManagementServer.PeriodicInformInterval", 2**32, "error", "4294967295"),
        (".ManagementServer.PeriodicInformEnable", "maybe", "warning", "true or false"),
        (".ManagementServer.PeriodicInformTime", "11:22", "warning", "2026-01-31T12:00:00Z"),
        (".XMPP.Connection.1.Alias", "a" * 65, "warning", "64"),
        (".XMPP.Connection.1.Domain", "a\x00b", "error", "XML"),
        (".DeviceInfo.ProvisioningCode", "\ud800", "error", "XML"),
        ("InternetGatewayDevice.ManagementServer.Username", "x", "error", "write .ManagementServer.Username"),
    ],
)
def test_against_the_facts(path: str, value: Any, severity: str, words: str) -> None:
    assert (one(value, path)[0], words in one(value, path)[1]) == (severity, True), one(value, path)


def test_strict_makes_errors_of_warnings() -> None:
    assert one(0, ".ManagementServer.PeriodicInformInterval", strict=True)[0] == "error"


def test_what_is_right_is_silent() -> None:
    state = {
        "set": {
            ".ManagementServer.PeriodicInformInterval": 900,
            ".ManagementServer.PeriodicInformEnable": "yes",
            ".ManagementServer.URL": "https://acs.example.com/",
            ".X_VENDOR_Anything.Goes": 5,
            ".ManagementServer.ConnReqXMPPConnection": '.XMPP.Connection.[Alias=="acs"]',
        },
        "instances": [
            {
                "table": ".XMPP.Connection.",
                "match": {"Alias": "acs"},
                "set": {"Enable": True, "Password": "x"},
            }
        ],
        "attributes": [{"path": ".ManagementServer.ConnReqJabberID", "notification": 2}],
    }
    assert found(state) == []
    assert found(state, "InternetGatewayDevice.") == []
    assert found(state, None) == []


def test_without_a_root_a_path_of_either_is_known() -> None:
    assert found({"set": {".WiFi.SSID.1.SSID": "x"}}, None) == []
    assert found({"set": {".LANDevice.1.WLANConfiguration.1.SSID": "x"}}, None) == []
    assert found({"set": {".WiFi.SSID.1.SSID": "x"}}, "InternetGatewayDevice.")[0][0] == "warning"


def test_duplicates_mixed_roots_and_rows_twice() -> None:
    both = {".DeviceInfo.ProvisioningCode": "a", "Device.DeviceInfo.ProvisioningCode": "a"}
    assert "same parameter" in found({"set": both})[0][1]
    mixed = {
        "Device.DeviceInfo.ProvisioningCode": "a",
        "InternetGatewayDevice.DeviceInfo.ProvisioningCode": "a",
    }
    assert any("different roots" in message for _, message in found({"set": mixed}, None))
    row = {"table": ".XMPP.Connection.", "match": {"Alias": "a"}}
    assert "twice" in found({"instances": [row, dict(row, table="Device.XMPP.Connection.")]})[0][1]


def test_tables() -> None:
    assert "no table" in found({"instances": [{"table": ".ManagementServer.", "match": {"URL": "x"}}]})[0][1]
    assert (
        "did you mean" in found({"instances": [{"table": ".XMPP.Connexion.", "match": {"Alias": "x"}}]})[0][1]
    )
    secret = {"instances": [{"table": ".XMPP.Connection.", "match": {"Password": "x"}}]}
    assert found(secret)[0][0] == "error"


@given(
    st.sampled_from(TYPES),
    st.one_of(st.text(max_size=10), st.integers(), st.booleans(), st.floats(), st.lists(st.text(max_size=3))),
)
def test_any_value_gets_a_text_or_a_refusal(type_: str, value: Any) -> None:
    try:
        text = lexical(value, type_)
    except Unfit as unfit:
        assert str(unfit)
    else:
        assert isinstance(text, str)
        # what was written reads as wanted: a second run finds nothing to do
        assert lexical(text, type_) == text
