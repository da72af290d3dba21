"""HTTP connection requests against small servers that behave as devices' servers do."""

from __future__ import annotations

import asyncio
import hashlib
import re

import pytest

from cwmp.connection_request.address import Target
from cwmp.connection_request.http import request_http
from cwmp.connection_request.route import Direct
from cwmp.connection_request.safe_http import ask
from cwmp.wire import digest

USER, PASSWORD = "acs", "se cret"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def unauthorised(*challenges: str, more: str = "", close: bool = False, body: bytes = b"") -> bytes:
    lines = "".join(f"WWW-Authenticate: {each}\r\n" for each in challenges)
    closing = "Connection: close\r\n" if close else ""
    head = f"HTTP/1.1 401 Unauthorized\r\n{lines}{closing}{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Device:
    """Answers each request with the next of its replies; a callable looks at the request first."""

    def __init__(self, *replies, one_shot=False):
        self.replies = list(replies)
        self.one_shot = one_shot
        self.requests: list[str] = []
        self.connections = 0
        self.peers: list[str] = []

    async def serve(self, reader, writer):
        self.connections += 1
        self.peers.append(writer.get_extra_info("peername")[0])
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "surrogateescape")
                self.requests.append(head)
                reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
                if callable(reply):
                    reply = reply(head)
                if reply is None:
                    await asyncio.sleep(30)
                    return
                writer.write(reply)
                await writer.drain()
                if self.one_shot or b"lose" in reply:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def wake(device, username=USER, password=PASSWORD, uri="/x", **options):
    async def run():
        server = await asyncio.start_server(device.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            return await request_http(
                Target("127.0.0.1", port, uri), "127.0.0.1", username, password, **{"seconds": 3.0, **options}
            )
        finally:
            server.close()

    return asyncio.run(run())


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def fields(head):
    line = next(each for each in head.split("\r\n") if each.lower().startswith("authorization: digest"))
    return dict(re.findall(r'(\w+)="?((?<=")[^"]*|[^",\s]+)"?', line.partition("igest ")[2]))


def judge(algorithm="MD5", qop="auth", realm="cpe", nonce="n1", body=b""):
    """The device's own arithmetic, apart from ours."""
    one = hashlib.sha256 if algorithm.startswith("SHA-256") else hashlib.md5

    def h(text):
        return one(text.encode()).hexdigest()

    def look(head):
        if "authorization" not in head.lower():
            return unauthorised("Digest nothing=1")
        got = fields(head)
        ha1 = h(f"{USER}:{realm}:{PASSWORD}")
        if algorithm.lower().endswith("-sess"):
            ha1 = h(f"{ha1}:{nonce}:{got['cnonce']}")
        uri = head.split(" ")[1]
        ha2 = h(f"GET:{uri}:{h('')}") if qop == "auth-int" else h(f"GET:{uri}")
        middle = f"{nonce}:{got['nc']}:{got['cnonce']}:{qop}" if qop else nonce
        good = got["response"] == h(f"{ha1}:{middle}:{ha2}") and got["uri"] == uri and got["username"] == USER
        return OK if good else unauthorised(f'Digest realm="{realm}", nonce="{nonce}"')

    return look


def test_no_authentication_at_all():
    device = Device(OK)
    answer = wake(device, "", "")
    assert answer.word == "accepted" and len(device.requests) == 1
    assert device.requests[0].startswith("GET /x HTTP/1.1\r\nHost: 127.0.0.1:")
    assert "uthorization" not in device.requests[0]


@pytest.mark.parametrize("status", [200, 204])
def test_accepted(status):
    assert wake(Device(b"HTTP/1.1 %d X\r\n\r\n" % status, one_shot=True)).word == "accepted"


FORMS = [
    ('Digest realm="cpe", nonce="n1", qop="auth", algorithm=MD5', "MD5", "auth"),
    ('Digest realm="cpe", nonce="n1", qop="auth", algorithm="MD5"', "MD5", "auth"),
    ('Digest realm="cpe", nonce="n1"', "MD5", ""),
    ('Digest realm="cpe", nonce="n1", qop="auth", algorithm=MD5-sess', "MD5-sess", "auth"),
    ('Digest realm="cpe", nonce="n1", qop="auth", algorithm=SHA-256', "SHA-256", "auth"),
    ('Digest realm="cpe", nonce="n1", qop="auth-int"', "MD5", "auth-int"),
    ('Digest realm="cpe", nonce="n1", qop="auth,auth-int"', "MD5", "auth"),
    ('Digest realm="cpe" nonce="n1" qop="auth"', "MD5", "auth"),
    ('Digest realm="cpe",\r\n  nonce="n1",\r\n\tqop="auth"', "MD5", "auth"),
    ('Basic realm="x", Digest realm="cpe", nonce="n1", qop="auth"', "MD5", "auth"),
    ('DIGEST REALM="cpe", NONCE="n1", QOP=auth, opaque="o,p"', "MD5", "auth"),
    ('Digest realm="cpe", nonce="n1", algorithm=SHA-512, Digest realm="cpe", nonce="n1", qop="auth"',
     "MD5", "auth"),
]  # fmt: skip


@pytest.mark.parametrize("one_shot", [False, True])
@pytest.mark.parametrize(("challenge", "algorithm", "qop"), FORMS)
def test_every_form_of_challenge(challenge, algorithm, qop, one_shot):
    device = Device(unauthorised(challenge), judge(algorithm, qop), one_shot=one_shot)
    answer = wake(device)
    assert answer.word == "accepted", (answer, device.requests)
    assert len(device.requests) == 2 and device.connections == (2 if one_shot else 1)
    if 'opaque="o,p"' in challenge:
        assert 'opaque="o,p"' in device.requests[1]


def test_two_headers_the_stronger_wins():
    weak = 'Digest realm="cpe", nonce="n1", qop="auth", algorithm=MD5'
    device = Device(unauthorised(weak, weak.replace("MD5", "SHA-256")), judge("SHA-256"))
    assert wake(device).word == "accepted"


def test_a_realm_that_is_not_ascii():
    challenge = 'Digest realm="Bücher", nonce="n1", qop="auth"'
    assert wake(Device(unauthorised(challenge), judge(realm="Bücher"))).word == "accepted"


def test_a_socket_that_ends_without_a_word():
    """Keep-alive was promised, and the socket is gone all the same."""
    challenge = unauthorised('Digest realm="cpe", nonce="n1", qop="auth"')
    device = Device(challenge, judge(), one_shot=True)
    assert wake(device).word == "accepted" and device.connections == 2


def test_wrong_credentials_after_one_try():
    challenge = unauthorised('Digest realm="cpe", nonce="n1", qop="auth"')
    device = Device(challenge)
    answer = wake(device)
    assert answer.word == "wrong_credentials" and answer.status == 401 and len(device.requests) == 2
    assert PASSWORD not in str(answer)


def test_a_stale_nonce_is_tried_once_more():
    first = unauthorised('Digest realm="cpe", nonce="n0", qop="auth"')
    stale = unauthorised('Digest realm="cpe", nonce="n1", qop="auth", stale=true')
    device = Device(first, stale, judge())
    assert wake(device).word == "accepted" and len(device.requests) == 3
    for_ever = Device(
        first, *[unauthorised(f'Digest realm="cpe", nonce="{n}", stale=true') for n in range(9)]
    )
    assert wake(for_ever).word == "wrong_credentials" and len(for_ever.requests) == 3
    same = Device(unauthorised('Digest realm="cpe", nonce="n0", stale=true'))
    assert wake(same).word == "wrong_credentials" and len(same.requests) == 2


def test_basic_only_when_allowed():
    device = Device(unauthorised('Basic realm="cpe"'), OK)
    answer = wake(device)
    assert answer.word == "refused" and "Basic" in answer.detail and len(device.requests) == 1
    device = Device(unauthorised('Basic realm="cpe"'), OK)
    assert wake(device, basic=True).word == "accepted"
    assert digest.basic_header(USER, PASSWORD) in device.requests[1]


@pytest.mark.parametrize(
    ("reply", "word", "detail"),
    [
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "busy", ""),
        (b"HTTP/1.1 404 No\r\n\r\n", "refused", "404"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.9/\r\n\r\n", "refused", "302"),
        (b"HTTP/1.1 401 No\r\n\r\n", "refused", "without a challenge"),
        (unauthorised("Negotiate"), "refused", "Negotiate"),
        (unauthorised('Digest realm="x", nonce="y", algorithm=SHA-512'), "refused", ""),
        (b"SSH-2.0-OpenSSH_9\r\n", "refused", "no HTTP"),
        (b"HTTP/1.0 200 OK\r\n\r\n", "accepted", ""),
        (b"HTTP/1.1 200\r\n\r\n", "accepted", ""),
        (b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", "accepted", ""),
        (b"HTTP/1.1 200 OK\r\nBad Header Name: x\r\n\r\n", "accepted", ""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 100_000, "accepted", ""),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000, "accepted", ""),
    ],
)
def test_other_answers(reply, word, detail):
    device = Device(reply, one_shot=True)
    answer = wake(device)
    assert answer.word == word and detail in answer.detail and len(device.requests) == 1


def test_a_challenge_in_a_head_that_is_no_http():
    challenge = b'WWW-Authenticate: Digest realm="cpe",\r\n nonce="n1", qop="auth"'
    head = b"HTTP/1.1 401 No\r\nBad Name: x\r\n" + challenge + b"\r\n\r\n"
    assert wake(Device(head, judge(), one_shot=True)).word == "accepted"


def test_a_large_401_is_not_read_to_its_end():
    challenge = 'Digest realm="cpe", nonce="n1", qop="auth"'
    device = Device(unauthorised(challenge, body=b"x" * 200_000), judge())
    assert wake(device).word == "accepted" and device.connections == 2


def test_no_credentials_known():
    answer = wake(Device(unauthorised('Digest realm="cpe", nonce="n1"')), "", "")
    assert answer.word == "wrong_credentials" and "none are known" in answer.detail


def test_no_answer():
    answer = wake(Device(None), seconds=0.2)
    assert answer.word == "no_answer" and "0.2 s" in answer.detail
    assert wake(Device(b"HTTP/1.1 2", None), seconds=0.2).word == "no_answer"
    assert wake(Device(lambda head: b"", one_shot=True)).word == "no_answer"


def test_a_drip_of_bytes_is_bounded_in_time():
    class Dripping(Device):
        async def serve(self, reader, writer):
            try:
                while True:
                    writer.write(b"H")
                    await asyncio.sleep(0.02)
            finally:
                writer.close()

    assert wake(Dripping(OK), seconds=0.3).word == "no_answer"


def test_unreachable():
    async def run():
        server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        return await request_http(Target("127.0.0.1", port, "/"), "127.0.0.1", "", "", seconds=2.0)

    answer = asyncio.run(run())
    assert answer.word == "unreachable" and "refused" in answer.detail


def test_the_source_address_is_bound_before_connecting():
    device = Device(OK)
    assert wake(device, route=Direct("127.0.0.5")).word == "accepted" and device.peers == ["127.0.0.5"]
    elsewhere = Device(OK)
    assert wake(elsewhere, route=Direct("192.0.2.77")).word == "unreachable" and elsewhere.connections == 0


def test_ask_refuses_unsafe_addresses_before_anything_is_sent():
    async def run(url, informed_from, **more):
        return await ask(url, USER, PASSWORD, informed_from=informed_from, seconds=1.0, **more)

    _, answer = asyncio.run(run("http://127.0.0.1:9/", "192.0.2.1"))
    assert answer.word == "unsafe_address" and "192.0.2.1" in answer.detail
    _, answer = asyncio.run(run("https://192.0.2.1/", "192.0.2.1"))
    assert answer.word == "no_method"
    _, answer = asyncio.run(run("http://does-not-exist.invalid/", "192.0.2.1"))
    assert answer.word == "unreachable"
    route, answer = asyncio.run(run("http://127.0.0.1:9/", "127.0.0.1"))
    assert answer.word == "unreachable" and route == "direct"
