"""CWMP versions, their namespaces, and how two sides agree on one (TR-069a6 §3.7.4, cwmp-1-4.xsd)."""

from __future__ import annotations

import re
from functools import lru_cache
from types import MappingProxyType

VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4")
"""All versions there are, oldest first."""

CWMP_1_0 = "urn:dslforum-org:cwmp-1-0"
CWMP_1_1 = "urn:dslforum-org:cwmp-1-1"
CWMP_1_2 = "urn:dslforum-org:cwmp-1-2"

NAMESPACES = MappingProxyType(
    {"1.0": CWMP_1_0, "1.1": CWMP_1_1, "1.2": CWMP_1_2, "1.3": CWMP_1_2, "1.4": CWMP_1_2}
)
"""The official namespace of a version: 1.3 and 1.4 share that of 1.2."""

UNOFFICIAL = MappingProxyType({"urn:dslforum-org:cwmp-1-3": "1.3", "urn:dslforum-org:cwmp-1-4": "1.4"})
"""Namespaces no schema has, which some devices use all the same."""

_VERSION_OF = {CWMP_1_0: "1.0", CWMP_1_1: "1.1", CWMP_1_2: "1.2", **UNOFFICIAL}
_LISTED = re.compile(r"(?<![\d.])(\d{1,3})\.(\d{1,3})(?![\d.])")


def is_cwmp_namespace(namespace: str) -> bool:
    """One of the namespaces CWMP messages are met in."""
    return namespace in _VERSION_OF


def listed_versions(text: str) -> tuple[str, ...]:
    """The versions in a SupportedCWMPVersions header such as ``1.0,1.1,1.4``; whatever else is skipped."""
    return tuple(f"{int(major)}.{int(minor)}" for major, minor in _LISTED.findall(text[:1000]))


def version_from_namespace(namespace: str, *, session_timeout: bool = False) -> str:
    """The version of a side that did not list any: by namespace, and 1.3 where it sent SessionTimeout."""
    version = _VERSION_OF.get(namespace, "1.0")
    return "1.3" if version == "1.2" and session_timeout else version


@lru_cache(maxsize=256)
def highest_common(ours: tuple[str, ...], theirs: tuple[str, ...]) -> str | None:
    """The highest version in both, or None."""
    common = set(ours) & set(theirs)
    return max(common, key=_order) if common else None


def at_least(version: str, needed: str) -> bool:
    """`version` has what came with `needed`."""
    return _order(version) >= _order(needed)


@lru_cache(maxsize=256)
def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
