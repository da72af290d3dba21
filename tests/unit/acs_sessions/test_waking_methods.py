"""`auto`: one method after the other, within one deadline, until the device comes."""

from __future__ import annotations

import asyncio
import time

from cwmp.acs.waking import Waking, WakingRules
from cwmp.connection_request.answer import Answer


class Way:
    """A method that gives `word` and does `then` (a device that comes, say)."""

    def __init__(self, name, word, *, confirms=True, obstacle="", then=None, seconds=0.0):
        self.name, self.word, self.confirms = name, word, confirms
        self._obstacle, self.then, self.seconds, self.asked = obstacle, then, seconds, []

    def obstacle(self, target):
        return self._obstacle

    async def ask(self, target):
        self.asked.append(target)
        await asyncio.sleep(self.seconds)
        if self.then:
            await self.then()
        return "direct", Answer(self.word, f"says {self.name}")


def waking_of(acs, ways, **rules):
    return Waking(
        registry=acs.registry,
        transactions=acs.transactions,
        credentials=acs.credentials,
        sessions=acs.sessions,
        rules=WakingRules(**rules),
        methods={way.name: way for way in ways},
    )


async def known(kit):
    acs = kit.Acs()
    cpe = kit.cpe(acs)
    await cpe.session()
    return acs, cpe


def test_falls_back_until_one_answers(kit):
    async def run():
        acs, cpe = await known(kit)
        ways = [Way("http", "unreachable"), Way("xmpp", "accepted"), Way("stun", "no_answer", confirms=False)]
        result = await waking_of(acs, ways).request(cpe.id)
        assert (result.method, result.answer) == ("xmpp", "accepted")
        assert "http before: unreachable (says http)" in result.detail
        assert [len(way.asked) for way in ways] == [1, 1, 0]

    kit.run(run())


def test_a_datagram_gets_time_before_the_next_method(kit):
    async def run():
        acs, cpe = await known(kit)
        ways = [
            Way("http", "unreachable"),
            Way("stun", "no_answer", confirms=False, then=cpe.session),
            Way("zz", "accepted"),
        ]
        result = await waking_of(acs, ways).request(cpe.id, wait=2)
        assert result.method == "stun" and result.informed
        assert ways[2].asked == []

    kit.run(run())


def test_one_deadline_for_all(kit):
    async def run():
        acs, cpe = await known(kit)
        ways = [Way("http", "accepted", seconds=30), Way("xmpp", "accepted")]
        begun = time.monotonic()
        result = await waking_of(acs, ways, deadline=0.2).request(cpe.id)
        assert result.answer == "no_answer" and time.monotonic() - begun < 5
        assert ways[1].asked == []

    kit.run(run())


def test_no_way_is_said_with_every_obstacle(kit):
    async def run():
        acs, cpe = await known(kit)
        ways = [Way("http", "accepted", obstacle="no URL"), Way("xmpp", "accepted", obstacle="no JID")]
        result = await waking_of(acs, ways).request(cpe.id)
        assert (result.answer, result.detail) == ("no_method", "http: no URL; xmpp: no JID")
        single = await waking_of(acs, ways).request(cpe.id, "xmpp")
        assert (single.method, single.answer, single.detail) == ("xmpp", "no_method", "no JID")
        unknown = await waking_of(acs, ways).request(cpe.id, "stun")
        assert unknown.answer == "no_method" and "configured is http, xmpp" in unknown.detail

    kit.run(run())
