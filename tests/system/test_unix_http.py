"""The client's own HTTP over a unix socket: whole answers, and a typed error for anything else."""

from __future__ import annotations

import contextlib
import http.client
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cwmp.platforms.unix_http import UnixConnection

GOOD = b"HTTP/1.1 200 OK\r\nCWMP-API-Version: 1\r\ncontent-length: 5\r\n\r\nhello"


@pytest.fixture
def answering() -> Iterator[Callable[..., tuple[UnixConnection, list[bytes]]]]:
    """`answering(data, piece=n)`: a server that takes a request, sends `data` in pieces, and closes."""
    with tempfile.TemporaryDirectory(prefix="cwmp-") as folder:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(Path(folder) / "s"))
        listener.listen()
        threads: list[threading.Thread] = []
        connection = UnixConnection(str(Path(folder) / "s"), 5.0)

        def start(data: bytes, piece: int = 65536) -> tuple[UnixConnection, list[bytes]]:
            seen: list[bytes] = []

            def serve() -> None:
                peer, _ = listener.accept()
                # the client may have heard enough and be gone
                with peer, contextlib.suppress(BrokenPipeError):
                    seen.append(peer.recv(65536))
                    for begin in range(0, len(data), piece):
                        peer.sendall(data[begin : begin + piece])

            threads.append(threading.Thread(target=serve))
            threads[-1].start()
            return connection, seen

        yield start
        connection.close()
        for thread in threads:
            thread.join()
        listener.close()


@pytest.mark.parametrize("piece", [1, 7, 65536])
def test_an_answer_in_any_pieces(
    answering: Callable[..., tuple[UnixConnection, list[bytes]]], piece: int
) -> None:
    connection, seen = answering(GOOD, piece)
    connection.request("POST", "/v1/x?a=b", b"{}", {"Accept": "application/json"})
    response = connection.getresponse()
    assert (response.status, response.read()) == (200, b"hello")
    assert response.headers.get("CWMP-API-Version") == "1"
    assert not response.will_close
    head = b"POST /v1/x?a=b HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nContent-Length: 2\r\n"
    assert seen == [head + b"\r\n{}"]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", http.client.RemoteDisconnected),
        (GOOD[:30], http.client.RemoteDisconnected),
        (GOOD[:-2], http.client.IncompleteRead),
        (b"SSH-2.0-OpenSSH\r\n\r\n", http.client.BadStatusLine),
        (b"HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n", http.client.BadStatusLine),
        (b"HTTP/1.1 200 OK\r\n\r\n", http.client.BadStatusLine),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", http.client.BadStatusLine),
        (b"x" * 70_000, http.client.BadStatusLine),
    ],
)
def test_anything_else_is_an_http_error(
    answering: Callable[..., tuple[UnixConnection, list[bytes]]], data: bytes, error: type[Exception]
) -> None:
    connection, _ = answering(data)
    connection.request("GET", "/", None, {})
    with pytest.raises(error):
        connection.getresponse()


def test_no_content_has_no_body(answering: Callable[..., tuple[UnixConnection, list[bytes]]]) -> None:
    connection, _ = answering(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    connection.request("GET", "/", None, {})
    response = connection.getresponse()
    assert (response.status, response.read(), response.will_close) == (204, b"", True)


def test_a_line_break_in_a_header_is_refused(
    answering: Callable[..., tuple[UnixConnection, list[bytes]]],
) -> None:
    connection, _ = answering(b"")
    connection.connect()
    with pytest.raises(http.client.HTTPException):
        connection.request("GET", "/", None, {"Authorization": "Bearer a\r\nX: y"})
