"""`auto`: one method after the other, within one deadline, until the device comes."""

from __future__ import annotations

import asyncio
import time

from cwmp.acs.waking.waking import Waking, WakingRules
from cwmp.connection_request.answer import Answer


class Way:
    """A method that gives `word` and does `then` (a device that comes, say)."""

    def __init__(self, name, word, *, confirms=True, obstacle="", then=None, seconds=0.0):
        self.name, self.word, self.confirms = name, word, confirms
        self._obstacle, self.then, self.seconds, self.asked = obstacle, then, seconds, []
        self.rang = asyncio.Event()

    def obstacle(self, target):
        return self._obstacle

    async def ask(self, target):
        self.asked.append(target)
        self.rang.set()
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


def test_who_cannot_be_woken_this_way_may_be_by_another(kit):
    async def run():
        acs, cpe = await known(kit)
        ways = [Way("http", "accepted"), Way("xmpp", "accepted", obstacle="no JID")]
        waking = waking_of(acs, ways)
        result = await waking.request(cpe.id, "xmpp")
        assert result.detail == f"no JID; {cpe.id} can be woken by http"
        result = await waking.request(cpe.id, "stun")
        assert result.detail.endswith(f"configured is http, xmpp; {cpe.id} can be woken by http")

    kit.run(run())


def test_by_no_method_only_waits_for_the_next_inform(kit):
    async def run():
        acs, cpe = await known(kit)
        ways = [Way("http", "accepted")]
        waking = waking_of(acs, ways)
        waiting = asyncio.ensure_future(waking.request(cpe.id, "none", wait=5))
        await asyncio.sleep(0.01)
        await cpe.session()
        result = await waiting
        assert result.informed and result.inform_ms > 0 and ways[0].asked == []
        assert not (await waking.request(cpe.id, "none", wait=0.01)).informed

    kit.run(run())


def test_a_transaction_tells_that_its_device_came(kit):
    async def run():
        for early in (False, True):
            acs, cpe = await known(kit)
            way = Way("http", "accepted", then=cpe.session if early else None)
            waking_of(acs, [way])
            acs.transactions.woken = lambda tx, answer: setattr(tx, "connection_request", answer)
            first = acs.transactions.submit(cpe.id, value=1)
            while first.connection_request is None and not early:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            if not early:
                assert not first.connection_request["informed"]
                await cpe.session()
            await acs.settle()
            assert first.state == "done"
            assert early or first.connection_request["informed"]
            assert early or first.connection_request["inform_ms"] > 0

    kit.run(run())


def test_another_method_is_asked_although_one_was_not_answered(kit):
    async def run():
        acs, cpe = await known(kit)
        ways = [Way("http", "accepted"), Way("xmpp", "no_answer")]
        waking = waking_of(acs, ways)
        assert (await waking.request(cpe.id, "xmpp")).answer == "no_answer"
        assert (await waking.request(cpe.id, "xmpp")).answer == "no_answer"
        assert len(ways[1].asked) == 1, "an unanswered request is not repeated at once"
        assert (await waking.request(cpe.id, "http")).method == "http"

    kit.run(run())


def test_newer_work_is_woken_by_its_own_method(kit):
    async def run():
        acs, cpe = await known(kit)
        ways = [Way("http", "accepted"), Way("xmpp", "unavailable")]
        waking = waking_of(acs, ways)
        acs.transactions.submit(cpe.id, value=1, wake="xmpp")
        async with asyncio.timeout(5):
            await ways[1].rang.wait()
            acs.transactions.submit(cpe.id, value=2, wake="http")
            await ways[0].rang.wait()
        await waking.close()

    kit.run(run())
