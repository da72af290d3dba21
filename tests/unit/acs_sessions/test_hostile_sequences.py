"""Random sequences of requests, good and bad, from honest and dishonest peers: nothing is ever raised, and
nobody hears of another device.
"""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cwmp.acs.sessions.endpoint import ConnectionState, ListenerRules
from cwmp.acs.sessions.sessions import SessionLimits
from cwmp.wire import digest, messages
from cwmp.wire.envelope import Envelope, encode
from cwmp.wire.messages import DeviceId, Event, Fault, Inform, ParameterInfo, ParameterValue

CWMP = "urn:dslforum-org:cwmp-1-2"
NUMBERS = ("A", "B", "C")
SECRETS = {name: f"only-for-{name}-{name * 9}" for name in NUMBERS}


def soap(message):
    return encode(Envelope(message, "1", CWMP, "soap-env"))


def inform(serial):
    return soap(Inform(DeviceId("Lab", "0A0B0C", "Gateway", serial), (Event("2 PERIODIC"),)))


PATH = "Device.ManagementServer.PeriodicInformInterval"
BODIES = [
    b"",
    b"  \r\n",
    *(inform(name) for name in NUMBERS),
    inform("../../etc\n{x}"),
    inform("Z" * 64),
    soap(Inform(DeviceId("", "", "", ""), ())),
    soap(messages.GetRPCMethods()),
    soap(messages.TransferComplete("x")),
    soap(messages.GetParameterValuesResponse((ParameterValue(PATH, "300", "unsignedInt"),))),
    soap(messages.GetParameterValuesResponse(())),
    soap(messages.GetParameterNamesResponse((ParameterInfo("Device.", True),))),
    soap(messages.SetParameterValuesResponse(0)),
    soap(messages.SetParameterValuesResponse(77)),
    soap(messages.AddObjectResponse(0, 9004)),
    soap(Fault(9005, "no")),
    soap(messages.InformResponse()),
    soap(messages.SetParameterValues((ParameterValue(PATH, "1"),))),
    b"<!DOCTYPE x><x/>",
    b"<a/>",
    b"\x00\xff",
    inform("A").replace(b"Gateway", b"&lol;"),
    inform("A")[:-20],
    inform("A") + inform("B"),
    inform("A").replace(b"utf", b"xtf").replace(CWMP.encode(), b"urn:other"),
]

ANSWERS = [
    (b":InformResponse", b""),
    (
        b":GetParameterValues>",
        soap(messages.GetParameterValuesResponse((ParameterValue(PATH, "1", "string"),))),
    ),
    (b":SetParameterValues>", soap(messages.SetParameterValuesResponse(0))),
]


def next_honest(name, last):
    """What an honest device would post after this response."""
    return next((body for mark, body in ANSWERS if mark in last), inform(name))


steps = st.tuples(
    st.integers(0, 2),  # peer
    st.integers(0, 3),  # connection
    st.one_of(
        *[st.sampled_from(["honest", "honest for another"])] * 3,
        st.sampled_from(BODIES),
        st.binary(max_size=40),
    ),
    st.sampled_from(["own", "own", "own", "none", "other", "other", "junk", "all"]),  # cookie
    st.sampled_from(["own", "own", "own", "none", "other", "junk"]),  # Authorization
    st.sampled_from(["POST"] * 9 + ["GET"]),
    st.sampled_from([0.0] * 9 + [1.0, 40.0, 400.0]),  # seconds that pass
)


def play(kit, sequence, *, closed):
    """Peer 0 to 2 is device A to C, or says so."""

    async def run():
        rules = ListenerRules(open=not closed, basic="always")
        acs = kit.Acs(rules=rules, limits=SessionLimits(sessions=4, exchanges=30))
        for name in NUMBERS:
            acs.credentials.add("device", f"0A0B0C-Gateway-{name}", name, f"pw{name}")
            for _ in range(3):
                acs.transactions.submit(f"0A0B0C-Gateway-{name}", path=PATH, value=SECRETS[name])
        connections = [ConnectionState() for _ in range(3)] + [ConnectionState(shared=True)]
        cookies: dict[int, str] = {}
        last = {0: b"", 1: b"", 2: b""}
        for peer, connection, body, cookie, authorization, method, seconds in sequence:
            acs.now += seconds
            acs.sessions.sweep()
            if isinstance(body, str):
                meant = peer if body == "honest" else (peer + 1) % 3
                body = next_honest(NUMBERS[meant], last[meant])
            headers = []
            jar = {"own": [cookies.get(peer)], "other": [cookies.get((peer + 1) % 3)], "junk": ["f" * 32],
                   "all": list(cookies.values())}.get(cookie, [])  # fmt: skip
            headers += [("cookie", f"cwmp={each}") for each in jar if each]
            who = {"own": NUMBERS[peer], "other": NUMBERS[(peer + 1) % 3]}.get(authorization)
            if who is not None:
                # Peers know their own password only.
                headers.append(("authorization", digest.basic_header(who, f"pw{NUMBERS[peer]}")))
            elif authorization == "junk":
                headers.append(("authorization", "Digest username=A, nonce=, uri=/, response=x"))
            if connection < 3 and connection != peer:
                connection = 3  # nobody shares a TCP connection with a stranger but through a proxy
            response = await acs.post(
                body, connections[connection], *headers, peer=f"192.0.2.{peer}", method=method
            )
            assert response.status in (200, 204, 400, 401, 403, 405, 409, 413, 503), response
            assert (response.status == 204) <= (response.body == b"")
            if method == "POST":
                last[peer] = response.body
            found = kit.header(response, "set-cookie")
            if found:
                cookies[peer] = kit.cookie_of(response)
            if closed:
                for name in NUMBERS:
                    if name != NUMBERS[peer]:
                        assert SECRETS[name].encode() not in response.body, "another device's data"
                        assert f"Gateway-{name}".encode() not in response.body
            assert len(acs.sessions) <= 4
            assert len(acs.sessions._by_cookie) == len(acs.sessions)
        await acs.settle()
        for tx in acs.transactions.queued:
            assert tx.state in ("queued", "running")
        await acs.sessions.drain(0.0)
        assert len(acs.sessions) == 0 and acs.sessions._by_cookie == {}
        assert not any(acs.sessions._due.values())
        assert all(tx.state != "running" for tx in acs.transactions.queued), "nothing hangs"

    kit.run(run())


common = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@given(st.lists(steps, min_size=10, max_size=50))
@common
def test_authenticated_devices(kit, sequence):
    play(kit, sequence, closed=True)


@given(st.lists(steps, min_size=10, max_size=50))
@common
def test_an_open_listener(kit, sequence):
    play(kit, sequence, closed=False)
