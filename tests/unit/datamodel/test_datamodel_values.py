"""Bounds of values, and which parameters hold secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwmp.datamodel import TR098, TR181, ParameterFacts, is_secret, looks_secret, model
from cwmp.datamodel.facets import refusal
from cwmp.datamodel.paths import ROOTS


def facts(path: str, root: str = TR181) -> ParameterFacts:
    found = model(root).parameter(path)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (".ManagementServer.PeriodicInformInterval", "1", None),
        (".ManagementServer.PeriodicInformInterval", "0", "allowed are 1 or more"),
        (".ManagementServer.STUNServerPort", "65535", None),
        (".ManagementServer.STUNServerPort", "65536", "allowed are 0 to 65535"),
        (".ManagementServer.STUNServerPort", "x", "whole number"),
        (".Time.Client.1.IPVersion", "6", None),
        (".Time.Client.1.IPVersion", "5", "allowed are 4, 6, -1"),
        (".MoCA.Interface.1.PrimaryOffset", "25", None),
        (".MoCA.Interface.1.PrimaryOffset", "24", "in steps of 25"),
        (".WiFi.SSID.1.SSID", "x" * 32, None),
        (".WiFi.SSID.1.SSID", "x" * 33, "32 characters are allowed, not 33"),
        (".WiFi.AccessPoint.1.Security.WEPKey", "0011223344", None),
        (".WiFi.AccessPoint.1.Security.WEPKey", "00", "bytes are allowed, not 1"),
        (".NAT.PortMapping.1.Protocol", "TCP", None),
        (".NAT.PortMapping.1.Protocol", "tcp", "allowed are 'TCP', 'UDP'"),
        (".ManagementServer.SupportedConnReqMethods", "HTTP,STUN", None),
        (".ManagementServer.SupportedConnReqMethods", "HTTP, Telepathy", "item 'Telepathy'"),
        (".ManagementServer.SupportedConnReqMethods", "", None),
        (".DeviceInfo.ManufacturerOUI", "0a0b0c", "match"),
        (".IP.Diagnostics.IPPing.DiagnosticsState", "Requested", None),
        (".IP.Diagnostics.IPPing.DiagnosticsState", "Complete", "only the CPE itself"),
        (".XMPP.Connection.1.Server.1.Weight", "-2", "-1 to 65535"),
    ],
)
def test_bounds(path: str, value: str, why: str | None) -> None:
    found = refusal(facts(path), value)
    if why is None:
        assert found is None
    else:
        assert found is not None
        assert why in found


@given(st.data(), st.text(max_size=40))
def test_bounds_of_any_parameter_take_any_text(data: st.DataObject, value: str) -> None:
    root = data.draw(st.sampled_from(ROOTS))
    path = data.draw(st.sampled_from([p for p in model(root).paths() if not p.endswith(".")]))
    why = refusal(facts(path, root), value)
    assert why is None or "\n" not in why


@pytest.mark.parametrize(
    ("path", "root", "secret"),
    [
        (".ManagementServer.Password", TR181, True),
        (".ManagementServer.ConnectionRequestPassword", TR098, True),
        ("InternetGatewayDevice.LANDevice.1.WLANConfiguration.1.KeyPassphrase", "", True),
        ("Device.WiFi.AccessPoint.1.Security.PreSharedKey", "", True),
        ("Device.WiFi.AccessPoint.1.WPS.PIN", "", True),
        ("Device.X_ACME_AdminPassword", "", True),
        (".X_ACME.WepKey1", TR181, True),
        ("Device.Services.VoiceService.1.VoiceProfile.1.Line.1.SIP.AuthPassword", "", True),
        (".Ethernet.WoL.Password", TR181, True),
        (".Anything.sharedSecret", "", True),
        (".ManagementServer.Username", TR181, False),
        (".ManagementServer.ParameterKey", TR181, False),
        (".XPON.ONU.1.ANI.1.TC.Authentication.HexadecimalPassword", TR181, False),
        (".SmartCardReader.1.Reset", TR098, False),
        ("Device.Users.User.1.", "", False),
        ("", "", False),
    ],
)
def test_secrets(path: str, root: str, secret: bool) -> None:
    assert is_secret(path, root) is secret


def test_names_that_read_like_secrets() -> None:
    assert looks_secret("X_TP_PreSharedKey")
    assert looks_secret("passwd")
    assert not looks_secret("PasswordReset")
    assert not looks_secret("KeyIndex")


def test_everything_hidden_is_secret_but_booleans() -> None:
    for root in ROOTS:
        for path in model(root).paths():
            found = model(root).parameter(path)
            if found is not None and found.hidden:
                assert is_secret(path) is (found.type != "boolean")
