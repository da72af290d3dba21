"""A CPE on a bare socket, bent the way some device or client in the field is bent.

Nothing of the engine makes or reads its bytes. What the ACS sends it is checked strictly all the while.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape, unescape
from itertools import count
from typing import Any

from cwmp.platforms.protocol import ConvergeCall

ENVELOPE = (
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:soap-enc="http://schemas.xmlsoap.org/soap/encoding/" '
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:cwmp="urn:dslforum-org:cwmp-1-0">'
    '<soap:Header><cwmp:ID soap:mustUnderstand="1">{id}</cwmp:ID></soap:Header>'
    "<soap:Body>{body}</soap:Body></soap:Envelope>"
)
INFORM = (
    "<cwmp:Inform><DeviceId><Manufacturer>Açme</Manufacturer><OUI>00D09E</OUI><ProductClass>Raw</ProductClass>"
    "<SerialNumber>{serial}</SerialNumber></DeviceId>"
    '<Event soap-enc:arrayType="cwmp:EventStruct[1]"><EventStruct><EventCode>{event}</EventCode>'
    "<CommandKey></CommandKey></EventStruct></Event><MaxEnvelopes>1</MaxEnvelopes>"
    "<CurrentTime>2026-11-23T02:00:00Z</CurrentTime><RetryCount>0</RetryCount>{parameters}</cwmp:Inform>"
)
FAULT = (
    "<soap:Fault><faultcode>Client</faultcode><faultstring>CWMP fault</faultstring><detail><cwmp:Fault>"
    "<FaultCode>{code}</FaultCode><FaultString>{text}</FaultString></cwmp:Fault></detail></soap:Fault>"
)
INTERVAL = "Device.ManagementServer.PeriodicInformInterval"
ENABLE = "Device.ManagementServer.PeriodicInformEnable"
CODE = "Device.DeviceInfo.ProvisioningCode"
VERSION = "Device.DeviceInfo.SoftwareVersion"
MOST_STEPS = 40

serials = count(1)


def tree() -> dict[str, list[Any]]:
    """Parameter → value, type, writable."""
    return {
        "Device.DeviceInfo.Manufacturer": ["Açme", "xsd:string", False],
        VERSION: ["1.0", "xsd:string", False],
        CODE: ["façade", "xsd:string", True],
        ENABLE: ["1", "xsd:boolean", True],
        INTERVAL: ["300", "xsd:unsignedInt", True],
    }


@dataclass(frozen=True)
class Habits:
    """How a CPE differs from the standard's.

    body: from the text of a message to its bytes. headers, empty_headers: of a POST with a body, and without.
    cookies: from the Set-Cookie seen last to the Cookie header. characters: Content-Length counts them, not
    the bytes, and those beyond come "together" with the rest, "late" (after the response) or "glued" to
    the next request. chunks, pieces: sizes of HTTP's chunks, of what is written at once. expect: "wait" for
    100 Continue, or anything else to go on without. reconnect: a TCP connection for each request.
    """

    body: Callable[[str], bytes] = str.encode
    version: str = "1.1"
    target: str = "/"
    headers: tuple[str, ...] = ("Content-Type: text/xml; charset=utf-8", 'SOAPAction: ""')
    empty_headers: tuple[str, ...] = ("Content-Length: 0",)
    cookies: Callable[[str], str] | None = lambda sent: sent.split(";")[0]
    characters: str = ""
    chunks: int = 0
    expect: str = ""
    reconnect: bool = False
    pieces: int = 0
    host: bool = True


@dataclass
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes


class RawCpe:
    """A CPE on a bare socket. `session` holds a whole session; `methods` are what the ACS asked in it."""

    def __init__(self, port: int, habits: Habits | None = None, **values: Any) -> None:
        self.port = port
        self.habits = habits or Habits()
        self.serial = f"F{next(serials):04}"
        self.tree: dict[str, list[Any]] = tree()
        for path, value in values.items():
            self.tree[path][0] = value
        self.socket: socket.socket | None = None
        self.buffer = b""
        self.glued = b""
        self.cookie = ""
        self.methods: list[str] = []
        self.answers: dict[str, Callable[[str], str]] = {}
        self.authorize: Callable[[RawCpe, Mapping[str, str]], str] | None = None
        self.authorization = ""

    @property
    def id(self) -> str:
        return f"00D09E-Raw-{self.serial}"

    # HTTP

    def connect(self) -> None:
        self.close()
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        self.buffer = self.glued = b""

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
        self.socket = None

    def post(self, text: str) -> Response:
        """One POST and its response; "" is the empty POST. Challenges are answered as the habit is."""
        response = self._post(text)
        tries = 0
        while response.status == 401 and self.authorize is not None and tries < 3:
            self.authorization = self.authorize(self, response.headers)
            tries += 1
            response = self._post(text)
        return response

    def _post(self, text: str) -> Response:
        habits = self.habits
        if self.socket is None or habits.reconnect:
            self.connect()
        assert self.socket is not None
        body = habits.body(text) if text else b""
        lines = [f"POST {habits.target.format(port=self.port)} HTTP/{habits.version}"]
        lines += [f"Host: 127.0.0.1:{self.port}"] * habits.host
        lines += habits.headers if text else habits.empty_headers
        if habits.cookies is not None and self.cookie:
            lines.append(f"Cookie: {habits.cookies(self.cookie)}")
        if self.authorization:
            lines.append(f"Authorization: {self.authorization}")
        announced, sent, late = len(body), body, b""
        if text and habits.chunks:
            lines.append("Transfer-Encoding: chunked")
            parts = [body[at : at + habits.chunks] for at in range(0, len(body), habits.chunks)]
            sent = b"".join(b"%X\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        elif text:
            if habits.characters:
                announced = len(body.decode())
                assert announced < len(body)
            if habits.characters in ("late", "glued"):
                sent, late = body[:announced], body[announced:]
            lines.append(f"Content-Length: {announced}")
        if text and habits.expect:
            lines.append("Expect: 100-continue")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode()
        before, self.glued = self.glued, b""
        if text and habits.expect == "wait":
            self.socket.sendall(before + head)
            assert self._receive().status == 100
            self.socket.sendall(sent)
        else:
            whole = before + head + sent
            size = habits.pieces or len(whole)
            for at in range(0, len(whole), size):
                self.socket.sendall(whole[at : at + size])
        response = self._receive()
        if response.status == 100:
            response = self._receive()
        if habits.characters == "late" and late:
            self.socket.sendall(late)
        self.glued = late if habits.characters == "glued" else b""
        return response

    def _receive(self) -> Response:
        assert self.socket is not None
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("ascii").split("\r\n")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(": ")
            assert name.lower() not in headers or name.lower() == "www-authenticate", head
            headers.setdefault(name.lower(), value)
        status = int(first.split(" ")[1])
        if status == 204:
            assert not {"content-length", "transfer-encoding"} & set(headers), "small agents wait for a body"
        elif status != 100:
            assert "transfer-encoding" not in headers and "content-length" in headers, head
        length = int(headers.get("content-length", "0"))
        while len(self.buffer) < length:
            self._more()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        self.cookie = headers.get("set-cookie", self.cookie)
        if headers.get("connection") == "close":
            self.close()
        return Response(status, headers, body)

    def _more(self) -> None:
        assert self.socket is not None
        more = self.socket.recv(1 << 16)
        if not more:
            raise EOFError(self.buffer)
        self.buffer += more

    # CWMP

    def session(self, event: str = "2 PERIODIC") -> None:
        """Inform, then whatever the ACS asks, until it ends the session."""
        self.methods = []
        self.cookie = ""
        self.begin(event)
        self.go_on(self.post(""))
        self.close()

    def begin(self, event: str = "2 PERIODIC") -> None:
        response = self.post(self.inform(event))
        assert response.status == 200, response
        assert method_of(response.body) == "InformResponse", response.body

    def go_on(self, response: Response) -> None:
        for _ in range(MOST_STEPS):
            if response.status == 204:
                return
            assert response.status == 200, response
            request = response.body.decode()
            method = method_of(response.body)
            self.methods.append(method)
            answer = self.answers.get(method, getattr(self, method, None))
            text = answer(request) if answer is not None else FAULT.format(code=9000, text="")
            response = self.post(self.envelope(text, id_of(request)) if text else "")
        raise AssertionError(f"the session does not end: {self.methods}")

    def envelope(self, text: str, id_: str = "1") -> str:
        return ENVELOPE.format(id=id_, body=text)

    def inform(self, event: str = "2 PERIODIC") -> str:
        parameters = values([VERSION, CODE], self.tree)
        return self.envelope(INFORM.format(serial=self.serial, event=event, parameters=parameters))

    def GetParameterValues(self, request: str) -> str:
        names = [unescape(name) for name in re.findall("<string>(.*?)</string>", request)]
        if not all(name in self.tree for name in names):
            return FAULT.format(code=9005, text="Invalid parameter name")
        return (
            f"<cwmp:GetParameterValuesResponse>{values(names, self.tree)}</cwmp:GetParameterValuesResponse>"
        )

    def SetParameterValues(self, request: str) -> str:
        for name, value in re.findall(r"<Name>(.*?)</Name><Value[^>]*>(.*?)</Value>", request):
            self.tree[unescape(name)][0] = unescape(value)
        return "<cwmp:SetParameterValuesResponse><Status>0</Status></cwmp:SetParameterValuesResponse>"

    def GetParameterNames(self, request: str) -> str:
        path = re.findall("<ParameterPath>(.*?)</ParameterPath>", request)[0]
        listed = "".join(
            f"<ParameterInfoStruct><Name>{name}</Name><Writable>{int(entry[2])}</Writable></ParameterInfoStruct>"
            for name, entry in self.tree.items()
            if name.startswith(path)
        )
        return (
            "<cwmp:GetParameterNamesResponse><ParameterList "
            f'soap-enc:arrayType="cwmp:ParameterInfoStruct[{listed.count("<Name>")}]">{listed}</ParameterList>'
            "</cwmp:GetParameterNamesResponse>"
        )


def values(names: list[str], held: Mapping[str, list[Any]]) -> str:
    structs = "".join(
        f'<ParameterValueStruct><Name>{name}</Name><Value xsi:type="{held[name][1]}">'
        f"{escape(held[name][0])}</Value></ParameterValueStruct>"
        for name in names
    )
    kind = f"cwmp:ParameterValueStruct[{len(names)}]"
    return f'<ParameterList soap-enc:arrayType="{kind}">{structs}</ParameterList>'


def method_of(body: bytes) -> str:
    """What the ACS says; strict where small agents are."""
    text = body.decode("utf-8")
    assert re.match(r"<[A-Za-z][\w.-]*:Envelope[\s>]", text), (
        f"agents stumble over this beginning: {text[:80]}"
    )
    for kind, number, items in re.findall(
        r'arrayType="([^"\[]+)\[(\d+)\]">(.*?)</Parameter(?:List|Names)>', text, re.S
    ):
        item = "string" if kind == "xsd:string" else kind.partition(":")[2]
        assert items.count(f"<{item}>") == int(number)
    found = re.search(r"Body><cwmp:(\w+)", text)
    assert found, text
    return found[1]


def id_of(request: str) -> str:
    found = re.search(r"<cwmp:ID [^>]*>(.*?)</cwmp:ID>", request)
    assert found, request
    return found[1]


def queue(acs: Any, cpe: RawCpe, state: Mapping[str, Any]) -> str:
    """A converge that waits for the CPE; nobody wakes it."""
    call = ConvergeCall(wait=0, queue=True, connection_request="none")
    return str(acs.platform.converge(cpe.id, {"set": dict(state)}, call).id)


def outcome(acs: Any, transaction: str) -> Any:
    return acs.platform.transaction(transaction, wait=10)


def converges(acs: Any, cpe: RawCpe) -> None:
    """Bootstrap, a change, the same again; each in a session of its own."""
    cpe.session("0 BOOTSTRAP")
    wanted = {f".{INTERVAL[7:]}": 900, f".{CODE[7:]}": "Straße ç <&>", f".{ENABLE[7:]}": True}
    first = queue(acs, cpe, wanted)
    cpe.session()
    done = outcome(acs, first)
    assert done.state == "done", done.fault
    assert {change["path"]: change["verdict"] for change in done.result["changes"]} == {
        INTERVAL: "applied",
        CODE: "applied",
    }
    assert (cpe.tree[INTERVAL][0], cpe.tree[CODE][0]) == ("900", "Straße ç <&>")
    again = queue(acs, cpe, wanted)
    cpe.session()
    same = outcome(acs, again)
    assert same.state == "done" and not same.result["changed"], same.fault or same.result
    assert "SetParameterValues" not in cpe.methods
    known = acs.platform.device(cpe.id)
    assert known.manufacturer == "Açme" and known.software_version == "1.0"
