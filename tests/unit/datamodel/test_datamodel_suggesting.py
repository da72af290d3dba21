"""Did you mean."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwmp.datamodel import TR098, TR181, model
from cwmp.datamodel.paths import ROOTS


@pytest.mark.parametrize(
    ("root", "asked", "meant"),
    [
        (TR181, ".ManagmentServer.URL", ".ManagementServer.URL"),
        (TR181, ".ManagementServer.Url", ".ManagementServer.URL"),
        (TR181, ".managementserver.periodicinforminterval", ".ManagementServer.PeriodicInformInterval"),
        (
            TR181,
            "Device.ManagementServer.PeriodicInformIntervall",
            "Device.ManagementServer.PeriodicInformInterval",
        ),
        (TR181, "Device.WiFi.SSID.SSID", "Device.WiFi.SSID.{i}.SSID"),
        (TR181, "Device.WiFi.1.SSID.2.SSID", "Device.WiFi.SSID.2.SSID"),
        (TR181, "InternetGatewayDevice.ManagementServer.URL", "Device.ManagementServer.URL"),
        (TR098, "Device.ManagementServer.STUNEnabel", "InternetGatewayDevice.ManagementServer.STUNEnable"),
        (TR181, "Devise.Time.Enable", "Device.Time.Enable"),
        (TR181, "ManagementServer.URL", "Device.ManagementServer.URL"),
        (TR181, '.XMPP.Conection.[Alias=="acs"].Enabled', '.XMPP.Connection.[Alias=="acs"].Enable'),
        (TR181, "Device.XMPP.Conection.", "Device.XMPP.Connection."),
        (TR181, ".DeviceInfo.SSID", ".WiFi.SSID.{i}.SSID"),
        (TR098, ".WLANConfiguration.1.SSID", ".LANDevice.{i}.WLANConfiguration.{i}.SSID"),
        (TR181, ".ManagementServer.Foo", ".ManagementServer."),
    ],
)
def test_the_first_suggestion(root: str, asked: str, meant: str) -> None:
    assert model(root).suggest(asked)[0] == meant


def test_no_suggestion_for_what_is_known_or_a_vendors_own() -> None:
    assert model(TR181).suggest("Device.WiFi.SSID.1.SSID") == []
    assert model(TR181).suggest("Device.ManagementServer.X_ACME_URL") == []
    assert model(TR181).suggest("Device.X_ACME.Url") == []
    assert model(TR181).suggest("") == []
    assert model(TR181).suggest("Device.[") == []


def test_what_was_deleted_from_the_standard_is_not_suggested() -> None:
    assert ".Time.NTPServer1" not in model(TR181).suggest(".Time.NTPServer12")


def test_the_limit() -> None:
    assert len(model(TR181).suggest(".WiFi.SSID.1.Enabled", limit=1)) == 1


PARAMETERS = {root: [p for p in model(root).paths() if not p.endswith(".")] for root in ROOTS}


@settings(max_examples=60)
@given(st.data())
def test_a_slip_of_one_letter_is_found(data: st.DataObject) -> None:
    root = data.draw(st.sampled_from(ROOTS))
    path = data.draw(st.sampled_from(PARAMETERS[root]))
    facts = model(root).parameter(path)
    assert facts is not None
    name = path.rpartition(".")[2]
    if facts.status == "deleted" or len(name) < 6 or "X_" in path:
        return
    at = data.draw(st.integers(0, len(name) - 1))
    slip = name[:at] + name[at + 1 :]
    asked = path[: -len(name)] + slip
    if model(root).known(asked) or slip.startswith("X_") or slip[0].isdigit():
        return
    assert path in model(root).suggest(asked, limit=6)
