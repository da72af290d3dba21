"""Whatever happens to transactions, in any order and over any crash, they keep to their states."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cwmp.acs.errors import Conflict
from cwmp.acs.state import State, open_state
from cwmp.acs.transactions.transactions import Limits, TransactionRecord

DEVICES = ("0A0B0C-Box-1", "0A0B0C-Box-2")
KEYS = st.sampled_from(["", "", "key1", "key2"])
ATTEMPTS = 3


@dataclass
class Expected:
    """What must be true of a transaction."""

    device: str
    payload: dict[str, Any]
    key: str
    state: str = "queued"
    memory: dict[str, Any] | None = None
    stored_attempts: int = 0
    left_over: bool = False
    result: dict[str, Any] | None = None


class Machine(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.root = Path(tempfile.mkdtemp())
        self.data = self.root / "0"
        self.crashes = 0
        self.expected: dict[str, Expected] = {}
        self.count = 0
        self.dead: list[State] = []
        self.state = self.open()

    def open(self) -> State:
        return self.run(open_state(self.data, limits=Limits(attempts=ATTEMPTS, payloads_in_memory=2)))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    async def looking(self, device: str) -> TransactionRecord | None:
        return self.state.transactions.next_for(device)

    async def calling(self, method: Any, *arguments: Any, **options: Any) -> Any:
        """Call inside the loop: these do something at the call already."""
        return await method(*arguments, **options)

    def running(self, device: str) -> TransactionRecord | None:
        for tx in self.state.transactions.open_for(device):
            if tx.state == "running":
                return tx
        return None

    @rule(device=st.sampled_from(DEVICES), key=KEYS, past=st.booleans(), number=st.integers(0, 3))
    def submit(self, device: str, key: str, past: bool, number: int) -> None:
        payload = {"number": number}
        known = [(ident, each) for ident, each in self.expected.items() if key and each.key == key]
        expires = time.time() - 1 if past and not key else 0.0
        work = self.state.transactions.submit(
            device, "converge", payload, client_key=key, expires_at=expires, connection_request="none"
        )
        try:
            tx = self.run(work)
        except Conflict:
            assert known
            assert (known[0][1].device, known[0][1].payload) != (device, payload)
            return
        if known:
            assert tx.id == known[0][0]
            return
        self.expected[tx.id] = Expected(device, payload, key)
        if expires:
            assert self.run(self.state.transactions.wait(tx.id, 5)).state == "expired"
            self.expected[tx.id].state = "expired"

    @rule(device=st.sampled_from(DEVICES))
    def begin(self, device: str) -> None:
        tx = self.run(self.looking(device))
        queued = [
            ident for ident, each in self.expected.items() if each.device == device and each.state == "queued"
        ]
        if tx is None:
            assert not queued or self.running(device) is not None
            return
        assert tx.id == min(queued)
        self.run(self.state.transactions.begin(tx))
        expected = self.expected[tx.id]
        expected.state = "running"
        if expected.left_over:
            expected.stored_attempts = tx.attempts
        assert self.state.transactions.payload(tx) == expected.payload
        assert self.state.transactions.memory(tx) == expected.memory

    @rule(device=st.sampled_from(DEVICES))
    def checkpoint(self, device: str) -> None:
        tx = self.running(device)
        if tx is not None:
            self.count += 1
            self.expected[tx.id].memory = {"at": self.count}
            self.expected[tx.id].stored_attempts = tx.attempts
            self.run(self.state.transactions.checkpoint(tx, {"at": self.count}))

    @rule(device=st.sampled_from(DEVICES), state=st.sampled_from(["done", "fault"]))
    def end(self, device: str, state: Any) -> None:
        tx = self.running(device)
        if tx is not None:
            expected = self.expected[tx.id]
            expected.state, expected.result = state, {"number": expected.payload["number"]}
            self.run(self.calling(self.state.transactions.end, tx, state, result=expected.result))

    @rule(device=st.sampled_from(DEVICES))
    def lose_session(self, device: str) -> None:
        tx = self.running(device)
        if tx is not None:
            expected = self.expected[tx.id]
            expected.state = "fault" if tx.attempts >= ATTEMPTS else "queued"
            self.run(self.calling(self.state.transactions.retry, tx, "the test says so"))

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def cancel(self, data: Any) -> None:
        ident = data.draw(st.sampled_from(sorted(self.expected)))
        expected = self.expected[ident]
        tx = self.run(self.state.transactions.cancel(ident))
        if expected.state == "queued" and expected.memory is None:
            expected.state = "cancelled"
        assert tx.state == expected.state

    @rule()
    def restart(self) -> None:
        self.run(self.state.close())
        self.reopened()

    @rule()
    def crash(self) -> None:
        """The disk as ``kill -9`` would leave it now, opened by a new process."""
        self.crashes += 1
        copy = self.root / str(self.crashes)
        shutil.copytree(self.data, copy)
        self.dead.append(self.state)
        self.data = copy
        self.reopened()

    def reopened(self) -> None:
        self.state = self.open()
        for ident, expected in self.expected.items():
            if expected.state in ("queued", "running"):
                expected.left_over = True
                expected.state = "queued"
                if expected.stored_attempts >= ATTEMPTS:
                    expected.state = self.run(self.state.transactions.wait(ident, 5)).state
                    assert expected.state == "fault"

    @invariant()
    def as_expected(self) -> None:
        for ident, expected in getattr(self, "expected", {}).items():
            tx = self.run(self.state.transactions.get(ident))
            assert tx.state == expected.state, (ident, tx.state, expected)
            assert tx.device == expected.device
            if tx.over:
                assert tx.result == expected.result
            else:
                assert tx.begun == (expected.memory is not None)
                assert tx.attempts <= ATTEMPTS

    def teardown(self) -> None:
        for state in [*self.dead, self.state]:
            self.run(state.close())
        self.loop.close()
        shutil.rmtree(self.root)


TestTransactions = Machine.TestCase
TestTransactions.settings = settings(
    max_examples=10,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
