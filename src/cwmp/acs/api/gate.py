"""What every call passes: the token (over TCP), the size of its body, the version header, the audit log."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import time
from collections.abc import Callable, MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cwmp.acs.api.problems import MEDIA_TYPE, TITLES

API_VERSION = 1
VERSION_HEADER = b"cwmp-api-version"
BODY_LIMIT = 64 * 1024 * 1024
OPEN_PATHS = frozenset({"/health"})
PATH_SHOWN = 300
STOPPED = (
    "The ACS was stopped before it could answer: what the device has begun goes on when the ACS runs again, "
    "so look at its transactions"
)
READING = frozenset({"GET", "HEAD", "OPTIONS"})

audit_log = logging.getLogger("cwmp.acs.audit")


def note(scope: MutableMapping[str, Any], **facts: object) -> None:
    """Facts for the audit line of this call: device, transaction, paths; never values."""
    scope.setdefault("cwmp_audit", {}).update(facts)


class Gate:
    """ASGI middleware around the API.

    token: asked for at each call, so that a token file can change; None: no token is needed (unix socket).
    """

    def __init__(self, app: ASGIApp, token: Callable[[], str] | None) -> None:
        self.app = app
        self.token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.monotonic()
        status = 0
        started = False
        left = BODY_LIMIT

        async def answer(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                started = True
                status = message["status"]
                message["headers"] = [*message["headers"], (VERSION_HEADER, b"%d" % API_VERSION)]
            await send(message)

        async def take() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise _TooLarge
            return message

        try:
            if not self._may(scope):
                given = any(name == b"authorization" for name, _ in scope["headers"])
                why = "This token is not the ACS's" if given else "This call needs the ACS's token"
                where = "it is in its token file (--token-file, cwmp_token)"
                await _refuse(answer, 401, "unauthorised", f"{why}: {where}", challenge=True)
                return
            try:
                await self.app(scope, take, answer)
            except _TooLarge:
                if not started:
                    await _refuse(answer, 413, "invalid", f"The body is larger than {BODY_LIMIT} bytes")
            except asyncio.CancelledError:
                # The server ends and cancels those who wait; without this they would get a bare 500.
                if started:
                    raise
                await _refuse(answer, 503, "internal", STOPPED)
        finally:
            if scope["method"] not in READING:
                self._audit(scope, status, time.monotonic() - began)

    def _may(self, scope: Scope) -> bool:
        if self.token is None or scope["path"] in OPEN_PATHS:
            return True
        given = b""
        for name, value in scope["headers"]:
            if name == b"authorization":
                given = value
        kind, _, token = given.partition(b" ")
        right = hmac.compare_digest(token.strip(), self.token().encode())
        return right and kind.lower() == b"bearer"

    def _audit(self, scope: Scope, status: int, seconds: float) -> None:
        facts = scope.get("cwmp_audit", {})
        audit_log.info(
            "%s %s",
            scope["method"],
            scope["path"][:PATH_SHOWN],
            extra={
                "facts": {
                    "status": status,
                    "by": "token" if self.token is not None else "socket",
                    **facts,
                    "ms": round(seconds * 1000, 1),
                }
            },
        )


class _TooLarge(Exception):
    """More of a body than anybody needs."""


async def _refuse(send: Send, status: int, kind: str, detail: str, *, challenge: bool = False) -> None:
    body = json.dumps(
        {
            "type": "about:blank",
            "title": TITLES[status],
            "status": status,
            "detail": detail,
            "kind": kind,
        }
    ).encode()
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
    ]
    if challenge:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
