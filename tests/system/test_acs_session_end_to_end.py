"""Sessions over real sockets, with the durable store and simulated CPEs: digest, waking, lost answers."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from cwmp.acs.access.authentication import Authentication
from cwmp.acs.listen.http_protocol import CpeConnection, HttpSide
from cwmp.acs.metrics import Metrics
from cwmp.acs.sessions.endpoint import Endpoint, ListenerRules
from cwmp.acs.sessions.sessions import SessionLimits, Sessions
from cwmp.acs.sessions.trace import Trace
from cwmp.acs.state import open_state
from cwmp.acs.waking.waking import Waking, WakingRules
from cwmp.lab.behaviour import Behaviour
from cwmp.lab.fleet import Fleet, FleetPlan
from cwmp.lab.session import LoseAnswer

PREFIX = "0A0B0C"
INTERVAL = ".ManagementServer.PeriodicInformInterval"


class Acs:
    def __init__(self, state, rules, limits):
        self.state = state
        self.metrics = Metrics()
        self.trace = Trace()
        self.sessions = Sessions(
            registry=state.registry,
            knowledge=state.knowledge,
            transactions=state.transactions,
            credentials=state.credentials,
            trace=self.trace,
            limits=limits,
            metrics=self.metrics,
        )
        self.sessions.start()
        self.waking = Waking(
            registry=state.registry,
            transactions=state.transactions,
            credentials=state.credentials,
            sessions=self.sessions,
            rules=WakingRules(),
            metrics=self.metrics,
        )
        authentication = Authentication(state.credentials, metrics=self.metrics)
        self.side = HttpSide(Endpoint(self.sessions, authentication, rules))

    async def converge(self, cpe, values, **options):
        transactions = self.state.transactions
        tx = await transactions.submit(cpe.id, "converge", {"state": {"set": values}, **options})
        return await transactions.wait(tx.id, 15.0)


@asynccontextmanager
async def acs_at(tmp_path, *, rules=None, limits=None):
    state = await open_state(tmp_path)
    acs = Acs(state, rules or ListenerRules(), limits or SessionLimits())
    server = await asyncio.get_running_loop().create_server(lambda: CpeConnection(acs.side), "127.0.0.1", 0)
    acs.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    try:
        yield acs
    finally:
        await acs.sessions.drain(1.0)
        await acs.waking.close()
        server.close()
        await state.close()


@pytest.mark.parametrize("model", ["tr181-gateway", "tr098-gateway"])
def test_a_woken_device_is_converged_and_then_found_converged(tmp_path, model):
    async def run():
        async with acs_at(tmp_path) as acs:
            await acs.state.credentials.set_type("lab", {}, "lab", "hunter22")
            plan = FleetPlan(
                acs.url,
                2,
                (model,),
                credentials=("lab", "hunter22"),
                connection_request_credentials=("cr", "pw"),
            )
            async with Fleet(plan) as fleet:
                await fleet.wait_informed()
                cpe = fleet.cpes[0]
                await acs.state.credentials.set_connection_request(cpe.id, "cr", "pw")
                values = {INTERVAL: 901, ".ManagementServer.ConnectionRequestPassword": "new-secret",
                          ".ManagementServer.ConnectionRequestUsername": "cr2"}  # fmt: skip
                first = await acs.converge(cpe, values, accept=["unverifiable"])
                assert first.state == "done", first.fault
                assert first.result["changed"] and cpe.cpe.value(INTERVAL) == "901"
                assert first.connection_request["answer"] == "accepted"
                # The device now wants to hear what it was told, and the ACS knows.
                second = await acs.converge(cpe, values, accept=["unverifiable"])
                assert second.state == "done" and not second.result["changed"], second.result
                assert second.connection_request["answer"] == "accepted"
                told = await acs.state.credentials.connection_request(cpe.id)
                assert told == ("cr2", "new-secret")
                shown = str(acs.trace.sessions(cpe.id))
                assert "new-secret" not in shown and "SetParameterValues" in shown
                result = await acs.waking.request(cpe.id, "http", wait=10.0)
                assert result.answer == "accepted" and result.informed and result.inform_ms is not None

    asyncio.run(run())


def test_wrong_connection_request_credentials_are_said(tmp_path):
    async def run():
        async with acs_at(tmp_path, rules=ListenerRules(open=True)) as acs:
            plan = FleetPlan(acs.url, 1, connection_request_credentials=("cr", "pw"))
            async with Fleet(plan) as fleet:
                await fleet.wait_informed()
                cpe = fleet.cpes[0]
                await acs.state.credentials.set_connection_request(cpe.id, "cr", "wrong")
                result = await acs.waking.request(cpe.id, "auto", wait=5.0)
                assert result.answer == "wrong_credentials" and not result.informed
                tx = await acs.state.transactions.submit(
                    cpe.id, "converge", {"state": {"set": {INTERVAL: 5}}}
                )
                for _ in range(100):
                    if tx.connection_request is not None:
                        break
                    await asyncio.sleep(0.02)
                assert tx.connection_request["answer"] == "wrong_credentials" and tx.state == "queued"

    asyncio.run(run())


def test_lost_answers_are_settled(tmp_path):
    async def run():
        async with acs_at(tmp_path, rules=ListenerRules(open=True)) as acs:
            quick = Behaviour(time_scale=0.02)
            async with Fleet(FleetPlan(acs.url, 1), quick) as fleet:
                await fleet.wait_informed()
                cpe = fleet.cpes[0]
                cpe.faults.append(LoseAnswer("SetParameterValues"))
                tx = await acs.converge(cpe, {INTERVAL: 777})
                assert tx.state == "done" and tx.attempts == 2, (tx.state, tx.fault)
                assert tx.result["changed"] and cpe.cpe.value(INTERVAL) == "777"

    asyncio.run(run())


def test_shared_credentials_become_individual(tmp_path):
    async def run():
        async with acs_at(tmp_path) as acs:
            await acs.state.credentials.set_type("lab", {}, "lab", "hunter22", True)
            plan = FleetPlan(acs.url, 1, credentials=("lab", "hunter22"))
            async with Fleet(plan) as fleet:
                await fleet.wait_informed()
                cpe = fleet.cpes[0]
                await fleet.wait_for(lambda: cpe.sessions >= 1, what="a whole session")
                own = cpe.cpe.management
                assert own.username == cpe.id and own.password not in ("", "hunter22")
                tx = await acs.converge(cpe, {INTERVAL: 778})
                assert tx.state == "done", tx.fault
                assert await acs.state.credentials.has_own(cpe.id)
                assert own.password not in str(acs.trace.sessions(cpe.id))
                # Back to the factory: its shared credentials open nothing by themselves now.
                cpe.cpe.factory_reset()
                sessions = cpe.sessions
                cpe.come_back()
                await fleet.wait_for(lambda: cpe.sessions > sessions, what="another session")
                record = acs.state.registry.get(cpe.id)
                assert record.quarantined and "lab" in record.quarantine_reason
                # An operator allows it: it comes in once more, and gets a pair of its own again.
                await acs.state.registry.release(cpe.id)
                tx = await acs.converge(cpe, {INTERVAL: 779})
                assert tx.state == "done", tx.fault
                assert cpe.cpe.management.username.startswith(cpe.id)
                tx = await acs.converge(cpe, {INTERVAL: 780})
                assert tx.state == "done" and not acs.state.registry.get(cpe.id).quarantined

    asyncio.run(run())


def test_many_devices_at_once(tmp_path):
    async def run():
        async with acs_at(tmp_path, rules=ListenerRules(open=True)) as acs:
            async with Fleet(FleetPlan(acs.url, 40)) as fleet:
                await fleet.wait_informed()
                ended = await asyncio.gather(
                    *(acs.converge(cpe, {INTERVAL: 500 + index}) for index, cpe in enumerate(fleet.cpes))
                )
                assert [tx.state for tx in ended] == ["done"] * 40
                assert [cpe.cpe.value(INTERVAL) for cpe in fleet.cpes] == [str(500 + n) for n in range(40)]
            assert acs.metrics.sessions_lost.values == {}

    asyncio.run(run())
