"""Whose session is it? Cookies as CPEs mangle them, connections, and requests of somebody else."""

from __future__ import annotations

import asyncio

import pytest

from cwmp.acs.sessions.cookies import cookies_of, new_cookie
from cwmp.acs.sessions.endpoint import ConnectionState

OTHER = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    "spelling",
    [
        "plain",
        "none",
        "cwmp={}; HttpOnly",
        "cwmp={}; HttpOnly; Secure; Path=/; expires=Thu, 01 Jan 2099 00:00:00 GMT",
        '$Version="1"; cwmp="{}"; $Path="/"',
        "$Version=1,cwmp={}",
        "lang=en; cwmp={}; theme=dark",
        "cwmp=" + OTHER + "; cwmp={}",
        "cwmp={};",
        " cwmp = {} ",
        "xcwmp=" + OTHER + ";cwmp={}",
    ],
)
def test_a_session_survives_every_way_with_cookies(kit, spelling):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs, cookies=spelling)
        tx = acs.transactions.submit(cpe.id, value=900)
        response = await cpe.session()
        await acs.settle()
        assert response.status == 204 and tx.state == "done" and tx.attempts == 1

    kit.run(run())


def test_with_cookies_each_request_may_come_on_a_new_connection(kit):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs)
        tx = acs.transactions.submit(cpe.id, value=900)
        post = cpe.post

        async def on_a_new_one(body):
            acs.endpoint.connection_lost(cpe.connection)
            cpe.connection = ConnectionState()
            return await post(body)

        cpe.post = on_a_new_one
        await cpe.session()
        await acs.settle()
        assert tx.state == "done"

    kit.run(run())


def test_without_cookies_a_lost_connection_ends_the_session(kit):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs, cookies="none")
        tx = acs.transactions.submit(cpe.id, value=900)
        await cpe.session(stop_at="GetParameterValues")
        acs.endpoint.connection_lost(cpe.connection)
        await acs.settle()
        assert len(acs.sessions) == 0 and tx.state == "queued"

    kit.run(run())


def test_a_new_inform_on_the_connection_of_the_old_session(kit):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs, cookies="none")
        await cpe.post(kit.inform())
        await cpe.session()
        assert cpe.statuses == [200, 200, 204] and len(acs.sessions) == 0

    kit.run(run())


def test_a_shared_connection_is_never_a_session(kit):
    async def run():
        acs = kit.Acs()
        shared = ConnectionState(shared=True)
        cpe = kit.Cpe(acs, kit.device(), cookies="none", connection=shared)
        tx = acs.transactions.submit(cpe.id, value=900)
        await cpe.post(kit.inform())
        response = await cpe.post(b"")
        assert response.status == 204 and response.body == b"" and tx.state == "queued"
        first, second = (kit.Cpe(acs, kit.device(serial), connection=shared) for serial in ("A", "B"))
        one, two = acs.transactions.submit(first.id, value=1), acs.transactions.submit(second.id, value=2)
        await asyncio.gather(first.session(), second.session())
        await acs.settle()
        assert one.state == two.state == "done"
        assert first.device.value(kit.INTERVAL) == "1" and second.device.value(kit.INTERVAL) == "2"

    kit.run(run())


def test_a_stolen_cookie_on_the_very_proxy_connection(kit):
    async def run():
        acs = kit.Acs()
        shared = ConnectionState(shared=True)
        cpe = kit.Cpe(acs, kit.device(), connection=shared)
        acs.transactions.submit(cpe.id, value=5)
        await cpe.post(kit.inform())
        thief = await acs.post(b"", shared, ("cookie", f"cwmp={cpe.jar}"), peer="203.0.113.9")
        assert thief.status == 403

    kit.run(run())


def test_a_stolen_cookie_from_another_address(kit):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs)
        acs.transactions.submit(cpe.id, value="secret of LAB1")
        await cpe.post(kit.inform())
        thief = await acs.post(b"", ConnectionState(), ("cookie", f"cwmp={cpe.jar}"), peer="203.0.113.9")
        assert thief.status == 403 and b"LAB1" not in thief.body
        assert (await cpe.post(b"")).status == 200, "the device itself goes on"

    kit.run(run())


def test_a_cookie_on_another_sessions_connection(kit):
    async def run():
        acs = kit.Acs()
        one, two = kit.cpe(acs, "A"), kit.cpe(acs, "B")
        acs.transactions.submit(one.id, value=5)
        await one.post(kit.inform("A"))
        await two.post(kit.inform("B"))
        response = await acs.post(b"", two.connection, ("cookie", f"cwmp={one.jar}"))
        assert response.status == 403

    kit.run(run())


def test_a_cookie_does_not_outlive_its_session(kit):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs)
        await cpe.session()
        late = await acs.post(b"", ConnectionState(), ("cookie", f"cwmp={cpe.jar}"))
        assert late.status == 204 and late.body == b""
        wrong = await acs.post(b"<x/>", ConnectionState(), ("cookie", f"cwmp={cpe.jar}"))
        assert wrong.status == 400

    kit.run(run())


def test_a_fixed_cookie_is_not_taken_over(kit):
    async def run():
        acs = kit.Acs()
        response = await acs.post(kit.inform(), ConnectionState(), ("cookie", f"cwmp={OTHER}"))
        assert kit.cookie_of(response) != OTHER

    kit.run(run())


def test_an_inform_of_another_device_with_this_ones_cookie_leaves_it_alone(kit):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs, "A")
        await cpe.post(kit.inform("A"))
        response = await acs.post(kit.inform("B"), ConnectionState(), ("cookie", f"cwmp={cpe.jar}"))
        assert response.status == 200 and kit.cookie_of(response) != cpe.jar
        assert len(acs.sessions) == 2 and acs.sessions.in_session(cpe.id)

    kit.run(run())


@pytest.mark.parametrize(
    "body",
    [b"<x", b"\x00", b"<!DOCTYPE a><a/>", b"hello", b"\xff\xfe<", b"<a>" * 5000, b'<?xml version="1.0"?>'],
)
def test_what_is_no_cwmp(kit, body):
    async def run():
        acs = kit.Acs()
        assert (await acs.post(body, ConnectionState())).status == 400
        cpe = kit.cpe(acs)
        tx = acs.transactions.submit(cpe.id, value=1)
        await cpe.session(stop_before="GetParameterValues")
        assert (await cpe.post(body)).status == 400
        await acs.settle()
        assert len(acs.sessions) == 0 and tx.state == "queued"

    kit.run(run())


@pytest.mark.parametrize("serial", ["", "  ", "x" * 257, "x" * 100_000])
def test_an_inform_of_nobody(kit, serial):
    async def run():
        acs = kit.Acs()
        response = await acs.post(kit.inform(serial), ConnectionState())
        assert response.status == 200 and b"8003" in response.body and b"Fault" in response.body
        assert acs.registry.records == {} and len(acs.sessions) == 0

    kit.run(run())


@pytest.mark.parametrize(
    "serial", ["../../etc/passwd", "a\nb", "{x}", "😀", "A-B", "%2D", "' OR 1=1 --", "x" * 64]
)
def test_odd_serial_numbers_are_only_odd(kit, serial):
    async def run():
        acs = kit.Acs()
        response = await acs.post(kit.inform(serial), ConnectionState())
        assert response.status == 200 and len(acs.sessions) == 1
        (identity,) = acs.registry.records
        assert set(identity) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_%-")

    kit.run(run())


def test_bodies_are_bounded_before_and_after_the_first_message(kit):
    from cwmp.acs.sessions.endpoint import ListenerRules

    async def run():
        acs = kit.Acs(rules=ListenerRules(open=True, first_body_limit=5_000, body_limit=50_000))
        connection = ConnectionState()
        assert acs.endpoint.body_limit([], connection) == 5_000
        assert (await acs.post(b" " * 5_001, connection)).status == 413
        cpe = kit.cpe(acs)
        await cpe.post(kit.inform())
        assert acs.endpoint.body_limit([(b"cookie", b"cwmp=" + cpe.jar.encode())], connection) == 50_000
        assert (await cpe.post(b" " * 50_001)).status == 413

    kit.run(run())


def test_cookies_are_hard_to_guess_and_read_exactly():
    assert len({new_cookie() for _ in range(100)}) == 100
    value = new_cookie()
    assert cookies_of([(b"cookie", f"cwmp={value}0".encode())]) == []
    assert cookies_of([(b"cookie", f"cwmp={value.upper()}".encode())]) in ([], [value])
    assert (
        cookies_of([(b"cookie", f"cwmp={value};" * 50 and (f"cwmp={value};" * 50).encode())]) == [value] * 4
    )
