"""Agreeing on a CWMP version and its namespace, from both ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwmp.wire import messages as m
from cwmp.wire import versions
from cwmp.wire.acs_session import AcsSession, InformReceived
from cwmp.wire.cpe_session import CpeSession, InformAccepted
from cwmp.wire.envelope import Envelope, decode, encode
from cwmp.wire.errors import LocalProtocolError, RemoteProtocolError, VersionMismatch
from cwmp.wire.messages import Fault

INFORM = m.Inform(m.DeviceId("Acme", "00D09E", "Box", "1"), (m.Event("2 PERIODIC"),))
URN = "urn:dslforum-org:cwmp-1-"


def agree(acs: AcsSession, **around: object) -> tuple[str, Envelope]:
    body = encode(Envelope(INFORM, "1", **around))  # type: ignore[arg-type]
    event = acs.receive(body)
    assert isinstance(event, InformReceived)
    assert event.version == acs.version
    return event.version, decode(acs.send(m.InformResponse()))


@pytest.mark.parametrize(
    ("namespace", "timeout", "version", "answered"),
    [
        ("0", None, "1.0", "0"),
        ("1", None, "1.1", "1"),
        ("2", None, "1.2", "2"),
        ("2", 60, "1.3", "2"),
        # No schema has these namespaces. Whoever uses them is answered in the same.
        ("3", None, "1.3", "3"),
        ("4", None, "1.4", "4"),
    ],
)
def test_a_cpe_that_lists_nothing(namespace: str, timeout: int | None, version: str, answered: str) -> None:
    agreed, answer = agree(AcsSession(), cwmp_namespace=URN + namespace, session_timeout=timeout)
    assert agreed == version
    assert answer.cwmp_namespace == URN + answered
    assert answer.use_version is None


@pytest.mark.parametrize(
    ("listed", "ours", "version"),
    [
        (("1.0", "1.1", "1.2", "1.3", "1.4"), versions.VERSIONS, "1.4"),
        (("1.4", "1.0"), versions.VERSIONS, "1.4"),
        (("1.0", "1.2", "1.9", "1.10"), versions.VERSIONS, "1.2"),
        (("1.0", "1.4"), ("1.0", "1.1"), "1.0"),
    ],
)
def test_a_cpe_that_lists_its_versions(listed: tuple[str, ...], ours: tuple[str, ...], version: str) -> None:
    agreed, answer = agree(
        AcsSession(versions=ours), cwmp_namespace=versions.CWMP_1_2, supported_versions=listed
    )
    assert agreed == answer.use_version == version
    assert answer.cwmp_namespace == versions.NAMESPACES[version]


def test_later_messages_stay_in_the_namespace_and_say_no_version_again() -> None:
    acs = AcsSession()
    agree(acs, cwmp_namespace=versions.CWMP_1_2, supported_versions=("1.4",))
    acs.receive(b"")
    request = decode(acs.send(m.Reboot("")))
    assert (request.cwmp_namespace, request.use_version) == (versions.CWMP_1_2, None)


def test_no_common_version_is_fault_8006() -> None:
    acs = AcsSession(versions=("1.0", "1.1"))
    with pytest.raises(VersionMismatch) as caught:
        acs.receive(encode(Envelope(INFORM, "77", versions.CWMP_1_2, "s", supported_versions=("1.3", "1.4"))))
    reply = decode(caught.value.reply)
    assert isinstance(reply.message, Fault)
    assert reply.message.code == 8006
    assert (reply.id, reply.soap_prefix, reply.supported_versions) == ("77", "s", ())
    assert acs.over


def test_a_header_nobody_can_read_counts_as_none() -> None:
    body = encode(Envelope(INFORM, "1", supported_versions=("all", "of them")))
    event = AcsSession().receive(body)
    assert isinstance(event, InformReceived)
    assert event.version == "1.0"


def test_methods_of_later_versions_are_not_called() -> None:
    acs = AcsSession()
    agree(acs, cwmp_namespace=versions.CWMP_1_0)
    acs.receive(b"")
    for request in (m.GetAllQueuedTransfers(), m.CancelTransfer("x"), m.ChangeDUState((m.InstallOp("u"),))):
        with pytest.raises(LocalProtocolError, match=r"CWMP 1\.0"):
            acs.send(request)
    assert acs.send(m.Reboot("x"))


@pytest.mark.parametrize("version", versions.VERSIONS)
def test_our_cpe_and_our_acs_agree(version: str) -> None:
    cpe, acs = CpeSession(version=version), AcsSession()
    acs.receive(cpe.begin(INFORM))
    event = cpe.receive(200, acs.send(m.InformResponse()))
    assert isinstance(event, InformAccepted)
    # 1.3 looks like 1.2 where nothing but the namespace tells.
    assert acs.version == event.version == ("1.2" if version == "1.3" else version)


def test_a_cpe_falls_back_to_the_version_of_an_old_acs() -> None:
    cpe = CpeSession(version="1.4")
    cpe.begin(INFORM)
    event = cpe.receive(200, encode(Envelope(m.InformResponse(), "1", versions.CWMP_1_0)))
    assert isinstance(event, InformAccepted)
    assert event.version == "1.0"
    with pytest.raises(LocalProtocolError, match=r"CWMP 1\.0"):
        cpe.send(m.AutonomousTransferComplete("", "", True, ""))
    assert decode(cpe.send(m.TransferComplete(""))).cwmp_namespace == versions.CWMP_1_0


@pytest.mark.parametrize("chosen", ["1.4", "2.0", "nonsense", ""])
def test_a_cpe_refuses_a_version_it_does_not_speak(chosen: str) -> None:
    cpe = CpeSession(version="1.2")
    cpe.begin(INFORM)
    with pytest.raises(RemoteProtocolError, match="does not speak"):
        cpe.receive(200, encode(Envelope(m.InformResponse(), "1", use_version=chosen)))


@given(st.text(max_size=60))
def test_any_text_can_be_a_version_list(text: str) -> None:
    for version in versions.listed_versions(text):
        assert versions.at_least(version, "0.0")


def test_session_timeout_is_told() -> None:
    body = encode(Envelope(INFORM, "1", session_timeout=90))
    event = AcsSession().receive(body)
    assert isinstance(event, InformReceived)
    assert event.session_timeout == 90
