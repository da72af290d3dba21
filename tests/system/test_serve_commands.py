"""`cwmp acs serve` and its clients: start and end, the API's errors, the command line against real CPEs."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cwmp.platforms.acs import AcsPlatform
from cwmp.platforms.protocol import (
    Call,
    ConvergeCall,
    Registration,
    Rejected,
    Unauthorised,
    UnknownDevice,
    Unreachable,
)

JSON = {"Content-Type": "application/json"}
CWMP = Path(sys.executable).with_name("cwmp")
DEVICE = "0A0B0C-LabGateway-LAB000001"
NAME = ".DeviceInfo.ProvisioningCode"
INTERVAL = ".ManagementServer.PeriodicInformInterval"


@pytest.fixture
def fleet(shell) -> Iterator[object]:
    """An ACS as started without options but its addresses, and two simulated CPEs."""
    shell.acs()
    shell.lab("--count", "2", "--model", "tr181-gateway", "--interval", "3600")
    yield shell


def raw(shell, method: str, path: str, body: object = None, **headers: str) -> tuple[int, dict]:
    """One call over the socket, without the client."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(shell.api.removeprefix("unix:"))
    data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
    connection.request(method, path, data, {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    text = answer.read()
    assert answer.headers["CWMP-API-Version"] == "1"
    if answer.status >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = json.loads(text)
        assert set(problem) == {"type", "title", "status", "detail", "kind"}
        assert problem["status"] == answer.status
    connection.close()
    return answer.status, json.loads(text) if text else {}


# start and end


def test_beginnings_that_are_refused(shell) -> None:
    def said(*arguments: str) -> str:
        done = shell.run("acs", "serve", "--data", str(shell.data), *arguments, expect=1)
        assert done.stdout == "" and done.stderr.count("\n") == 1, done.stderr
        return done.stderr

    free = f"127.0.0.1:{shell.port}"
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        assert said("--cwmp", taken) == (
            f"cwmp: The CWMP listener cannot listen on {taken}: "
            "the port is in use; end the other process or choose another port (--cwmp, --api HOST:PORT)\n"
        )
        assert "The API cannot listen on" in said("--cwmp", free, "--api", taken)
    assert "is not served on 0.0.0.0:1 in clear text" in said("--cwmp", free, "--api", "0.0.0.0:1")
    assert "is no address to listen on" in said("--cwmp", "7547")
    assert "cannot be read" in said("--config", "/nonexistent.toml")
    file = shell.folder / "file"
    file.write_text("")
    assert "cannot be made" in said("--cwmp", free, "--data", str(file / "x"))
    assert "a file that is no socket" in said("--cwmp", free, "--api", f"unix:{file}")
    shell.acs()
    assert "another ACS answers there already" in said("--cwmp", "127.0.0.1:0", "--api", shell.api)
    assert "uses the data directory" in said("--cwmp", "127.0.0.1:0", "--api", f"unix:{shell.folder}/b")


def test_modes_and_ending(shell) -> None:
    acs, line = shell.start("acs", "serve", "--cwmp", "127.0.0.1:0", "--log-format", "json")
    path = shell.data / "acs.sock"
    assert f"API at unix:{path}" in line and str(shell.data) in line
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(shell.data.stat().st_mode) == 0o700
    assert stat.S_IMODE((shell.data / "lab-credentials").stat().st_mode) == 0o600
    acs.send_signal(signal.SIGTERM)
    assert acs.wait(timeout=10) == 0
    assert not path.exists()
    logged = [json.loads(text) for text in shell.log(1).splitlines()]
    assert [entry["message"] for entry in logged][-1] == "ended"
    assert all(entry["level"] and entry["time"] and entry["logger"] for entry in logged)


def test_a_killed_acs_leaves_nothing_in_the_way(shell) -> None:
    acs = shell.acs()
    acs.kill()
    acs.wait()
    acs = shell.acs()
    acs.send_signal(signal.SIGINT)
    assert acs.wait(timeout=10) == 0


def test_the_lab_is_taken_back_where_nothing_is_on_loopback(shell) -> None:
    acs = shell.acs()
    assert [kind["name"] for kind in shell.platform.device_types()] == ["lab"]
    acs.terminate()
    assert acs.wait(timeout=10) == 0
    shell.start("acs", "serve", "--cwmp", f"0.0.0.0:{shell.port}", "--api", shell.api)
    assert shell.platform.device_types() == []
    assert not (shell.data / "lab-credentials").exists()


def test_api_over_tcp_needs_its_token(shell) -> None:
    _, line = shell.start("acs", "serve", "--cwmp", "127.0.0.1:0", "--api", "127.0.0.1:0")
    url = line.split("API at ")[1].split(" ")[0]
    token_file = shell.data / "api-token"
    assert str(token_file) in line and stat.S_IMODE(token_file.stat().st_mode) == 0o600
    token = token_file.read_text().strip()
    assert token not in line and token not in shell.log(1)
    for wrong, said in (("", "needs the ACS's token"), ("wrong-token-of-some-length", "is not the ACS's")):
        with pytest.raises(Unauthorised, match=said):
            list(AcsPlatform(url, wrong).devices())
    assert list(AcsPlatform(url, token).devices()) == []
    assert "DEVICE" in shell.run("devices", "--url", url, "--token-file", str(token_file)).stdout
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    connection.request("GET", "/health")
    assert connection.getresponse().status == 200


# the API


def test_every_error_is_a_problem(fleet) -> None:
    device = f"/v1/devices/{DEVICE}"
    for method, path, body, status, kind in (
        ("GET", "/nothing", None, 404, "invalid"),
        ("PATCH", device, None, 405, "invalid"),
        ("GET", "/v1/devices/none", None, 404, "unknown_device"),
        ("GET", "/v1/devices?tga=x", None, 422, "invalid"),
        ("GET", "/v1/devices?limit=0", None, 422, "invalid"),
        ("GET", "/v1/transactions/none", None, 404, "unknown_transaction"),
        ("GET", "/v1/batches/none", None, 404, "unknown_transaction"),
        ("GET", "/v1/device-types/none", None, 404, "unknown_device"),
        ("POST", f"{device}/converge", b"{", 422, "invalid"),
        ("POST", f"{device}/converge", b"\xff\xfe", 422, "invalid"),
        ("POST", f"{device}/converge", {}, 422, "invalid"),
        ("POST", f"{device}/converge", {"state": {}, "chekc": True}, 422, "invalid"),
        ("POST", f"{device}/converge", {"state": {}, "check": "yes"}, 422, "invalid"),
        ("POST", f"{device}/converge", {"state": {"sett": {}}}, 422, "invalid"),
        ("POST", f"{device}/converge", {"state": {"set": {NAME: True}}}, 422, "invalid"),
        ("POST", f"{device}/read", {"paths": []}, 422, "invalid"),
        ("POST", "/v1/batches", {"items": []}, 422, "invalid"),
        ("PUT", "/v1/device-types/x", {"username": "u", "match": {}, "any": True}, 422, "invalid"),
        ("PUT", "/v1/device-types/x", {"username": "u", "password": "p", "match": {}}, 422, "invalid"),
    ):
        got, problem = raw(fleet, method, path, body)
        assert (got, problem["kind"]) == (status, kind), (method, path, body, problem)
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(fleet.api.removeprefix("unix:"))
    connection.request("PATCH", device)
    assert connection.getresponse().headers["Allow"] == "DELETE, GET, PUT"
    _, problem = raw(fleet, "POST", f"{device}/converge", {"state": {"set": {NAME: True}}})
    assert "ProvisioningCode" in problem["detail"]
    secret = {"username": "u", "match": {}, "password": ["hunter2-secret"]}
    _, problem = raw(fleet, "PUT", "/v1/device-types/x", secret)
    assert "hunter2" not in json.dumps(problem)


def test_openapi_describes_every_route(fleet) -> None:
    _, document = raw(fleet, "GET", "/openapi.json")
    assert document["openapi"].startswith("3.1")
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description") or operation.get("summary"), (method, path)
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert list(response["content"]) == ["application/problem+json"], (method, path, status)


def test_same_client_key_same_transaction(fleet) -> None:
    body = {"state": {"set": {INTERVAL: 700}}, "client_key": "k" * 32}
    first = raw(fleet, "POST", f"/v1/devices/{DEVICE}/converge", body)
    again = raw(fleet, "POST", f"/v1/devices/{DEVICE}/converge", body)
    assert first[0] == again[0] == 200
    assert first[1]["id"] == again[1]["id"] and first[1]["result"]["changed"]
    other = raw(fleet, "POST", f"/v1/devices/{DEVICE}/converge", body | {"check": True})
    assert (other[0], other[1]["kind"]) == (409, "conflict")


def test_who_goes_away_takes_what_has_not_begun_along(fleet) -> None:
    def submit(queue: bool) -> str:
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(fleet.api.removeprefix("unix:"))
        body = {"paths": [INTERVAL], "wait": 60, "connection_request": "none", "queue": queue}
        connection.request("POST", f"/v1/devices/{DEVICE}/read", json.dumps(body).encode(), JSON)
        before = {one.id for one in known}
        end = time.monotonic() + 10
        while not (new := [t for t in fleet.platform.transactions() if t.id not in before]):
            assert time.monotonic() < end
        connection.close()
        return new[0].id

    known = list(fleet.platform.transactions())
    gone = submit(queue=False)
    assert fleet.platform.transaction(gone, wait=10).state == "cancelled"
    known = list(fleet.platform.transactions())
    kept = submit(queue=True)
    assert fleet.platform.transaction(kept, wait=0.5).state == "queued"
    assert fleet.platform.cancel(kept).state == "cancelled"


def test_an_expiry_is_part_of_the_answer(fleet) -> None:
    call = Call(wait=0.5, connection_request="none")
    transaction = fleet.platform.read(DEVICE, [INTERVAL], call)
    assert transaction.state == "expired"
    assert transaction.fault and transaction.fault["kind"] == "offline"


def test_batches_device_types_and_registration(fleet) -> None:
    platform = fleet.platform
    items = [{"device": device.id, "state": {"set": {INTERVAL: 1234}}} for device in platform.devices()]
    batch = platform.batch(platform.submit_batch(items, concurrency=1), wait=20)
    assert (batch["state"], batch["total"], batch["done"], batch["failed"]) == ("done", 2, 2, 0)
    assert [t.state for t in platform.transactions({"batch": batch["id"]})] == ["done", "done"]
    made = platform.set_device_type("gw", match={"oui": "AABBCC"}, username="gw", password="long-enough-1")
    assert made["changed"]
    again = platform.set_device_type("gw", match={"oui": "AABBCC"}, username="gw", password="long-enough-1")
    assert not again["changed"]
    assert "long-enough-1" not in json.dumps([made, again, platform.device_types()])
    platform.delete_device_type("gw")
    registration = Registration(username="own", password="a-password-1", tags=("lab",))
    checked = platform.register(DEVICE, registration, check=True)
    assert checked.changed and platform.device(DEVICE).tags == ()
    assert platform.register(DEVICE, registration, check=False).changed
    assert not platform.register(DEVICE, registration, check=False).changed
    assert [device.id for device in platform.devices({"tag": "lab"})] == [DEVICE]
    assert platform.forget(DEVICE, check=False).changed
    with pytest.raises(UnknownDevice):
        platform.device(DEVICE)


def test_a_client_survives_a_restart_of_the_acs(shell) -> None:
    acs = shell.acs()
    platform = shell.platform
    assert list(platform.devices()) == []
    acs.terminate()
    acs.wait(timeout=15)
    with pytest.raises(Unreachable, match=r"broke the connection .* and is gone"):
        list(platform.devices())
    with pytest.raises(Unreachable, match="No ACS answers at"):
        list(platform.devices())
    shell.acs()
    assert list(platform.devices()) == []
    with pytest.raises(Rejected):
        platform.transaction("none")


def test_a_transaction_tells_how_its_device_was_woken(fleet) -> None:
    for arguments in (("get", DEVICE, INTERVAL), ("set", DEVICE, f"{INTERVAL}=1701")):
        told = json.loads(fleet.run(*arguments, "--json").stdout)["connection_request"]
        assert told["answer"] == "accepted" and told["informed"] and told["inform_ms"] > 0


def test_odds_and_ends_of_the_command_line(fleet) -> None:
    for root in ("Device", "Device."):
        assert len(json.loads(fleet.run("devices", "--root", root, "--json").stdout)) == 2
    assert fleet.run("trace", DEVICE, "--last", "0").stdout == ""
    assert fleet.run("trace", DEVICE, "--last", "1").stdout.count("== session") == 1
    assert "status1_old" in fleet.run("lab", "cpe", "--help").stdout
    assert fleet.platform.set_device_type("t", match={}, username="u", password="p", any_device=True)[
        "changed"
    ]


def test_metrics(fleet) -> None:
    fleet.platform.read(DEVICE, [INTERVAL], Call(wait=30))
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(fleet.api.removeprefix("unix:"))
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    assert "cwmp_devices 2" in lines
    assert 'cwmp_transactions_total{state="done"} 1' in lines
    assert 'cwmp_informs_total{event="0 BOOTSTRAP"} 2' in lines
    assert 'cwmp_connection_requests_total{answer="accepted"} 1' in lines
    commits = next(line for line in lines if line.startswith("cwmp_submit_seconds_count"))
    assert int(commits.split(" ")[1]) > 0


# the command line


def test_the_tour(fleet) -> None:
    devices = json.loads(fleet.run("devices", "--json").stdout)
    assert [device["id"] for device in devices] == [DEVICE, DEVICE[:-1] + "2"]
    wanted = ("id", "last_inform", "root", "manufacturer", "product_class", "serial_number")
    for name in (*wanted, "software_version", "address"):
        assert devices[0][name], name
    assert devices[0]["root"] == "Device." and devices[0]["address"] == "127.0.0.1"
    table = fleet.run("devices", "--product-class", "LabGateway").stdout.splitlines()
    assert table[0].startswith("DEVICE") and len(table) == 3
    assert len(fleet.run("devices", "--oui", "FFFFFF").stdout.splitlines()) == 1

    got = fleet.run("get", DEVICE, ".DeviceInfo.").stdout
    assert "Device.DeviceInfo.SerialNumber = LAB000001\n" in got
    names = json.loads(fleet.run("get", "LAB000001", INTERVAL, "--names", "--json").stdout)
    assert names["result"]["parameters"][0]["writable"] is True
    missing = fleet.run("get", DEVICE, ".DeviceInfo.NoSuch", expect=1)
    assert "NoSuch" in missing.stderr and missing.stderr.count("\n") == 1

    change = ("set", DEVICE, f"{INTERVAL}=900")
    checked = fleet.run(*change, "--check", expect=2)
    assert "-Device.ManagementServer.PeriodicInformInterval: 3600\n" in checked.stdout
    assert "+Device.ManagementServer.PeriodicInformInterval: 900\n" in checked.stdout
    assert fleet.run(*change, "--check", expect=2).stdout == checked.stdout, "nothing was written"
    assert "1 change made and verified" in fleet.run(*change).stdout
    assert fleet.run(*change).stdout == f"{DEVICE}: nothing to change\n"
    assert json.loads(fleet.run(*change, "--check", "--json").stdout)["result"]["changed"] is False

    trace = fleet.run("trace", DEVICE).stdout
    assert "CPE → ACS" in trace and "<cwmp:SetParameterValues>" in trace
    assert json.loads(fleet.run("trace", DEVICE, "--json").stdout)
    woken = json.loads(fleet.run("connection-request", DEVICE, "--json").stdout)
    assert woken["answer"] == "accepted" and woken["informed"] and woken["method"] == "http"
    assert "accepted" in fleet.run("connection-request", DEVICE, "--wait", "0").stdout

    identity = fleet.run("set", DEVICE, f"{INTERVAL}=901", "--wait", "0").stdout.strip()
    shown = fleet.run("transaction", identity, "--wait", "20").stdout
    assert f"{identity}: converge of {DEVICE} is done" in shown and "901" in shown
    assert json.loads(fleet.run("version", "--json").stdout)["acs"]["api"] == 1


def test_faults_and_refusals_are_one_line_each(fleet) -> None:
    for arguments, says in (
        (("get", "NOBODY", ".DeviceInfo."), "NOBODY"),
        (("set", DEVICE, ".DeviceInfo.SerialNumber=1"), "SerialNumber"),
        (("set", DEVICE, f"{INTERVAL}=soon"), "PeriodicInformInterval"),
        (("set", DEVICE, ".ManagementServer.PeriodicInformIntervall=9"), "PeriodicInformInterval"),
        (("set", DEVICE, ".ManagementServer.URL=http://elsewhere.example/"), "ManagementServer.URL"),
        (("transaction", "nothing"), "nothing"),
        (("get", DEVICE, INTERVAL, "--wait", "0.5", "--connection-request", "none"), DEVICE),
    ):
        done = fleet.run(*arguments, expect=1)
        assert says in done.stderr and "Traceback" not in done.stderr
        assert len([line for line in done.stderr.splitlines() if "warning" not in line]) == 1, done.stderr


def test_secrets_are_in_no_output(fleet) -> None:
    secret = fleet.folder / "secret"
    secret.write_text("Xyzzy-plugh-42\n")
    path = ".ManagementServer.ConnectionRequestPassword"
    wanted = (f"{path}=@{secret}", ".ManagementServer.ConnectionRequestUsername=acs")
    done = fleet.run("set", DEVICE, *wanted, "--accept", "unverifiable")
    again = fleet.run("set", DEVICE, *wanted)
    assert "nothing to change" in again.stdout
    trace = fleet.run("trace", DEVICE)
    said = done.stdout + done.stderr + trace.stdout + fleet.log(1) + fleet.log(2)
    assert "ConnectionRequestPassword" in said and "Xyzzy" not in said
    for file in fleet.data.rglob("*"):
        if file.is_file():
            assert b"Xyzzy" not in file.read_bytes(), file


def test_ctrl_c_cancels(fleet) -> None:
    child = subprocess.Popen(
        [CWMP, "get", DEVICE, INTERVAL, "--connection-request", "none"],
        env=fleet.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 10
    while not list(fleet.platform.transactions({"state": "queued"})):
        assert time.monotonic() < end
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=10)
    assert (child.returncode, out, err) == (130, "", "cwmp: stopped\n")
    while list(fleet.platform.transactions({"state": "queued"})):
        assert time.monotonic() < end
    assert [t.state for t in fleet.platform.transactions()] == ["cancelled"]


def test_sigterm_lets_a_session_end(shell) -> None:
    acs = shell.acs()
    shell.lab("--count", "1", "--latency", "300")
    outcome = []
    call = ConvergeCall(wait=30)
    state = {"set": {INTERVAL: 4321}}
    task = threading.Thread(target=lambda: outcome.append(shell.platform.converge(DEVICE, state, call)))
    task.start()
    end = time.monotonic() + 10
    while not list(shell.platform.transactions({"state": "running"})):
        assert time.monotonic() < end
    acs.terminate()
    task.join(timeout=20)
    assert acs.wait(timeout=20) == 0
    assert outcome and outcome[0].state == "done"


def test_help_of_serve_and_lab(shell) -> None:
    assert "--open" in shell.run("acs", "serve", "--help").stdout
    assert "--model" in shell.run("lab", "cpe", "--help").stdout
    assert os.fspath(CWMP)
