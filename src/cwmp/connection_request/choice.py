"""Which methods `auto` tries for a device, and in which order."""

from __future__ import annotations

from collections.abc import Mapping

from cwmp.connection_request.method import Method, Target

AUTO = "auto"
_PREFERENCE = ("http", "xmpp", "stun")
"""By what an answer is worth: HTTP and XMPP are answered by the device, a datagram is not."""

_FINAL = frozenset({"accepted", "busy"})
"""After these the device is on its way, or in a session already: no other method could do more."""


def candidates(target: Target, methods: Mapping[str, Method], worked: str = "") -> list[Method]:
    """The methods that could reach the device: the one that worked last, those it says it supports, the rest.

    A device behind NAT has told a UDP address other than that of its URL; HTTP is then tried last.
    """
    possible = [each for name in _order(methods) if not (each := methods[name]).obstacle(target)]

    def rank(method: Method) -> tuple[bool, bool, bool, int]:
        told = method.name.upper() in target.supported
        behind_nat = method.name == "http" and target.parameters.get("ManagementServer.NATDetected") in (
            "1",
            "true",
        )
        return (
            method.name != worked,
            behind_nat,
            bool(target.supported) and not told,
            _order(methods).index(method.name),
        )

    return sorted(possible, key=rank)


def settled(word: str) -> bool:
    """Is there no use in asking by another method after this answer?"""
    return word in _FINAL


def _order(methods: Mapping[str, Method]) -> list[str]:
    return sorted(methods, key=lambda name: _PREFERENCE.index(name) if name in _PREFERENCE else 99)
