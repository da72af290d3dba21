"""Dumps of real devices: read, refused, and played as CPEs."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwmp.errors import CwmpError
from cwmp.lab.cpe import SimulatedCpe, identity_of
from cwmp.lab.dump import load_dump, read_dump
from cwmp.lab.nodes import BaseTree, ParameterNode
from cwmp.wire import messages as wire
from cwmp.wire.messages import Fault, ParameterValue

DEVICES = Path(__file__).resolve().parents[4] / "shared" / "devices"
DUMPS = sorted(DEVICES.glob("*.jsonl"))


def line(path: str, writable: object = False, **more: object) -> str:
    return json.dumps({"path": path, "writable": writable} | more)


GOOD = [
    line("Device.", False),
    line("Device.DeviceInfo.SerialNumber", False, type="xsd:string", value="S1"),
    line("Device.Box.X_ACME_Count", True, type="xsd:unsignedint", value="7", notification=2),
    line("Device.Box.Rows.", True),
    line("Device.Box.Rows.2.", True),
    line("Device.Box.Rows.2.Name", True, type="string", value="two"),
    line("Device.Box.Empty.", True),
]


def test_a_small_dump() -> None:
    base = read_dump([*GOOD, "", "  "], "small")
    assert base.root == "Device."
    assert identity_of(base).serial_number == "S1"
    cpe = SimulatedCpe(base)
    assert cpe.answer(
        wire.GetParameterValues(("Device.Box.X_ACME_Count",))
    ) == wire.GetParameterValuesResponse((ParameterValue("Device.Box.X_ACME_Count", "7", "unsignedInt"),))
    assert cpe.tree.notification("Device.Box.X_ACME_Count") == 2
    assert [each.name for each in _names(cpe, "Device.")] == ["Device.DeviceInfo.", "Device.Box."]
    # a vendor's table: a new row looks like the others, its numbers go on after theirs
    assert cpe.answer(wire.AddObject("Device.Box.Rows.")) == wire.AddObjectResponse(3, 0)
    assert cpe.tree.value("Device.Box.Rows.3.Name") == ""
    assert cpe.answer(wire.AddObject("Device.Box.Empty.")) == wire.AddObjectResponse(1, 0)
    assert cpe.answer(wire.DeleteObject("Device.Box.Rows.2.")) == wire.DeleteObjectResponse(0)
    assert isinstance(cpe.answer(wire.AddObject("Device.Box.")), Fault)


def _names(cpe: SimulatedCpe, path: str) -> tuple[wire.ParameterInfo, ...]:
    answer = cpe.answer(wire.GetParameterNames(path, True))
    assert isinstance(answer, wire.GetParameterNamesResponse)
    return answer.parameter_list


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("{", "no JSON object"),
        ("[1]", "no JSON object"),
        ('{"writable": true}', '"path" has to be'),
        (line("Other.Name"), "begins with Device. or InternetGatewayDevice."),
        (line("Device..Name", False, type="string", value=""), "neither a name nor a number"),
        (line("Device.{i}.Name", False, type="string", value=""), "'{i}'"),
        (line("Device." + "x" * 300, False, type="string", value=""), "at most 256"),
        (line("Device.Name", "yes", type="string", value=""), '"writable" has to be true or false'),
        (line("Device.Name"), '"type" and "value"'),
        (line("Device.Name", False, type="string", value=None), '"type" and "value"'),
        (line("Device.Name", False, type="string", value="", notification=9), "0 to 6"),
        (line("Device.Box.Rows."), "has come before"),
        (line("Device.Box.Rows", False, type="string", value=""), "has come before as an object"),
        (line("Device.Box.X_ACME_Count."), "has come before as a parameter"),
    ],
)
def test_a_bad_line_is_told_by_its_number(bad: str, why: str) -> None:
    with pytest.raises(CwmpError) as caught:
        read_dump([*GOOD, bad], "box.jsonl")
    assert str(caught.value).startswith("line 8 of the device dump box.jsonl: ")
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_dumps(tmp_path: Path) -> None:
    with pytest.raises(CwmpError, match="No such file"):
        load_dump(tmp_path / "none")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CwmpError, match="not UTF-8"):
        load_dump(tmp_path / "binary")
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(CwmpError, match="is empty"):
        load_dump(tmp_path / "empty")
    mixed = [line("Device."), line("InternetGatewayDevice.")]
    with pytest.raises(CwmpError, match=r"mixes Device\. and InternetGatewayDevice\."):
        read_dump(mixed, "mixed")


LINES = st.lists(
    st.builds(
        lambda parts, dot, writable, type_, value: line(
            "Device." + ".".join(parts) + dot, writable, type=type_, value=value
        ),
        st.lists(st.sampled_from(["A", "B", "1", "2", "03", "{i}", "[x]", "", "é"]), max_size=4),
        st.sampled_from(["", "."]),
        st.booleans(),
        st.sampled_from(["xsd:string", "xsd:Int", "boolean", "nonsense", ""]),
        st.text(max_size=5),
    )
    | st.text(max_size=20),
    max_size=8,
)


@given(LINES)
def test_any_lines_give_a_tree_that_answers_or_one_clear_error(lines: list[str]) -> None:
    try:
        base = read_dump(lines, "any")
    except CwmpError as error:
        assert "\n" not in str(error)
        return
    cpe = SimulatedCpe(base)
    for request in (
        wire.GetParameterNames("", False),
        wire.GetParameterValues(("",)),
        wire.GetParameterAttributes(("",)),
    ):
        assert not isinstance(cpe.answer(request), Fault)
    for path, node in base.nodes.items():
        if not isinstance(node, ParameterNode) and node.table:
            cpe.answer(wire.AddObject(path))
            cpe.answer(wire.DeleteObject(path))
    assert not isinstance(cpe.answer(wire.GetParameterNames("", False)), Fault)


# ---- real devices


def plausible_other(type_: str, value: str) -> str:
    """Another value of the type, such as an operator might set."""
    if type_ == "boolean":
        return {"1": "0", "0": "1", "true": "false"}.get(value, "true")
    if type_ in ("int", "unsignedInt", "long", "unsignedLong"):
        return str(int(value) - 1 if int(value) > 1000 else int(value) + 1) if value else "1"
    if type_ == "dateTime":
        return "2026-01-02T03:04:05Z" if value != "2026-01-02T03:04:05Z" else "2026-01-02T03:04:06Z"
    if type_ == "base64":
        return base64.b64encode(f"other than {value}".encode()).decode()
    if type_ == "hexBinary":
        return "00" if value != "00" else "01"
    return f"{value}x"


@cache
def played(file: Path) -> BaseTree:
    return load_dump(file)


def writable(base: BaseTree) -> Iterator[tuple[str, ParameterNode]]:
    for path in base.parameters:
        node = base.nodes[path]
        if isinstance(node, ParameterNode) and node.writable:
            yield path, node


needs_dumps = pytest.mark.skipif(not DUMPS, reason="no dumps of real devices beside the checkout")
each_dump = pytest.mark.parametrize("file", DUMPS, ids=lambda file: file.stem)


@needs_dumps
@each_dump
def test_a_real_device_reads_as_it_was_dumped(file: Path) -> None:
    cpe = SimulatedCpe(played(file))
    wanted = [json.loads(text) for text in file.read_text().splitlines()]
    names = cpe.answer(wire.GetParameterNames("", False))
    assert isinstance(names, wire.GetParameterNamesResponse)
    assert {each.name: each.writable for each in names.parameter_list} == {
        each["path"]: each["writable"] for each in wanted
    }
    values = cpe.answer(wire.GetParameterValues(("",)))
    assert isinstance(values, wire.GetParameterValuesResponse)
    assert {(each.name, each.value, f"xsd:{each.type}") for each in values.parameter_list} == {
        (each["path"], each["value"], each["type"]) for each in wanted if "type" in each
    }
    assert cpe.identity.serial_number
    assert cpe.identity.oui
    assert cpe.inform(now=0).parameter_list


@needs_dumps
@each_dump
def test_every_writable_parameter_can_be_set_read_back_and_set_back(file: Path) -> None:
    base = played(file)
    cpe = SimulatedCpe(base)

    def set_and_read(path: str, type_: str, value: str, *, hidden: bool) -> None:
        answer = cpe.answer(wire.SetParameterValues((ParameterValue(path, value, type_),), "k"))
        assert answer == wire.SetParameterValuesResponse(0), (path, value, answer)
        assert cpe.value(path) == value
        shown = cpe.answer(wire.GetParameterValues((path,)))
        assert isinstance(shown, wire.GetParameterValuesResponse)
        assert hidden or shown.parameter_list[0].value == value

    count = 0
    for path, node in writable(base):
        other = plausible_other(node.type, node.value)
        assert other != node.value
        set_and_read(path, node.type, other, hidden=node.hidden)
        set_and_read(path, node.type, node.value, hidden=node.hidden)
        count += 1
    assert count > 400
    key = f"{base.root}ManagementServer.ParameterKey"
    fresh = {each.path: each.value for each in SimulatedCpe(base).tree.values("")}
    now = {each.path: each.value for each in cpe.tree.values("")}
    assert {path for path in fresh if fresh[path] != now[path]} <= {key}


@needs_dumps
@each_dump
def test_all_writable_parameters_in_one_set(file: Path) -> None:
    base = played(file)
    cpe = SimulatedCpe(base)
    wanted = {path: plausible_other(node.type, node.value) for path, node in writable(base)}
    types = {path: node.type for path, node in writable(base)}
    request = wire.SetParameterValues(tuple(ParameterValue(p, v, types[p]) for p, v in wanted.items()))
    assert cpe.answer(request) == wire.SetParameterValuesResponse(0)
    assert sum(cpe.value(path) == value for path, value in wanted.items()) > 0.99 * len(wanted)


@needs_dumps
@each_dump
def test_rows_can_be_added_wherever_the_device_says_so(file: Path) -> None:
    base = played(file)
    cpe = SimulatedCpe(base)
    added = 0
    for path, node in base.nodes.items():
        if isinstance(node, ParameterNode) or not (node.table and node.writable):
            continue
        answer = cpe.answer(wire.AddObject(path))
        assert isinstance(answer, wire.AddObjectResponse), (path, answer)
        row = f"{path}{answer.instance_number}."
        assert row not in base.nodes
        assert cpe.answer(wire.DeleteObject(row)) == wire.DeleteObjectResponse(0)
        added += 1
    assert added > 20
