"""The tree a model of CPE is born with: immutable, built once and shared by every CPE of the model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from cwmp.datamodel import ParameterFacts, model
from cwmp.datamodel.paths import generic, is_instance, leaf, parent
from cwmp.lab.lexical import null_value, type_name


@dataclass(frozen=True, slots=True)
class ParameterNode:
    """A parameter as this CPE has it. type: XSD local name; value and notification: from the factory.

    hidden: reads give the null value, whatever it holds. command: writing it does something; nothing is held.
    """

    type: str
    writable: bool
    value: str
    facts: ParameterFacts | None = None
    notification: int | None = None
    hidden: bool = False
    command: bool = False


@dataclass(frozen=True, slots=True)
class ObjectNode:
    """An object, table or row. children: full paths in the order of the tree.

    writable: AddObject is allowed on the table, DeleteObject on the row.
    """

    writable: bool
    children: tuple[str, ...]
    table: bool


Node: TypeAlias = ParameterNode | ObjectNode


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One line of a tree to build: an object where type is None, else a parameter."""

    path: str
    writable: bool
    type: str | None = None
    value: str = ""
    notification: int | None = None


class BaseTree:
    """Nodes by full path. checks_facts: values are held to the standard's bounds, not only to their type."""

    def __init__(self, root: str, nodes: Mapping[str, Node], *, checks_facts: bool) -> None:
        self.root = root
        self.nodes = nodes
        self.checks_facts = checks_facts
        self._shapes: dict[str, tuple[tuple[str, Node], ...]] = {}

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Every parameter's path, depth first."""
        return tuple(self._walk(self.root))

    @cached_property
    def references(self) -> tuple[str, ...]:
        """Parameters that hold strong references, which are cleared when their row goes (TR-106 §3.2.4)."""
        return tuple(
            path
            for path, node in self.nodes.items()
            if isinstance(node, ParameterNode)
            and node.facts is not None
            and node.facts.reference is not None
            and node.facts.reference.strong
        )

    @cached_property
    def forced_inform(self) -> tuple[str, ...]:
        """Parameters that go with every Inform, as this tree has them; of rows the first only."""
        wanted = model(self.root).forced_inform()
        found: dict[str, str] = {}
        for path in self.parameters:
            own = generic(path)
            if own in wanted:
                found.setdefault(own, path)
        return tuple(found[own] for own in wanted if own in found)

    @cached_property
    def _first_rows(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for path in self.nodes:
            if path.endswith(".") and is_instance(leaf(path)):
                found.setdefault(generic(path), path)
        return found

    def _walk(self, path: str) -> Iterator[str]:
        node = self.nodes[path]
        if isinstance(node, ParameterNode):
            yield path
            return
        for child in node.children:
            yield from self._walk(child)

    def shape(self, table: str) -> tuple[tuple[str, Node], ...]:
        """What a new row of the table consists of: paths below the row, "" the row itself, and their nodes.

        Taken from the first row of such a table anywhere in the tree, since a CPE's rows are alike; else from
        the standard; else the row is empty.
        """
        own = f"{generic(table)}{{i}}."
        shape = self._shapes.get(own)
        if shape is None:
            sibling = self._first_rows.get(own)
            rows = list(self._like(sibling)) if sibling else list(self._by_standard(own))
            nodes = build_nodes(own, rows or [TreeRow(own, True)], self.root, strict=self.checks_facts)
            shape = tuple(
                (path[len(own) :], _moved(node, own)) for path, node in nodes.items() if path.startswith(own)
            )
            self._shapes[own] = shape
        return shape

    def _like(self, row: str) -> Iterator[TreeRow]:
        """A row as empty as a new one: its parameters and objects, its tables without their rows."""
        own = generic(row)
        pending = [row]
        while pending:
            path = pending.pop(0)
            node = self.nodes[path]
            shown = own + path[len(row) :]
            if isinstance(node, ParameterNode):
                yield TreeRow(shown, node.writable, node.type, first_value(shown, node.type, node.facts))
                continue
            yield TreeRow(shown, node.writable or path == row)
            if not node.table:
                pending.extend(node.children)

    def _by_standard(self, own: str) -> Iterator[TreeRow]:
        facts = model(self.root)
        for path in (own, *facts.below(own)):
            if "{i}" in path[len(own) :].removesuffix("{i}."):
                continue
            if path.endswith("."):
                object_ = facts.object(path)
                if object_ is not None and object_.status == "current":
                    shown = path if path == own else path.removesuffix("{i}.")
                    yield TreeRow(shown, object_.add_object)
            else:
                parameter = facts.parameter(path)
                if parameter is not None and parameter.status == "current":
                    value = first_value(path, parameter.type, parameter)
                    yield TreeRow(path, parameter.writable, parameter.type, value)


def _moved(node: Node, above: str) -> Node:
    if isinstance(node, ParameterNode):
        return node
    return ObjectNode(node.writable, tuple(child[len(above) :] for child in node.children), node.table)


def first_value(path: str, type_: str, facts: ParameterFacts | None) -> str:
    """What a parameter of a new row holds: the standard's default, else the plainest value it allows."""
    if facts is None:
        return null_value(type_)
    if facts.default is not None and facts.default_type == "object":
        return facts.default
    if facts.enum and facts.list is None:
        return next((name for name in ("Disabled", "None", "Off") if name in facts.enum), facts.enum[0])
    if facts.ranges and facts.list is None:
        low, high = facts.minimum, facts.maximum
        if low is not None and low > 0:
            return str(low)
        if high is not None and high < 0:
            return str(high)
    if type_ == "hexBinary" and facts.lengths:
        return "00" * min(bounds.minimum or 0 for bounds in facts.lengths)
    return null_value(type_)


def build_nodes(top: str, rows: Iterable[TreeRow], root: str, *, strict: bool) -> dict[str, Node]:
    """Nodes of the rows and of every object above them down from ``top``, in the order the rows come.

    strict: what the standard hides is hidden, and its commands hold nothing. Else the CPE is a real one: what
    it was seen to read back is not hidden, and of commands nothing is known.
    """
    facts = model(root)
    order: dict[str, TreeRow] = {top: TreeRow(top, False)}
    children: dict[str, dict[str, None]] = {top: {}}

    def place(path: str) -> None:
        above = parent(path)
        if above not in order:
            order[above] = TreeRow(above, False)
            children.setdefault(above, {})
            place(above)
        children.setdefault(above, {})[path] = None

    for row in rows:
        if not row.path.startswith(top):
            continue
        if row.path not in order and row.path != top:
            place(row.path)
        order[row.path] = row
        if row.type is None:
            children.setdefault(row.path, {})
    nodes: dict[str, Node] = {}
    for path, row in order.items():
        if row.type is None:
            below = tuple(children[path])
            nodes[path] = ObjectNode(row.writable, below, _is_table(path, row.writable, below, root))
        else:
            nodes[path] = _parameter_node(row, facts.parameter(path), strict=strict)
    return nodes


def _parameter_node(row: TreeRow, facts: ParameterFacts | None, *, strict: bool) -> ParameterNode:
    type_ = type_name(row.type or "")
    shown = not strict and row.value not in ("", null_value(type_))
    return ParameterNode(
        type_,
        row.writable,
        row.value,
        facts,
        row.notification,
        hidden=facts is not None and facts.hidden and not shown,
        command=facts is not None and facts.command and strict,
    )


def _is_table(path: str, writable: bool, children: tuple[str, ...], root: str) -> bool:
    if is_instance(leaf(path)):
        return False
    if children:
        return is_instance(leaf(children[0]))
    known = model(root).object(path)
    # a vendor's object that may be written and is empty can only be a table
    return known.table if known is not None else writable


def base_tree(root: str, rows: Iterable[TreeRow], *, checks_facts: bool) -> BaseTree:
    """The tree of a model. Missing objects between the root and a row are added, not writable."""
    return BaseTree(root, build_nodes(root, rows, root, strict=checks_facts), checks_facts=checks_facts)
