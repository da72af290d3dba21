"""Simulated CPEs behind a masquerading gateway are woken by `cwmp acs serve` over UDP: real processes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from cwmp.platforms.protocol import ConvergeCall

SETTINGS = """
[stun]
address = "203.0.113.1:3478"
"""
SHORT = "net.netfilter.nf_conntrack_udp_timeout=2", "net.netfilter.nf_conntrack_udp_timeout_stream=2"


def told(acs: str, **more: Any) -> dict[str, Any]:
    """STUN settings, and no further periodic Informs, which would look like waking."""
    management = {
        "ConnectionRequestUsername": "acs",
        "ConnectionRequestPassword": "wake-password",
        "STUNServerAddress": acs,
        "STUNServerPort": 3478,
        "STUNMinimumKeepAlivePeriod": 1,
        "STUNEnable": True,
        "PeriodicInformInterval": 86400,
        **more,
    }
    return {"set": {f".ManagementServer.{name}": value for name, value in management.items()}}


def converge(inside: Any, device: str, state: dict[str, Any]) -> None:
    call = ConvergeCall(wait=20, accept=("unverifiable",))
    done = inside.shell.platform.converge(device, state, call)
    assert done.state == "done" and done.fault is None, done


def bindings(inside: Any) -> int:
    import http.client
    import socket

    connection = http.client.HTTPConnection("acs")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(inside.shell.api.removeprefix("unix:"))
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    line = next(each for each in text.splitlines() if each.startswith("cwmp_stun_bindings "))
    return int(float(line.split()[1]))


def test_waking_behind_a_masquerading_gateway(
    home: Callable[..., Any], net_module: Any, inside: Callable[[Any], Any], until: Callable[..., Any]
) -> None:
    net = home("masquerade")
    play = inside(net)
    acs = play.acs(net.acs, net_module.ACS, SETTINGS)
    ready = play.lab(net.cpe, net_module.ACS, "--count", "3", "--interval", "1")
    proven, reporting, foreign = ready["devices"]
    # Before anything is told there is no way: the URL is an address inside the home.
    assert play.wake(proven, "--method", "stun", expect=1)["answer"] == "no_method"
    assert play.wake(proven, "--method", "http", expect=1)["answer"] == "unsafe_address"

    # One is known by its STUN username, which it proves; one only by the address it reports.
    converge(play, proven, told(net_module.ACS, STUNUsername="cpe-1", STUNPassword="stun-password"))
    watch = {"attributes": [{"path": ".ManagementServer.UDPConnectionRequestAddress", "notification": 2}]}
    converge(play, reporting, told(net_module.ACS) | watch)
    converge(play, foreign, told("203.0.113.2"))
    until(lambda: bindings(play) == 2, "two bindings are known")
    record = until(
        lambda: (
            (each := play.shell.platform.device(reporting)).more["udp_connection_request_address"] and each
        ),
        "the device reports its address by an Inform of its own",
    )
    assert record.more["udp_connection_request_address"].startswith(f"{net_module.WAN}:")
    assert "stun" in record.connection_request_methods

    for device in (proven, reporting):
        result = play.wake(device, "--method", "stun", "--wait", "15")
        assert (result["method"], result["answer"], result["informed"]) == ("stun", "sent", True), result
        assert result["inform_ms"] < 5000
        assert play.shell.platform.device(device).last_events == ("6 CONNECTION REQUEST",)
    # `auto` finds it out by itself, and a converge needs nobody to say how.
    assert play.wake(proven, "--wait", "15")["informed"]
    converge(play, reporting, {"set": {".DeviceInfo.ProvisioningCode": "woken"}})

    # A device that uses another STUN server: said, not tried.
    result = play.wake(foreign, "--method", "stun", "--wait", "5", expect=1)
    assert result["answer"] == "no_method" and "203.0.113.2" in result["detail"], result

    # The same ts or a smaller one would be ignored: a restart of the ACS goes on where it was.
    mark = json.loads((play.data / "udp-requests.json").read_text())
    acs.terminate()
    assert acs.wait(timeout=15) == 0
    # The clock of a restarted machine may be behind: as if requests from tomorrow had been sent.
    (play.data / "udp-requests.json").write_text(json.dumps(mark | {"ts": mark["ts"] + 86400}))
    play.acs(net.acs, net_module.ACS, SETTINGS)
    until(lambda: bindings(play) == 2, "the bindings are known again")
    for _ in range(2):
        result = play.wake(proven, "--method", "stun", "--wait", "15")
        assert result["informed"], result
        until(lambda: play.shell.platform.device(proven).last_events, "the session is over")
    again = json.loads((play.data / "udp-requests.json").read_text())
    assert again["ts"] > mark["ts"] + 86400 and again["id"] > mark["id"]
    logs = "".join(file.read_text() for file in play.shell.folder.glob("log-*"))
    assert "wake-password" not in logs and "stun-password" not in logs


def test_keep_alive_keeps_the_gateways_binding(
    home: Callable[..., Any], net_module: Any, inside: Callable[[Any], Any], until: Callable[..., Any]
) -> None:
    """The gateway forgets a binding after 2 s: only a device that speaks every second is still reached."""
    net = home("masquerade")
    for setting in SHORT:
        net.run(net.gateway, "sysctl", "-qw", setting)
    play = inside(net)
    play.acs(net.acs, net_module.ACS, SETTINGS)
    lively, silent = play.lab(net.cpe, net_module.ACS, "--count", "2", "--interval", "1")["devices"]
    converge(play, lively, told(net_module.ACS, STUNUsername="one", STUNPassword="p"))
    late = {"STUNMinimumKeepAlivePeriod": 3600, "STUNMaximumKeepAlivePeriod": 3600}
    converge(play, silent, told(net_module.ACS, STUNUsername="two", STUNPassword="p", **late))
    until(lambda: bindings(play) == 2, "both bindings are known")
    time.sleep(4.5)  # the gateway's own time: nothing tells when it has forgotten
    assert play.wake(lively, "--method", "stun", "--wait", "10")["informed"]
    result = play.wake(silent, "--method", "stun", "--wait", "3", expect=1)
    assert (result["answer"], result["informed"]) == ("no_answer", False), result
