"""What every call of the API passes."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from cwmp.acs.api.gate import Gate


def test_who_waits_when_the_acs_ends_is_told_by_the_acs() -> None:
    sent: list[Any] = []

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(3_600)

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        scope = {"type": "http", "method": "POST", "path": "/v1/devices/X/converge", "headers": []}
        call = asyncio.ensure_future(Gate(endless, None)(scope, asyncio.Event().wait, send))  # type: ignore[arg-type]
        await asyncio.sleep(0.01)
        call.cancel()
        await call

    asyncio.run(run())
    head, body = sent
    assert head["status"] == 503 and (b"cwmp-api-version", b"1") in head["headers"]
    assert "was stopped" in json.loads(body["body"])["detail"]
