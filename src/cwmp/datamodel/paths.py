"""Parameter paths: roots, the leading-dot form, instances, row selectors. Pure text, no data model.

A path is a sequence of segments joined by dots. An object's path ends in a dot, a parameter's does not
(TR-106 §3.1). A segment that stands for a row is one of:

* an instance number: ``Device.WiFi.SSID.1.SSID``;
* ``{i}``: any row, as the data model writes it;
* an alias: ``Device.WiFi.SSID.[guest].SSID`` (TR-069a6 §3.6.1);
* a row selector of ours: ``.XMPP.Connection.[Alias=="acs"].Enable``, several keys joined by ``&&``.

A leading dot stands for the device's own root: ``.ManagementServer.URL``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cwmp.errors import CwmpError

TR181 = "Device."
TR098 = "InternetGatewayDevice."
ROOTS = (TR181, TR098)

MAX_LENGTH = 256
"""Longest name in a CWMP message, in characters (ParameterNames is string(256))."""

# the standard has no name that begins with a digit, real devices have (8021pMark)
_NAME = re.compile(r"[0-9]*[A-Za-z_][\w\-]*", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]*")
_ALIAS = re.compile(r"\[([^\[\]\"=]{1,64})\]")
_SELECTOR = re.compile(
    r'\[\s*[A-Za-z_][\w\-.]*\s*==\s*"(?:[^"\\]|\\.)*"(?:\s*&&\s*[A-Za-z_][\w\-.]*\s*==\s*"(?:[^"\\]|\\.)*")*\s*\]'
)
_TERM = re.compile(r'([A-Za-z_][\w\-.]*)\s*==\s*"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class PathError(CwmpError):
    """A text that cannot be a parameter path."""


@dataclass(frozen=True, slots=True)
class RowSelector:
    """A row named by the values of its key parameters instead of its number."""

    keys: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        def quoted(value: str) -> str:
            return value.replace("\\", "\\\\").replace('"', '\\"')

        return "[" + "&&".join(f'{key}=="{quoted(value)}"' for key, value in self.keys) + "]"


@dataclass(frozen=True, slots=True)
class SelectedRow:
    """A path cut at its first row selector: ``table`` ends in a dot, ``rest`` follows the row's dot."""

    table: str
    selector: RowSelector
    rest: str


def segments(path: str) -> tuple[str, ...]:
    """The path's segments, without the empty one after an object's final dot.

    The leading-dot form begins with an empty segment. Raises `PathError` for a bracket that is not closed.
    """
    if "[" not in path:
        parts = path.split(".")
        if parts[-1] == "" and path:
            parts.pop()
        return tuple(parts) if path else ()
    found: list[str] = []
    at = 0
    while at <= len(path):
        if path.startswith("[", at):
            match = _SELECTOR.match(path, at) or _ALIAS.match(path, at)
            if match is None or (match.end() < len(path) and path[match.end()] != "."):
                raise PathError(
                    f'{path!r}: write a row as [Key=="value"] or [alias], with a dot before and after it'
                )
            end = match.end()
        else:
            end = path.find(".", at)
            if end < 0:
                end = len(path)
        found.append(path[at:end])
        at = end + 1
    if found and found[-1] == "":
        found.pop()
    return tuple(found)


def is_instance(segment: str) -> bool:
    """Does the segment stand for a row: a number, ``{i}``, ``*``, an alias or a row selector?"""
    if segment[:1] in ("[", "{", "*"):
        return True
    return segment.isdecimal() and segment.isascii()  # vendors have names such as 8021pMark


def is_partial(path: str) -> bool:
    """Does the path name an object (ends in a dot) or the whole tree (empty), not one parameter?"""
    return path == "" or path.endswith(".")


def parent(path: str) -> str:
    """The object that holds the path, with its final dot: of a row its table, of the root ""."""
    parts = segments(path)
    return ".".join(parts[:-1]) + "." if len(parts) > 1 else ""


def leaf(path: str) -> str:
    """The last segment: a parameter's or object's own name."""
    parts = segments(path)
    return parts[-1] if parts else ""


def root_of(path: str) -> str:
    """``Device.`` or ``InternetGatewayDevice.`` when the path begins with it, else ""."""
    return next((root for root in ROOTS if path.startswith(root)), "")


def with_root(path: str, root: str, *, translate: bool = False) -> str:
    """The path under a device's root.

    A leading dot becomes the root. A path under the other root stays as it is unless ``translate``; then its
    root is exchanged, which is right only for objects both models share (ManagementServer, XMPP, ...).
    """
    if path.startswith("."):
        return root + path[1:]
    if translate:
        for other in ROOTS:
            if other != root and path.startswith(other):
                return root + path[len(other) :]
    return path


def without_root(path: str) -> str:
    """The leading-dot form of a path under either root; any other path as it is."""
    found = root_of(path)
    return "." + path[len(found) :] if found else path


def generic(path: str) -> str:
    """The path as the data model writes it: every row becomes ``{i}``."""
    if "[" not in path:
        return ".".join("{i}" if is_instance(part) else part for part in path.split("."))
    tail = "." if path.endswith(".") else ""
    return ".".join("{i}" if is_instance(part) else part for part in segments(path)) + tail


def instances(path: str) -> tuple[str, ...]:
    """The segments of the path that stand for rows, in order."""
    return tuple(part for part in segments(path) if is_instance(part))


def row_selector(segment: str) -> RowSelector | None:
    """The keys in ``[Key=="value"]``, or in ``[alias]`` as ``Alias``; None for any other segment."""
    if _SELECTOR.fullmatch(segment):
        keys = tuple((key, _ESCAPED.sub(r"\1", value)) for key, value in _TERM.findall(segment))
        return RowSelector(keys)
    match = _ALIAS.fullmatch(segment)
    return RowSelector((("Alias", match.group(1)),)) if match else None


def first_selected_row(path: str) -> SelectedRow | None:
    """The path cut at its first row selector or alias; None when rows are named by number only."""
    if "[" not in path:
        return None
    parts = segments(path)
    for index, part in enumerate(parts):
        selector = row_selector(part)
        if selector is not None:
            rest = ".".join(parts[index + 1 :])
            if rest and path.endswith("."):
                rest += "."
            return SelectedRow(".".join(parts[:index]) + ".", selector, rest)
    return None


def check_path(path: str) -> None:
    """Raise `PathError` with what is wrong unless the text can be a path: under a root or a leading dot."""
    if not path:
        raise PathError('a parameter path is empty: begin it with "." for the device\'s own root')
    if path != path.strip():
        raise PathError(f"{path!r}: take away the blanks around the path")
    if len(path) > MAX_LENGTH:
        raise PathError(f"{path[:40]!r}...: a path has at most {MAX_LENGTH} characters, this has {len(path)}")
    parts = segments(path)
    if not path.startswith(".") and f"{parts[0]}." not in ROOTS:
        raise PathError(
            f"{path!r}: begin it with a dot for the device's own root, with Device. or InternetGatewayDevice."
        )
    for part in parts[1:]:
        if part == "":
            raise PathError(f"{path!r}: there are two dots with nothing between them")
        if not (
            _NAME.fullmatch(part)
            or _NUMBER.fullmatch(part)
            or part == "{i}"
            or row_selector(part) is not None
        ):
            raise PathError(f"{path!r}: {part!r} is neither a name nor an instance number")


def valid_path(path: str) -> bool:
    """Can the text be a path: under one of the two roots or with a leading dot, every segment well formed?"""
    try:
        check_path(path)
    except PathError:
        return False
    return True
