"""Which values a CPE takes for a parameter, and how it spells them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from cwmp.datamodel import ParameterFacts
from cwmp.datamodel.facets import refusal
from cwmp.datamodel.paths import instances, leaf, parent
from cwmp.lab.lexical import canonical
from cwmp.lab.nodes import ParameterNode
from cwmp.lab.refusals import WRONG_VALUE, ParameterRefusal

if TYPE_CHECKING:
    from cwmp.lab.tree import DeviceTree


def accepted(tree: DeviceTree, path: str, node: ParameterNode, text: str) -> tuple[str, str | None]:
    """The value as the CPE spells it, or why it takes it not. What it holds or once held it takes back."""
    if text in (node.value, tree.value(path)):
        return text, None
    value = canonical(node.type, text)
    if value is None:
        return "", f"it is no {node.type}"
    if tree.base.checks_facts and node.facts is not None:
        why = refusal(node.facts, value) or _not_supported(tree, path, node.facts, value)
        if why is not None:
            return "", why
    if node.type == "boolean" and node.value in ("0", "1"):
        value = "1" if value == "true" else "0"
    return value, None


def doubled_aliases(tree: DeviceTree, stored: Mapping[str, str]) -> Iterator[ParameterRefusal]:
    """Aliases that two rows of one table would have once the values are stored."""
    for path, value in stored.items():
        if leaf(path) != "Alias" or not value:
            continue
        row = parent(path)
        others = (f"{other}Alias" for other in tree.rows(parent(row)) if other != row)
        if any(stored.get(other, tree.value(other)) == value for other in others):
            yield ParameterRefusal(path, WRONG_VALUE, "another row has this alias")


def _not_supported(tree: DeviceTree, path: str, facts: ParameterFacts, value: str) -> str | None:
    """Why a value is not among those another parameter of this CPE lists (``ModesSupported``)."""
    if not facts.enum_from:
        return None
    rows = iter(instances(path))
    parts = [next(rows, part) if part == "{i}" else part for part in facts.enum_from.split(".")]
    listed = tree.value(".".join(parts))
    if not listed:
        return None
    allowed = {item.strip() for item in listed.split(",")} | {facts.enum_null}
    asked = [item.strip() for item in value.split(",")] if facts.list is not None else [value]
    return None if allowed.issuperset(asked) else f"this CPE supports {listed}"
