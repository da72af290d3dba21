"""A change that takes effect only after a reboot is not done before the device has booted."""

from __future__ import annotations

import asyncio
from pathlib import Path

from cwmp.acs.state import State, open_state
from cwmp.desired.outcome import Learnt
from cwmp.wire.messages import DeviceId, Event, Inform

DEVICE = "0A0B0C-LabGateway-LAB000001"
WANTED = ".DeviceInfo.ProvisioningCode=x"


def test_a_second_run_still_says_so(shell) -> None:
    acs = shell.acs()
    shell.lab("--interval", "3600", "--habit", "status1")
    for run in range(3):
        done = shell.run("set", DEVICE, WANTED, expect=1)
        assert "takes effect only after a reboot" in done.stderr, run
        assert ("+" in done.stdout) is (run == 0)
        if run == 1:
            acs.kill()
            acs.wait()
            shell.acs()
    assert shell.run("set", DEVICE, WANTED, "--accept", "pending_reboot").stdout.endswith(
        "nothing to change\n"
    )


def test_a_boot_ends_it(tmp_path: Path) -> None:
    async def come(state: State, event: str):
        inform = Inform(DeviceId("Lab", "0A0B0C", "Box", "1"), (Event(event),))
        record = state.registry.informed(inform, peer="192.0.2.1", cwmp_version="1.4", now=1.0)
        await state.registry.settle(record)
        return record

    async def pending(state: State, record) -> dict[str, str]:
        return dict((await state.knowledge.known(record)).pending_reboot)

    async def work() -> None:
        for boot in ("1 BOOT", "M Reboot", "0 BOOTSTRAP"):
            state = await open_state(tmp_path)
            record = await come(state, "2 PERIODIC")
            learnt = Learnt(secret_hashes={"Device.S": "h"}, pending_reboot={"Device.X": "1"})
            await state.knowledge.learn(record, learnt)
            await state.close()
            state = await open_state(tmp_path)
            record = await come(state, "6 CONNECTION REQUEST")
            assert await pending(state, record) == {"Device.X": "1"}
            await come(state, boot)
            assert await pending(state, record) == {}
            await state.close()
            state = await open_state(tmp_path)
            assert await pending(state, state.registry.find("1")) == {}
            known = await state.knowledge.known(state.registry.find("1"))
            assert bool(known.secret_hashes) is (boot != "0 BOOTSTRAP")
            await state.close()

    asyncio.run(work())
