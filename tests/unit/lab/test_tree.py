"""The parameter tree of a CPE: reads, names, atomic sets, rows, attributes."""

from __future__ import annotations

import pytest

from cwmp.lab.models import load_model
from cwmp.lab.nodes import TreeRow, base_tree
from cwmp.lab.tree import AttributeChange, DeviceTree, Held, RpcRefused

MS = "Device.ManagementServer."


@pytest.fixture
def tree() -> DeviceTree:
    return DeviceTree(load_model("tr181-gateway").base)


def refused(tree: DeviceTree, *wanted: Held) -> dict[str, int]:
    """The codes by path of a set that has to fail."""
    before = list(tree.values(""))
    with pytest.raises(RpcRefused) as caught:
        tree.set_values(wanted)
    assert caught.value.code == 9003
    assert tree.values("") == before
    return {each.path: each.code for each in caught.value.parameters}


def code_of(call: object, *arguments: object) -> int:
    with pytest.raises(RpcRefused) as caught:
        call(*arguments)  # type: ignore[operator]
    return caught.value.code


# ---- reading


def test_values_of_a_parameter_an_object_and_the_whole(tree: DeviceTree) -> None:
    assert tree.values(f"{MS}URL") == [Held(f"{MS}URL", "string", "http://acs.example:7547/")]
    below = tree.values(MS)
    assert all(each.path.startswith(MS) for each in below)
    assert {each.path for each in below} > {f"{MS}URL", f"{MS}HeartbeatPolicy.Enable"}
    assert tree.values("") == tree.values("Device.")
    assert [each.path for each in tree.values("")] == list(tree.base.parameters)
    assert tree.values("Device.XMPP.Connection.") == []


@pytest.mark.parametrize(
    "path",
    [
        "Device.Nonsense",
        "Device.ManagementServer",
        "InternetGatewayDevice.",
        "Devic",
        "Device.WiFi.SSID.9.SSID",
        ".",
    ],
)
def test_unknown_names_are_9005(tree: DeviceTree, path: str) -> None:
    assert code_of(tree.values, path) == 9005
    assert code_of(tree.names, path, False) == 9005
    assert code_of(tree.attributes, path) == 9005


def test_hidden_values_read_as_null_but_are_held(tree: DeviceTree) -> None:
    path = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"
    tree.set_values([Held(path, "string", "a new secret")])
    assert tree.read(path).value == ""
    assert tree.value(path) == "a new secret"
    assert tree.value(".WiFi.AccessPoint.1.Security.KeyPassphrase") == "a new secret"


def test_names_of_the_next_level(tree: DeviceTree) -> None:
    assert [each.path for each in tree.names("", True)] == ["Device."]
    found = {each.path: each.writable for each in tree.names("Device.XMPP.", True)}
    assert found == {
        "Device.XMPP.ConnectionNumberOfEntries": False,
        "Device.XMPP.SupportedServerConnectAlgorithms": False,
        "Device.XMPP.Connection.": True,
    }
    rows = tree.names("Device.WiFi.SSID.", True)
    assert [each.path for each in rows] == [f"Device.WiFi.SSID.{n}." for n in (1, 2, 3, 4)]
    assert code_of(tree.names, f"{MS}URL", True) == 9003


def test_names_of_all_below_include_the_object_itself(tree: DeviceTree) -> None:
    found = [each.path for each in tree.names("Device.XMPP.", False)]
    assert found[0] == "Device.XMPP."
    assert len(found) == 4
    assert [each.path for each in tree.names(f"{MS}URL", False)] == [f"{MS}URL"]
    whole = [each.path for each in tree.names("", False)]
    assert len(whole) == len(set(whole)) == len(tree.base.nodes)
    assert [path for path in whole if not path.endswith(".")] == [each.path for each in tree.values("")]


# ---- setting


def test_each_refused_parameter_has_its_own_code(tree: DeviceTree) -> None:
    assert refused(
        tree,
        Held(f"{MS}PeriodicInformEnable", "boolean", "0"),
        Held(f"{MS}Nonsense", "string", ""),
        Held(f"{MS}", "string", ""),
        Held(f"{MS}ParameterKey", "string", "x"),
        Held(f"{MS}STUNEnable", "string", "true"),
        Held(f"{MS}PeriodicInformInterval", "unsignedInt", "0"),
        Held(f"{MS}STUNServerPort", "unsignedInt", "-1"),
        Held(f"{MS}PeriodicInformTime", "dateTime", "tomorrow"),
        Held("Device.WiFi.SSID.1.SSID", "string", "x" * 33),
        Held("Device.NAT.PortMapping.1.Protocol", "string", "SCTP"),
        Held("Device.WiFi.AccessPoint.1.Security.ModeEnabled", "string", "WEP-64"),
    ) == {
        f"{MS}Nonsense": 9005,
        f"{MS}": 9005,
        f"{MS}ParameterKey": 9008,
        f"{MS}STUNEnable": 9006,
        f"{MS}PeriodicInformInterval": 9007,
        f"{MS}STUNServerPort": 9007,
        f"{MS}PeriodicInformTime": 9007,
        "Device.WiFi.SSID.1.SSID": 9007,
        "Device.NAT.PortMapping.1.Protocol": 9007,
        "Device.WiFi.AccessPoint.1.Security.ModeEnabled": 9007,
    }
    assert tree.value(f"{MS}PeriodicInformEnable") == "true"


def test_a_name_twice_is_refused_without_a_list(tree: DeviceTree) -> None:
    assert (
        refused(tree, Held(f"{MS}URL", "string", "http://a/"), Held(f"{MS}URL", "string", "http://b/")) == {}
    )


def test_a_set_holds_canonical_values(tree: DeviceTree) -> None:
    changed = tree.set_values(
        [
            Held(f"{MS}PeriodicInformEnable", "boolean", " 0 "),
            Held(f"{MS}PeriodicInformInterval", "unsignedInt", "+0900"),
            Held(f"{MS}URL", "string", "http://acs.example:7547/"),
        ]
    )
    assert sorted(changed) == [f"{MS}PeriodicInformEnable", f"{MS}PeriodicInformInterval"]
    assert tree.read(f"{MS}PeriodicInformEnable").value == "false"
    assert tree.read(f"{MS}PeriodicInformInterval").value == "900"


def test_two_rows_cannot_have_one_alias(tree: DeviceTree) -> None:
    first, second = "Device.WiFi.SSID.1.Alias", "Device.WiFi.SSID.2.Alias"
    assert refused(tree, Held(first, "string", "cpe-2")) == {first: 9007}
    tree.set_values([Held(first, "string", "cpe-2"), Held(second, "string", "cpe-1")])
    assert (tree.value(first), tree.value(second)) == ("cpe-2", "cpe-1")


def test_a_command_is_not_held(tree: DeviceTree) -> None:
    path = "Device.PeriodicStatistics.SampleSet.1.ForceSample"
    own = DeviceTree(base_tree("Device.", [TreeRow(path, True, "boolean", "false")], checks_facts=True))
    own.set_values([Held(path, "boolean", "true")])
    assert own.read(path).value == "false"


def test_trees_of_one_base_do_not_touch_each_other() -> None:
    base = load_model("tr181-gateway").base
    one, two = DeviceTree(base), DeviceTree(base)
    one.set_values([Held(f"{MS}URL", "string", "http://one/")])
    one.add_row("Device.XMPP.Connection.")
    one.delete_row("Device.NAT.PortMapping.1.")
    assert two.values("") == DeviceTree(base).values("")
    assert two.rows(".XMPP.Connection.") == []


def test_factory_values_survive_a_reset_and_the_rest_does_not() -> None:
    own = DeviceTree(
        load_model("tr181-gateway").base, {".ManagementServer.URL": "http://mine/", ".No.Such": "x"}
    )
    before = own.values("")
    own.set_values([Held(f"{MS}URL", "string", "http://other/")])
    own.add_row("Device.XMPP.Connection.")
    own.delete_row("Device.WiFi.SSID.4.")
    own.set_attributes([AttributeChange(MS, notification=1)])
    own.reset()
    assert own.values("") == before
    assert own.value(".ManagementServer.URL") == "http://mine/"
    assert own.notification(f"{MS}URL") == 0
    assert own.add_row("Device.XMPP.Connection.") == 1


# ---- rows


def test_a_new_row_has_the_standards_defaults(tree: DeviceTree) -> None:
    assert tree.add_row("Device.XMPP.Connection.") == 1
    row = "Device.XMPP.Connection.1."
    held = {each.path.removeprefix(row): each.value for each in tree.values(row)}
    assert held["Enable"] == "false"
    assert held["Alias"] == "cpe-1"
    assert held["KeepAliveInterval"] == "-1"
    assert held["ServerConnectAttempts"] == "16"
    assert held["Status"] == "Disabled"
    assert held["ServerNumberOfEntries"] == "0"
    assert held["Username"] == ""
    assert tree.value(".XMPP.ConnectionNumberOfEntries") == "1"
    assert tree.rows(".XMPP.Connection.") == [row]
    assert tree.add_row(f"{row}Server.") == 1
    assert tree.value(f"{row}Server.1.Port") == "5222"
    assert tree.value(f"{row}ServerNumberOfEntries") == "1"


def test_instance_numbers_grow_and_are_never_used_again(tree: DeviceTree) -> None:
    table = "Device.NAT.PortMapping."
    assert tree.add_row(table) == 3
    tree.delete_row(f"{table}3.")
    assert tree.add_row(table) == 4
    for number in (1, 2, 4):
        tree.delete_row(f"{table}{number}.")
    assert tree.value(".NAT.PortMappingNumberOfEntries") == "0"
    assert tree.add_row(table) == 5
    assert code_of(tree.values, f"{table}1.") == 9005
    assert tree.value(f"{table}1.Enable") is None


def test_a_new_row_is_as_empty_as_the_standard_says_not_a_copy(tree: DeviceTree) -> None:
    number = tree.add_row("Device.WiFi.SSID.")
    assert tree.value(f".WiFi.SSID.{number}.SSID") == ""
    assert tree.value(f".WiFi.SSID.{number}.Alias") == f"cpe-{number}"
    assert tree.value(f".WiFi.SSID.{number}.LowerLayers") == ""


def test_where_no_rows_can_be_added_or_deleted(tree: DeviceTree) -> None:
    assert code_of(tree.add_row, "Device.Ethernet.Interface.") == 9003
    assert code_of(tree.add_row, "Device.ManagementServer.") == 9003
    assert code_of(tree.add_row, "Device.WiFi.SSID.1.") == 9003
    assert code_of(tree.add_row, f"{MS}URL") == 9003
    assert code_of(tree.add_row, "Device.Nonsense.") == 9005
    assert code_of(tree.add_row, "Device.WiFi.SSID") == 9005
    assert code_of(tree.delete_row, "Device.Ethernet.Interface.1.") == 9003
    assert code_of(tree.delete_row, "Device.WiFi.SSID.") == 9003
    assert code_of(tree.delete_row, "Device.") == 9003
    assert code_of(tree.delete_row, "Device.WiFi.SSID.99.") == 9005
    assert code_of(tree.delete_row, "Device.WiFi.SSID.1.SSID") == 9003


def test_a_full_table_is_9004() -> None:
    table = "Device.Ghn.Interface.1.SMMaskedBand."  # at most 32 rows, by the standard
    own = DeviceTree(base_tree("Device.", [TreeRow(table, True)], checks_facts=True))
    for number in range(1, 33):
        assert own.add_row(table) == number
    assert code_of(own.add_row, table) == 9004
    own.delete_row(f"{table}7.")
    assert own.add_row(table) == 33


def test_references_to_a_deleted_row_are_cleared(tree: DeviceTree) -> None:
    number = tree.add_row("Device.XMPP.Connection.")
    path = f"{MS}ConnReqXMPPConnection"
    tree.set_values([Held(path, "string", f"Device.XMPP.Connection.{number}")])
    tree.delete_row("Device.WiFi.SSID.1.")
    assert tree.value(path) == f"Device.XMPP.Connection.{number}"
    assert tree.value(".Bridging.Bridge.1.Port.6.LowerLayers") == ""
    assert tree.value(".WiFi.AccessPoint.1.SSIDReference") == ""
    assert tree.value(".WiFi.AccessPoint.2.SSIDReference") == "Device.WiFi.SSID.2"
    tree.delete_row(f"Device.XMPP.Connection.{number}.")
    assert tree.value(path) == ""


def test_one_reference_of_a_list_goes_the_others_stay(tree: DeviceTree) -> None:
    tree.delete_row("Device.Bridging.Bridge.1.Port.3.")
    left = tree.value(".Bridging.Bridge.1.Port.1.LowerLayers")
    assert left == ",".join(f"Device.Bridging.Bridge.1.Port.{port}" for port in (2, 4, 5, 6, 7))


# ---- attributes


def test_attributes_of_one_and_of_all_below(tree: DeviceTree) -> None:
    assert tree.attributes(f"{MS}ConnectionRequestURL")[0].notification == 2
    tree.set_attributes([AttributeChange(f"{MS}URL", notification=1, access_list=("Subscriber",))])
    assert tree.attributes(f"{MS}URL")[0].notification == 1
    assert tree.attributes(f"{MS}URL")[0].access_list == ("Subscriber",)
    tree.set_attributes([AttributeChange("Device.Time.", notification=6)])
    assert {
        each.notification for each in tree.attributes("Device.Time.") if "CurrentLocalTime" not in each.path
    } == {6}
    tree.set_attributes([AttributeChange(f"{MS}URL", access_list=())])
    assert tree.attributes(f"{MS}URL")[0].notification == 1
    assert tree.attributes(f"{MS}URL")[0].access_list == ()


def test_refused_notifications(tree: DeviceTree) -> None:
    uptime, version = "Device.DeviceInfo.UpTime", "Device.DeviceInfo.SoftwareVersion"

    def ask(path: str, notification: int) -> int:
        return code_of(
            tree.set_attributes, [AttributeChange(f"{MS}URL", 1), AttributeChange(path, notification)]
        )

    assert ask(uptime, 2) == 9009
    assert ask(version, 0) == 9009
    assert ask(f"{MS}URL", 7) == 9003
    assert ask("Device.Nonsense", 1) == 9005
    assert code_of(tree.set_attributes, [AttributeChange(f"{MS}URL", access_list=("Everybody",))]) == 9003
    assert tree.notification(f"{MS}URL") == 0
    tree.set_attributes([AttributeChange("Device.DeviceInfo.", notification=2)])
    assert tree.notification(uptime) == 0
    assert tree.notification("Device.DeviceInfo.Description") == 2
    tree.set_attributes([AttributeChange("Device.DeviceInfo.", notification=0)])
    assert tree.notification(version) == 2


def test_attributes_of_a_row_go_with_it(tree: DeviceTree) -> None:
    row = f"Device.XMPP.Connection.{tree.add_row('Device.XMPP.Connection.')}."
    tree.set_attributes([AttributeChange(f"{row}Enable", notification=2)])
    tree.delete_row(row)
    assert tree.notification(f"{row}Enable") == 0
