"""No converge may give a device credentials with which the ACS would not let it in again."""

from __future__ import annotations

from pathlib import Path

import pytest

from cwmp.platforms.protocol import Call, ConvergeCall, Registration, Rejected

DEVICE = "0A0B0C-LabGateway-LAB000001"
USERNAME, PASSWORD = ".ManagementServer.Username", ".ManagementServer.Password"


def test_credentials_the_acs_would_not_accept_are_refused(shell) -> None:
    shell.acs()
    shell.lab("--interval", "3600")
    platform = shell.platform

    def refused(values: dict[str, str], match: str) -> None:
        for check in (True, False):
            with pytest.raises(Rejected, match=match) as problem:
                platform.converge(DEVICE, {"set": values}, ConvergeCall(check=check))
            assert "s3cret" not in str(problem.value)
            assert f"cwmp register {DEVICE} --username" in str(problem.value)
        with pytest.raises(Rejected, match=match):
            platform.submit_batch([{"device": DEVICE, "state": {"set": values}}])

    held = platform.read(DEVICE, [USERNAME], Call()).result["parameters"][0]["value"]
    refused({USERNAME: "own", PASSWORD: "s3cret"}, "knows no username 'own'")
    refused({f"Device{USERNAME}": "own"}, "with the password the device holds")
    refused({PASSWORD: "s3cret"}, f"holds another password of it for the username '{held}'")
    assert platform.converge(DEVICE, {"set": {USERNAME: held}}, ConvergeCall()).state == "done"

    platform.register(DEVICE, Registration(username="own", password="s3cret"), check=False)
    refused({USERNAME: "own", PASSWORD: "s3cret-2"}, "holds another password")
    refused({PASSWORD: "s3cret"}, "write .ManagementServer.Username too")
    refused({USERNAME: "own"}, "write .ManagementServer.Password too")
    done = platform.converge(DEVICE, {"set": {USERNAME: "own", PASSWORD: "s3cret"}}, ConvergeCall())
    assert done.state == "done", done.fault
    # It comes again, now as itself, and what it had before is worth nothing any more.
    assert platform.read(DEVICE, [USERNAME], Call()).result["parameters"][0]["value"] == "own"
    old = (shell.data / "lab-credentials").read_text()
    assert old
    platform.register(DEVICE, Registration(password="s3cret-3"), check=False)
    done = platform.converge(DEVICE, {"set": {PASSWORD: "s3cret-3"}}, ConvergeCall())
    assert done.state == "done", done.fault
    assert platform.read(DEVICE, [USERNAME], Call()).state == "done"


def test_a_password_alone_is_not_registered(shell, tmp_path: Path) -> None:
    shell.acs()
    shell.lab("--interval", "3600")
    file = tmp_path / "password"
    file.write_text("s3cret")
    said = shell.run("register", DEVICE, "--password-file", str(file), expect=1).stderr
    assert "needs its username too" in said
    assert shell.run("get", DEVICE, USERNAME).returncode == 0
