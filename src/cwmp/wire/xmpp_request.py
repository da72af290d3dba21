"""The XMPP connection request's stanzas (TR-069a6 Annex K): text ⇄ meaning, no I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from cwmp.wire.errors import LocalProtocolError

NAMESPACE = "urn:broadband-forum-org:cwmp:xmppConnReq-1-0"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
RESOURCE = "ConnReq"
"""Resource of a device that was given none of its own."""

ReplyWord: TypeAlias = Literal["accepted", "wrong_credentials", "unavailable", "busy", "refused"]

_JID = re.compile(r"(?:(?P<local>[!#-%(-.0-9;=?A-Z\[-~]{1,1023})@)?(?P<domain>[A-Za-z0-9.:\[\]-]{1,1023})")
_RESOURCE = re.compile(r"[ -~]{1,1023}")
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KEPT = {"\r": "&#13;"}
"""Bare, a carriage return would arrive as a line feed."""
_CONDITION = re.compile(r"[A-Za-z][A-Za-z-]{0,39}")
_ERROR_TYPES = {"not-authorized": "auth", "resource-constraint": "wait"}


@dataclass(frozen=True, slots=True)
class Jid:
    """A JID taken apart. Only visible ASCII is taken, so that one account has one spelling but for case."""

    local: str
    domain: str
    resource: str = ""

    @property
    def bare(self) -> str:
        return f"{self.local}@{self.domain}" if self.local else self.domain

    @property
    def full(self) -> str:
        return f"{self.bare}/{self.resource}" if self.resource else self.bare

    @property
    def key(self) -> str:
        """The same text for the same JID: account and domain are alike in any case (RFC 7622)."""
        return Jid(self.local.lower(), self.domain.lower(), self.resource).full


@dataclass(frozen=True, slots=True)
class Request:
    """A connection request as it reaches a device. sender: as the broker stamped it."""

    id: str
    sender: str
    username: str
    password: str

    def __repr__(self) -> str:
        return f"Request(id={self.id!r}, sender={self.sender!r}, username={self.username!r})"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. condition: the error's name on the wire, "" for a good answer."""

    word: ReplyWord
    condition: str = ""


def parse_jid(text: str) -> Jid | None:
    """Take a JID apart; None for what is none, or has characters beyond visible ASCII."""
    account, slash, resource = text.partition("/")
    found = _JID.fullmatch(account)
    if found is None or (slash and _RESOURCE.fullmatch(resource) is None):
        return None
    return (
        Jid(found["local"] or "", found["domain"].rstrip("."), resource) if found["domain"] != "." else None
    )


def is_allowed(sender: str, allowed: str) -> bool:
    """May this sender wake a device whose ConnReqAllowedJabberIDs is the list `allowed`?

    A bare JID in the list stands for any resource, a full one for itself, an empty list for everybody.
    """
    entries = [entry.strip() for entry in allowed.split(",") if entry.strip()]
    if not entries:
        return True
    jid = parse_jid(sender)
    if jid is None:
        return False
    keys = {entry.key for entry in map(parse_jid, entries) if entry is not None}
    return jid.key in keys or Jid(jid.local, jid.domain).key in keys


def request_stanza(id: str, to: Jid, username: str, password: str) -> str:
    """The ACS's IQ. Raises `LocalProtocolError` for a username or password that XML cannot carry."""
    for what, text in (("username", username), ("password", password)):
        if _NO_XML.search(text):
            raise LocalProtocolError(f"the connection request {what} has characters that XML cannot carry")
    return (
        f"<iq type='get' id={quoteattr(id)} to={quoteattr(to.full)}>"
        f"<connectionRequest xmlns='{NAMESPACE}'><username>{escape(username, _KEPT)}</username>"
        f"<password>{escape(password, _KEPT)}</password></connectionRequest></iq>"
    )


def parse_request(iq: Element) -> Request | None:
    """The connection request in an IQ a device received; None for any other IQ."""
    if iq.get("type") != "get":
        return None
    asked = iq.find(f"{{{NAMESPACE}}}connectionRequest")
    if asked is None:
        return None
    username = asked.findtext(f"{{{NAMESPACE}}}username") or ""
    password = asked.findtext(f"{{{NAMESPACE}}}password") or ""
    return Request(iq.get("id", ""), iq.get("from", ""), username, password)


def result_stanza(request: Request) -> str:
    """A device's empty result: accepted."""
    return f"<iq type='result' id={quoteattr(request.id)} to={quoteattr(request.sender)}/>"


def error_stanza(request: Request, condition: str) -> str:
    """A device's refusal: not-authorized, service-unavailable ..."""
    kind = _ERROR_TYPES.get(condition, "cancel")
    return (
        f"<iq type='error' id={quoteattr(request.id)} to={quoteattr(request.sender)}>"
        f"<error type='{kind}'><{condition} xmlns='{STANZAS}'/></error></iq>"
    )


def parse_reply(iq: Element) -> Reply:
    """What an answer to our request means, of the device or of the broker in its place."""
    if iq.get("type") == "result":
        return Reply("accepted")
    error = next((child for child in iq if _name(child) == "error"), None)
    condition = ""
    if error is not None:
        names = [_name(child) for child in error if _name(child) != "text"]
        condition = next((name for name in names if _CONDITION.fullmatch(name)), "")
        if not condition:
            # Before RFC 3920 errors had a number only.
            numbers = {"401": "not-authorized", "503": "service-unavailable"}
            condition = numbers.get(error.get("code", ""), "")
    return Reply(_WORDS.get(condition, "refused"), condition)


_WORDS: dict[str, ReplyWord] = {
    "not-authorized": "wrong_credentials",
    "not-autorized": "wrong_credentials",  # so spelt by some devices
    "service-unavailable": "unavailable",
    "resource-constraint": "busy",
}


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
