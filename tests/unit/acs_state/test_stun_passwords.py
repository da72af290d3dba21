"""STUN credentials of devices: sealed, found again after a restart, and never naming two devices."""

from __future__ import annotations

import asyncio
from pathlib import Path

from cwmp.acs.state import open_state
from cwmp.acs.store import DeviceSecretRow
from cwmp.acs.waking.stun_passwords import StunPasswords
from cwmp.acs.waking.stun_told import stun_told
from cwmp.desired.outcome import Change, ConvergeOutcome, ParameterRead, ReadOutcome, Verdict


def test_what_a_device_was_told_is_found_again(tmp_path: Path) -> None:
    async def main() -> None:
        state = await open_state(tmp_path)
        try:
            held = await StunPasswords.open(state.store, state.keyring, ("all", "shared"))
            await held.told("A-B-1", "cpe-1", "one")
            await held.told("A-B-2", "same", "x")
            await held.told("A-B-3", "same", "x")
            await held.told("A-B-4", "all", "own")
            await held.told("A-B-1", None, "two")
            row = await state.store.get(DeviceSecretRow, "A-B-1", "stun")
            assert row is not None and row.username == "cpe-1" and b"two" not in row.sealed
        finally:
            await state.close()
        state = await open_state(tmp_path)
        try:
            held = await StunPasswords.open(state.store, state.keyring, ("all", "shared"))
            assert held.of("cpe-1") == ("two",) and held.username_of("A-B-1") == "cpe-1"
            # One name for several devices proves that it is one of ours, but not which.
            assert held.of("same") == ("x",) and held.username_of("A-B-2") == ""
            assert set(held.of("all")) == {"own", "shared"} and held.username_of("A-B-4") == ""
            assert held.of("nobody") == () and held.username_of("nobody") == ""
            await held.told("A-B-1", "", "")
            assert await state.store.get(DeviceSecretRow, "A-B-1", "stun") is None
            held.forget("A-B-3")
            assert held.username_of("A-B-2") == "same"
        finally:
            await state.close()

    asyncio.run(main())


def test_what_converges_and_reads_tell() -> None:
    path = "Device.ManagementServer.STUN"
    payload = {
        "state": {
            "set": {
                f"{path}Enable": True,
                ".ManagementServer.STUNServerAddress": "192.0.2.1",
                ".ManagementServer.STUNPassword": "hush",
                ".ManagementServer.STUNUsername": "cpe",
                ".X.STUNPassword": "no",
            }
        }
    }
    outcome = ConvergeOutcome("Device.", (_change(f"{path}Username", Verdict.REVERTED),))
    assert stun_told(payload, outcome) == {
        "STUNEnable": "true",
        "STUNServerAddress": "192.0.2.1",
        "STUNPassword": "hush",
    }
    read = ReadOutcome(
        "Device.",
        (
            ParameterRead(f"{path}ServerAddress", "192.0.2.2", "string", True),
            ParameterRead(f"{path}Password", "", "string", True),
            ParameterRead("Device.ManagementServer.URL", "http://x/", "string", True),
        ),
    )
    assert stun_told({}, read) == {"STUNServerAddress": "192.0.2.2"}
    assert stun_told({}, None) == {}


def _change(path: str, verdict: Verdict) -> Change:
    return Change("set", path, None, None, None, "string", verdict)
