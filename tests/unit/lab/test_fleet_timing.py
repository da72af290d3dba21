"""When a simulated CPE speaks, and which cookies it returns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwmp.lab.cookies import CookieJar
from cwmp.lab.timing import clock_text, next_periodic, reference_time, retry_wait

# TR-069a6 §3.2.1.1, table 3: the standard's own figures for m = 5 s and k = 2000.
RETRIES = [
    (1, 5, 10),
    (2, 10, 20),
    (3, 20, 40),
    (6, 160, 320),
    (9, 1280, 2560),
    (10, 2560, 5120),
    (50, 2560, 5120),
]


@pytest.mark.parametrize(("attempt", "low", "high"), RETRIES)
def test_retry_wait_follows_the_table(attempt: int, low: float, high: float) -> None:
    assert retry_wait(attempt, 5, 2000, 0.0) == low
    assert retry_wait(attempt, 5, 2000, 1.0) == high


@given(
    st.integers(0, 10**9).map(float),
    st.integers(1, 10**6),
    st.one_of(st.none(), st.integers(-(10**9), 2 * 10**9).map(float)),
)
def test_the_next_periodic_inform_is_ahead_and_in_phase(
    now: float, interval: int, reference: float | None
) -> None:
    due = next_periodic(now, interval, reference)
    assert now < due <= now + interval
    if reference is not None:
        assert (due - reference) % interval == 0


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "", "yesterday", "2026-13-01T00:00:00Z"])
def test_an_unknown_reference_leaves_the_phase_to_the_cpe(text: str) -> None:
    assert reference_time(text) is None


def test_times_without_zone_are_utc() -> None:
    assert reference_time("1970-01-01T00:01:00") == 60.0
    assert reference_time("1970-01-01T00:01:00+01:00") == 60.0 - 3600
    assert clock_text(60.0) == "1970-01-01T00:01:00Z"


def test_several_cookies_go_back_without_their_attributes() -> None:
    jar = CookieJar()
    jar.take("acs", "/", "session=abc; Path=/; HttpOnly")
    jar.take("acs", "/", "node=7")
    assert sorted(jar.header("acs", "/", secure=False).split("; ")) == ["node=7", "session=abc"]


def test_a_cookie_stays_with_host_path_and_tls() -> None:
    jar = CookieJar()
    jar.take("acs", "/cwmp/in", "a=1; Path=/cwmp")
    jar.take("acs", "/cwmp/in", "b=2; Secure; Path=/")
    assert jar.header("other", "/cwmp/in", secure=True) == ""
    assert jar.header("acs", "/cwmpx", secure=False) == ""
    assert jar.header("acs", "/cwmp/out", secure=False) == "a=1"
    assert jar.header("acs", "/cwmp/out?x=/y", secure=True) == "a=1; b=2"


def test_an_expired_cookie_is_gone() -> None:
    jar = CookieJar()
    jar.take("acs", "/", "a=1")
    jar.take("acs", "/", "a=1; Max-Age=0")
    assert jar.header("acs", "/", secure=False) == ""


@given(st.text())
def test_no_set_cookie_header_breaks_the_jar(header: str) -> None:
    jar = CookieJar()
    jar.take("acs", "/", header)
    jar.header("acs", "/", secure=True)
