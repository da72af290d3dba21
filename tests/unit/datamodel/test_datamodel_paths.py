"""Paths as text: roots, instances, aliases, row selectors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwmp.datamodel import TR098, TR181, model, paths
from cwmp.datamodel.paths import PathError, RowSelector, first_selected_row, row_selector

ANY_ROOT = st.sampled_from([TR181, TR098])


@pytest.mark.parametrize(
    ("path", "root", "translate", "expected"),
    [
        (".ManagementServer.URL", TR181, False, "Device.ManagementServer.URL"),
        (".ManagementServer.URL", TR098, False, "InternetGatewayDevice.ManagementServer.URL"),
        (".", TR181, False, "Device."),
        ("Device.Time.", TR181, True, "Device.Time."),
        ("Device.Time.", TR098, False, "Device.Time."),
        ("Device.Time.", TR098, True, "InternetGatewayDevice.Time."),
        ("InternetGatewayDevice.Time.Enable", TR181, True, "Device.Time.Enable"),
        ("Other.Time", TR181, True, "Other.Time"),
    ],
)
def test_with_root(path: str, root: str, translate: bool, expected: str) -> None:
    assert paths.with_root(path, root, translate=translate) == expected


def test_without_root_is_undone_by_with_root() -> None:
    for root in paths.ROOTS:
        for path in model(root).paths():
            assert paths.with_root(paths.without_root(path), root) == path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Device.WiFi.SSID.12.SSID", "Device.WiFi.SSID.{i}.SSID"),
        ("Device.WiFi.SSID.{i}.", "Device.WiFi.SSID.{i}."),
        ("Device.WiFi.SSID.[guest].SSID", "Device.WiFi.SSID.{i}.SSID"),
        ('.XMPP.Connection.[Username=="a.b"&&Domain=="x]y"].', ".XMPP.Connection.{i}."),
        ("Device.IEEE1905.AL.", "Device.IEEE1905.AL."),
        ("Device.IP.Interface.*.Status", "Device.IP.Interface.{i}.Status"),
        ("Device.X_TP_QOS.8021pMark", "Device.X_TP_QOS.8021pMark"),
        ("", ""),
    ],
)
def test_generic(path: str, expected: str) -> None:
    assert paths.generic(path) == expected


def test_every_path_of_the_models_is_valid_and_generic_already() -> None:
    for root in paths.ROOTS:
        for path in model(root).paths():
            assert paths.valid_path(path)
            assert paths.generic(path) == path
            assert paths.is_partial(path) == path.endswith(".")


@pytest.mark.parametrize(
    ("path", "above", "name"),
    [
        ("Device.", "", "Device"),
        ("Device.Time.", "Device.", "Time"),
        ("Device.WiFi.SSID.1.", "Device.WiFi.SSID.", "1"),
        ("Device.WiFi.SSID.1.SSID", "Device.WiFi.SSID.1.", "SSID"),
        ('Device.A.[B=="x.y"].C', 'Device.A.[B=="x.y"].', "C"),
        ("", "", ""),
    ],
)
def test_parent_and_leaf(path: str, above: str, name: str) -> None:
    assert paths.parent(path) == above
    assert paths.leaf(path) == name


@pytest.mark.parametrize(
    "path",
    [
        "",
        "ManagementServer.URL",
        "Device",
        "Device..URL",
        " Device.Time.",
        "Device.Ti me.",
        "Device.WiFi.SSID.01.SSID",
        "Device.WiFi.SSID.0.SSID",
        "Device.WiFi.SSID.[.SSID",
        "Device.WiFi.SSID.[a]b.SSID",
        'Device.WiFi.SSID.[Alias="x"].SSID',
        "Device." + "a" * 250,
    ],
)
def test_no_path(path: str) -> None:
    if path == "Device":  # an object's name without its dot looks like a parameter of no root
        assert not paths.is_partial(path)
        return
    assert not paths.valid_path(path)
    with pytest.raises(PathError) as caught:
        paths.check_path(path)
    assert "\n" not in str(caught.value)


def test_row_selector_parts() -> None:
    cut = first_selected_row('.XMPP.Connection.[Alias=="acs"].Server.[ServerAddress=="a.b"&&Port=="1"].')
    assert cut is not None
    assert cut.table == ".XMPP.Connection."
    assert cut.selector == RowSelector((("Alias", "acs"),))
    assert cut.rest == 'Server.[ServerAddress=="a.b"&&Port=="1"].'
    again = first_selected_row("Device." + cut.rest)
    assert again is not None
    assert again.selector.keys == (("ServerAddress", "a.b"), ("Port", "1"))
    assert again.rest == ""
    assert first_selected_row("Device.WiFi.SSID.1.SSID") is None
    assert row_selector("[guest]") == RowSelector((("Alias", "guest"),))
    assert row_selector("1") is None


@given(
    st.lists(
        st.tuples(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True), st.text(max_size=20)),
        min_size=1,
        max_size=3,
    )
)
def test_a_selector_reads_back_as_written(keys: list[tuple[str, str]]) -> None:
    selector = RowSelector(tuple(keys))
    assert row_selector(str(selector)) == selector
    path = f".Table.{selector}.Name"
    cut = first_selected_row(path)
    assert cut is not None
    assert (cut.table, cut.selector, cut.rest) == (".Table.", selector, "Name")
    assert paths.generic(path) == ".Table.{i}.Name"


@given(st.text(max_size=60) | st.text(alphabet='.[]{}i"=\\a1*&', max_size=40), ANY_ROOT)
def test_any_text_gives_an_answer_or_a_path_error(text: str, root: str) -> None:
    paths.valid_path(text)
    for ask in (paths.segments, paths.generic, paths.parent, paths.leaf, first_selected_row, paths.instances):
        try:
            ask(text)
        except PathError:
            assert "[" in text
    assert paths.without_root(paths.with_root(text, root)) in (text, paths.without_root(text))
