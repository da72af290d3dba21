"""Whatever is asked of a CPE: it answers, its tree stays whole, and a refused set changes nothing."""

from __future__ import annotations

import dataclasses
import typing
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cwmp.datamodel import model
from cwmp.datamodel.paths import is_instance, leaf, parent
from cwmp.lab.cpe import SimulatedCpe
from cwmp.lab.habits import HABITS
from cwmp.lab.models import GATEWAYS, load_model
from cwmp.lab.nodes import ObjectNode, ParameterNode
from cwmp.wire import messages as wire
from cwmp.wire.messages import Fault, Message, ParameterValue

TABLES = {
    "Device.": (
        "Device.XMPP.Connection.",
        "Device.NAT.PortMapping.",
        "Device.WiFi.SSID.",
        "Device.Ethernet.Interface.",
    ),
    "InternetGatewayDevice.": (
        "InternetGatewayDevice.XMPP.Connection.",
        "InternetGatewayDevice.Layer3Forwarding.Forwarding.",
        "InternetGatewayDevice.LANDevice.1.Hosts.Host.",
    ),
}
NAMES = (
    "",
    ".",
    "Device.",
    "Device.WiFi.SSID.",
    "Device.WiFi.SSID.1.",
    "Device.WiFi.SSID.1.SSID",
    "Device.ManagementServer.URL",
    "Device.ManagementServer.PeriodicInformInterval",
    "Device.ManagementServer.",
    "Device.XMPP.Connection.",
    "Device.XMPP.Connection.[x].",
    "Device.XMPP.Connection.1.",
    "Device.NAT.PortMapping.2.",
    "InternetGatewayDevice.User.",
)
TEXT = (
    st.sampled_from(NAMES)
    | st.text(max_size=12)
    | st.sampled_from(["true", "1", "-1", "string", "boolean", "int"])
)


@cache
def any_of(kind: Any) -> st.SearchStrategy[Any]:
    """Anything of a type that occurs in messages."""
    if typing.get_origin(kind) is typing.Annotated:
        return any_of(typing.get_args(kind)[0])
    if typing.get_origin(kind) is tuple:
        return st.lists(any_of(typing.get_args(kind)[0]), max_size=4).map(tuple)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        fields = {field.name: any_of(hints[field.name]) for field in dataclasses.fields(kind)}
        return st.builds(kind, **fields)  # type: ignore[arg-type]
    if kind is str:
        return TEXT
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.integers(-2, 2**33) | st.integers(0, 8)
    return st.one_of(*(any_of(each) for each in typing.get_args(kind)))


ANY_MESSAGE: st.SearchStrategy[Message] = st.one_of(*(any_of(cls) for cls in wire.MESSAGES.values()))


@settings(max_examples=80)
@given(
    st.lists(ANY_MESSAGE, min_size=1, max_size=12),
    st.sampled_from(GATEWAYS),
    st.sets(st.sampled_from(sorted(HABITS))),
)
def test_any_message_has_an_answer(messages: list[Message], name: str, habit_names: set[str]) -> None:
    cpe = SimulatedCpe(load_model(name).base, habit_names=habit_names, transfers=True)
    for message in messages:
        answer = cpe.answer(message)
        if isinstance(answer, Fault):
            assert 9000 <= answer.code < 9900
            assert answer.message
            assert "\n" not in answer.message or "\n" in repr(message)
        else:
            assert type(answer) is wire.RESPONSES[type(message)]
        cpe.inform(["2 PERIODIC"], now=0)
        cpe.informed()
    cpe.session_over()
    cpe.effects()
    cpe.boot("x")
    assert cpe.inform(now=0).event


class AnyTree(RuleBasedStateMachine):
    """Random RPCs on one CPE; after each the tree has to be whole."""

    def __init__(self) -> None:
        super().__init__()
        self.model = load_model(GATEWAYS[0])
        self.cpe = SimulatedCpe(self.model.base)
        self.numbers: dict[str, set[int]] = {}

    @property
    def root(self) -> str:
        return self.model.base.root

    def rows(self) -> list[str]:
        return [row for table in TABLES[self.root] for row in self.cpe.tree.rows(table)]

    @precondition(lambda self: not self.numbers)
    @rule(name=st.sampled_from(GATEWAYS))
    def be_another(self, name: str) -> None:
        self.model = load_model(name)
        self.cpe = SimulatedCpe(self.model.base)

    @rule(data=st.data())
    def add(self, data: st.DataObject) -> None:
        table = data.draw(st.sampled_from(TABLES[self.root]))
        seen = self.numbers.setdefault(table, {int(leaf(row)) for row in self.cpe.tree.rows(table)})
        answer = self.cpe.answer(wire.AddObject(table))
        facts = model(self.root).object(table)
        assert facts is not None
        if not facts.add_object:
            assert isinstance(answer, Fault)
            return
        assert isinstance(answer, wire.AddObjectResponse)
        assert answer.instance_number > max(seen, default=0)
        seen.add(answer.instance_number)
        row = f"{table}{answer.instance_number}."
        held = {each.path.removeprefix(row) for each in self.cpe.tree.values(row)}
        assert held >= {"Alias", "Enable"}

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        rows = self.rows()
        if not rows:
            return
        row = data.draw(st.sampled_from(rows))
        table = parent(row)
        self.numbers.setdefault(table, {int(leaf(each)) for each in self.cpe.tree.rows(table)})
        answer = self.cpe.answer(wire.DeleteObject(row))
        if isinstance(answer, wire.DeleteObjectResponse):
            assert row not in self.cpe.tree.rows(table)
            refused = self.cpe.answer(wire.GetParameterValues((row,)))
            assert isinstance(refused, Fault)
            for each in self.cpe.tree.values(""):
                assert row not in each.value

    @rule(data=st.data(), good=st.booleans())
    def set(self, data: st.DataObject, good: bool) -> None:
        tree = self.cpe.tree
        names = data.draw(
            st.lists(st.sampled_from(tree.values("")), min_size=1, max_size=4, unique_by=lambda h: h.path)
        )
        values = [ParameterValue(each.path, tree.value(each.path) or "", each.type) for each in names]
        writable = all(
            isinstance(node := tree.node(each.path), ParameterNode) and node.writable for each in names
        )
        if not good:
            values = [dataclasses.replace(each, value=data.draw(TEXT)) for each in values]
        before = {each.path: tree.value(each.path) for each in tree.values("")}
        answer = self.cpe.answer(wire.SetParameterValues(tuple(values), "key"))
        after = {each.path: tree.value(each.path) for each in tree.values("")}
        if isinstance(answer, Fault):
            assert after == before
            assert not (good and writable)
            assert answer.set_parameter_values_faults
        else:
            asked = {each.name for each in values} | {f"{self.root}ManagementServer.ParameterKey"}
            assert {path for path in after if after[path] != before[path]} <= asked

    @rule(data=st.data(), notification=st.integers(-1, 7))
    def attributes(self, data: st.DataObject, notification: int) -> None:
        path = data.draw(st.sampled_from([each.path for each in self.cpe.tree.names("", False)]))
        asked = wire.SetParameterAttribute(path, True, notification, False)
        answer = self.cpe.answer(wire.SetParameterAttributes((asked,)))
        if isinstance(answer, Fault):
            assert answer.code in (9003, 9009)

    @rule()
    def reset(self) -> None:
        self.cpe.factory_reset()
        self.numbers.clear()
        assert self.cpe.tree.values("") == SimulatedCpe(self.model.base).tree.values("")

    @invariant()
    def whole(self) -> None:
        tree = self.cpe.tree
        names = tree.names("", False)
        paths = [each.path for each in names]
        assert len(paths) == len(set(paths))
        known = set(paths)
        assert all(parent(path) in known for path in paths if path != self.root)
        assert [path for path in paths if not path.endswith(".")] == [each.path for each in tree.values("")]
        for table in TABLES[self.root]:
            node = tree.node(table)
            assert isinstance(node, ObjectNode)
            assert all(is_instance(leaf(child)) for child in node.children)
            facts = model(self.root).object(table)
            assert facts is not None
            assert tree.value(parent(table) + leaf(facts.counter)) == str(len(tree.rows(table)))


AnyTree.TestCase.settings = settings(max_examples=20, stateful_step_count=12, deadline=None)
TestAnyTree = AnyTree.TestCase
