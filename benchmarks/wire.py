"""CPU of reading and writing single messages, beside lxml's bare parse of the same bytes."""

from __future__ import annotations

import time
from collections.abc import Callable

from lxml import etree

from benchmarks.player import ENVELOPE, inform
from benchmarks.sessions import FIVE
from benchmarks.table import Row
from cwmp.wire import messages
from cwmp.wire.envelope import Envelope, decode, encode

NAMES = 6000
SECONDS = 0.2
"""How long each piece is repeated."""


def microseconds(work: Callable[[], object]) -> float:
    """CPU of one call: the best of many short series, since other processes only ever add."""
    once = time.thread_time()
    work()
    series = max(1, int(0.005 / max(time.thread_time() - once, 1e-6)))
    best = float("inf")
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        before = time.thread_time()
        for _ in range(series):
            work()
        best = min(best, (time.thread_time() - before) / series)
    return best * 1e6


def bodies() -> dict[str, bytes]:
    """What CPEs send, by what the table calls it."""
    values = tuple(messages.ParameterValue(path, str(value), "unsignedInt") for path, value in FIVE.items())
    names = tuple(
        messages.ParameterInfo(f"Device.Hosts.Host.{number // 20}.IPv4Address.{number % 20}.IPAddress", False)
        for number in range(NAMES)
    )
    sent: dict[str, messages.Message] = {
        "GetParameterValuesResponse of 5": messages.GetParameterValuesResponse(values),
        "SetParameterValuesResponse": messages.SetParameterValuesResponse(0),
        f"GetParameterNamesResponse of {NAMES:,}": messages.GetParameterNamesResponse(names),
    }
    found = {"Inform": inform("P000001", "2 PERIODIC")}
    found |= {name: encode(Envelope(message, "1")) for name, message in sent.items()}
    found["Fault 9005"] = ENVELOPE.format(
        id="1",
        body="<soap-env:Fault><faultcode>Client</faultcode><faultstring>CWMP fault</faultstring><detail>"
        "<cwmp:Fault><FaultCode>9005</FaultCode><FaultString>Invalid name</FaultString></cwmp:Fault>"
        "</detail></soap-env:Fault>",
    ).encode()
    return found


def requests() -> dict[str, messages.Message]:
    """What the ACS sends, by what the table calls it."""
    values = tuple(messages.ParameterValue(path, str(value), "unsignedInt") for path, value in FIVE.items())
    hundred = tuple(messages.ParameterValue(f"Device.X.{number}", "on") for number in range(100))
    return {
        "InformResponse": messages.InformResponse(),
        "GetParameterValues of 5": messages.GetParameterValues(tuple(FIVE)),
        "SetParameterValues of 5": messages.SetParameterValues(values, "token"),
        "SetParameterValues of 100": messages.SetParameterValues(hundred, "token"),
        "GetParameterNames": messages.GetParameterNames("Device.", False),
    }


def rows() -> list[Row]:
    """One row a message."""
    found = []
    for name, body in bodies().items():
        floor = microseconds(lambda body=body: etree.fromstring(body))  # type: ignore[misc]
        figure = microseconds(lambda body=body: decode(body))  # type: ignore[misc]
        found.append(Row(f"parse {name}", figure, "CPU us", floor, note=f"{len(body):,} bytes"))
    for name, message in requests().items():
        figure = microseconds(lambda message=message: encode(Envelope(message, "1")))  # type: ignore[misc]
        found.append(Row(f"build {name}", figure, "CPU us"))
    return found
