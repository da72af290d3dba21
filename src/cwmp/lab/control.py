"""Changing simulated CPEs "by hand": a Unix socket, one JSON line for the request and one for the answer.

``{"device": ID or serial, "set": {path: value}}`` changes parameters on the device, as its own web page
would; ``{"device": ID, "get": [path]}`` looks; ``{"devices": true}`` lists the fleet. The answer is
``{"ok": true, ...}`` or ``{"ok": false, "error": sentence}``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cwmp import places
from cwmp.errors import CwmpError

LINE_LIMIT = 1 << 20
TIMEOUT = 10.0

Handler = Callable[[Mapping[str, Any]], dict[str, Any]]


class ControlError(CwmpError):
    """The simulated CPEs do not answer, or could not do what was asked."""


def default_control_socket() -> Path:
    """Where `cwmp lab cpe` listens for changes by hand, unless told otherwise."""
    return places.default_data_dir() / "lab.sock"


class ControlServer:
    """Serves `handler` on a Unix socket readable by its owner only."""

    def __init__(self, path: Path, handler: Handler) -> None:
        self._path = path
        self._handler = handler
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Raises `ControlError` when another fleet is already listening there."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._path.exists():
            if _alive(self._path):
                raise ControlError(
                    f"other simulated CPEs already listen on {self._path}: stop them or give --control PATH"
                )
            self._path.unlink()
        old = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, self._path, limit=LINE_LIMIT)
        finally:
            os.umask(old)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError, TimeoutError):
            async with asyncio.timeout(TIMEOUT):
                line = await reader.readline()
                writer.write(json.dumps(self._answer(line)).encode() + b"\n")
                await writer.drain()
        writer.close()

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
        except ValueError:
            return {"ok": False, "error": "the request is no JSON line"}
        if not isinstance(request, dict):
            return {"ok": False, "error": "the request is no JSON object"}
        try:
            return {"ok": True, **self._handler(request)}
        except CwmpError as error:
            return {"ok": False, "error": str(error)}


def _alive(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def ask(path: Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """One request to running simulated CPEs. Raises `ControlError`."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(TIMEOUT)
            connection.connect(str(path))
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as stream:
                line = stream.readline(LINE_LIMIT)
    except OSError as error:
        raise ControlError(
            f"no simulated CPEs answer on {path}: start them with `cwmp lab cpe` ({error.strerror or error})"
        ) from None
    try:
        answer = json.loads(line)
    except ValueError:
        raise ControlError(f"the simulated CPEs on {path} gave no answer: are they still running?") from None
    if not answer.get("ok"):
        raise ControlError(str(answer.get("error", "the simulated CPEs refused without a reason")))
    return dict(answer)
