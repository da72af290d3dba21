"""A CPE without its network: RPCs, events, effects, habits."""

from __future__ import annotations

import pytest

from cwmp.errors import CwmpError
from cwmp.lab.cpe import SimulatedCpe
from cwmp.lab.effects import (
    AcsChanged,
    FactoryResetAfterSession,
    InformLater,
    PeriodicChanged,
    RebootAfterSession,
    TransferLater,
)
from cwmp.lab.habits import HABITS, habits
from cwmp.lab.models import load_model
from cwmp.wire import messages as wire
from cwmp.wire.messages import DeviceId, Event, Fault, Message, ParameterValue

MS = "Device.ManagementServer."


def cpe(*habit_names: str, model: str = "tr181-gateway", **more: bool) -> SimulatedCpe:
    return SimulatedCpe(load_model(model).base, habit_names=habit_names, **more)


def met(*habit_names: str, **more: bool) -> SimulatedCpe:
    """A CPE whose first Inform has been answered."""
    own = cpe(*habit_names, **more)
    own.inform(now=0)
    own.informed()
    return own


def codes(own: SimulatedCpe) -> list[str]:
    return [event.event_code for event in own.pending]


def set_request(values: dict[str, tuple[str, str]], key: str = "k1") -> Message:
    return wire.SetParameterValues(
        tuple(ParameterValue(path, value, type_) for path, (type_, value) in values.items()), key
    )


def interval(value: str, key: str = "k1") -> Message:
    return set_request({f"{MS}PeriodicInformInterval": ("unsignedInt", value)}, key)


def read(own: SimulatedCpe, path: str) -> str:
    answer = own.answer(wire.GetParameterValues((path,)))
    assert isinstance(answer, wire.GetParameterValuesResponse)
    return answer.parameter_list[0].value


# ---- identity and Informs


def test_identity_is_the_trees_own_or_the_one_given() -> None:
    assert cpe().identity == DeviceId("Lab", "0A0B0C", "LabGateway", "LAB000001")
    own = SimulatedCpe(load_model("tr098-gateway").base, identity=DeviceId("Acme", "0A0B0D", "Box", "S1"))
    assert own.value(".DeviceInfo.SerialNumber") == "S1"
    assert own.value(".DeviceInfo.ManufacturerOUI") == "0A0B0D"
    assert own.inform(now=0).device_id.product_class == "Box"


def test_the_first_inform() -> None:
    own = cpe()
    assert own.wants_session
    inform = own.inform(now=1_700_000_000, retry_count=3)
    assert inform.event == (Event("0 BOOTSTRAP"), Event("1 BOOT"))
    assert inform.current_time == "2023-11-14T22:13:20Z"
    assert (inform.max_envelopes, inform.retry_count) == (1, 3)
    names = [each.name for each in inform.parameter_list]
    assert names == [
        "Device.RootDataModelVersion",
        "Device.DeviceInfo.HardwareVersion",
        "Device.DeviceInfo.SoftwareVersion",
        "Device.DeviceInfo.ProvisioningCode",
        f"{MS}ParameterKey",
        f"{MS}ConnectionRequestURL",
        f"{MS}AliasBasedAddressing",
    ]
    own.session_failed()
    assert codes(own) == ["0 BOOTSTRAP", "1 BOOT"]
    own.inform(now=0)
    own.informed()
    assert not own.wants_session


def test_the_inform_of_tr098_names_the_default_connections_address_only() -> None:
    own = cpe(model="tr098-gateway")
    names = [each.name for each in own.inform(now=0).parameter_list]
    wan = "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANPPPConnection.1.ExternalIPAddress"
    assert [name for name in names if name.endswith("ExternalIPAddress")] == [wan]
    assert names[0] == "InternetGatewayDevice.DeviceSummary"


def test_events_of_one_session() -> None:
    own = met()
    own.add_event("6 CONNECTION REQUEST")
    own.add_event("6 CONNECTION REQUEST")
    own.scheduled("later")
    own.scheduled("again")
    sent = own.inform(["2 PERIODIC"], now=0).event
    assert [event.event_code for event in sent] == [
        "2 PERIODIC",
        "3 SCHEDULED",
        "6 CONNECTION REQUEST",
        "M ScheduleInform",
        "M ScheduleInform",
    ]
    assert {event.command_key for event in sent if event.event_code.startswith("M")} == {"later", "again"}
    own.session_failed()
    assert "6 CONNECTION REQUEST" not in codes(own)
    assert "2 PERIODIC" in codes(own)
    own.add_event("8 DIAGNOSTICS COMPLETE")
    own.inform(now=0)
    own.add_event("2 PERIODIC")
    own.informed()
    assert codes(own) == []


def test_no_more_than_64_events() -> None:
    own = met()
    for number in range(80):
        own.scheduled(str(number))
    assert len(own.inform(now=0).event) == 64
    own.informed()
    assert len(own.inform(now=0).event) == 17


def test_inform_parameters_of_the_acs_choice() -> None:
    own = met()
    table = f"{MS}InformParameter."
    answer = own.answer(wire.AddObject(table))
    assert isinstance(answer, wire.AddObjectResponse)
    row = f"{table}{answer.instance_number}."
    own.answer(
        set_request(
            {
                f"{row}Enable": ("boolean", "true"),
                f"{row}ParameterName": ("string", "Device.WiFi.SSID.1.SSID"),
                f"{row}EventList": ("string", "2 PERIODIC"),
            }
        )
    )
    names = [each.name for each in own.inform(["2 PERIODIC"], now=0).parameter_list]
    assert names[-1] == "Device.WiFi.SSID.1.SSID"
    own.informed()
    assert "Device.WiFi.SSID.1.SSID" not in [
        each.name for each in own.inform(["1 BOOT"], now=0).parameter_list
    ]


# ---- value changes


def notify(own: SimulatedCpe, path: str, notification: int) -> None:
    answer = own.answer(
        wire.SetParameterAttributes((wire.SetParameterAttribute(path, True, notification, False),))
    )
    assert answer == wire.SetParameterAttributesResponse()


def test_active_and_passive_notification() -> None:
    own = met()
    ssid, client, loud = (
        "Device.WiFi.SSID.1.SSID",
        "Device.Time.NTPServer1",
        "Device.DeviceInfo.SoftwareVersion",
    )
    notify(own, ssid, 1)
    own.change(ssid, "Changed")
    own.change(client, "ntp.example")
    assert not own.wants_session
    own.change(".DeviceInfo.SoftwareVersion", "9.9")
    assert codes(own) == ["4 VALUE CHANGE"]
    inform = own.inform(now=0)
    values = {each.name: each.value for each in inform.parameter_list}
    assert values[ssid] == "Changed"
    assert values[loud] == "9.9"
    assert client not in values
    own.session_failed()
    assert ssid in {each.name for each in own.inform(now=0).parameter_list}
    own.informed()
    assert ssid not in {each.name for each in own.inform(["2 PERIODIC"], now=0).parameter_list}
    assert codes(own) == ["2 PERIODIC"]


def test_a_passive_change_goes_with_the_next_inform_whatever_opens_it() -> None:
    own = met()
    notify(own, "Device.WiFi.SSID.1.SSID", 4)
    own.change(".WiFi.SSID.1.SSID", "Changed")
    assert [event.event_code for event in own.inform(["2 PERIODIC"], now=0).event] == [
        "2 PERIODIC",
        "4 VALUE CHANGE",
    ]


def test_what_the_acs_sets_is_no_value_change() -> None:
    own = met()
    notify(own, f"{MS}PeriodicInformInterval", 2)
    own.answer(interval("900"))
    assert not own.wants_session
    own.change(f"{MS}PeriodicInformInterval", "900")
    assert not own.wants_session
    own.change(f"{MS}PeriodicInformInterval", "901")
    assert own.wants_session


def test_a_new_connection_request_url_is_told_at_once_but_not_before_the_first_contact() -> None:
    own = cpe()
    own.connection_request_url = "http://192.0.2.1:7547/a"
    assert codes(own) == ["0 BOOTSTRAP", "1 BOOT"]
    own.inform(now=0)
    own.informed()
    own.connection_request_url = "http://192.0.2.1:7547/a"
    assert codes(own) == []
    own.connection_request_url = "http://192.0.2.1:7547/b"
    assert codes(own) == ["4 VALUE CHANGE"]
    assert own.management.connection_request_url == "http://192.0.2.1:7547/b"


def test_a_changed_parameter_may_be_gone_by_the_next_inform() -> None:
    own = met()
    number = own.tree.add_row("Device.XMPP.Connection.")
    path = f"Device.XMPP.Connection.{number}.Status"
    notify(own, path, 2)
    own.change(path, "Connecting")
    own.answer(wire.DeleteObject(f"Device.XMPP.Connection.{number}."))
    assert path not in [each.name for each in own.inform(now=0).parameter_list]


def test_a_wrong_change_by_hand_is_one_clear_sentence() -> None:
    with pytest.raises(CwmpError, match=r"LAB000001 has no parameter Device\.Nonsense"):
        cpe().change(".Nonsense", "1")
    with pytest.raises(CwmpError, match="type boolean"):
        cpe().change(".ManagementServer.STUNEnable", "maybe")


# ---- RPCs


def test_every_rpc_of_the_acs_has_an_answer_and_the_others_9000() -> None:
    own = met()
    answer = own.answer(wire.GetRPCMethods())
    assert isinstance(answer, wire.GetRPCMethodsResponse)
    known = set(answer.method_list)
    assert {
        "GetRPCMethods",
        "SetParameterValues",
        "GetParameterValues",
        "GetParameterNames",
        "SetParameterAttributes",
        "GetParameterAttributes",
        "AddObject",
        "DeleteObject",
        "Reboot",
        "Download",
    } <= known
    for request in (
        wire.SetVouchers(()),
        wire.GetOptions("x"),
        wire.CancelTransfer("x"),
        wire.ChangeDUState(()),
    ):
        assert type(request).__name__ not in known
        assert own.answer(request) == Fault.of(9000)
    assert own.answer(wire.InformResponse()) == Fault.of(9000)


def test_the_parameter_key_goes_with_every_change() -> None:
    own = met()
    assert own.answer(interval("900", "k-set")) == wire.SetParameterValuesResponse(0)
    assert own.management.parameter_key == "k-set"
    assert own.answer(wire.AddObject("Device.XMPP.Connection.", "k-add")) == wire.AddObjectResponse(1, 0)
    assert own.management.parameter_key == "k-add"
    assert own.answer(wire.DeleteObject("Device.XMPP.Connection.1.", "k-del")) == wire.DeleteObjectResponse(0)
    assert own.management.parameter_key == "k-del"
    for refused in (
        interval("0", "k-bad"),
        interval("900", "k" * 33),
        wire.AddObject("Device.XMPP.Connection.", "k" * 33),
        wire.DeleteObject("Device.XMPP.Connection.1.", "k-bad"),
    ):
        assert isinstance(own.answer(refused), Fault)
    assert own.management.parameter_key == "k-del"
    assert own.tree.rows(".XMPP.Connection.") == []


def test_a_refused_set_lists_every_parameter() -> None:
    fault = met().answer(
        set_request(
            {
                f"{MS}PeriodicInformInterval": ("unsignedInt", "900"),
                f"{MS}ParameterKey": ("string", "x"),
                f"{MS}Nonsense": ("string", "x"),
            }
        )
    )
    assert isinstance(fault, Fault)
    assert (fault.code, fault.soap_code) == (9003, "Client")
    assert [(each.parameter_name, each.code) for each in fault.set_parameter_values_faults] == [
        (f"{MS}ParameterKey", 9008),
        (f"{MS}Nonsense", 9005),
    ]


def test_reading_several_names_at_once_fails_whole() -> None:
    own = met()
    answer = own.answer(wire.GetParameterValues((f"{MS}URL", "Device.XMPP.", f"{MS}URL")))
    assert isinstance(answer, wire.GetParameterValuesResponse)
    assert [each.name for each in answer.parameter_list] == [
        f"{MS}URL",
        "Device.XMPP.ConnectionNumberOfEntries",
        "Device.XMPP.SupportedServerConnectAlgorithms",
        f"{MS}URL",
    ]
    assert answer.parameter_list[1].type == "unsignedInt"
    fault = own.answer(wire.GetParameterValues((f"{MS}URL", "Device.Nonsense")))
    assert isinstance(fault, Fault)
    assert (fault.code, fault.soap_code) == (9005, "Client")


def test_effects_are_given_once() -> None:
    own = met(transfers=True)
    download = wire.Download("dl", "1 Firmware Upgrade Image", "http://files.example/fw")
    assert own.answer(wire.Reboot("rb")) == wire.RebootResponse()
    assert own.answer(wire.FactoryReset()) == wire.FactoryResetResponse()
    assert own.answer(wire.ScheduleInform(60, "si")) == wire.ScheduleInformResponse()
    assert own.answer(download) == wire.DownloadResponse(1)
    own.answer(interval("901"))
    own.answer(set_request({f"{MS}URL": ("string", "http://other/")}))
    assert own.effects() == [
        RebootAfterSession("rb"),
        FactoryResetAfterSession(),
        InformLater(60, "si"),
        TransferLater(download),
        PeriodicChanged(),
        AcsChanged(),
    ]
    assert own.effects() == []
    assert isinstance(own.answer(wire.ScheduleInform(0, "si")), Fault)
    assert own.effects() == []


def test_another_acs_is_a_first_contact() -> None:
    own = met()
    own.answer(set_request({f"{MS}URL": ("string", "http://other/")}))
    assert codes(own) == ["0 BOOTSTRAP"]
    assert own.management.url == "http://other/"
    own.inform(now=0)
    own.informed()
    own.answer(set_request({f"{MS}URL": ("string", "http://other/")}))
    assert codes(own) == []


def test_reboot_and_factory_reset() -> None:
    own = met()
    own.answer(interval("900"))
    own.boot("rb")
    assert own.pending == (Event("1 BOOT"), Event("M Reboot", "rb"))
    assert own.management.periodic_interval == 900
    own.inform(now=0)
    own.informed()
    own.scheduled("s")
    own.factory_reset()
    assert codes(own) == ["0 BOOTSTRAP", "1 BOOT"]
    assert own.management.periodic_interval == 86400
    assert own.management.parameter_key == ""


def test_transfers() -> None:
    plain = met().answer(wire.Download("dl", "1 Firmware Upgrade Image", "http://files.example/fw"))
    assert isinstance(plain, Fault)
    assert plain.code == 9001
    own = met(transfers=True)
    request = wire.Upload("ul", "1 Vendor Configuration File", "http://files.example/cfg")
    assert own.answer(request) == wire.UploadResponse(1)
    own.transferred(request, fault_code=9011, start=0, complete=60)
    assert codes(own) == ["7 TRANSFER COMPLETE", "M Upload"]
    own.inform(now=0)
    own.informed()
    assert codes(own) == ["7 TRANSFER COMPLETE", "M Upload"]
    (report,) = own.requests
    assert isinstance(report, wire.TransferComplete)
    assert (report.command_key, report.fault_struct.fault_code) == ("ul", 9011)
    assert report.complete_time == "1970-01-01T00:01:00Z"
    own.request_answered(report)
    assert codes(own) == []
    assert own.requests == ()


def test_management_values() -> None:
    own = SimulatedCpe(
        load_model("tr098-gateway").base,
        factory={".ManagementServer.URL": "http://acs/", ".ManagementServer.Password": "pw"},
    )
    management = own.management
    assert (management.url, management.password) == ("http://acs/", "pw")
    assert management.periodic_enabled
    assert (management.retry_minimum, management.retry_multiplier) == (5, 2000)
    assert read(own, "InternetGatewayDevice.ManagementServer.Password") == ""
    own.answer(wire.FactoryReset())
    own.factory_reset()
    assert own.management.password == "pw"


# ---- habits


def test_an_unknown_habit_is_named() -> None:
    with pytest.raises(CwmpError, match=r"no habit 'sleepy'.*ignore_set"):
        cpe("sleepy")
    assert habits(HABITS) == frozenset(HABITS)


def test_status1() -> None:
    own = met("status1")
    assert own.answer(interval("900")) == wire.SetParameterValuesResponse(1)
    assert read(own, f"{MS}PeriodicInformInterval") == "900"


def test_status1_old_holds_back_until_the_reboot() -> None:
    own = met("status1_old")
    assert own.answer(interval("900")) == wire.SetParameterValuesResponse(1)
    assert read(own, f"{MS}PeriodicInformInterval") == "86400"
    own.boot("x")
    assert read(own, f"{MS}PeriodicInformInterval") == "900"


def test_normalise_case() -> None:
    own = met("normalise_case")
    own.answer(
        set_request({"Device.WiFi.SSID.1.SSID": ("string", "Cafe"), f"{MS}Username": ("string", "BOB")})
    )
    assert read(own, "Device.WiFi.SSID.1.SSID") == "cafe"
    own.answer(set_request({"Device.NAT.PortMapping.1.Protocol": ("string", "UDP")}))
    assert read(own, "Device.NAT.PortMapping.1.Protocol") == "UDP"


def test_ignore_set_still_checks() -> None:
    own = met("ignore_set")
    assert own.answer(interval("900")) == wire.SetParameterValuesResponse(0)
    assert read(own, f"{MS}PeriodicInformInterval") == "86400"
    assert isinstance(own.answer(interval("0")), Fault)


def test_revert_set_goes_back_at_the_end_of_the_session() -> None:
    own = met("revert_set")
    own.answer(interval("900"))
    own.answer(interval("901"))
    assert read(own, f"{MS}PeriodicInformInterval") == "901"
    own.session_over()
    assert read(own, f"{MS}PeriodicInformInterval") == "86400"


def test_set_limit() -> None:
    own = met("set_limit_10")
    many = {
        f"Device.WiFi.SSID.{n}.{name}": ("string", f"x{n}")
        for n in (1, 2, 3, 4)
        for name in ("SSID", "Alias")
    }
    assert own.answer(set_request(many)) == wire.SetParameterValuesResponse(0)
    many |= {f"Device.WiFi.AccessPoint.{n}.Alias": ("string", f"x{n}") for n in (1, 2, 3)}
    fault = own.answer(set_request(many))
    assert isinstance(fault, Fault)
    assert fault.code == 9004


def test_deny_partial_paths() -> None:
    own = met("deny_partial_paths")
    for path in ("", "Device.", MS):
        fault = own.answer(wire.GetParameterValues((f"{MS}URL", path)))
        assert isinstance(fault, Fault)
        assert fault.code == 9005
    assert isinstance(own.answer(wire.GetParameterNames(MS, False)), wire.GetParameterNamesResponse)
    assert read(own, f"{MS}URL")


def test_other_habits() -> None:
    assert met("deny_rpc_methods").answer(wire.GetRPCMethods()) == Fault.of(9000)
    own = met("bootstrap_each_boot")
    own.boot()
    assert codes(own) == ["0 BOOTSTRAP", "1 BOOT"]
