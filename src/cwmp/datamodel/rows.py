"""What the standard says of one parameter or object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Status: TypeAlias = Literal["current", "deprecated", "obsoleted", "deleted"]
ActiveNotify: TypeAlias = Literal["normal", "canDeny", "forceDefaultEnabled", "forceEnabled"]


@dataclass(frozen=True, slots=True)
class Range:
    """Allowed numbers, or lengths; both ends included, None is open. ``step`` counts from ``minimum``."""

    minimum: int | None = None
    maximum: int | None = None
    step: int | None = None


@dataclass(frozen=True, slots=True)
class ListFacts:
    """A comma-separated list in a string parameter: its items' XSD type and limits on the whole.

    nested: each item is itself a comma-separated list, written in brackets.
    """

    item: str
    min_items: int | None = None
    max_items: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    nested: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """A parameter that holds paths of other rows or parameters.

    strong: the CPE clears the reference when its target goes (TR-106 §3.2.4).
    targets: generic paths of the tables or objects the target must be in; empty: anywhere.
    """

    strong: bool
    target_type: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ParameterFacts:
    """One parameter of a data model.

    path: with ``{i}``. type: XSD name for SetParameterValues; a list is a ``string``, its items in ``list``.
    hidden: reads give the type's null value (``""``, ``0``, ``false``), whatever was written.
    command: writing triggers an action; it reads back as false or empty and is no configuration.
    ranges and lengths apply to each item where the parameter is a list. lengths of hexBinary and base64 are
    in bytes, of strings in characters. enum_from: parameter that lists the allowed values; enum_null is
    allowed besides them.
    pattern: regular expressions of which one has to match whole.
    default: value in a new row when default_type is ``object``; None: the CPE chooses.
    """

    path: str
    type: str
    writable: bool
    hidden: bool
    command: bool
    enum: tuple[str, ...]
    enum_read_only: tuple[str, ...]
    ranges: tuple[Range, ...]
    lengths: tuple[Range, ...]
    pattern: tuple[str, ...]
    units: str
    list: ListFacts | None
    reference: Reference | None
    enum_from: str
    enum_null: str
    default: str | None
    default_type: str
    active_notify: ActiveNotify
    forced_inform: bool
    status: Status
    version: str
    data_type: str

    @property
    def minimum(self) -> int | None:
        """Smallest allowed number, None when there is no lower bound."""
        bounds = [each.minimum for each in self.ranges]
        return None if not bounds or None in bounds else min(bound for bound in bounds if bound is not None)

    @property
    def maximum(self) -> int | None:
        """Greatest allowed number, None when there is no upper bound."""
        bounds = [each.maximum for each in self.ranges]
        return None if not bounds or None in bounds else max(bound for bound in bounds if bound is not None)

    @property
    def max_length(self) -> int | None:
        """Greatest allowed length of the value (of an item, where it is a list), None when unlimited."""
        bounds = [each.maximum for each in self.lengths]
        return None if not bounds or None in bounds else max(bound for bound in bounds if bound is not None)

    @property
    def list_item(self) -> str:
        """XSD type of the items where the parameter is a comma-separated list, else ""."""
        return self.list.item if self.list else ""


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """Parameters whose values together name a row. functional: only enabled rows have to differ."""

    params: tuple[str, ...]
    functional: bool


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """One object of a data model; a table's path ends in ``{i}.``.

    add_object: AddObject and DeleteObject are allowed on the table. fixed: the number of rows never changes.
    max_entries: None is unbounded. counter: full generic path of the NumberOfEntries parameter, or "".
    """

    path: str
    table: bool
    add_object: bool
    fixed: bool
    min_entries: int
    max_entries: int | None
    counter: str
    enable_parameter: str
    unique_keys: tuple[UniqueKey, ...]
    status: Status
    version: str


def _ranges(row: Mapping[str, Any], single: tuple[str, str, str], several: str) -> tuple[Range, ...]:
    low, high, step = single
    if several in row:
        return tuple(Range(each.get(low), each.get(high), each.get(step)) for each in row[several])
    if low in row or high in row:
        return (Range(row.get(low), row.get(high), row.get(step)),)
    return ()


def parameter_facts(row: Mapping[str, Any]) -> ParameterFacts:
    """Read one compiled row of kind ``param``."""
    items = row.get("list")
    reference = row.get("pathRef")
    default = row.get("default")
    return ParameterFacts(
        path=row["path"],
        type=row["type"],
        writable=row["access"] == "readWrite",
        hidden=bool(row.get("hidden") or row.get("secured")),
        command=bool(row.get("command")),
        enum=tuple(row.get("enum", ())),
        enum_read_only=tuple(row.get("enumReadOnly", ())),
        ranges=_ranges(row, ("min", "max", "step"), "ranges"),
        lengths=_ranges(row, ("minLength", "maxLength", "-"), "sizes"),
        pattern=tuple(row.get("pattern", ())),
        units=row.get("units", ""),
        list=None
        if items is None
        else ListFacts(
            items["item"],
            items.get("minItems"),
            items.get("maxItems"),
            items.get("minLength"),
            items.get("maxLength"),
            "nestedBrackets" in items,
        ),
        reference=None
        if reference is None
        else Reference(
            reference["refType"] == "strong",
            reference.get("targetType", "any"),
            tuple(reference.get("targetParent", ())),
        ),
        enum_from=row.get("enumRef", {}).get("targetParam", ""),
        enum_null=row.get("enumRef", {}).get("nullValue", ""),
        # the source writes lists in brackets; on the wire there are none
        default=default[1:-1] if items is not None and default and default[0] == "[" else default,
        default_type="" if default is None else row.get("defaultType", "object"),
        active_notify=row.get("activeNotify", "normal"),
        forced_inform=bool(row.get("forcedInform")),
        status=row.get("status", "current"),
        version=row["version"],
        data_type=row.get("dataType", ""),
    )


def object_facts(row: Mapping[str, Any]) -> ObjectFacts:
    """Read one compiled row of kind ``object``."""
    path: str = row["path"]
    most = row.get("maxEntries", 1)
    counter = row.get("numEntries", "")
    table_parent = path.removesuffix("{i}.")
    table_parent = table_parent[: table_parent[:-1].rfind(".") + 1]
    return ObjectFacts(
        path=path,
        table=row["table"],
        add_object=bool(row.get("addObject")),
        fixed=bool(row.get("fixed")),
        min_entries=row.get("minEntries", 1),
        max_entries=None if most == "unbounded" else most,
        counter=table_parent + counter if counter else "",
        enable_parameter=row.get("enableParam", ""),
        unique_keys=tuple(
            UniqueKey(tuple(each["params"]), each["functional"]) for each in row.get("uniqueKeys", ())
        ),
        status=row.get("status", "current"),
        version=row["version"],
    )
