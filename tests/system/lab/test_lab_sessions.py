"""Sessions of simulated CPEs over real sockets, seen from a small ACS."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

import pytest

from cwmp.lab.behaviour import Behaviour
from cwmp.lab.fleet import Fleet, FleetPlan
from cwmp.lab.session import Disconnect, LoseAnswer
from cwmp.wire.messages import (
    AddObject,
    AddObjectResponse,
    Download,
    FactoryReset,
    Fault,
    GetParameterValues,
    GetParameterValuesResponse,
    ParameterValue,
    Reboot,
    ScheduleInform,
    SetParameterAttribute,
    SetParameterAttributes,
    SetParameterValues,
    SetParameterValuesResponse,
)

FAST = 0.002
"""Time scale of the tests: the first retry, 5 to 10 s, comes after 10 to 20 ms."""
FIRST = ("0 BOOTSTRAP", "1 BOOT")
INTERVAL = "Device.ManagementServer.PeriodicInformInterval"
CODE = "Device.DeviceInfo.ProvisioningCode"


def in_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an async test in a loop of its own."""

    @wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        asyncio.run(asyncio.wait_for(test(*arguments, **named), 30))

    return run


def fleet(url: str, count: int = 1, *, behaviour: Behaviour | None = None, **plan: Any) -> Fleet:
    return Fleet(FleetPlan(url, count, **plan), behaviour or Behaviour(time_scale=FAST))


def set_values(**values: str) -> SetParameterValues:
    return SetParameterValues(tuple(ParameterValue(path, value) for path, value in values.items()), "key")


@in_loop
async def test_the_first_session(small_acs) -> None:
    async with small_acs() as acs:
        acs.queue[""] = [GetParameterValues((CODE,)), GetParameterValues(("Device.Nowhere",))]
        async with fleet(acs.url) as cpes:
            await acs.until_over(1)
            (seen,) = acs.sessions
            assert seen.events == FIRST
            assert (seen.inform.device_id.oui, seen.serial) == ("0A0B0C", "LAB000001")
            assert seen.inform.retry_count == 0
            reported = {p.name: p.value for p in seen.inform.parameter_list}
            assert reported["Device.ManagementServer.ConnectionRequestURL"].startswith("http://127.0.0.1:")
            assert "Device.DeviceInfo.SoftwareVersion" in reported
            good, bad = seen.answers
            assert isinstance(good, GetParameterValuesResponse) and good.parameter_list[0].name == CODE
            assert isinstance(bad, Fault) and bad.code == 9005
            assert len(seen.connections) == 1
            assert all("session=" in c and "lb=7" in c and "Path" not in c for c in seen.cookies)
            assert cpes.cpes[0].id == "0A0B0C-LabGateway-LAB000001"


@in_loop
async def test_the_http_of_a_session(small_acs) -> None:
    async with small_acs() as acs:
        acs.queue[""] = [GetParameterValues((CODE,))]
        async with fleet(acs.url):
            await acs.until_over(1)
    inform, empty, answer = acs.posts
    assert inform["content-type"].startswith("text/xml") and inform["soapaction"] == ""
    assert "soapaction" not in empty and "content-type" not in empty and empty["content-length"] == "0"
    assert answer["content-type"].startswith("text/xml")
    assert all(head.startswith("POST /acs HTTP/1.1\r\n") for head in acs.heads)


@pytest.mark.parametrize(
    ("schemes", "algorithm"),
    [
        (("digest",), "MD5"),
        (("digest",), "MD5-sess"),
        (("digest",), "SHA-256"),
        (("basic",), "MD5"),
        (("basic", "digest"), "MD5"),
    ],
)
@in_loop
async def test_it_authenticates(small_acs, schemes, algorithm) -> None:
    async with small_acs() as acs:
        acs.credentials, acs.schemes, acs.algorithm = ("us\u00e9r", "p\u00e4ss word"), schemes, algorithm
        acs.queue[""] = [GetParameterValues((CODE,))]
        async with fleet(acs.url, credentials=acs.credentials):
            await acs.until_over(1)
        assert len(acs.posts) == 4
        if "digest" in schemes:
            assert all(p["authorization"].startswith("Digest") for p in acs.posts[1:])


@in_loop
async def test_an_aged_nonce_is_renewed_within_the_session(small_acs) -> None:
    async with small_acs() as acs:
        acs.credentials, acs.stale_after = ("user", "pass"), 1
        acs.queue[""] = [GetParameterValues((CODE,))] * 2
        async with fleet(acs.url, credentials=acs.credentials):
            await acs.until_over(1)
            assert len(acs.sessions[0].answers) == 2


@in_loop
async def test_a_refused_password_is_said_without_it(small_acs) -> None:
    async with small_acs() as acs:
        acs.credentials = ("user", "right")
        async with fleet(acs.url, credentials=("user", "wr0ng")) as cpes:
            cpe = cpes.cpes[0]
            await cpes.wait_for(lambda: cpe.failures >= 2)
            assert "'user'" in str(cpe.last_error) and "wr0ng" not in str(cpe.last_error)
            assert not acs.sessions
            cpe.change(".ManagementServer.Password", "right")
            await acs.until_over(1)
            assert acs.sessions[0].inform.retry_count >= 2


@in_loop
async def test_redirects_are_followed_and_forgotten(small_acs) -> None:
    async with small_acs() as first, small_acs() as second:
        first.before = [(302, [("Location", "/acs?again")]), (307, [("Location", second.url)])]
        second.queue[""] = [GetParameterValues((CODE,))]
        async with fleet(first.url) as cpes:
            await second.until_over(1)
            assert second.sessions[0].events == FIRST and len(second.sessions[0].answers) == 1
            cpes.cpes[0].inform("6 CONNECTION REQUEST")
            await first.until_over(1)


@in_loop
async def test_six_redirects_are_too_many(small_acs) -> None:
    async with small_acs() as acs:
        acs.before = [(307, [("Location", "/acs")])] * 6
        async with fleet(acs.url) as cpes:
            await acs.until_over(1)
            assert cpes.cpes[0].failures == 1
            assert acs.sessions[0].inform.retry_count == 1


@in_loop
async def test_an_empty_200_ends_a_session_too(small_acs) -> None:
    async with small_acs() as acs:
        acs.empty_status = 200
        async with fleet(acs.url) as cpes:
            await cpes.wait_for(lambda: cpes.cpes[0].sessions == 1)


@in_loop
async def test_an_acs_that_closes_each_connection_is_met_again_by_cookie(small_acs) -> None:
    async with small_acs() as acs:
        acs.close_each = True
        acs.queue[""] = [GetParameterValues((CODE,))] * 2
        async with fleet(acs.url):
            await acs.until_over(1)
            assert len(acs.sessions[0].answers) == 2


@in_loop
async def test_8005_makes_it_say_the_same_again_at_once(small_acs) -> None:
    async with small_acs() as acs:
        acs.inform_faults = [Fault.of(8005)]
        async with fleet(acs.url, behaviour=Behaviour()) as cpes:
            await acs.until_over(1)
            assert acs.sessions[0].inform.retry_count == 0 and cpes.cpes[0].failures == 0


@in_loop
async def test_failed_sessions_are_retried_and_counted(small_acs) -> None:
    async with small_acs() as acs:
        acs.before = [(503, []), (404, []), (500, [])]
        acs.inform_faults = [Fault.of(8002)]
        async with fleet(acs.url):
            await acs.until_over(1)
            assert acs.sessions[0].inform.retry_count == 4
            assert acs.sessions[0].events == FIRST


@in_loop
async def test_an_acs_that_says_nothing_is_left(small_acs) -> None:
    async with small_acs() as acs:
        acs.silent = True
        async with fleet(acs.url, behaviour=Behaviour(response_timeout=0.1)) as cpes:
            await cpes.wait_for(lambda: cpes.cpes[0].failures == 1)
            assert "within 0.1 s" in str(cpes.cpes[0].last_error)


@in_loop
async def test_a_new_url_is_the_next_sessions(small_acs) -> None:
    async with small_acs() as first, small_acs() as second:
        second.credentials = ("new", "secret")
        first.queue[""] = [
            set_values(
                **{
                    "Device.ManagementServer.Username": "new",
                    "Device.ManagementServer.Password": "secret",
                    "Device.ManagementServer.URL": second.url,
                }
            )
        ]
        async with fleet(first.url):
            await second.until_over(1)
            assert first.sessions[0].answers == [SetParameterValuesResponse(0)]
            assert "0 BOOTSTRAP" in second.sessions[0].events
            assert len(first.sessions) == 1


@in_loop
async def test_the_periodic_interval_takes_effect(small_acs) -> None:
    async with small_acs() as acs:
        acs.queue[""] = [
            SetParameterValues(
                (
                    ParameterValue(INTERVAL, "20", "unsignedInt"),
                    ParameterValue("Device.ManagementServer.PeriodicInformEnable", "true", "boolean"),
                )
            )
        ]
        async with fleet(acs.url):
            await acs.until_over(3)
            assert acs.sessions[0].answers == [SetParameterValuesResponse(0)]
            assert [s.events for s in acs.sessions[1:3]] == [("2 PERIODIC",)] * 2


@in_loop
async def test_an_active_change_is_told_at_once_and_a_passive_one_later(small_acs) -> None:
    version = "Device.DeviceInfo.SoftwareVersion"
    async with small_acs() as acs:
        acs.queue[""] = [
            SetParameterAttributes(
                (
                    SetParameterAttribute("Device.Time.NTPServer2", True, 1, False),
                    SetParameterAttribute("Device.Time.NTPServer1", True, 2, False),
                )
            )
        ]
        async with fleet(acs.url) as cpes:
            await acs.until_over(1)
            assert not isinstance(acs.sessions[0].answers[0], Fault), acs.sessions[0].answers
            cpes.cpes[0].change(".Time.NTPServer2", "192.0.2.2")
            cpes.cpes[0].change(".Time.NTPServer1", "192.0.2.1")
            await acs.until_over(2)
            told = acs.sessions[1]
            assert told.events == ("4 VALUE CHANGE",)
            values = {p.name: p.value for p in told.inform.parameter_list}
            assert values["Device.Time.NTPServer2"] == "192.0.2.2"
            assert values["Device.Time.NTPServer1"] == "192.0.2.1"
            assert version in values


@in_loop
async def test_a_reboot_comes_back_with_its_key(small_acs) -> None:
    async with small_acs() as acs:
        acs.queue[""] = [Reboot("again"), GetParameterValues((CODE,))]
        async with fleet(acs.url) as cpes:
            await acs.until_over(1)
            assert len(acs.sessions[0].answers) == 2, "the session goes on until its end"
            await cpes.wait_for(lambda: not cpes.cpes[0].reachable)
            await acs.until_over(2)
            assert [(e.event_code, e.command_key) for e in acs.sessions[1].inform.event] == [
                ("1 BOOT", ""),
                ("M Reboot", "again"),
            ]


@in_loop
async def test_a_factory_reset_makes_it_new(small_acs) -> None:
    async with small_acs() as acs:
        acs.queue[""] = [set_values(**{CODE: "forgotten"}), FactoryReset()]
        async with fleet(acs.url) as cpes:
            await acs.until_over(1)
            url = cpes.cpes[0].cpe.connection_request_url
            acs.queue[""] = [GetParameterValues((CODE,))]
            await acs.until_over(2)
            assert acs.sessions[1].events == FIRST
            assert acs.sessions[1].answers[0].parameter_list[0].value != "forgotten"
            assert cpes.cpes[0].cpe.connection_request_url == url


@in_loop
async def test_a_scheduled_inform_comes(small_acs) -> None:
    async with small_acs() as acs:
        acs.queue[""] = [ScheduleInform(30, "later")]
        async with fleet(acs.url):
            await acs.until_over(2)
            assert [(e.event_code, e.command_key) for e in acs.sessions[1].inform.event] == [
                ("3 SCHEDULED", ""),
                ("M ScheduleInform", "later"),
            ]


@in_loop
async def test_a_lost_answer_leaves_the_change_and_brings_it_back(small_acs) -> None:
    async with small_acs() as acs:
        acs.queue[""] = [AddObject("Device.DHCPv4.Server.Pool.", "one"), set_values(**{CODE: "kept"})]
        async with fleet(acs.url) as cpes:
            cpe = cpes.cpes[0]
            cpe.faults.append(LoseAnswer("SetParameterValues"))
            await acs.until_over(1)
            broken, whole = acs.sessions
            assert not broken.over and isinstance(broken.answers[0], AddObjectResponse)
            assert len(broken.answers) == 1
            assert cpe.cpe.value(CODE) == "kept"
            assert whole.inform.retry_count == 1
            assert {p.name: p.value for p in whole.inform.parameter_list}[
                "Device.ManagementServer.ParameterKey"
            ] == "key"
            assert not cpe.faults


@in_loop
async def test_a_connection_dropped_before_the_inform_loses_nothing(small_acs) -> None:
    async with small_acs() as acs, fleet(acs.url) as cpes:
        cpes.cpes[0].faults.append(Disconnect(1))
        await acs.until_over(1)
        assert [s.events for s in acs.sessions] == [FIRST]
        assert acs.sessions[0].inform.retry_count == 1


@in_loop
async def test_a_new_event_does_not_wait_for_the_retry(small_acs) -> None:
    async with small_acs() as acs:
        acs.before = [(503, [])]
        async with fleet(acs.url, behaviour=Behaviour()) as cpes:
            await cpes.wait_for(lambda: cpes.cpes[0].failures == 1)
            cpes.cpes[0].inform("8 DIAGNOSTICS COMPLETE")
            await acs.until_over(1, within=4)
            assert acs.sessions[0].events == (*FIRST, "8 DIAGNOSTICS COMPLETE")
            assert acs.sessions[0].inform.retry_count == 1


@in_loop
async def test_requests_of_its_own_go_before_the_empty_post_until_answered(small_acs) -> None:
    async with small_acs() as acs, fleet(acs.url) as cpes:
        cpe = cpes.cpes[0]
        await cpes.wait_for(lambda: cpe.sessions == 1)
        for key in ("one", "two"):
            cpe.cpe.transferred(
                Download(key, "1 Firmware Upgrade Image", "http://x/"), start=0.0, complete=60.0
            )
        acs.queue[""] = [GetParameterValues((CODE,))]
        cpe.inform()
        await acs.until_over(2)
        told = acs.sessions[1]
        assert [r.command_key for r in told.requests] == ["one", "two"]
        assert told.events == ("7 TRANSFER COMPLETE", "M Download", "M Download")
        assert len(told.answers) == 1
        await cpes.wait_for(lambda: cpe.idle)


@in_loop
async def test_offline_and_back(small_acs) -> None:
    async with small_acs() as acs, fleet(acs.url, behaviour=Behaviour()) as cpes:
        await acs.until_over(1)
        cpe = cpes.cpes[0]
        cpe.go_offline()
        cpe.inform("2 PERIODIC")
        with pytest.raises(OSError):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", int(cpe.cpe.connection_request_url.split(":")[2].split("/")[0])
            )
            path = "/" + cpe.cpe.connection_request_url.rsplit("/", 1)[1]
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            if not await reader.read():
                raise ConnectionResetError
        assert len(acs.sessions) == 1
        cpe.come_back(boot=True)
        await acs.until_over(2)
        assert acs.sessions[1].events == ("1 BOOT", "2 PERIODIC")


@in_loop
async def test_a_restarted_acs_is_found_again(small_acs) -> None:
    async with small_acs() as acs:
        port = acs.port
        async with fleet(acs.url, 3) as cpes:
            await acs.until_over(3)
            await acs.stop()
            for cpe in cpes:
                cpe.inform("2 PERIODIC")
            await cpes.wait_for(lambda: all(cpe.failures for cpe in cpes))
            async with small_acs(port=port) as again:
                await again.until_over(3)
                assert all(s.events == ("2 PERIODIC",) for s in again.sessions)


@in_loop
async def test_twelve_of_both_roots_come_within_a_second(small_acs) -> None:
    async with small_acs() as acs, fleet(acs.url, 12, models=("tr181-gateway", "tr098-gateway")) as cpes:
        began = time.monotonic()
        await cpes.wait_informed()
        assert time.monotonic() - began < 1.0
        assert [cpe.id[-9:] for cpe in cpes] == [f"LAB{n:06}" for n in range(1, 13)]
        assert [cpe.cpe.root for cpe in cpes] == ["Device.", "InternetGatewayDevice."] * 6


@in_loop
async def test_only_one_session_at_a_time(small_acs) -> None:
    async with small_acs() as acs:
        acs.queue[""] = [GetParameterValues((CODE,))] * 20
        async with fleet(acs.url) as cpes:
            cpe = cpes.cpes[0]
            await cpes.wait_for(lambda: cpe.informs == 1)
            for number in range(5):
                cpe.inform(f"X 0A0B0C {number}")
            await acs.until_over(2)
            assert [s.over for s in acs.sessions] == [True, True]
            assert len(acs.sessions[1].events) == 5
