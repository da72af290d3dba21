"""Which JIDs the ACS asks at all: they come from devices and may be anybody's."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cwmp.acs.waking.reported_jids import ReportedJids
from cwmp.connection_request.answer import Answer
from cwmp.connection_request.method import Target
from cwmp.connection_request.xmpp import Broker
from cwmp.connection_request.xmpp_method import XmppMethod
from cwmp.wire.xmpp_request import Jid


@dataclass
class Recording:
    """A broker's connection that only writes down whom it was to ask."""

    broker: Broker
    account: Jid
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    async def request(self, jid: Jid, username: str, password: str, *, seconds: float) -> Answer:
        self.asked.append((jid.full, username, password))
        return Answer("accepted")


def recording(domain: str) -> Any:
    return Recording(Broker(domain, f"acs@{domain}", Path("x")), Jid("acs", domain))


def record(id: str, jabber_id: str) -> Any:
    return SimpleNamespace(id=id, jabber_id=jabber_id)


def target(jabber_id: str, id: str = "one") -> Target:
    return Target(id, jabber_id=jabber_id, username="u", password="p")


def ask(method: XmppMethod, target: Target) -> tuple[str, Answer]:
    return asyncio.run(method.ask(target))


def test_the_broker_is_that_of_the_domain() -> None:
    dev, prod = recording("dev.test"), recording("prod.test")
    method = XmppMethod([dev, prod], lambda key: ["one"])
    route, answer = ask(method, target("a@PROD.test/ConnReq"))
    assert (route, answer.word) == ("broker prod.test", "accepted")
    assert (dev.asked, prod.asked) == ([], [("a@PROD.test/ConnReq", "u", "p")])


@pytest.mark.parametrize(
    ("jid", "word", "why"),
    [
        ("", "no_method", "not told"),
        ("a@evil.test/ConnReq", "no_method", "no account at an XMPP broker"),
        ("a@dev.test.evil.test/ConnReq", "no_method", "no account"),
        ("a@dev.test", "no_method", "no full JID"),
        ("dev.test/ConnReq", "no_method", "no full JID"),
        ("a'><x/>@dev.test/ConnReq", "no_method", "no full JID"),
        ("ACS@dev.test/acs-1", "unsafe_address", "own JID"),
    ],
)
def test_jids_that_are_not_asked(jid: str, word: str, why: str) -> None:
    broker = recording("dev.test")
    _, answer = ask(XmppMethod([broker], lambda key: ["one"]), target(jid))
    assert answer.word == word and why in answer.detail
    assert broker.asked == []


def test_a_jid_that_two_devices_report_is_nobodys() -> None:
    broker = recording("dev.test")
    jids = ReportedJids([record("one", "v@dev.test/ConnReq"), record("two", "V@DEV.test/ConnReq")])
    method = XmppMethod([broker], jids.of)
    for each in ("one", "two"):
        _, answer = ask(method, target("v@dev.test/ConnReq", each))
        assert answer.word == "unsafe_address" and ("two" if each == "one" else "one") in answer.detail
    assert broker.asked == []

    jids.informed(record("two", "w@dev.test/ConnReq"))
    assert ask(method, target("v@dev.test/ConnReq"))[1].word == "accepted"
    jids.informed(record("two", "v@dev.test/ConnReq"))
    assert ask(method, target("v@dev.test/ConnReq"))[1].word == "unsafe_address"
    jids.forget("two")
    assert ask(method, target("v@dev.test/ConnReq"))[1].word == "accepted"
