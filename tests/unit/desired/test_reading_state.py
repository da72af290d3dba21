"""JSON ⇄ desired state: strict, and every refusal says where and what to do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwmp.desired.procedure import Refused
from cwmp.desired.state import AttributeState, DesiredState, InstanceState

names = st.from_regex(r"[A-Z][A-Za-z0-9_]{0,6}", fullmatch=True)
paths = st.lists(names, min_size=1, max_size=4).map(lambda parts: "." + ".".join(parts))
scalars = st.one_of(
    st.text(max_size=8),
    st.integers(),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.text(max_size=5), max_size=3),
)
values = st.dictionaries(paths, scalars, max_size=4)
relative = st.dictionaries(names, scalars, max_size=3)


@st.composite
def instances(draw: st.DrawFn) -> InstanceState:
    match = draw(st.dictionaries(names, scalars, min_size=1, max_size=2))
    state = draw(st.sampled_from(["present", "absent"]))
    wanted = {} if state == "absent" else {k: v for k, v in draw(relative).items() if k not in match}
    number = draw(st.none() | st.integers(1, 99))
    return InstanceState(draw(paths) + ".", match, wanted, state, number)  # type: ignore[arg-type]


attributes = st.builds(
    AttributeState,
    paths,
    st.integers(0, 6),
    st.none() | st.lists(st.text(max_size=5), max_size=2).map(tuple),
)
states = st.builds(
    DesiredState,
    values,
    st.lists(instances(), max_size=2).map(tuple),
    st.lists(attributes, max_size=2).map(tuple),
)


@given(states)
def test_a_state_survives_its_json(state: DesiredState) -> None:
    assert DesiredState.from_json(state.to_json()) == state


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["set", "instances", "attributes", "table", "match", "path", "number", ".A.B", "A"]
            )
            | st.text(max_size=6),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_any_json_is_a_state_or_refused(data: Any) -> None:
    try:
        state = DesiredState.from_json(data)
    except Refused as refused:
        assert str(refused)
    else:
        assert DesiredState.from_json(state.to_json()) == state


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "has to be a mapping with set, instances and attributes"),
        ({"values": {}}, "does not know 'values': allowed are set, instances and attributes"),
        ({"set": [1]}, "from parameter path to value"),
        ({"set": {"ManagementServer.URL": "x"}}, "dot"),
        ({"set": {".A.": "x"}}, "is an object because it ends in a dot"),
        ({"set": {".A..B": "x"}}, "two dots"),
        ({"set": {".A.{i}.B": "x"}}, "{i}"),
        ({"set": {".A": None}}, 'write "" for the empty text'),
        ({"set": {".A": {"B": 1}}}, "nested mapping"),
        ({"set": {".A": [1]}}, "every item in quotes"),
        ({"set": {".A": float("nan")}}, "finite"),
        ({"set": {1: "x"}}, "in quotes"),
        ({"set": {"." + "A" * 300: "x"}}, "256"),
        ({"instances": {}}, "has to be a list"),
        ({"instances": [{"tabel": ".A."}]}, "'tabel': allowed are table, match, set, state and number"),
        ({"instances": [{"table": ".A", "match": {"B": 1}}]}, "end in a dot"),
        ({"instances": [{"table": ".A.1.", "match": {"B": 1}}]}, "names a row"),
        ({"instances": [{"table": ".A."}]}, "needs match"),
        ({"instances": [{"table": ".A.", "match": {".B": 1}}]}, "leave the leading dot away"),
        ({"instances": [{"table": ".A.", "match": {"B": 1}, "state": "gone"}]}, "present or absent"),
        ({"instances": [{"table": ".A.", "match": {"B": 1}, "state": "absent", "set": {"C": 1}}]}, "no set"),
        ({"instances": [{"table": ".A.", "match": {"B": 1}, "set": {"B": 2}}]}, "found again"),
        ({"instances": [{"table": ".A.", "number": 0}]}, "from 1 up"),
        ({"instances": [{"table": ".A.", "number": True}]}, "from 1 up"),
        ({"attributes": [{"path": ".A"}]}, "needs notification or access_list"),
        ({"attributes": [{"path": ".A", "notification": 7}]}, "0 \\(off\\)"),
        ({"attributes": [{"path": ".A", "access_list": "Subscriber"}]}, "list of texts"),
    ],
)
def test_what_is_malformed_is_refused_with_place_and_mend(data: Any, words: str) -> None:
    with pytest.raises(Refused, match=words):
        DesiredState.from_json(data)


def test_no_refusal_shows_a_value() -> None:
    for value in ({"x": "hidden-away"}, ["hidden-away", 1], ("hidden-away", None)):
        with pytest.raises(Refused) as caught:
            DesiredState.from_json({"set": {".ManagementServer.Password": value}})
        assert "hidden-away" not in str(caught.value)
