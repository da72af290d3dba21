"""A device in quarantine gets no work, and whoever asks for some is told at once."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from cwmp.acs.state import open_state
from cwmp.platforms.protocol import Call, ConvergeCall, Registration
from cwmp.wire.messages import DeviceId, Event, Inform

DEVICE = "0A0B0C-LabGateway-LAB000001"
NAME = ".DeviceInfo.ProvisioningCode"


def test_a_quarantined_device_is_told_of_at_once(shell, tmp_path: Path) -> None:
    shell.acs()
    file = tmp_path / "password"
    file.write_text("s3cret-of-its-own")
    shell.run("register", DEVICE, "--username", "own", "--password-file", str(file))
    shell.lab("--interval", "3600")  # it comes with the credentials of its type instead
    began = time.monotonic()
    said = shell.run("get", DEVICE, NAME, expect=1).stderr
    why = "the credentials of device type lab were used, but the device has its own"
    allow = f"allow it with `cwmp register {DEVICE} --quarantine no`"
    assert said == f"cwmp: {DEVICE} is quarantined: {why}; {allow} (nothing was changed)\n"
    done = shell.platform.converge(DEVICE, {"set": {NAME: "x"}}, ConvergeCall())
    assert (done.state, done.fault["kind"]) == ("expired", "offline") and allow in done.fault["message"]
    assert time.monotonic() - began < 20
    assert "quarantined" in shell.run("devices").stdout
    assert json.loads(shell.run("devices", "--flag", "quarantined", "--json").stdout)[0]["id"] == DEVICE


def test_queued_work_is_done_once_the_device_is_allowed(shell) -> None:
    shell.acs()
    shell.lab("--interval", "3600")
    shell.run("register", DEVICE, "--quarantine", "yes")
    assert "is quarantined: set by an operator;" in shell.run("get", DEVICE, NAME, expect=1).stderr
    queued = shell.platform.read(DEVICE, [NAME], Call(wait=0, queue=True, connection_request="none"))
    assert queued.state == "queued"
    shell.run("register", DEVICE, "--quarantine", "no")
    done = shell.platform.read(DEVICE, [NAME], Call())
    assert done.state == "done", done.fault
    assert shell.platform.transaction(queued.id, wait=10).state == "done"


@pytest.mark.parametrize("queue", [False, True])
def test_what_waits_when_the_quarantine_comes(tmp_path: Path, queue: bool) -> None:
    async def work() -> None:
        state = await open_state(tmp_path)
        inform = Inform(DeviceId("Lab", "0A0B0C", "Box", "1"), (Event("1 BOOT"),))
        record = state.registry.informed(inform, peer="192.0.2.1", cwmp_version="1.4", now=1.0)
        await state.registry.settle(record)
        transaction = await state.transactions.submit(record.id, "read", {}, queue=queue)
        await state.registry.quarantine(record.id, "set by an operator")
        after = await state.transactions.wait(transaction.id, 0.0 if queue else 5.0)
        assert after.state == ("queued" if queue else "expired")
        assert queue or "is quarantined: set by an operator; allow it" in after.fault["message"]
        await state.close()

    asyncio.run(work())


def test_forgetting_what_is_not_there(shell) -> None:
    shell.acs()
    assert shell.run("forget", DEVICE).stdout == f"{DEVICE}: nothing to forget\n"
    shell.platform.register(DEVICE, Registration(tags=("x",)), check=False)
    assert shell.run("forget", DEVICE, "--check", expect=2).stdout.startswith("device:")
    assert shell.run("forget", DEVICE).stdout.startswith("device:")
    assert not shell.platform.forget(DEVICE, check=False).changed


def test_shared_credentials_do_not_shut_out_a_device_that_has_its_own(shell, tmp_path: Path) -> None:
    shell.acs()
    file = tmp_path / "password"
    file.write_text("s3cret-of-its-own")
    shell.run("register", DEVICE, "--username", "own", "--password-file", str(file))
    impostor, _ = shell.start("lab", "cpe", "--acs", shell.cwmp_url, "--json-ready", "--interval", "3600")
    assert "quarantined" in shell.run("devices").stdout
    impostor.terminate()
    impostor.wait(timeout=15)
    own = ("--username", "own", "--password", "s3cret-of-its-own")
    shell.lab("--interval", "3600", *own)
    assert "quarantined" not in shell.run("devices").stdout
    done = shell.platform.converge(DEVICE, {"set": {NAME: "itself"}}, ConvergeCall())
    assert done.state == "done", done.fault
