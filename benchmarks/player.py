"""A CPE reduced to bytes: plays whole CWMP sessions at a server, as cheaply as Python can.

It answers what a converge of parameter values asks (read, set, verify) and nothing else; each session is
a new TCP connection, as from a real CPE. Its own cost does not matter: only the server's CPU is counted.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

from cwmp.wire import digest

ENVELOPE = (
    '<soap-env:Envelope xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:soap-enc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cwmp="urn:dslforum-org:cwmp-1-2">'
    '<soap-env:Header><cwmp:ID soap-env:mustUnderstand="1">{id}</cwmp:ID></soap-env:Header>'
    "<soap-env:Body>{body}</soap-env:Body></soap-env:Envelope>"
)
FORCED = (
    ("RootDataModelVersion", "2.15"),
    ("DeviceInfo.HardwareVersion", "HW 4.2 revision C"),
    ("DeviceInfo.SoftwareVersion", "7.31.2-build20260914"),
    ("DeviceInfo.ProvisioningCode", "residential.fibre.1000"),
    ("ManagementServer.ParameterKey", ""),
    ("ManagementServer.ConnectionRequestURL", "http://192.0.2.17:7547/8f7c2d51aa0e4b7796bc"),
    ("ManagementServer.AliasBasedAddressing", "false"),
    ("ManagementServer.UDPConnectionRequestAddress", "192.0.2.17:51312"),
)
NAME = re.compile(rb"<string>([^<]+)</string>")
SET = re.compile(rb"<Name>([^<]+)</Name>\s*<Value[^>]*>([^<]*)</Value>")
ID = re.compile(rb"ID[^>]*>([^<]*)<")
COOKIE = re.compile(rb"[Ss]et-[Cc]ookie: *([^;\r]+)")
LENGTH = re.compile(rb"[Cc]ontent-[Ll]ength: *(\d+)")
CHALLENGE = re.compile(rb"[Ww][Ww][Ww]-[Aa]uthenticate: *([^\r]+)")


def _value_list(values: list[tuple[str, str, str]], root: str = "") -> str:
    rows = "".join(
        f"<ParameterValueStruct><Name>{root}{name}</Name>"
        f'<Value xsi:type="xsd:{kind}">{value}</Value></ParameterValueStruct>'
        for name, value, kind in values
    )
    return (
        f'<ParameterList soap-enc:arrayType="cwmp:ParameterValueStruct[{len(values)}]">{rows}</ParameterList>'
    )


def inform(serial: str, event: str) -> bytes:
    """The bytes of an Inform of about 2.5 KB with the forced parameters of Device:2."""
    body = (
        "<cwmp:Inform><DeviceId><Manufacturer>Bench</Manufacturer><OUI>0A0B0C</OUI>"
        f"<ProductClass>Player</ProductClass><SerialNumber>{serial}</SerialNumber></DeviceId>"
        '<Event soap-enc:arrayType="cwmp:EventStruct[1]"><EventStruct>'
        f"<EventCode>{event}</EventCode><CommandKey></CommandKey></EventStruct></Event>"
        "<MaxEnvelopes>1</MaxEnvelopes><CurrentTime>2026-11-23T02:00:00Z</CurrentTime>"
        "<RetryCount>0</RetryCount>"
        + _value_list([(name, value, "string") for name, value in FORCED], "Device.")
        + "</cwmp:Inform>"
    )
    return ENVELOPE.format(id="1", body=body).encode()


@dataclass
class Player:
    """One simulated CPE; `values` is its tree, missing names read as "0"."""

    serial: str
    username: str = ""
    password: str = ""
    values: dict[str, str] = field(default_factory=dict)
    exchanges: int = 0

    def answer(self, request: bytes) -> bytes:
        """The response envelope to one request of the ACS."""
        if b"GetParameterValues>" in request:
            read = [
                (name.decode(), self.values.get(name.decode(), "0"), "unsignedInt")
                for name in NAME.findall(request)
            ]
            body = f"<cwmp:GetParameterValuesResponse>{_value_list(read)}</cwmp:GetParameterValuesResponse>"
        elif b"SetParameterValues>" in request:
            self.values.update((name.decode(), value.decode()) for name, value in SET.findall(request))
            body = "<cwmp:SetParameterValuesResponse><Status>0</Status></cwmp:SetParameterValuesResponse>"
        else:
            raise RuntimeError(f"the player does not know this request: {request[:400]!r}")
        found = ID.search(request)
        return ENVELOPE.format(id=found.group(1).decode() if found else "", body=body).encode()

    async def session(self, host: str, port: int, event: str = "2 PERIODIC") -> None:
        """One CWMP session on a new connection. Raises RuntimeError on any unexpected HTTP status."""
        reader, writer = await asyncio.open_connection(host, port)
        try:
            cookie = b""
            authorization = b""
            body = inform(self.serial, event)
            while True:
                kind = b"Content-Type: text/xml; charset=utf-8\r\nSOAPAction:\r\n" if body else b""
                writer.write(
                    b"POST / HTTP/1.1\r\nHost: acs\r\n%s%s%sContent-Length: %d\r\n\r\n%s"
                    % (kind, cookie, authorization, len(body), body)
                )
                head = await reader.readuntil(b"\r\n\r\n")
                self.exchanges += 1
                status = int(head[9:12])
                found = LENGTH.search(head)
                answer = await reader.readexactly(int(found.group(1))) if found else b""
                if sent := COOKIE.search(head):
                    cookie = b"Cookie: " + sent.group(1) + b"\r\n"
                if status == 401 and not authorization:
                    challenge = CHALLENGE.search(head)
                    assert challenge is not None
                    offered = digest.parse_challenges(challenge.group(1).decode())[0]
                    line = digest.answer(
                        offered, "POST", "/", self.username, self.password, cnonce="0a4f113b", nc=1
                    )
                    authorization = b"Authorization: " + line.encode() + b"\r\n"
                    continue
                if status == 204 or (status == 200 and not answer):
                    return
                if status != 200:
                    raise RuntimeError(f"HTTP {status} from the server: {answer[:300]!r}")
                body = b"" if b"InformResponse" in answer else self.answer(answer)
        finally:
            writer.close()


async def play(
    players: list[Player], host: str, port: int, in_flight: int, event: str = "2 PERIODIC"
) -> None:
    """One session of every player, at most `in_flight` at once."""
    waiting = iter(players)

    async def line() -> None:
        for player in waiting:
            await player.session(host, port, event)

    await asyncio.gather(*(line() for _ in range(in_flight)))
