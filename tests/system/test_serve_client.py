"""The ACS's client against servers that misbehave: each failure is one sentence, nothing is done twice."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cwmp.platforms.acs import AcsPlatform
from cwmp.platforms.protocol import Call, PlatformError, Unreachable

TRANSACTION = {"id": "t1", "device": "D", "kind": "read", "state": "done", "novelty": 1, "result": {}}


def answer(body: object, *headers: str, status: int = 200) -> bytes:
    data = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(data)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


V1 = "CWMP-API-Version: 1"


@contextlib.contextmanager
def server(folder: Path, *scripts: Callable[[bytes], bytes | None]) -> Iterator[tuple[str, list[bytes]]]:
    """A unix socket that answers request n with script n; None closes the connection without an answer."""
    path = folder / "s"
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()
    requests: list[bytes] = []
    left = list(scripts)
    current: list[socket.socket] = []

    def serve() -> None:
        while left:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            current[:] = [connection]
            with connection, contextlib.suppress(OSError):
                while left and (request := receive(connection)):
                    requests.append(request)
                    reply = left.pop(0)(request)
                    if reply is None:
                        break
                    connection.sendall(reply)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"unix:{path}", requests
    finally:
        left.clear()
        for connection in current:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        # accept() of a unix socket is not ended by closing it: one more caller, and nothing is left to answer
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as last:
            last.connect(str(path))
        thread.join(timeout=5)
        listening.close()


def receive(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def test_a_broken_transport_is_retried_once_with_the_same_key(tmp_path: Path) -> None:
    with server(tmp_path, lambda _: None, lambda _: answer(TRANSACTION, V1)) as (url, requests):
        transaction = AcsPlatform(url).read("D", ["X."], Call(wait=1))
    assert (transaction.id, transaction.over) == ("t1", True)
    keys = [json.loads(request.partition(b"\r\n\r\n")[2])["client_key"] for request in requests]
    assert len(keys) == 2 and keys[0] == keys[1] and len(keys[0]) == 32


def test_twice_broken_is_an_error(tmp_path: Path) -> None:
    with (
        server(tmp_path, lambda _: None, lambda _: None) as (url, requests),
        pytest.raises(Unreachable, match="broke the connection before it answered"),
    ):
        AcsPlatform(url).read("D", ["X."], Call(wait=1))
    assert len(requests) == 2


def test_broken_and_then_gone_does_not_sound_as_if_nothing_was_sent(tmp_path: Path) -> None:
    with (
        server(tmp_path, lambda _: (tmp_path / "s").unlink()) as (url, requests),
        pytest.raises(Unreachable, match="what it had accepted goes on"),
    ):
        AcsPlatform(url).read("D", ["X."], Call(wait=1))
    assert len(requests) == 1


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (answer({}, "CWMP-API-Version: 2"), "speaks API 2 and this client API 1"),
        (answer({}), "is not a cwmp ACS"),
        (answer([], V1), "is not a cwmp ACS"),
        (b"HTTP/1.1 200 X\r\nContent-Length: 1\r\nCWMP-API-Version: 1\r\n\r\n{", "that is not JSON"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "does not speak HTTP"),
        (answer({"kind": "new", "detail": "Two\nlines"}, V1, status=418), "^Two lines$"),
        (answer({}, V1, status=500), "the ACS answered HTTP 500"),
    ],
)
def test_odd_answers_are_one_sentence(tmp_path: Path, reply: bytes, says: str) -> None:
    with (
        server(tmp_path, lambda _: reply, lambda _: reply) as (url, _),
        pytest.raises(PlatformError, match=says) as raised,
    ):
        AcsPlatform(url).device("D")
    assert "\n" not in str(raised.value)


def test_silence_is_bounded(tmp_path: Path) -> None:
    held = threading.Event()

    def silent(_: bytes) -> bytes:
        held.wait(5)
        return answer({}, V1)

    with (
        server(tmp_path, silent) as (url, requests),
        pytest.raises(Unreachable, match="did not answer within 1 s"),
    ):
        try:
            AcsPlatform(url, timeout=0.5).transaction("t1", wait=0.5)
        finally:
            held.set()
    assert len(requests) == 1, "a call that timed out is not sent again"


def test_one_connection_is_kept_and_not_shared_with_a_fork(tmp_path: Path) -> None:
    good = answer(TRANSACTION, V1)
    with server(tmp_path, *[lambda _: good] * 3) as (url, requests):
        platform = AcsPlatform(url)
        platform.transaction("a")
        kept = platform._connection._kept
        platform.transaction("b")
        assert platform._connection._kept is kept
        platform._connection._owner = os.getpid() + 1  # as in a child
        kept.close()  # the server serves one connection at a time
        platform.transaction("c")
        assert platform._connection._kept is not kept
    assert [request.split(b" ")[1].split(b"?")[0].rpartition(b"/")[2] for request in requests] == [
        b"a",
        b"b",
        b"c",
    ]


def test_identities_are_escaped_once_more_in_urls(tmp_path: Path) -> None:
    device = {"id": "0A0B0C-Lab%2DX-1"}
    with server(tmp_path, lambda _: answer(device, V1)) as (url, requests):
        assert AcsPlatform(url).device("0A0B0C-Lab%2DX-1").id == device["id"]
    assert requests[0].startswith(b"GET /v1/devices/0A0B0C-Lab%252DX-1 ")
