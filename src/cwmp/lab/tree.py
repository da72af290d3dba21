"""One CPE's parameters: a shared base tree and what this CPE has of its own over it. Pure, no I/O.

Answers as TR-069a6 §A.3 says, faults of §A.5.1 included. Memory goes only to what differs from the base.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cwmp.datamodel import model
from cwmp.datamodel.paths import is_instance, leaf, parent, with_root
from cwmp.lab.accepting import accepted, doubled_aliases
from cwmp.lab.lexical import null_value
from cwmp.lab.nodes import BaseTree, Node, ObjectNode, ParameterNode
from cwmp.lab.refusals import (
    INVALID_ARGUMENTS,
    NO_SUCH_PARAMETER,
    NOT_WRITABLE,
    NOTIFICATION_REFUSED,
    OUT_OF_RESOURCES,
    WRONG_TYPE,
    WRONG_VALUE,
    ParameterRefusal,
    RpcRefused,
)

ACTIVE = 2
"""Notification value: tell the ACS at once, in a session of its own."""
PASSIVE = frozenset({1, 4, 6})
"""Notification values: tell the ACS in the next Inform (4 and 6 add lightweight ways to passive)."""


@dataclass(frozen=True, slots=True)
class Held:
    """A parameter as it reads: hidden ones give the null value of their type."""

    path: str
    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Named:
    """A parameter or object and whether it can be written, rows added to it or itself deleted."""

    path: str
    writable: bool


@dataclass(frozen=True, slots=True)
class Attributes:
    """Notification (0 to 6) and access list of a parameter."""

    path: str
    notification: int
    access_list: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """What SetParameterAttributes asks of a parameter or of all below an object; None leaves it alone."""

    path: str
    notification: int | None = None
    access_list: tuple[str, ...] | None = None


class DeviceTree:
    """The parameters of one CPE. factory: values of its own from the factory (serial, ACS URL); paths may
    begin with a dot; those the tree does not have are left out."""

    def __init__(self, base: BaseTree, factory: Mapping[str, str] | None = None) -> None:
        self.base = base
        self.root = base.root
        own = {with_root(path, base.root): value for path, value in (factory or {}).items()}
        self._factory = {p: v for p, v in own.items() if isinstance(base.nodes.get(p), ParameterNode)}
        self.reset()

    def reset(self) -> None:
        """Back to what left the factory: values, rows, attributes."""
        self._values: dict[str, str] = dict(self._factory)
        self._nodes: dict[str, Node | None] = {}
        self._notifications: dict[str, int] = {}
        self._access_lists: dict[str, tuple[str, ...]] = {}
        self._next_instance: dict[str, int] = {}

    # ---- reading

    def node(self, path: str) -> Node | None:
        """The node of a full path, None when this CPE has none."""
        if path in self._nodes:
            return self._nodes[path]
        return self.base.nodes.get(path)

    def value(self, path: str) -> str | None:
        """What the CPE itself holds, hidden or not; None when it has no such parameter."""
        full = with_root(path, self.root)
        node = self.node(full)
        return self._values.get(full, node.value) if isinstance(node, ParameterNode) else None

    def read(self, path: str) -> Held:
        """A parameter as GetParameterValues gives it. Raises `RpcRefused` 9005."""
        node = self.node(path)
        if not isinstance(node, ParameterNode):
            raise RpcRefused(NO_SUCH_PARAMETER, f"{path!r} is no parameter of this CPE")
        return self._held(path, node)

    def values(self, path: str) -> list[Held]:
        """GetParameterValues of one name: a parameter, a partial path, or "" for all. Raises 9005."""
        return [self._held(each, node) for each, node in self._parameters(path)]

    def names(self, path: str, next_level: bool) -> list[Named]:
        """GetParameterNames (TR-069a6 §A.3.2.3). Raises 9005, and 9003 for next_level of a parameter."""
        if path == "":
            path = self.root
            if next_level:
                return [Named(path, False)]
        node = self._existing(path)
        if isinstance(node, ParameterNode):
            if next_level:
                raise RpcRefused(INVALID_ARGUMENTS, "NextLevel needs a path that ends in a dot")
            return [Named(path, node.writable)]
        if next_level:
            return [Named(child, self._existing(child).writable) for child in node.children]
        return [Named(each, found.writable) for each, found in self._walk(path)]

    def attributes(self, path: str) -> list[Attributes]:
        """GetParameterAttributes of one name. Raises 9005."""
        return [
            Attributes(each, self.notification(each), self._access_lists.get(each, ()))
            for each, _ in self._parameters(path)
        ]

    def notification(self, path: str) -> int:
        """How the ACS wants to hear of changes: 0 not, 1 passive, 2 active, 3 to 6 with lightweight ways."""
        if path in self._notifications:
            return self._notifications[path]
        node = self.node(path)
        if not isinstance(node, ParameterNode):
            return 0
        if node.notification is not None:
            return node.notification
        rule = node.facts.active_notify if node.facts is not None else "normal"
        return ACTIVE if rule in ("forceEnabled", "forceDefaultEnabled") else 0

    def rows(self, table: str) -> list[str]:
        """Paths of a table's rows, each with its final dot; empty when there is no such table."""
        node = self.node(with_root(table, self.root))
        return (
            [child for child in node.children if is_instance(leaf(child))]
            if isinstance(node, ObjectNode)
            else []
        )

    # ---- writing

    def check(self, wanted: Sequence[Held]) -> dict[str, str]:
        """The values SetParameterValues would store, in this CPE's own spelling.

        Raises `RpcRefused` 9003 with every parameter that cannot be set (9005 to 9008), or without a list
        for a name that comes twice.
        """
        names = [each.path for each in wanted]
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise RpcRefused(INVALID_ARGUMENTS, f"{twice!r} comes more than once")
        stored: dict[str, str] = {}
        refused: list[ParameterRefusal] = []
        for each in wanted:
            node = self.node(each.path)
            if not isinstance(node, ParameterNode):
                refused.append(ParameterRefusal(each.path, NO_SUCH_PARAMETER, "no such parameter"))
            elif not node.writable:
                refused.append(ParameterRefusal(each.path, NOT_WRITABLE, "the parameter is not writable"))
            elif each.type != node.type:
                refused.append(
                    ParameterRefusal(each.path, WRONG_TYPE, f"the type is {node.type}, not {each.type}")
                )
            else:
                value, why = accepted(self, each.path, node, each.value)
                if why is None:
                    stored[each.path] = value
                else:
                    refused.append(ParameterRefusal(each.path, WRONG_VALUE, why))
        if self.base.checks_facts:
            refused.extend(doubled_aliases(self, stored))
        if refused:
            raise RpcRefused(INVALID_ARGUMENTS, "some parameters cannot be set", tuple(refused))
        return stored

    def store(self, values: Mapping[str, str]) -> list[str]:
        """Hold the values, whoever may write them. Returns the paths whose value is another now."""
        changed = []
        for path, value in values.items():
            node = self.node(path)
            if not isinstance(node, ParameterNode):
                raise RpcRefused(NO_SUCH_PARAMETER, f"{path!r} is no parameter of this CPE")
            if node.command:
                continue  # an action, not configuration: nothing is held
            if self._values.get(path, node.value) != value:
                changed.append(path)
                if value == node.value:
                    self._values.pop(path, None)
                else:
                    self._values[path] = value
        return changed

    def set_values(self, wanted: Sequence[Held]) -> list[str]:
        """SetParameterValues: all or nothing. Returns the changed paths; raises as `check` does."""
        return self.store(self.check(wanted))

    def add_row(self, table: str) -> int:
        """AddObject: a new row with the standard's defaults. Returns its number, which no row had before.

        Raises 9005 for an unknown table, 9003 where no rows can be added, 9004 when the table is full.
        """
        node = self._existing(table)
        if not isinstance(node, ObjectNode) or not table.endswith("."):
            raise RpcRefused(INVALID_ARGUMENTS, f"{table!r} is no object")
        if not node.table or not node.writable:
            raise RpcRefused(INVALID_ARGUMENTS, f"no rows can be added to {table!r}")
        facts = model(self.root).object(table)
        if (
            facts is not None
            and facts.max_entries is not None
            and len(node.children) >= facts.max_entries > 1
        ):
            raise RpcRefused(OUT_OF_RESOURCES, f"{table!r} can have no more rows")
        number = self._next(table, node)
        row = f"{table}{number}."
        for relative, shape in self.base.shape(table):
            path = row + relative
            if isinstance(shape, ObjectNode):
                children = tuple(row + child for child in shape.children)
                self._nodes[path] = ObjectNode(shape.writable or relative == "", children, shape.table)
            else:
                self._nodes[path] = shape
                if relative == "Alias":
                    self._values[path] = f"cpe-{number}"
        self._nodes[table] = ObjectNode(node.writable, (*node.children, row), True)
        self._next_instance[table] = number + 1
        self._count(table)
        return number

    def delete_row(self, row: str) -> None:
        """DeleteObject. Raises 9005 for an unknown row, 9003 for what is no row or cannot be deleted."""
        node = self._existing(row)
        table = parent(row)
        above = self.node(table)
        if not row.endswith(".") or not is_instance(leaf(row)) or not isinstance(above, ObjectNode):
            raise RpcRefused(INVALID_ARGUMENTS, f"{row!r} is no row of a table")
        if not node.writable:
            raise RpcRefused(INVALID_ARGUMENTS, f"{row!r} cannot be deleted")
        self._next_instance[table] = self._next(table, above)
        for path, _ in list(self._walk(row)):
            self._forget(path)
        left = tuple(child for child in above.children if child != row)
        self._nodes[table] = ObjectNode(above.writable, left, True)
        self._count(table)
        self._clear_references(row)

    def set_attributes(self, changes: Sequence[AttributeChange]) -> None:
        """SetParameterAttributes: all or nothing; a path ending in a dot means all below it.

        Raises 9005, 9003 for a notification or access list that does not exist, and 9009 where the model
        lets the CPE refuse active notification and where it cannot be taken away; below a partial path
        such parameters are passed over.
        """
        notifications: dict[str, int] = {}
        access_lists: dict[str, tuple[str, ...]] = {}
        for change in changes:
            if change.notification is not None and change.notification not in range(7):
                raise RpcRefused(INVALID_ARGUMENTS, f"there is no notification {change.notification}")
            if any(who != "Subscriber" and not who.startswith("X_") for who in change.access_list or ()):
                raise RpcRefused(INVALID_ARGUMENTS, "an access list may name Subscriber only")
            named = not (change.path == "" or change.path.endswith("."))
            for path, node in self._parameters(change.path):
                if change.notification is not None:
                    why = _notification_refusal(node, change.notification)
                    if why is None:
                        notifications[path] = change.notification
                    elif named:
                        raise RpcRefused(NOTIFICATION_REFUSED, f"{path!r}: {why}")
                if change.access_list is not None:
                    access_lists[path] = change.access_list
        self._notifications.update(notifications)
        self._access_lists.update(access_lists)

    # ---- inside

    def _existing(self, path: str) -> Node:
        node = self.node(path)
        if node is None:
            raise RpcRefused(NO_SUCH_PARAMETER, f"this CPE has no {path!r}")
        return node

    def _held(self, path: str, node: ParameterNode) -> Held:
        if node.hidden or node.command:
            # some CPEs have nothing where the null value of a number should stand
            return Held(path, node.type, null_value(node.type) if node.value else "")
        return Held(path, node.type, self._values.get(path, node.value))

    def _walk(self, path: str) -> Iterator[tuple[str, Node]]:
        node = self._existing(path)
        yield path, node
        if isinstance(node, ObjectNode):
            for child in node.children:
                yield from self._walk(child)

    def _parameters(self, path: str) -> Iterator[tuple[str, ParameterNode]]:
        for each, node in self._walk(path or self.root):
            if isinstance(node, ParameterNode):
                yield each, node

    def _next(self, table: str, node: ObjectNode) -> int:
        if table in self._next_instance:
            return self._next_instance[table]
        return max((int(leaf(row)) for row in node.children), default=0) + 1

    def _forget(self, path: str) -> None:
        if path in self.base.nodes:
            self._nodes[path] = None
        else:
            self._nodes.pop(path, None)
        for mine in (self._values, self._notifications, self._access_lists, self._next_instance):
            mine.pop(path, None)

    def _count(self, table: str) -> None:
        """Keep the NumberOfEntries parameter of a table, where the CPE has one."""
        facts = model(self.root).object(table)
        name = leaf(facts.counter) if facts is not None and facts.counter else f"{leaf(table)}NumberOfEntries"
        path = parent(table) + name
        if isinstance(self.node(path), ParameterNode):
            self.store({path: str(len(self.rows(table)))})

    def _clear_references(self, row: str) -> None:
        own = (path for path in list(self._nodes) if path not in self.base.nodes)
        for path in (*self.base.references, *own):
            node = self.node(path)
            if not isinstance(node, ParameterNode) or node.facts is None or node.facts.reference is None:
                continue
            held = self._values.get(path, node.value)
            if not node.facts.reference.strong or row[:-1] not in held:
                continue
            left = [item for item in held.split(",") if not f"{item.strip().rstrip('.')}.".startswith(row)]
            self.store({path: ",".join(left)})


def _notification_refusal(node: ParameterNode, notification: int) -> str | None:
    rule = node.facts.active_notify if node.facts is not None else "normal"
    if rule == "canDeny" and notification == ACTIVE:
        return "active notification is refused"
    if rule == "forceEnabled" and notification != ACTIVE:
        return "active notification is always on"
    return None


__all__ = [
    "ACTIVE",
    "PASSIVE",
    "AttributeChange",
    "Attributes",
    "DeviceTree",
    "Held",
    "Named",
    "ParameterRefusal",
    "RpcRefused",
]
