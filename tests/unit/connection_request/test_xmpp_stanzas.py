"""The connection request's stanzas and JIDs, on text alone."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwmp.wire.errors import LocalProtocolError
from cwmp.wire.xmpp_request import (
    Jid,
    error_stanza,
    is_allowed,
    parse_jid,
    parse_reply,
    parse_request,
    request_stanza,
    result_stanza,
)

SENDABLE = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="\ufffe\uffff", min_codepoint=0x20)
    | st.sampled_from("\t\r\n<>&'\"")
)
DEVICE = Jid("lab1", "dev.test", "ConnReq")


def as_device(stanza: str) -> ElementTree.Element:
    """As it comes out of a client's stream, stamped by the broker."""
    iq = ElementTree.fromstring(stanza)
    iq.set("from", "acs@dev.test/acs-1")
    return iq


@given(SENDABLE, SENDABLE)
def test_what_is_sent_is_what_arrives(username: str, password: str) -> None:
    iq = as_device(request_stanza("i1", DEVICE, username, password))
    assert iq.get("to") == DEVICE.full
    request = parse_request(iq)
    assert request is not None
    assert (request.username, request.password) == (username, password)
    assert (request.id, request.sender) == ("i1", "acs@dev.test/acs-1")
    assert "password" not in repr(request)


@pytest.mark.parametrize("text", ["\x00", "a\x1fb", "\ud800", "\uffff"])
def test_what_xml_cannot_carry_is_not_sent(text: str) -> None:
    for pair in ((text, "p"), ("u", text)):
        with pytest.raises(LocalProtocolError) as caught:
            request_stanza("i1", DEVICE, *pair)
        assert text not in str(caught.value)


def test_the_namespace_is_that_of_the_schema() -> None:
    stanza = request_stanza("i1", DEVICE, "u", "p")
    assert stanza == (
        '<iq type=\'get\' id="i1" to="lab1@dev.test/ConnReq"><connectionRequest '
        "xmlns='urn:broadband-forum-org:cwmp:xmppConnReq-1-0'><username>u</username>"
        "<password>p</password></connectionRequest></iq>"
    )
    for other in (stanza.replace("xmppConnReq-1-0", "xmppConnReq-2-0"), stanza.replace("get", "set", 1)):
        assert parse_request(as_device(other)) is None


@pytest.mark.parametrize(
    ("condition", "word"),
    [
        ("not-authorized", "wrong_credentials"),
        ("not-autorized", "wrong_credentials"),
        ("service-unavailable", "unavailable"),
        ("resource-constraint", "busy"),
        ("feature-not-implemented", "refused"),
        ("forbidden", "refused"),
    ],
)
def test_answers_of_devices(condition: str, word: str) -> None:
    request = parse_request(as_device(request_stanza("i1", DEVICE, "u", "p")))
    assert request is not None
    assert parse_reply(ElementTree.fromstring(result_stanza(request))).word == "accepted"
    reply = parse_reply(ElementTree.fromstring(error_stanza(request, condition)))
    assert (reply.word, reply.condition) == (word, condition)


@pytest.mark.parametrize(
    ("error", "word"),
    [
        ("", "refused"),
        ("<error/>", "refused"),
        ("<error code='401'/>", "wrong_credentials"),
        ("<error code='503'><text>x</text></error>", "unavailable"),
        ("<error type='auth'><text>no</text><not-authorized/></error>", "wrong_credentials"),
        ("<connectionRequest xmlns='a'><password>p</password></connectionRequest><error/>", "refused"),
    ],
)
def test_odd_errors(error: str, word: str) -> None:
    reply = parse_reply(ElementTree.fromstring(f"<iq type='error' id='i'>{error}</iq>"))
    assert reply.word == word


@given(st.text())
def test_any_text_is_a_jid_or_not(text: str) -> None:
    jid = parse_jid(text)
    if jid is not None:
        again = parse_jid(jid.full)
        assert again == jid
        assert parse_jid(jid.key) is not None and parse_jid(jid.key).key == jid.key  # type: ignore[union-attr]
        assert jid.full.isascii() and jid.full.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "", "@d", "a@", "a@@d", "a@d/", "a b@d", "a@d/\n", "a<@d", "a'@d", 'a"@d', "a&@d", "ｄevice@d",
        "a@d d", "a@d\u00ad", "a/b@d" + "é", "a@.", "x" * 1024 + "@d", "a@d/" + "r" * 1024,
    ],
)  # fmt: skip
def test_no_jids(text: str) -> None:
    found = parse_jid(text)
    assert found is None or not found.local


def test_one_account_has_one_key() -> None:
    spellings = ("lab1@dev.test/ConnReq", "LAB1@Dev.Test/ConnReq", "Lab1@dev.test./ConnReq")
    assert {parse_jid(each).key for each in spellings} == {"lab1@dev.test/ConnReq"}  # type: ignore[union-attr]
    assert parse_jid("lab1@dev.test/connreq").key != "lab1@dev.test/ConnReq"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("sender", "allowed", "may"),
    [
        ("acs@d/x", "", True),
        ("acs@d/x", " , ", True),
        ("acs@d/x", "acs@d", True),
        ("ACS@D/x", "other@d, acs@d", True),
        ("acs@d/x", "acs@d/x", True),
        ("acs@d/y", "acs@d/x", False),
        ("acs@d/X", "acs@d/x", False),
        ("acs@d/x", "acs@e", False),
        ("acs@d.evil/x", "acs@d", False),
        ("", "acs@d", False),
        ("acs@d/x", "no jid", False),
    ],
)
def test_allowed_jids(sender: str, allowed: str, may: bool) -> None:
    assert is_allowed(sender, allowed) is may
