"""The connection-request server of simulated CPEs, asked by a small client over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from cwmp.lab.behaviour import Behaviour
from cwmp.lab.fleet import Fleet, FleetPlan
from cwmp.lab.running import RunningCpe
from cwmp.wire import digest
from cwmp.wire.messages import GetParameterValues

REQUEST = "6 CONNECTION REQUEST"
CODE = "Device.DeviceInfo.ProvisioningCode"


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        asyncio.run(asyncio.wait_for(test(*arguments, **named), 30))

    return run


async def get(url: str, *, authorization: str = "", method: str = "GET") -> tuple[int, dict[str, str]]:
    """Status and headers; status 0 when the connection ends without an answer."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = f"{method} {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n"
    if authorization:
        head += f"Authorization: {authorization}\r\n"
    try:
        writer.write(head.encode() + b"\r\n")
        answer = (await reader.read()).decode()
    except ConnectionError:
        answer = ""
    finally:
        writer.close()
    if not answer:
        return 0, {}
    first, *lines = answer.split("\r\n\r\n")[0].split("\r\n")
    return int(first.split()[1]), {
        n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)
    }


async def ring(cpe: RunningCpe, username: str = "caller", password: str = "secret") -> int:
    """A whole connection request with digest; gives the last status."""
    url = cpe.cpe.connection_request_url
    status, headers = await get(url)
    if status != 401:
        return status
    (challenge,) = digest.parse_challenges(headers["www-authenticate"])
    shown = digest.answer(challenge, "GET", urlsplit(url).path, username, password, cnonce="c0ffee")
    return (await get(url, authorization=shown))[0]


def fleet(url: str, count: int = 1, *, behaviour: Behaviour | None = None, **plan: Any) -> Fleet:
    plan.setdefault("connection_request_credentials", ("caller", "secret"))
    return Fleet(FleetPlan(url, count, **plan), behaviour)


@in_loop
async def test_the_right_password_brings_the_cpe_and_a_wrong_one_does_not(small_acs) -> None:
    async with small_acs() as acs, fleet(acs.url, 2) as cpes:
        await acs.until_over(2)
        cpe = cpes.cpes[1]
        assert await ring(cpe, password="wrong") == 401
        assert await ring(cpe, username="somebody") == 401
        assert await ring(cpe) == 200
        await acs.until_over(3)
        assert acs.sessions[2].events == (REQUEST,)
        assert acs.sessions[2].serial == "LAB000002"


@in_loop
async def test_an_answer_heard_once_opens_nothing_a_second_time(small_acs) -> None:
    async with small_acs() as acs, fleet(acs.url) as cpes:
        await acs.until_over(1)
        url = cpes.cpes[0].cpe.connection_request_url
        _, headers = await get(url)
        (challenge,) = digest.parse_challenges(headers["www-authenticate"])
        shown = digest.answer(challenge, "GET", urlsplit(url).path, "caller", "secret", cnonce="x")
        assert (await get(url, authorization=shown))[0] == 200
        await acs.until_over(2)
        assert (await get(url, authorization=shown))[0] == 401


@in_loop
async def test_credentials_the_acs_sets_count_at_once(small_acs) -> None:
    async with small_acs() as acs, fleet(acs.url) as cpes:
        await acs.until_over(1)
        cpe = cpes.cpes[0]
        cpe.change(".ManagementServer.ConnectionRequestPassword", "other")
        assert await ring(cpe) == 401
        assert await ring(cpe, password="other") == 200


@in_loop
async def test_without_a_password_everybody_is_let_in(small_acs) -> None:
    async with (
        small_acs() as acs,
        fleet(acs.url, connection_request_credentials=("caller", "")) as cpes,
    ):
        await acs.until_over(1)
        assert await ring(cpes.cpes[0]) == 200
        await acs.until_over(2)


@in_loop
async def test_paths_are_secret_and_only_get_is_served(small_acs) -> None:
    async with small_acs() as acs, fleet(acs.url, 2) as cpes:
        await acs.until_over(2)
        one, two = (cpe.cpe.connection_request_url for cpe in cpes)
        assert one.rsplit("/", 1)[0] == two.rsplit("/", 1)[0] and one != two
        assert (await get(one.rsplit("/", 1)[0] + "/"))[0] == 404
        assert (await get(one, method="POST"))[0] == 405


@in_loop
async def test_asked_in_a_session_it_has_exactly_one_more(small_acs) -> None:
    async with small_acs() as acs, fleet(acs.url, behaviour=Behaviour(latency=0.05)) as cpes:
        acs.queue[""] = [GetParameterValues((CODE,))] * 3
        cpe = cpes.cpes[0]
        await cpes.wait_for(lambda: cpe.informs == 1)
        assert [await ring(cpe) for _ in range(3)] == [200, 503, 503]
        await acs.until_over(2)
        assert [s.events for s in acs.sessions] == [("0 BOOTSTRAP", "1 BOOT"), (REQUEST,)]
        await cpes.wait_for(lambda: cpe.idle)
        assert len(acs.sessions) == 2


@in_loop
async def test_some_refuse_while_they_are_in_a_session(small_acs) -> None:
    behaviour = Behaviour(latency=0.05, queue_while_busy=False)
    async with small_acs() as acs, fleet(acs.url, behaviour=behaviour) as cpes:
        acs.queue[""] = [GetParameterValues((CODE,))] * 3
        await cpes.wait_for(lambda: cpes.cpes[0].informs == 1)
        assert await ring(cpes.cpes[0]) == 503


@in_loop
async def test_asked_too_often_it_answers_503(small_acs) -> None:
    behaviour = Behaviour(connection_request_limit=(2, 60))
    async with small_acs() as acs, fleet(acs.url, behaviour=behaviour) as cpes:
        await acs.until_over(1)
        for number in (2, 3):
            assert await ring(cpes.cpes[0]) == 200
            await acs.until_over(number)
        assert await ring(cpes.cpes[0]) == 503


@in_loop
async def test_it_may_take_its_time_and_one_pending_request_is_enough(small_acs) -> None:
    behaviour = Behaviour(connection_request_latency=0.3)
    async with small_acs() as acs, fleet(acs.url, behaviour=behaviour) as cpes:
        await acs.until_over(1)
        began = asyncio.get_running_loop().time()
        assert await ring(cpes.cpes[0]) == 200
        assert await ring(cpes.cpes[0]) == 503
        await acs.until_over(2)
        assert asyncio.get_running_loop().time() - began >= 0.3


@in_loop
async def test_switched_off_it_is_silent(small_acs) -> None:
    async with small_acs() as acs, fleet(acs.url) as cpes:
        await acs.until_over(1)
        cpes.cpes[0].go_offline()
        assert await ring(cpes.cpes[0]) == 0
        cpes.cpes[0].come_back()
        assert await ring(cpes.cpes[0]) == 200


@in_loop
async def test_garbage_is_dropped_and_others_are_still_served(small_acs) -> None:
    async with small_acs() as acs, fleet(acs.url) as cpes:
        await acs.until_over(1)
        parts = urlsplit(cpes.cpes[0].cpe.connection_request_url)
        for garbage in (b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 9000, b""):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(garbage)
            writer.write_eof()
            with contextlib.suppress(ConnectionError):
                await reader.read()
            writer.close()
        assert await ring(cpes.cpes[0]) == 200
