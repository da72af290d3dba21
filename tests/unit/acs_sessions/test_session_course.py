"""The course of a session: Inform, the CPE's requests, transactions in order, the end."""

from __future__ import annotations

import asyncio
import logging

import pytest

from cwmp.acs.errors import StoreFull
from cwmp.acs.sessions.sessions import SessionLimits
from cwmp.wire import messages


async def until(condition):
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came")


def test_bare_session(kit):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs)
        response = await cpe.session()
        assert response.status == 204 and response.body == b"" and cpe.statuses == [200, 204]
        assert len(acs.sessions) == 0 and not acs.sessions.in_session(cpe.id)
        assert acs.registry.settled == [cpe.id] and acs.registry.ended == [cpe.id]
        assert acs.metrics.sessions.values[""] == 1

    kit.run(run())


def test_inform_response_headers(kit):
    async def run():
        acs = kit.Acs()
        response = await acs.post(kit.inform(), kit.cpe(acs).connection)
        assert kit.header(response, "content-type") == ["text/xml; charset=utf-8"]
        assert "HttpOnly" in kit.header(response, "set-cookie")[0]
        assert not response.body.startswith(b"<?xml") and b"InformResponse" in response.body

    kit.run(run())


def test_transaction_is_done_in_the_session(kit):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs)
        tx = acs.transactions.submit(cpe.id, value=900)
        await cpe.session()
        await acs.settle()
        assert tx.state == "done" and tx.fault is None
        assert tx.result["changes"][0]["before"] == "300" and tx.result["changes"][0]["after"] == "900"
        assert cpe.device.value(kit.INTERVAL) == "900"
        assert cpe.device.management.parameter_key == tx.token
        assert cpe.asked == ["GetParameterValues", "SetParameterValues", "GetParameterValues"]
        assert list(acs.knowledge.learnt[-1].secret_hashes) == [kit.INTERVAL]

    kit.run(run())


def test_several_transactions_share_a_session(kit):
    async def run():
        acs = kit.Acs()
        acs.transactions.commit_delay = 0.002
        cpe = kit.cpe(acs)
        all_of_them = [acs.transactions.submit(cpe.id, value=value) for value in (1, 2, 3)]
        await cpe.session()
        await acs.settle()
        assert [tx.state for tx in all_of_them] == ["done"] * 3
        assert cpe.device.value(kit.INTERVAL) == "3"
        assert acs.metrics.sessions.values[""] == 1

    kit.run(run())


def test_work_that_comes_during_a_session_joins_it(kit):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs)
        first = acs.transactions.submit(cpe.id, value=1)
        later = []

        def queue_more(message):
            if isinstance(message, messages.SetParameterValues) and not later:
                assert acs.sessions.in_session(cpe.id)
                later.append(acs.transactions.submit(cpe.id, value=2))

        await cpe.session(on_request=queue_more)
        await acs.settle()
        assert first.state == later[0].state == "done"
        assert acs.metrics.sessions.values[""] == 1

    kit.run(run())


def test_intent_is_durable_before_the_set_leaves(kit):
    async def run():
        acs = kit.Acs()
        acs.transactions.commit_delay = 0.01
        cpe = kit.cpe(acs)
        acs.transactions.submit(cpe.id, value=7)
        seen = []
        await cpe.session(
            on_request=lambda message: seen.append((type(message).__name__, list(acs.transactions.log)))
        )
        await acs.settle()
        assert seen[1] == ("SetParameterValues", ["checkpoint tx1"])

    kit.run(run())


def test_end_is_told_only_after_its_commit(kit):
    async def run():
        acs = kit.Acs()
        acs.transactions.commit_delay = 0.02
        cpe = kit.cpe(acs)
        tx = acs.transactions.submit(cpe.id, value=300)
        await cpe.session()
        assert tx.state == "running"
        await acs.settle()
        assert tx.state == "done"

    kit.run(run())


@pytest.mark.parametrize(
    ("payload", "kind", "code"),
    [
        ({"path": "Device.Nothing", "value": 1}, "cwmp", 9005),
        ({"value": 1, "refuse": True}, "input", None),
        ({"value": 1, "stumble": True}, "session", None),
    ],
)
def test_faults_end_the_transaction_and_not_the_session(kit, caplog, payload, kind, code):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs)
        bad = acs.transactions.submit(cpe.id, **payload)
        good = acs.transactions.submit(cpe.id, value=5)
        response = await cpe.session()
        await acs.settle()
        assert response.status == 204
        assert bad.state == "fault" and bad.fault["kind"] == kind and bad.fault["code"] == code
        assert cpe.id in bad.fault["message"] and "\n" not in bad.fault["message"]
        assert "hunter2" not in str(bad.fault) and "hunter2" not in caplog.text
        if code:
            assert bad.fault["parameters"][0]["path"] == "Device.Nothing"
        assert good.state == "done"

    kit.run(run())


def test_a_verdict_that_is_not_accepted_is_a_fault_with_its_result(kit):
    async def run():
        acs = kit.Acs()
        cpe = kit.Cpe(acs, kit.device(habit_names=["ignore_set"]))
        tx = acs.transactions.submit(cpe.id, value=5)
        await cpe.session()
        await acs.settle()
        assert tx.state == "fault" and tx.fault["kind"] == "verdict"
        assert tx.result["changes"][0]["verdict"] == "reverted"
        assert kit.INTERVAL in tx.fault["message"]

    kit.run(run())


def test_unknown_kind_and_text_xml_cannot_carry_are_input_faults(kit):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs)
        unknown = acs.transactions.submit(cpe.id, kind="juggle")
        nul = acs.transactions.submit(cpe.id, path=kit.SECRET, value="a\x00b")
        await cpe.session()
        await acs.settle()
        assert unknown.fault["kind"] == nul.fault["kind"] == "input"

    kit.run(run())


def test_requests_of_the_cpe_are_answered(kit):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs)
        tx = acs.transactions.submit(cpe.id, value=5)
        await cpe.session(
            requests=(
                messages.TransferComplete("never ordered"),
                messages.GetRPCMethods(),
                messages.Kicked("a", "b", "c", "http://x/"),
                messages.RequestDownload("1 Firmware Upgrade Image"),
                messages.AutonomousTransferComplete("", "http://x/", True, "1 Firmware Upgrade Image"),
                messages.DUStateChangeComplete(()),
                messages.AutonomousDUStateChangeComplete(()),
            )
        )
        await acs.settle()
        assert cpe.statuses == [200] * 11 + [204] and tx.state == "done"

    kit.run(run())


def test_an_unknown_method_gets_fault_8000(kit):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs)
        await cpe.post(kit.inform())
        body = kit.inform().replace(b"Inform>", b"Juggle>").replace(b"<cwmp:Inform", b"<cwmp:Juggle")
        response = await cpe.post(body)
        assert response.status == 200 and b"8000" in response.body

    kit.run(run())


def test_a_completion_after_the_end_is_still_acknowledged(kit):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs)
        await cpe.session()
        from cwmp.wire.envelope import Envelope, encode

        late = encode(Envelope(messages.TransferComplete("late"), "7", "urn:dslforum-org:cwmp-1-2", "soap"))
        response = await cpe.post(late)
        assert response.status == 200 and b"TransferCompleteResponse" in response.body
        assert (await cpe.post(b"")).status == 204
        assert (await cpe.post(b"<nonsense")).status == 400
        assert (await cpe.post(late)).status == 400

    kit.run(run())


def test_lost_answer_goes_back_to_the_queue_and_is_settled_in_the_next_session(kit):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs)
        tx = acs.transactions.submit(cpe.id, value=900)
        await cpe.session(stop_at="SetParameterValues")
        assert tx.state == "running"
        acs.now += 100
        acs.sessions.sweep()
        assert acs.sessions.in_session(cpe.id), "120 s are not over"
        acs.now += 30
        acs.sessions.sweep()
        await acs.settle()
        assert not acs.sessions.in_session(cpe.id) and tx.state == "queued"
        cpe.jar = ""
        await cpe.session()
        await acs.settle()
        assert tx.state == "done" and tx.result["changes"][0]["before"] == "300"
        assert cpe.asked[2:] == ["GetParameterValues", "GetParameterValues"], "the set is not repeated"

    kit.run(run())


def test_a_new_inform_ends_the_old_session(kit):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs)
        tx = acs.transactions.submit(cpe.id, value=900)
        await cpe.session(stop_before="SetParameterValues")
        old = cpe.jar
        other = kit.Cpe(acs, cpe.device)
        await other.session()
        await acs.settle()
        assert tx.state == "done" and tx.attempts == 2 and acs.metrics.sessions_lost.values["superseded"] == 1
        assert (await acs.post(b"", kit.cpe(acs).connection, ("cookie", f"cwmp={old}"))).status == 204
        assert len(acs.sessions) == 0

    kit.run(run())


def test_a_device_that_gives_up_each_time_ends_in_a_session_fault(kit):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs)
        tx = acs.transactions.submit(cpe.id, value=900)
        for _ in range(3):
            await cpe.session(stop_before="GetParameterValues")
            acs.now += 130
            acs.sessions.sweep()
            await acs.settle()
        assert tx.state == "fault" and tx.fault["kind"] == "session"

    kit.run(run())


def test_empty_post_in_place_of_an_answer(kit):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs)
        tx = acs.transactions.submit(cpe.id, value=900)
        await cpe.session(stop_at="SetParameterValues")
        response = await cpe.post(b"  ")
        assert response.status == 200 and b"GetParameterValues" in response.body, "asked what is true now"
        response = await cpe.post(b"")
        assert response.status == 200
        response = await cpe.post(b"")
        assert response.status == 204, "enough"
        await acs.settle()
        assert tx.state == "queued" and not acs.sessions.in_session(cpe.id)
        await cpe.session()
        await acs.settle()
        assert tx.state == "done" and cpe.asked.count("SetParameterValues") == 1

    kit.run(run())


def test_idle_sessions_end_and_session_timeout_is_honoured(kit):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs)
        from cwmp.wire.cpe_session import CpeSession

        patient = CpeSession(session_timeout=200)
        await acs.post(patient.begin(cpe.device.inform()), cpe.connection)
        await acs.post(kit.inform("LAB2"), kit.cpe(acs).connection)
        assert len(acs.sessions) == 2
        for _ in range(4):
            acs.now += 10
            acs.sessions.sweep()
        assert acs.sessions.in_session(cpe.id) and len(acs.sessions) == 1
        for _ in range(20):
            acs.now += 10
            acs.sessions.sweep()
        assert len(acs.sessions) == 0 and acs.sessions._due == {}
        assert acs.metrics.sessions_lost.values["timeout"] == 2

    kit.run(run())


def test_slow_models_are_remembered(kit):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs)
        acs.transactions.submit(cpe.id, value=900)

        def dawdle(message):
            acs.now += 50

        await cpe.session(on_request=dawdle)
        assert acs.knowledge.took == [50, 50, 50]

    kit.run(run())


def test_sessions_are_bounded(kit):
    from cwmp.acs.sessions.sessions import SessionLimits

    async def run():
        acs = kit.Acs(limits=SessionLimits(sessions=2))
        for number in range(2):
            assert (await acs.post(kit.inform(f"A{number}"), kit.cpe(acs).connection)).status == 200
        response = await acs.post(kit.inform("A3"), kit.cpe(acs).connection)
        assert response.status == 503 and 10 <= int(kit.header(response, "retry-after")[0]) <= 60
        assert len(acs.sessions) == 2

    kit.run(run())


def test_exchanges_are_bounded(kit):
    from cwmp.acs.sessions.sessions import SessionLimits

    async def run():
        acs = kit.Acs(limits=SessionLimits(exchanges=5))
        cpe = kit.cpe(acs)
        response = await cpe.session(requests=(messages.GetRPCMethods(),) * 10)
        assert response.status == 400 and len(acs.sessions) == 0

    kit.run(run())


def test_a_new_device_comes_back_later_when_the_disk_is_full(kit, monkeypatch):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs)

        async def full(record):
            raise StoreFull("the disk is full")

        monkeypatch.setattr(acs.registry, "settle", full)
        response = await cpe.session()
        assert response.status == 503 and (b"retry-after", b"60") in response.headers

    kit.run(run())


def test_a_store_that_fails_costs_the_session_only(kit, caplog):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs)
        acs.transactions.fail_commit = True
        tx = acs.transactions.submit(cpe.id, value=900)
        with caplog.at_level(logging.ERROR):
            response = await cpe.session()
        await acs.settle()
        assert response.status == 500 and len(acs.sessions) == 0
        assert "SetParameterValues" not in cpe.asked, "no set without a durable intent"
        assert "OSError" in caplog.text and "hunter2" not in caplog.text
        acs.transactions.fail_commit = False
        cpe.jar = ""
        await cpe.session()
        await acs.settle()
        assert tx.state == "done"

    kit.run(run())


def test_superseded_while_a_commit_is_under_way(kit):
    async def run():
        acs = kit.Acs()
        acs.transactions.commit_delay = 0.05
        cpe = kit.cpe(acs)
        tx = acs.transactions.submit(cpe.id, value=900)
        first = asyncio.create_task(cpe.session())
        await until(lambda: "GetParameterValues" in cpe.asked)
        await asyncio.sleep(0.01)
        other = kit.Cpe(acs, cpe.device)
        await other.session()
        await first
        await acs.settle()
        assert "SetParameterValues" not in cpe.asked and other.asked.count("SetParameterValues") == 1
        assert tx.state == "done"

    kit.run(run())


def test_two_requests_of_one_session_at_once(kit):
    async def run():
        acs = kit.Acs()
        acs.transactions.commit_delay = 0.02
        cpe = kit.cpe(acs)
        acs.transactions.submit(cpe.id, value=900)
        first = asyncio.create_task(cpe.session())
        await until(lambda: "GetParameterValues" in cpe.asked)
        for _ in range(5):
            await asyncio.sleep(0)
        again = await acs.post(b"", cpe.connection, *cpe.headers())
        assert again.status == 409
        await first

    kit.run(run())


def test_draining(kit):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs)
        tx = acs.transactions.submit(cpe.id, value=900)
        await cpe.session(stop_before="GetParameterValues")
        await acs.sessions.drain(0.01)
        assert len(acs.sessions) == 0 and tx.state == "queued"
        assert (await acs.post(kit.inform("LAB9"), kit.cpe(acs).connection)).status == 503

    kit.run(run())


def test_an_end_that_cannot_be_stored_does_not_keep_the_acs_from_ending(kit):
    async def run():
        acs = kit.Acs(limits=SessionLimits(storing=0.05))
        acs.transactions.commit_delay = 0.0
        cpe = kit.cpe(acs)
        acs.transactions.submit(cpe.id, value=900)

        def fill_the_disk(message):
            if type(message).__name__ == "SetParameterValues":
                acs.transactions.commit_delay = 3_600.0

        await cpe.session(on_request=fill_the_disk)
        async with asyncio.timeout(5.0):
            await acs.sessions.drain(0.01)
        assert not any(each.startswith("end") for each in acs.transactions.log)

    kit.run(run())


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "OPTIONS"])
def test_only_post(kit, method):
    async def run():
        acs = kit.Acs()
        response = await acs.post(b"", kit.cpe(acs).connection, method=method)
        assert response.status == 405 and kit.header(response, "allow") == ["POST"]

    kit.run(run())
