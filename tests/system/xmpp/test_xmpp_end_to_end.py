"""The whole way with real processes: configuration, `cwmp set`, login, `cwmp connection-request`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from cwmp.platforms.protocol import ConvergeCall

DOMAINS = ("dev.test", "prod.test")
CREDENTIALS = ("caller", "wake-me-up-password")
ACS_PASSWORD = "acs-secret-password"


def configuration(prosody: Any, folder: Path) -> Path:
    """Dev and prod at once."""
    (folder / "broker-password").write_text(ACS_PASSWORD + "\n")
    file = folder / "acs.toml"
    file.write_text(
        "".join(
            f'[[xmpp]]\ndomain = "{domain}"\njid = "acs@{domain}"\npassword_file = "broker-password"\n'
            f'host = "{prosody.address}"\nport = {prosody.port}\nca_file = "{prosody.authority.file}"\n'
            for domain in DOMAINS
        )
    )
    return file


def wake(shell: Any, device: str, *more: str, expect: int | None = 0) -> dict[str, Any]:
    done = shell.run("connection-request", device, "--method", "xmpp", "--json", *more, expect=expect)
    return dict(json.loads(done.stdout))


def status(shell: Any, device: str) -> str:
    return str(shell.run("get", device, ".XMPP.Connection.", "--json").stdout)


def until(condition: Any, what: str, within: float = 20.0) -> Any:
    end = time.monotonic() + within
    while not (found := condition()):
        if time.monotonic() > end:
            pytest.fail(f"{what}: not within {within:g} s")
        time.sleep(0.1)
    return found


ROW = '.XMPP.Connection.[Alias=="acs"]'
FIRST = ".XMPP.Connection.1"


def test_from_configuration_to_wake(shell: Any, prosody: Any, tmp_path: Path) -> None:
    prosody.add_user("lab000001", "dev.test", "device-password-1")
    prosody.add_user("lab000002", "prod.test", "device-password-2")
    shell.acs("--config", str(configuration(prosody, tmp_path)))
    ready = shell.lab(
        "--count", "2", "--model", "tr181-gateway", "--model", "tr098-gateway", "--interval", "86400",
        "--ca-file", str(prosody.authority.file), "--time-scale", "0.05",
    )  # fmt: skip

    devices = dict(zip(DOMAINS, ready["devices"], strict=True))

    assert wake(shell, devices["dev.test"], expect=1)["answer"] == "no_method"
    for number, (domain, device) in enumerate(devices.items(), 1):
        state = {
            "instances": [
                {"table": ".XMPP.Connection.", "match": {"Alias": "acs"},
                 "set": {"Domain": domain, "Username": f"lab00000{number}", "Resource": "ConnReq",
                         "UseTLS": True, "ServerConnectAlgorithm": "ServerTable"}},
                {"table": f"{ROW}.Server.", "match": {"Alias": "one"},
                 "set": {"ServerAddress": prosody.address, "Port": prosody.port, "Enable": True}},
            ],
            "set": {
                ".ManagementServer.ConnectionRequestUsername": CREDENTIALS[0],
                ".ManagementServer.ConnectionRequestPassword": CREDENTIALS[1],
                ".ManagementServer.ConnReqAllowedJabberIDs": f"acs@{domain}",
                ".ManagementServer.ConnReqXMPPConnection": ROW,
            },
        }  # fmt: skip
        done = shell.platform.converge(device, state, ConvergeCall(wait=30, accept=("unverifiable",)))
        assert done.fault is None, done.fault

    for number, (domain, device) in enumerate(devices.items(), 1):
        shell.run(
            "set", device, f"{FIRST}.Password=wrong", f"{FIRST}.Enable=true", "--accept", "unverifiable"
        )
        until(lambda d=device: "Error_AuthenticationFailure" in status(shell, d), "the wrong password shows")
        shell.run("set", device, f"{FIRST}.Password=device-password-{number}", "--accept", "unverifiable")
        until(lambda d=device: '"Enabled"' in status(shell, d), "the right one helps")
        jid = f"lab00000{number}@{domain}/ConnReq"
        until(
            lambda d=device, j=jid: shell.platform.device(d).more["jabber_id"] == j,
            "the ACS hears of the JID",
        )

        result = wake(shell, device, "--wait", "30")
        assert (result["method"], result["route"]) == ("xmpp", f"broker {domain}")
        assert result["answer"] == "accepted" and result["informed"] and result["inform_ms"] < 10_000
        trace = shell.run("trace", device).stdout
        assert "6 CONNECTION REQUEST" in trace and "device-password" not in trace

    logs = "".join(file.read_text() for file in shell.folder.glob("log-*"))
    for secret in (ACS_PASSWORD, CREDENTIALS[1], "device-password"):
        assert secret not in logs


def test_a_configuration_that_is_wrong_is_told_at_once(shell: Any, tmp_path: Path) -> None:
    def said(text: str) -> str:
        file = tmp_path / "acs.toml"
        file.write_text(text)
        done = shell.run("acs", "serve", "--cwmp", "127.0.0.1:0", "--config", str(file), expect=1)
        assert done.stderr.count("\n") == 1, done.stderr
        return str(done.stderr)

    good = '[[xmpp]]\ndomain = "dev.test"\njid = "acs@dev.test"\npassword_file = "p"\n'
    assert "xmpp needs jid and password_file" in said('[[xmpp]]\ndomain = "dev.test"\n')
    assert "two XMPP brokers for the domain dev.test" in said(good * 2)
    assert "password file" in said(good) and "cannot be read" in said(good)
    (tmp_path / "p").write_text("")
    assert "is empty" in said(good)
    (tmp_path / "p").write_text("secret")
    assert "is no JID" in said(good.replace("acs@dev.test", "acs"))
    (tmp_path / "ca").write_text("nothing")
    assert "CA file" in said(good + 'ca_file = "ca"\n')
