"""The ACS's end of a session: whose turn it is, and what happens to those who do not wait for it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwmp.wire import messages as m
from cwmp.wire.acs_session import (
    AcsSession,
    CpeAnswer,
    CpeIdle,
    CpeRequest,
    InformReceived,
    State,
)
from cwmp.wire.envelope import Envelope, decode, encode
from cwmp.wire.errors import (
    LocalProtocolError,
    MalformedEnvelope,
    NotUnderstood,
    RemoteProtocolError,
    WireError,
)
from cwmp.wire.messages import Fault, Message

NAMESPACE = "urn:dslforum-org:cwmp-1-2"
INFORM = m.Inform(m.DeviceId("Acme", "00D09E", "Box", "1"), (m.Event("2 PERIODIC"),))
READ = m.GetParameterValues(("Device.A",))
FOUND = m.GetParameterValuesResponse((m.ParameterValue("Device.A", "1"),))


def post(message: Message | Fault, id: str | None = "1", **around: Any) -> bytes:
    return encode(Envelope(message, id, NAMESPACE, **around))


def informed(**arguments: Any) -> AcsSession:
    session = AcsSession(**arguments)
    session.receive(post(INFORM))
    session.send(m.InformResponse())
    return session


def idle(**arguments: Any) -> AcsSession:
    session = informed(**arguments)
    session.receive(b"")
    return session


def waiting(request: Message = READ, **arguments: Any) -> AcsSession:
    session = idle(**arguments)
    session.send(request)
    return session


def test_a_whole_session() -> None:
    session = AcsSession()
    assert session.receive(post(INFORM, "a1")) == InformReceived(INFORM, "1.2")
    assert decode(session.send(m.InformResponse())) == Envelope(m.InformResponse(), "a1", NAMESPACE)
    done = m.TransferComplete("key")
    assert session.receive(post(done, "a2")) == CpeRequest(done)
    answer = decode(session.send(m.TransferCompleteResponse()))
    assert (answer.message, answer.id) == (m.TransferCompleteResponse(), "a2")
    assert session.receive(b"") == CpeIdle()
    request = decode(session.send(READ))
    assert (request.message, request.hold_requests) == (READ, False)
    assert request.id
    assert session.pending == READ
    assert session.receive(post(FOUND, request.id)) == CpeAnswer(FOUND)
    assert session.pending is None
    assert not session.over
    assert session.send(None) == b""
    assert session.over


def test_each_of_our_requests_has_its_own_id() -> None:
    session = idle()
    seen = set()
    for _ in range(5):
        request = decode(session.send(READ))
        seen.add(request.id)
        session.receive(post(FOUND, request.id))
    assert len(seen) == 5


@pytest.mark.parametrize(
    "first", [b"", m.TransferComplete("x"), m.GetRPCMethods(), FOUND, Fault.of(9002), m.InformResponse()]
)
def test_a_session_begins_with_an_inform(first: Any) -> None:
    session = AcsSession()
    with pytest.raises(RemoteProtocolError, match="begins with an Inform"):
        session.receive(first if isinstance(first, bytes) else post(first))
    assert session.over
    with pytest.raises(RemoteProtocolError):
        session.receive(post(INFORM))


def test_nothing_of_ours_goes_before_the_inform_is_answered() -> None:
    session = AcsSession()
    for message in (READ, None, m.InformResponse(), Fault.of(8001)):
        with pytest.raises(LocalProtocolError):
            session.send(message)
    session.receive(post(INFORM))
    for message in (READ, None, m.TransferCompleteResponse(), INFORM):
        with pytest.raises(LocalProtocolError):
            session.send(message)
    assert session.send(m.InformResponse())
    for message in (READ, None, m.InformResponse(), Fault.of(8001)):
        with pytest.raises(LocalProtocolError):
            session.send(message)


def test_a_local_mistake_leaves_the_session_as_it_was() -> None:
    session = idle()
    for bad in (m.GetParameterValues(("\x00",)), m.InformResponse(), INFORM, Fault.of(8001)):
        with pytest.raises(LocalProtocolError):
            session.send(bad)
    assert session.our_turn
    assert session.pending is None
    assert decode(session.send(READ)).message == READ


def test_a_refused_inform_ends_the_session() -> None:
    session = AcsSession()
    session.receive(post(INFORM, "9"))
    refusal = decode(session.send(Fault.of(8001)))
    assert (refusal.message, refusal.id) == (Fault.of(8001), "9")
    assert session.over


def test_8005_to_an_inform_waits_for_it_again() -> None:
    session = AcsSession()
    session.receive(post(INFORM))
    session.send(Fault.of(8005))
    assert not session.over
    event = session.receive(post(INFORM))
    assert event == InformReceived(INFORM, "1.2", None, restarted=False)


def test_8005_to_another_request_waits_for_it_again() -> None:
    session = informed()
    done = m.TransferComplete("key")
    session.receive(post(done))
    session.send(Fault.of(8005))
    assert session.receive(post(done)) == CpeRequest(done)
    assert session.send(m.TransferCompleteResponse())


def test_a_request_of_the_cpe_must_be_answered_by_its_response() -> None:
    session = informed()
    session.receive(post(m.GetRPCMethods()))
    for message in (None, READ, m.TransferCompleteResponse(), m.GetRPCMethods()):
        with pytest.raises(LocalProtocolError):
            session.send(message)
    assert session.send(m.GetRPCMethodsResponse(("Inform",)))
    assert session.state is State.LISTENING


def test_a_fault_of_the_cpe_is_an_answer_and_the_session_goes_on() -> None:
    session = waiting()
    fault = Fault(9003, "x", (m.SetParameterValuesFault("Device.A", 9007, "y"),), "Client")
    assert session.receive(post(fault)) == CpeAnswer(fault)
    assert session.send(READ)


def test_a_request_in_place_of_an_answer_is_answered_and_ours_stays_open() -> None:
    session = waiting()
    done = m.TransferComplete("key")
    assert session.receive(post(done, "c")) == CpeRequest(done)
    assert session.pending == READ
    with pytest.raises(LocalProtocolError):
        session.send(READ)
    session.send(m.TransferCompleteResponse())
    assert session.receive(post(FOUND)) == CpeAnswer(FOUND)


def test_an_answer_to_another_question_is_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="in answer to GetParameterValues"):
        waiting().receive(post(m.RebootResponse()))


@pytest.mark.parametrize("message", [FOUND, Fault.of(9002), READ])
def test_an_answer_nobody_asked_for_is_refused(message: Message | Fault) -> None:
    for session in (informed(), idle()):
        with pytest.raises(RemoteProtocolError):
            session.receive(post(message))
        assert session.over


def test_strict_ids() -> None:
    with pytest.raises(RemoteProtocolError, match="cwmp:ID"):
        waiting(strict_ids=True).receive(post(FOUND, "other"))
    assert waiting(strict_ids=True).receive(post(FOUND, None)) == CpeAnswer(FOUND)
    assert waiting(strict_ids=True).receive(post(FOUND, "1")) == CpeAnswer(FOUND)


def test_a_cpe_may_go_on_after_our_last_word() -> None:
    """204 to a POST that was not empty is not the end (TR-069a6 §3.7.2.4)."""
    session = waiting()
    session.receive(post(FOUND))
    assert session.send(None) == b""
    assert session.receive(b"") == CpeIdle()
    assert session.send(None) == b""
    assert session.over
    assert session.receive(post(m.TransferComplete("x"))) == CpeRequest(m.TransferComplete("x"))
    assert not session.over


@pytest.mark.parametrize("state", [s for s in State if s is not State.BROKEN])
def test_an_inform_begins_a_new_session_at_any_moment(state: State) -> None:
    session = {
        State.BEGIN: AcsSession,
        State.INFORMED: lambda: _then(AcsSession(), post(INFORM)),
        State.LISTENING: informed,
        State.ASKED: lambda: _then(informed(), post(m.GetRPCMethods())),
        State.OUR_TURN: idle,
        State.WAITING: waiting,
        State.ASKED_MEANWHILE: lambda: _then(waiting(), post(m.GetRPCMethods())),
        State.OVER: lambda: _say(idle(), None),
    }[state]()
    assert session.state is state
    event = session.receive(post(INFORM, "new"))
    assert event == InformReceived(INFORM, "1.2", None, state not in (State.BEGIN, State.OVER))
    assert session.pending is None
    assert decode(session.send(m.InformResponse())).id == "new"


def _then(session: AcsSession, body: bytes) -> AcsSession:
    session.receive(body)
    return session


def _say(session: AcsSession, message: Message | None) -> AcsSession:
    session.send(message)
    return session


FOREIGN = b'<x:Security xmlns:x="urn:x" soap-env:mustUnderstand="1"/></soap-env:Header>'


def test_a_foreign_header_that_must_be_understood() -> None:
    session = AcsSession()
    body = post(INFORM, "5").replace(b"</soap-env:Header>", FOREIGN)
    with pytest.raises(NotUnderstood, match="Security") as caught:
        session.receive(body)
    assert b"<faultcode>soap-env:MustUnderstand</faultcode>" in caught.value.reply
    assert decode(caught.value.reply).id == "5"
    assert isinstance(AcsSession(strict_headers=False).receive(body), InformReceived)
    assert isinstance(AcsSession().receive(body.replace(b'="1"/>', b'="0"/>')), InformReceived)


def test_an_answer_is_never_answered_with_a_fault() -> None:
    body = post(FOUND).replace(b"</soap-env:Header>", FOREIGN)
    assert waiting().receive(body) == CpeAnswer(FOUND)


def test_malformed_bodies_end_the_session_with_a_typed_error() -> None:
    session = informed()
    with pytest.raises(MalformedEnvelope):
        session.receive(b"<html/>")
    assert session.over
    with pytest.raises(LocalProtocolError):
        session.send(None)


BODIES = [
    b"",
    b"<",
    post(INFORM),
    post(m.TransferComplete("x")),
    post(m.GetRPCMethods()),
    post(FOUND),
    post(Fault.of(9005)),
    post(m.RebootResponse()),
    post(READ),
    post(INFORM, supported_versions=("2.0",)),
]
WORDS = [None, m.InformResponse(), READ, m.Reboot(""), m.TransferCompleteResponse(), Fault.of(8005)]
WORDS += [
    Fault.of(8001),
    m.GetRPCMethodsResponse(("Inform",)),
    m.GetRPCMethods(),
    INFORM,
    m.UnknownMethod("x"),
]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.just("in"), st.sampled_from(BODIES) | st.binary(max_size=20))
        | st.tuples(st.just("out"), st.sampled_from(WORDS)),
        max_size=25,
    )
)
def test_any_sequence_gives_events_or_typed_errors(steps: list[tuple[str, Any]]) -> None:
    session = AcsSession()
    for direction, what in steps:
        before = session.state
        try:
            if direction == "in":
                event = session.receive(what)
                assert isinstance(event, InformReceived | CpeRequest | CpeAnswer | CpeIdle)
                # Our turn, always: nothing that was received leaves nobody to speak.
                assert session.state not in (State.LISTENING, State.WAITING, State.BEGIN)
            else:
                body = session.send(what)
                assert (body == b"") == (what is None)
        except LocalProtocolError:
            assert direction == "out"
            assert session.state is before
        except WireError:
            assert direction == "in"
            assert session.over
