"""Many devices that name one address: no more than so many requests at once."""

from __future__ import annotations

import asyncio

import pytest

from cwmp.connection_request import safe_http
from cwmp.connection_request.answer import Answer
from cwmp.connection_request.crowd import Crowd, Crowded


def test_counts_by_address_and_forgets() -> None:
    crowd = Crowd(2)
    with crowd.one_more("direct", "192.0.2.1", 80), crowd.one_more("direct", "192.0.2.1", 80):
        with pytest.raises(Crowded), crowd.one_more("direct", "192.0.2.1", 80):
            pass
        with crowd.one_more("direct", "192.0.2.1", 81), crowd.one_more("vpn", "192.0.2.1", 80):
            assert len(crowd) == 3
    assert len(crowd) == 0


def test_a_hundred_devices_naming_one_victim(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = most = 0

    async def request(*_: object, **__: object) -> Answer:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.2)
        at_once -= 1
        return Answer("accepted")

    monkeypatch.setattr(safe_http, "request_http", request)
    crowd = Crowd(5)

    async def ask() -> str:
        url = "http://127.0.0.1:7547/x"
        _, answer = await safe_http.ask(url, "", "", informed_from="127.0.0.1", crowd=crowd)
        return answer.word

    async def all_of_them() -> list[str]:
        return await asyncio.gather(*(ask() for _ in range(100)))

    words = asyncio.run(all_of_them())
    assert most <= 5 and "accepted" in words and set(words) == {"accepted", "busy"}
