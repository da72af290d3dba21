"""Waking: who is asked, when again, and who is told what came of it."""

from __future__ import annotations

import asyncio

import pytest

from cwmp.acs.waking import waking as waking_module
from cwmp.acs.waking.waking import Waking, WakingRules
from cwmp.connection_request import http_method
from cwmp.connection_request.answer import Answer


@pytest.fixture
def doorbells(monkeypatch):
    """Every ask, and what the devices answer: a list, the last for ever; or a coroutine function."""

    class Doorbells:
        def __init__(self):
            self.answers = [Answer("accepted", "", 200)]
            self.asked = []
            self.hold = None

        async def ask(self, url, username, password, **options):
            self.asked.append((url, username, password, options))
            if self.hold is not None:
                await self.hold.wait()
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if isinstance(answer, Exception):
                raise answer
            return "direct", answer

    bells = Doorbells()
    monkeypatch.setattr(http_method, "ask", bells.ask)
    monkeypatch.setattr(waking_module, "_BUSY_WAITS", (0.01, 0.01))
    return bells


class Scene:
    def __init__(self, kit, **rules):
        self.kit = kit
        self.acs = kit.Acs()
        self.waking = Waking(
            registry=self.acs.registry,
            transactions=self.acs.transactions,
            credentials=self.acs.credentials,
            sessions=self.acs.sessions,
            rules=WakingRules(**{"repeat": 0.05, "longest_repeat": 0.2, **rules}),
            metrics=self.acs.metrics,
        )

    async def known(self, serial="LAB1"):
        cpe = self.kit.cpe(self.acs, serial)
        await cpe.session()
        return cpe


async def until(condition, seconds=2.0):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.002)


def test_queued_work_wakes_the_device_once(kit, doorbells):
    async def run():
        scene = Scene(kit, repeat=5.0)
        cpe = await scene.known()
        scene.acs.credentials.wake[cpe.id] = ("acs", "pw")
        one, two = (scene.acs.transactions.submit(cpe.id, value=value) for value in (1, 2))
        await until(lambda: len(scene.acs.transactions.wakings) == 2)
        (url, username, password, options) = doorbells.asked[0]
        assert (url, username, password) == ("http://192.0.2.1:7547/x", "acs", "pw")
        assert options["informed_from"] == "192.0.2.1" and len(doorbells.asked) == 1
        await cpe.session()
        await scene.acs.settle()
        assert one.state == two.state == "done"
        await until(lambda: not scene.waking._devices)
        assert dict(scene.acs.transactions.wakings)["tx1"]["answer"] == "accepted"
        assert scene.acs.metrics.wakings.values["accepted"] == 1

    kit.run(run())


def test_a_device_in_session_is_not_woken(kit, doorbells):
    async def run():
        scene = Scene(kit)
        cpe = await scene.known()
        await cpe.post(kit.inform())
        scene.acs.transactions.submit(cpe.id, value=1)
        await asyncio.sleep(0.02)
        assert doorbells.asked == []

    kit.run(run())


def test_none_waits_for_the_next_inform(kit, doorbells):
    async def run():
        scene = Scene(kit)
        cpe = await scene.known()
        scene.acs.transactions.submit(cpe.id, wake="none", value=1)
        await asyncio.sleep(0.02)
        assert doorbells.asked == []

    kit.run(run())


def test_an_unanswered_request_is_repeated_only_after_its_time(kit, doorbells):
    async def run():
        scene = Scene(kit, repeat=0.1)
        doorbells.answers = [Answer("no_answer", "silent")]
        cpe = await scene.known()
        begun = asyncio.get_running_loop().time()
        tx = scene.acs.transactions.submit(cpe.id, value=1)
        await until(lambda: len(doorbells.asked) == 2)
        assert asyncio.get_running_loop().time() - begun >= 0.09
        tx.state = "cancelled"
        await until(lambda: not scene.waking._devices)
        assert len(doorbells.asked) == 2, "nothing waits for it any more"

    kit.run(run())


def test_later_work_is_told_what_the_device_answered_before(kit, doorbells):
    async def run():
        scene = Scene(kit, repeat=60.0)
        doorbells.answers = [Answer("unreachable", "no route")]
        cpe = await scene.known()
        scene.acs.transactions.submit(cpe.id, value=1)
        await until(lambda: scene.acs.transactions.wakings)
        tx = scene.acs.transactions.submit(cpe.id, value=2)
        assert scene.acs.transactions.wakings[-1][0] == tx.id and len(doorbells.asked) == 1
        await scene.waking.close()

    kit.run(run())


def test_busy_is_asked_again_soon(kit, doorbells):
    async def run():
        scene = Scene(kit, repeat=60.0)
        doorbells.answers = [Answer("busy", "", 503), Answer("accepted", "", 200)]
        cpe = await scene.known()
        scene.acs.transactions.submit(cpe.id, value=1)
        await until(lambda: len(doorbells.asked) == 2)
        await scene.waking.close()

    kit.run(run())


@pytest.mark.parametrize("word", ["wrong_credentials", "unsafe_address", "no_method", "refused"])
def test_what_asking_again_does_not_mend(kit, doorbells, word):
    async def run():
        scene = Scene(kit, repeat=0.01)
        doorbells.answers = [Answer(word, "because", 401)]
        cpe = await scene.known()
        scene.acs.transactions.submit(cpe.id, value=1)
        await until(lambda: scene.acs.transactions.wakings)
        await asyncio.sleep(0.05)
        assert len(doorbells.asked) == 1
        assert scene.acs.transactions.wakings[0][1]["detail"] == "because"

    kit.run(run())


def test_request_and_wait_for_the_inform(kit, doorbells):
    async def run():
        scene = Scene(kit)
        cpe = await scene.known()
        waiting = asyncio.create_task(scene.waking.request(cpe.id, "auto", wait=2.0))
        await until(lambda: doorbells.asked)
        await asyncio.sleep(0.01)
        assert not waiting.done()
        await cpe.session(events=("6 CONNECTION REQUEST",))
        result = await waiting
        assert result.answer == "accepted" and result.informed and result.inform_ms >= 5
        assert result.method == "http" and result.route == "direct" and result.answer_ms is not None
        assert (await scene.waking.request(cpe.id, "http", wait=0.02)).informed is False
        assert len(doorbells.asked) == 2

    kit.run(run())


def test_request_without_waiting_and_unknown_methods(kit, doorbells):
    async def run():
        scene = Scene(kit)
        cpe = await scene.known()
        result = await scene.waking.request(cpe.id)
        assert result.answer == "accepted" and result.informed is False and result.inform_ms is None
        await cpe.session()
        assert (await scene.waking.request(cpe.id, "pigeon")).answer == "no_method"
        with pytest.raises(KeyError):
            await scene.waking.request("nobody")

    kit.run(run())


def test_requests_at_once_share_one_asking(kit, doorbells):
    async def run():
        scene = Scene(kit, repeat=5.0)
        cpe = await scene.known()
        doorbells.hold = asyncio.Event()
        waiting = [asyncio.create_task(scene.waking.request(cpe.id, wait=wait)) for wait in (0.0, 0.01, 2.0)]
        await until(lambda: doorbells.asked)
        doorbells.hold.set()
        await until(lambda: waiting[0].done() and waiting[1].done())
        await cpe.session()
        assert [(await each).informed for each in waiting] == [False, False, True]
        assert len(doorbells.asked) == 1

    kit.run(run())


def test_a_caller_that_gives_up_does_not_end_the_asking_of_others(kit, doorbells):
    async def run():
        scene = Scene(kit, repeat=5.0)
        cpe = await scene.known()
        doorbells.hold = asyncio.Event()
        one, two = (asyncio.create_task(scene.waking.request(cpe.id)) for _ in range(2))
        await until(lambda: doorbells.asked)
        one.cancel()
        await asyncio.sleep(0)
        doorbells.hold.set()
        assert (await two).answer == "accepted"

    kit.run(run())


def test_no_url_and_an_ask_that_fails(kit, doorbells, caplog):
    async def run():
        scene = Scene(kit)
        cpe = await scene.known()
        scene.acs.registry.records[cpe.id].connection_request_url = ""
        assert (await scene.waking.request(cpe.id)).answer == "no_method"
        scene.acs.registry.records[cpe.id].connection_request_url = "http://192.0.2.1/"
        doorbells.answers = [ValueError("hunter" + str(2))]
        assert (await scene.waking.request(cpe.id)).answer == "no_answer"
        assert "hunter2" not in caplog.text

    kit.run(run())


def test_in_flight_is_capped(kit, doorbells):
    async def run():
        scene = Scene(kit, in_flight=2, repeat=60.0)
        doorbells.hold = asyncio.Event()
        for number in range(6):
            cpe = await scene.known(f"D{number}")
            scene.acs.transactions.submit(cpe.id, value=1)
        await asyncio.sleep(0.02)
        assert len(doorbells.asked) == 2
        doorbells.hold.set()
        await until(lambda: len(doorbells.asked) == 6)
        await scene.waking.close()

    kit.run(run())


def test_nothing_is_kept_of_devices_that_do_not_answer(kit, doorbells):
    async def run():
        scene = Scene(kit, repeat=0.01)
        doorbells.answers = [Answer("unreachable", "")]
        cpe = await scene.known()
        await scene.waking.request(cpe.id)
        assert scene.waking._devices
        await until(lambda: not scene.waking._devices, 3.0)

    kit.run(run())
