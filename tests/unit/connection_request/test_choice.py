"""Which methods `auto` tries, in which order."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from cwmp.connection_request.answer import Answer
from cwmp.connection_request.choice import candidates, settled
from cwmp.connection_request.method import Method, Target


@dataclass(frozen=True)
class Way:
    name: str
    field: str
    confirms: bool = True

    def obstacle(self, target: Target) -> str:
        return "" if getattr(target, self.field) else f"no {self.field}"

    async def ask(self, target: Target) -> tuple[str, Answer]:
        return "direct", Answer("accepted")


WAYS: dict[str, Method] = {
    "stun": Way("stun", "udp_address", confirms=False),
    "xmpp": Way("xmpp", "jabber_id"),
    "http": Way("http", "url"),
}
EVERYTHING = {"url": "http://192.0.2.1/x", "udp_address": "192.0.2.1:3478", "jabber_id": "a@b/ConnReq"}


def order(worked: str = "", **told: object) -> list[str]:
    return [method.name for method in candidates(Target("d", **told), WAYS, worked)]


@pytest.mark.parametrize(
    ("told", "worked", "expected"),
    [
        ({}, "", []),
        ({"url": "http://192.0.2.1/x"}, "", ["http"]),
        (EVERYTHING, "", ["http", "xmpp", "stun"]),
        (EVERYTHING, "stun", ["stun", "http", "xmpp"]),
        (EVERYTHING | {"supported": frozenset({"XMPP", "STUN"})}, "", ["xmpp", "stun", "http"]),
        (EVERYTHING | {"parameters": {"ManagementServer.NATDetected": "1"}}, "", ["xmpp", "stun", "http"]),
        ({"jabber_id": "a@b/c"}, "http", ["xmpp"]),
    ],
)
def test_order(told: dict[str, object], worked: str, expected: list[str]) -> None:
    assert order(worked, **told) == expected


def test_only_an_answer_that_it_comes_settles() -> None:
    assert settled("accepted") and settled("busy")
    for word in ("refused", "unreachable", "no_answer", "wrong_credentials", "unavailable", "broker_down"):
        assert not settled(word)
