"""The CPE's end of a session, alone and against the ACS's end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwmp.wire import messages as m
from cwmp.wire.acs_session import AcsSession, CpeAnswer, CpeIdle, CpeRequest, InformReceived
from cwmp.wire.cpe_session import (
    AcsAnswer,
    AcsRequest,
    CpeSession,
    InformAccepted,
    Released,
    RetryAsked,
    SessionEnded,
    State,
)
from cwmp.wire.envelope import Envelope, decode, encode
from cwmp.wire.errors import LocalProtocolError, RemoteProtocolError, WireError
from cwmp.wire.messages import Fault, Message

NAMESPACE = "urn:dslforum-org:cwmp-1-2"
INFORM = m.Inform(m.DeviceId("Acme", "00D09E", "Box", "1"), (m.Event("1 BOOT"),))
DONE = m.TransferComplete("key")
READ = m.GetParameterValues(("Device.A",))
FOUND = m.GetParameterValuesResponse((m.ParameterValue("Device.A", "1"),))


def acs(message: Message | Fault, id: str | None = "1", **around: Any) -> bytes:
    return encode(Envelope(message, id, NAMESPACE, **around))


def accepted(**around: Any) -> CpeSession:
    session = CpeSession()
    session.begin(INFORM)
    session.receive(200, acs(m.InformResponse(), **around))
    return session


def test_the_inform() -> None:
    body = CpeSession(soap_prefix="SOAP", session_timeout=60).begin(INFORM)
    envelope = decode(body)
    assert envelope.message == INFORM
    assert envelope.cwmp_namespace == NAMESPACE
    assert (envelope.session_timeout, envelope.soap_prefix) == (60, "SOAP")
    assert envelope.supported_versions == ("1.0", "1.1", "1.2", "1.3", "1.4")
    old = decode(CpeSession(version="1.1", session_timeout=60).begin(INFORM))
    assert (old.supported_versions, old.session_timeout) == ((), None)


@pytest.mark.parametrize(("status", "body"), [(204, b""), (200, b""), (200, b"\r\n"), (204, b"x")])
def test_a_whole_session(status: int, body: bytes) -> None:
    session = CpeSession()
    session.begin(INFORM)
    event = session.receive(200, acs(m.InformResponse()))
    assert event == InformAccepted(m.InformResponse(), "1.2")
    assert session.may_request
    assert decode(session.send(DONE)).message == DONE
    assert session.receive(200, acs(m.TransferCompleteResponse())) == AcsAnswer(m.TransferCompleteResponse())
    assert session.send(None) == b""
    assert session.receive(200, acs(READ, "acs-7")) == AcsRequest(READ)
    answer = decode(session.send(FOUND))
    assert (answer.message, answer.id) == (FOUND, "acs-7")
    assert session.receive(status, body) == SessionEnded()
    assert session.over


def test_a_refused_inform_is_a_failed_session() -> None:
    session = CpeSession()
    session.begin(INFORM)
    assert session.receive(200, acs(Fault.of(8001))) == SessionEnded(Fault.of(8001))
    assert session.over


def test_8005_sends_the_identical_request_again() -> None:
    session = CpeSession()
    first = session.begin(INFORM)
    assert session.receive(200, acs(Fault.of(8005))) == RetryAsked(first)
    assert isinstance(session.receive(200, acs(m.InformResponse())), InformAccepted)
    second = session.send(DONE)
    assert session.receive(200, acs(Fault.of(8005))) == RetryAsked(second)
    assert session.receive(200, acs(Fault.of(8005))) == RetryAsked(second)
    assert session.receive(200, acs(m.TransferCompleteResponse())) == AcsAnswer(m.TransferCompleteResponse())


def test_another_fault_answers_the_request() -> None:
    session = accepted()
    session.send(DONE)
    assert session.receive(200, acs(Fault.of(8002))) == AcsAnswer(Fault.of(8002))
    assert session.may_request


def test_hold_requests() -> None:
    session = accepted(hold_requests=True)
    assert session.hold_requests
    assert not session.may_request
    with pytest.raises(LocalProtocolError, match="holds"):
        session.send(DONE)
    assert session.send(None) == b""
    session.receive(200, acs(READ, hold_requests=True))
    session.send(FOUND)
    session.receive(200, acs(READ))
    session.send(FOUND)
    assert session.receive(204, b"") == Released()
    assert session.send(DONE)
    session.receive(200, acs(m.TransferCompleteResponse()))
    session.send(None)
    assert session.receive(204, b"") == SessionEnded()


def test_a_session_can_end_while_requests_are_held() -> None:
    session = accepted(hold_requests=True)
    session.send(None)
    assert session.receive(204, b"") == SessionEnded()


def test_an_unknown_method_is_answered_with_9000() -> None:
    session = accepted()
    session.send(None)
    body = acs(m.Reboot("")).replace(b"cwmp:Reboot>", b"cwmp:X_Dance>")
    assert session.receive(200, body) == AcsRequest(m.UnknownMethod("X_Dance"))
    with pytest.raises(LocalProtocolError):
        session.send(m.RebootResponse())
    assert decode(session.send(Fault.of(9000))).message == Fault.of(9000)


def test_illegal_use() -> None:
    session = CpeSession()
    for message in (None, DONE, FOUND):
        with pytest.raises(LocalProtocolError):
            session.send(message)
    session.begin(INFORM)
    with pytest.raises(LocalProtocolError):
        session.begin(INFORM)
    with pytest.raises(LocalProtocolError):
        session.send(None)
    session.receive(200, acs(m.InformResponse()))
    for bad in (FOUND, Fault.of(9002), READ, INFORM, m.Kicked("", "", "", "\0")):
        with pytest.raises(LocalProtocolError):
            session.send(bad)
    session.send(None)
    for message in (None, DONE):
        with pytest.raises(LocalProtocolError):
            session.send(message)
    session.receive(200, acs(READ))
    for message in (None, DONE, m.RebootResponse()):
        with pytest.raises(LocalProtocolError):
            session.send(message)
    assert session.send(FOUND)
    with pytest.raises(LocalProtocolError):
        CpeSession(version="2.0")


@pytest.mark.parametrize(
    ("status", "body"),
    [(401, b""), (500, b""), (302, b""), (204, b""), (200, b"<html/>"), (200, acs(READ)), (200, acs(FOUND))],
)
def test_wrong_answers_to_an_inform(status: int, body: bytes) -> None:
    session = CpeSession()
    session.begin(INFORM)
    with pytest.raises(RemoteProtocolError):
        session.receive(status, body)
    assert session.over


def test_an_answer_to_another_question() -> None:
    session = accepted()
    session.send(DONE)
    with pytest.raises(RemoteProtocolError, match="answered TransferComplete with"):
        session.receive(200, acs(m.KickedResponse("")))


# --- both ends together ----------------------------------------------------------------------------------

ACS_ASKS: list[tuple[Message, Message | Fault]] = [
    (READ, FOUND),
    (m.SetParameterValues((m.ParameterValue("Device.A", "1"),), "k"), m.SetParameterValuesResponse(1)),
    (m.GetRPCMethods(), m.GetRPCMethodsResponse(("Reboot",))),
    (m.AddObject("Device.X."), m.AddObjectResponse(3, 0)),
    (m.Reboot("x"), Fault.of(9001)),
]
CPE_ASKS: list[tuple[Message, Message | Fault]] = [
    (DONE, m.TransferCompleteResponse()),
    (m.GetRPCMethods(), m.GetRPCMethodsResponse(("Inform",))),
    (m.Kicked("a", "b", "c", "d"), Fault.of(8000)),
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(CPE_ASKS), max_size=4), st.lists(st.sampled_from(ACS_ASKS), max_size=4))
def test_the_two_ends_understand_each_other(
    cpe_asks: list[tuple[Message, Message | Fault]], acs_asks: list[tuple[Message, Message | Fault]]
) -> None:
    cpe, ours = CpeSession(), AcsSession(strict_ids=True)
    assert ours.receive(cpe.begin(INFORM)) == InformReceived(INFORM, "1.4")
    assert isinstance(cpe.receive(200, ours.send(m.InformResponse())), InformAccepted)
    for request, response in cpe_asks:
        assert ours.receive(cpe.send(request)) == CpeRequest(request)
        assert cpe.receive(200, ours.send(response)) == AcsAnswer(response)
    assert ours.receive(cpe.send(None)) == CpeIdle()
    for request, response in acs_asks:
        assert cpe.receive(200, ours.send(request)) == AcsRequest(request)
        assert ours.receive(cpe.send(response)) == CpeAnswer(response)
    assert cpe.receive(204, ours.send(None)) == SessionEnded()
    assert cpe.over
    assert ours.over


ANSWERS = [
    b"",
    b"<a>",
    acs(m.InformResponse()),
    acs(m.InformResponse(), hold_requests=True),
    acs(READ),
    acs(READ, hold_requests=True),
    acs(m.TransferCompleteResponse()),
    acs(Fault.of(8005)),
    acs(Fault.of(8001)),
    acs(INFORM),
]
WORDS: list[Any] = [None, DONE, FOUND, Fault.of(9002), INFORM, m.GetRPCMethods(), m.UnknownMethod("x")]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([200, 204, 401, 503]), st.sampled_from(ANSWERS) | st.binary(max_size=20))
        | st.tuples(st.none(), st.sampled_from(WORDS)),
        max_size=25,
    )
)
def test_any_sequence_gives_events_or_typed_errors(steps: list[tuple[int | None, Any]]) -> None:
    session = CpeSession()
    session.begin(INFORM)
    for status, what in steps:
        before = session.state
        try:
            if status is None:
                session.send(what)
            else:
                event = session.receive(status, what)
                assert isinstance(
                    event, InformAccepted | AcsRequest | AcsAnswer | RetryAsked | Released | SessionEnded
                )
        except LocalProtocolError:
            assert status is None
            assert session.state is before
        except WireError:
            assert status is not None
            assert session.state is State.BROKEN
