"""YAML's surprises become errors that say the mend, never a wrong value on a device."""

from __future__ import annotations

import datetime

import pytest


@pytest.mark.parametrize("value", ["x", "", 7, 1.5, True, ["a", "b"], ["a", 1]])
def test_plain_values_pass(value: object) -> None:
    from ansible_collections.cpeops.cwmp.plugins.plugin_utils.plain import plain_values

    found = plain_values("set", {".A.B": value})[".A.B"]
    assert found == ([str(item) for item in value] if isinstance(value, list) else value)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "''"),
        (datetime.date(2026, 1, 2), "quote it"),
        (datetime.datetime(2026, 1, 2, 3, 4), "quote it"),
        ({"B": 1}, "full path"),
        ([True], "quote it"),
        ([1.5], "quote it"),
        (b"x", "quote it"),
    ],
)
def test_traps_are_named(value: object, says: str) -> None:
    from ansible_collections.cpeops.cwmp.plugins.plugin_utils.plain import NotPlain, plain_values

    with pytest.raises(NotPlain, match=says) as caught:
        plain_values("set", {".A.B": value})
    assert ".A.B" in str(caught.value)


@pytest.mark.parametrize("mapping", ["a=b", ["a"], {5: "x"}, {"": "x"}])
def test_what_is_no_mapping_from_paths(mapping: object) -> None:
    from ansible_collections.cpeops.cwmp.plugins.plugin_utils.plain import NotPlain, plain_values

    with pytest.raises(NotPlain, match="'set'"):
        plain_values("set", mapping)
