"""What can go wrong on the wire. Any other exception out of `cwmp.wire` is a bug."""

from __future__ import annotations

from cwmp.errors import CwmpError


class WireError(CwmpError):
    """Base of everything this package raises."""


class LocalProtocolError(WireError):
    """Our own side asked for something the protocol does not allow; nothing was sent."""


class UnencodableText(LocalProtocolError):
    """A text holds a character that XML 1.0 cannot carry, such as NUL. The text itself is not shown."""


class InvalidValue(WireError):
    """A text is not a value of its XSD type, or a Python value does not fit the type."""


class InvalidIdentity(WireError):
    """A text is not a device identity."""


class RemoteProtocolError(WireError):
    """The other side sent something wrong; the session with it is over.

    reply: an envelope to send back with HTTP 200 where the standard has one for the case; empty: HTTP 400.
    """

    reply: bytes

    def __init__(self, message: str, *, reply: bytes = b"") -> None:
        super().__init__(message)
        self.reply = reply


class MalformedEnvelope(RemoteProtocolError):
    """The bytes are no SOAP envelope with a CWMP message, even read with every tolerance there is."""


class ForbiddenMarkup(RemoteProtocolError):
    """The bytes hold a document type declaration, which CWMP never needs and attackers like."""


class LimitExceeded(RemoteProtocolError):
    """A body larger, longer or deeper than `Limits` allows."""


class VersionMismatch(RemoteProtocolError):
    """CPE and ACS have no CWMP version in common; `reply` is the fault 8006 (TR-069a6 §3.7.4)."""


class NotUnderstood(RemoteProtocolError):
    """A foreign SOAP header says it must be understood; `reply` is the fault SOAP asks for."""
