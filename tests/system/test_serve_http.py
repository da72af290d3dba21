"""`cwmp acs serve` toward CPEs: HTTP as they speak it, TLS that reloads, PROXY headers, limits."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import signal
import socket
import ssl
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

INFORM = """<soap-env:Envelope xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/" \
xmlns:soap-enc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cwmp="urn:dslforum-org:cwmp-1-0">\
<soap-env:Header><cwmp:ID soap-env:mustUnderstand="1">7</cwmp:ID></soap-env:Header><soap-env:Body>\
<cwmp:Inform>\
<DeviceId><Manufacturer>Açme</Manufacturer><OUI>0A0B0C</OUI><ProductClass>Raw</ProductClass>\
<SerialNumber>{serial}</SerialNumber></DeviceId><Event soap-enc:arrayType="cwmp:EventStruct[1]"><EventStruct>\
<EventCode>1 BOOT</EventCode><CommandKey></CommandKey></EventStruct></Event><MaxEnvelopes>1</MaxEnvelopes>\
<CurrentTime>2026-01-01T00:00:00Z</CurrentTime><RetryCount>0</RetryCount>\
<ParameterList soap-enc:arrayType="cwmp:ParameterValueStruct[1]"><ParameterValueStruct>\
<Name>Device.DeviceInfo.SoftwareVersion</Name><Value xsi:type="xsd:string">1</Value></ParameterValueStruct>\
</ParameterList></cwmp:Inform></soap-env:Body></soap-env:Envelope>"""


pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion")


class Cpe:
    """A socket and what comes back on it."""

    def __init__(self, port: int, before: bytes = b"", context: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=15)
        if before:
            self.socket.sendall(before)
        if context:
            self.socket = context.wrap_socket(self.socket, server_hostname="127.0.0.1")
        self.buffer = b""

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.socket.sendall(piece)

    def receive(self) -> tuple[int, dict[str, str], bytes]:
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = int(headers.get("content-length", "0"))
        while len(self.buffer) < length:
            self._more()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return int(first.split(" ")[1]), headers, body

    def _more(self) -> None:
        more = self.socket.recv(65536)
        if not more:
            raise EOFError(self.buffer)
        self.buffer += more

    def closed(self) -> bool:
        with contextlib.suppress(ConnectionResetError):
            return self.socket.recv(1) == b""
        return True

    def __enter__(self) -> Cpe:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def post(body: bytes, *headers: str, length: int | None = None, version: str = "1.1") -> bytes:
    lines = [f"POST / HTTP/{version}", "Host: acs", *headers]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def inform(serial: str = "R1") -> bytes:
    return INFORM.format(serial=serial).encode()


def certificate(folder: Path, name: str, valid_for: str = "127.0.0.1") -> tuple[Path, Path]:
    """A self-signed certificate and its key, in files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(valid_for))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return files


def trusting(file: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(file))


def address_of(shell, serial: str) -> str:
    return shell.platform.device(f"0A0B0C-Raw-{serial}").address


def serves(port: int, file: Path) -> bool:
    with contextlib.suppress(ssl.SSLError), Cpe(port, context=trusting(file)):
        return True
    return False


@pytest.fixture
def served(shell) -> Iterator[object]:
    configured(shell, f'[[cwmp]]\naddress = "127.0.0.1:{shell.port}"')
    return shell


def test_habits_of_real_cpes(served) -> None:
    # Content-Length in characters: the last byte comes alone and late, then opens the next request.
    body = inform("R1")
    with Cpe(served.port) as cpe:
        cpe.send(post(body, length=len(body) - 1))
        status, headers, answer = cpe.receive()
        assert status == 200 and b"InformResponse" in answer
        assert headers["content-length"] == str(len(answer)) and "transfer-encoding" not in headers
        assert headers["content-type"].startswith("text/xml")
        cpe.send(post(b""))
        status, headers, answer = cpe.receive()
        assert (status, answer) == (204, b"") and "content-length" not in headers
    with Cpe(served.port) as cpe:  # in its own segment, after the answer
        cpe.send(post(body, length=len(body) - 1)[:-1])
        assert cpe.receive()[0] == 200
        cpe.send(b">", post(b"", "SOAPAction:"))
        assert cpe.receive()[0] == 204
    # Folded header, Expect: 100-continue, missing Content-Type.
    with Cpe(served.port) as cpe:
        whole = post(inform("R2"), "User-Agent: a\r\n  b", "Expect: 100-continue")
        head = whole[: -len(inform("R2"))]
        cpe.send(head)
        assert cpe.receive()[0] == 100
        cpe.send(inform("R2"))
        assert cpe.receive()[0] == 200
    # Chunked, in odd pieces.
    with Cpe(served.port) as cpe:
        body = inform("R3")
        cpe.send(b"POST / HTTP/1.1\r\nHost: acs\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(body), 200):
            piece = body[at : at + 200]
            cpe.send(b"%x\r\n" % len(piece), piece, b"\r\n")
        cpe.send(b"0\r\n\r\n")
        assert cpe.receive()[0] == 200
        cpe.send(post(b""))
        assert cpe.receive()[0] == 204
    # HTTP/1.0: a connection each, held together by the cookie.
    with Cpe(served.port) as cpe:
        cpe.send(post(inform("R4"), version="1.0"))
        status, headers, _ = cpe.receive()
        assert status == 200 and cpe.closed()
        cookie = headers["set-cookie"].split(";")[0]
    with Cpe(served.port) as cpe:
        cpe.send(post(b"", f"Cookie: {cookie}", version="1.0"))
        assert cpe.receive()[0] == 204 and cpe.closed()
    found = {device.serial_number for device in served.platform.devices()}
    assert found == {"R1", "R2", "R3", "R4"}
    assert served.platform.device("R1").manufacturer == "Açme"


def test_what_is_refused(served) -> None:
    for pieces, status in (
        ([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40) + b"\r\n\r\n"], 400),
        ([b"POST / HTTP/1.1\r\nX: " + b"x" * 40_000], 431),
        ([post(b"", length=10**12)], 413),
        ([b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc"], 400),
    ):
        with Cpe(served.port) as cpe:
            cpe.send(*pieces)
            assert cpe.receive()[0] == status
            assert cpe.closed()


def test_unknown_devices_are_not_let_in_without_open(shell) -> None:
    shell.acs()
    with Cpe(shell.port) as cpe:
        cpe.send(post(inform()))
        status, headers, _ = cpe.receive()
        assert status == 401 and "Digest" in headers["www-authenticate"]
    assert list(shell.platform.devices()) == []


def configured(shell, text: str) -> subprocess.Popen[str]:
    file = shell.folder / "acs.toml"
    limits = "" if "[limits]" in text else "\n[limits]"
    file.write_text(f"{text}{limits}\ndrain_seconds = 0.5\n")
    child, _ = shell.start(
        "acs", "serve", "--config", str(file), "--api", shell.api, "--data", str(shell.data), "--open"
    )
    return child


def test_slow_senders_are_cut_off(shell) -> None:
    configured(
        shell,
        f'[[cwmp]]\naddress = "127.0.0.1:{shell.port}"\n'
        "[limits]\nhead_seconds = 1\nbody_seconds = 1\nidle_seconds = 1\nconnections = 4",
    )
    with Cpe(shell.port) as silent, Cpe(shell.port) as head, Cpe(shell.port) as body, Cpe(shell.port) as idle:
        head.send(b"POST / HTTP/1.1\r\nHost")
        body.send(post(b"<soap", length=100))
        idle.send(post(inform()))
        assert idle.receive()[0] == 200
        with Cpe(shell.port) as one_more:
            status, headers, _ = one_more.receive()
            assert status == 503 and int(headers["retry-after"]) > 0
        assert head.receive()[0] == 408
        assert body.receive()[0] == 408
        assert silent.closed() and idle.closed()


def test_tls_with_a_certificate_that_changes(shell) -> None:
    old, old_key = certificate(shell.folder, "old")
    new, new_key = certificate(shell.folder, "new")
    client, client_key = certificate(shell.folder, "client")
    live, live_key = shell.folder / "live.pem", shell.folder / "live.key"
    live.write_bytes(old.read_bytes())
    live_key.write_bytes(old_key.read_bytes())
    acs = configured(
        shell,
        f'[[cwmp]]\naddress = "127.0.0.1:{shell.port}"\ncertificate = "live.pem"\nkey = "live.key"\n'
        f'client_ca = "{client}"\nclient_certificates = "optional"',
    )
    with Cpe(shell.port, context=trusting(old)) as before:
        live.write_bytes(new.read_bytes())
        live_key.write_bytes(new_key.read_bytes())
        acs.send_signal(signal.SIGHUP)
        end = time.monotonic() + 10
        while not serves(shell.port, new):
            assert time.monotonic() < end, "the new certificate is not served"
        before.send(post(inform("T1")))
        assert before.receive()[0] == 200, "a connection of before goes on"
    live.write_text("no certificate")
    acs.send_signal(signal.SIGHUP)
    context = trusting(new)
    context.load_cert_chain(client, client_key)
    with Cpe(shell.port, context=context) as cpe:
        assert cpe.socket.version() in ("TLSv1.2", "TLSv1.3")
        cpe.send(post(inform("T2")))
        assert cpe.receive()[0] == 200
    stranger = trusting(new)
    stranger.load_cert_chain(old, old_key)
    with pytest.raises((ssl.SSLError, EOFError, ConnectionError)), Cpe(shell.port, context=stranger) as cpe:
        cpe.send(post(inform("T3")))
        cpe.receive()
    old_tls = trusting(new)
    old_tls.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)), Cpe(shell.port, context=old_tls):
        pass
    assert {device.serial_number for device in shell.platform.devices()} == {"T1", "T2"}


def test_legacy_tls_only_by_name(shell) -> None:
    file, key = certificate(shell.folder, "acs")
    configured(
        shell,
        f'[[cwmp]]\naddress = "127.0.0.1:{shell.port}"\n'
        f'certificate = "{file}"\nkey = "{key}"\ntls = "legacy"',
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(file)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with Cpe(shell.port, context=context) as cpe:
        assert cpe.socket.version() == "TLSv1"
        cpe.send(post(inform()))
        assert cpe.receive()[0] == 200


def test_proxy_headers_and_trusted_proxies(shell) -> None:
    file, key = certificate(shell.folder, "acs")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        second = probe.getsockname()[1]
    configured(
        shell,
        f"""
[[cwmp]]
address = "127.0.0.1:{shell.port}"
trusted_proxies = ["127.0.0.0/8"]
[[cwmp]]
address = "127.0.0.1:{second}"
certificate = "{file}"
key = "{key}"
proxy_protocol = true
trusted_proxies = ["127.0.0.0/8"]
""",
    )
    with Cpe(shell.port) as cpe:
        cpe.send(post(inform("P1"), "X-Forwarded-For: 192.0.2.66, 198.51.100.7"))
        assert cpe.receive()[0] == 200
        assert address_of(shell, "P1") == "198.51.100.7"
    line = b"PROXY TCP4 198.51.100.8 203.0.113.1 4000 7547\r\n"
    with Cpe(second, line, trusting(file)) as cpe:
        cpe.send(post(inform("P2"), "X-Forwarded-For: 192.0.2.66"))
        assert cpe.receive()[0] == 200
        assert address_of(shell, "P2") == "198.51.100.8"
    addresses = socket.inet_pton(socket.AF_INET6, "2001:db8::9") * 2 + struct.pack("!HH", 1, 2)
    binary = b"\r\n\r\n\x00\r\nQUIT\n\x21\x21" + struct.pack("!H", len(addresses)) + addresses
    with Cpe(second, binary, trusting(file)) as cpe:
        cpe.send(post(inform("P3")))
        assert cpe.receive()[0] == 200
        assert address_of(shell, "P3") == "2001:db8::9"
    with Cpe(second) as cpe:
        cpe.send(post(inform("P4")))
        assert cpe.closed()
