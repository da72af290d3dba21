"""SOAP envelopes: bytes to a message with what came around it, and back (TR-069a6 §3.5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

from cwmp.wire.errors import LocalProtocolError, MalformedEnvelope
from cwmp.wire.limits import DEFAULT_LIMITS, Limits
from cwmp.wire.messages import MESSAGES, Fault, Message
from cwmp.wire.parsing import check_size, parse_strictly, parse_tolerantly
from cwmp.wire.reading import local, read_fault, read_message, text_of
from cwmp.wire.versions import CWMP_1_0, NAMESPACES, is_cwmp_namespace, listed_versions
from cwmp.wire.writing import escape, write_fault, write_message

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
XSD = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
DEFAULT_SOAP_PREFIX = "soap-env"

_HEADER_TAG = f"{{{SOAP}}}Header"
_BODY_TAG = f"{{{SOAP}}}Body"
_USUAL_TAGS: dict[object, tuple[str, str]] = {
    f"{{{namespace}}}{name}": (namespace, name) for namespace in NAMESPACES.values() for name in MESSAGES
}
_SANE_PREFIX = re.compile(r"(?![Xx][Mm][Ll])[A-Za-z_][A-Za-z0-9_.-]{0,31}\Z")
_TAKEN_PREFIXES = frozenset(("cwmp", "soap-enc", "xsd", "xsi"))
_LONGEST_ID = 1024
# Headers of the standard, and those of devices that spell or use them in their own way.
_HEADERS = frozenset(
    (
        *("ID", "HoldRequests", "HoldRequest", "NoMoreRequests", "NoMoreRequest"),
        *("SessionTimeout", "SupportedCWMPVersions", "UseCWMPVersion"),
    )
)


@dataclass(slots=True)
class Envelope:
    """One message and what the SOAP envelope says around it.

    Not frozen, unlike messages: one is made for every body, and the checks of a frozen class take most of
    that time.

    id: cwmp:ID, None where there is none. cwmp_namespace: "" where the sender used none.
    soap_prefix: the prefix the sender uses for SOAP, if it is one that can be echoed.
    session_timeout: seconds the CPE asks the ACS to wait between exchanges (Inform, CWMP 1.3).
    supported_versions: of an Inform, use_version: of an InformResponse (CWMP 1.4).
    not_understood: foreign headers marked mustUnderstand.
    """

    message: Message | Fault
    id: str | None = None
    cwmp_namespace: str = CWMP_1_0
    soap_prefix: str = DEFAULT_SOAP_PREFIX
    hold_requests: bool = False
    session_timeout: int | None = None
    supported_versions: tuple[str, ...] = ()
    use_version: str | None = None
    not_understood: tuple[str, ...] = ()


def decode(body: bytes, limits: Limits = DEFAULT_LIMITS) -> Envelope:
    """Read one envelope. Raises a `RemoteProtocolError` for whatever is wrong with it.

    The usual shape costs one parse and one walk. What a strict parser refuses is read a second time with
    every tolerance devices have been seen to need.
    """
    check_size(body, limits)
    root = parse_strictly(body, limits)
    if root is not None:
        return _read(root, limits)
    root, mended = parse_tolerantly(body, limits)
    envelope = _read(root, limits)
    _check_complete(root, mended)
    return envelope


def encode(envelope: Envelope) -> bytes:
    """Write one envelope: UTF-8, no XML declaration, one line.

    Raises `LocalProtocolError` for what cannot be sent, `UnencodableText` where XML is the reason.
    """
    soap = envelope.soap_prefix
    message = envelope.message
    if isinstance(message, Fault):
        content = write_fault(message, soap)
    elif isinstance(message, Message):
        content = write_message(message)
    else:
        raise LocalProtocolError(f"a {type(message).__name__} is no CWMP message")
    opening, closing = _around(soap, envelope.cwmp_namespace)
    header = _header(envelope, soap)
    return f"{opening}{header}<{soap}:Body>{content}{closing}".encode()


# --- writing ---------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _around(soap: str, namespace: str) -> tuple[str, str]:
    if not sane_prefix(soap):
        raise LocalProtocolError(f"{soap!r} cannot be a SOAP prefix")
    if not is_cwmp_namespace(namespace):
        raise LocalProtocolError(f"{namespace!r} is no CWMP namespace")
    return (
        f'<{soap}:Envelope xmlns:{soap}="{SOAP}" xmlns:soap-enc="{SOAP_ENCODING}" '
        f'xmlns:xsd="{XSD}" xmlns:xsi="{XSI}" xmlns:cwmp="{namespace}">',
        f"</{soap}:Body></{soap}:Envelope>",
    )


def _header(envelope: Envelope, soap: str) -> str:
    """The SOAP header, or nothing where it would be empty."""
    parts = ""
    if envelope.id is not None:
        parts = f'<cwmp:ID {soap}:mustUnderstand="1">{escape(envelope.id)}</cwmp:ID>'
    if envelope.hold_requests:
        parts += f'<cwmp:HoldRequests {soap}:mustUnderstand="1">1</cwmp:HoldRequests>'
    if envelope.session_timeout is not None:
        parts += f"<cwmp:SessionTimeout>{int(envelope.session_timeout)}</cwmp:SessionTimeout>"
    if envelope.supported_versions:
        listed = escape(",".join(envelope.supported_versions))
        parts += f"<cwmp:SupportedCWMPVersions>{listed}</cwmp:SupportedCWMPVersions>"
    if envelope.use_version is not None:
        version = escape(envelope.use_version)
        parts += f'<cwmp:UseCWMPVersion {soap}:mustUnderstand="1">{version}</cwmp:UseCWMPVersion>'
    return f"<{soap}:Header>{parts}</{soap}:Header>" if parts else ""


def sane_prefix(prefix: str | None) -> bool:
    """A prefix our own envelopes can use for SOAP: a plain name that means nothing else in them."""
    return prefix is not None and bool(_SANE_PREFIX.match(prefix)) and prefix not in _TAKEN_PREFIXES


# --- reading ---------------------------------------------------------------------------------------------


def _read(root: etree._Element, limits: Limits) -> Envelope:
    if local(root.tag) != "Envelope":
        raise MalformedEnvelope("the message is not a SOAP envelope")
    header, body = _parts(root)
    if body is None or not len(body):
        raise MalformedEnvelope("the SOAP envelope has no message in its Body")
    element = body[0]
    message: Message | Fault
    known = _USUAL_TAGS.get(element.tag)
    if known is not None:
        namespace, name = known
        message = read_message(element, name, limits)
    elif (name := local(element.tag)) == "Fault":
        message = read_fault(element, limits)
        namespace = _namespace_below(element)
    else:
        message = read_message(element, name, limits)
        namespace = _namespace(element)
    prefix = root.prefix
    soap = prefix if prefix is not None and _echoable(prefix) else DEFAULT_SOAP_PREFIX
    if header is None or not len(header):
        return Envelope(message, None, namespace, soap)
    return _with_header(header, message, namespace, soap)


def _parts(root: etree._Element) -> tuple[etree._Element | None, etree._Element | None]:
    """Header and Body, the first of each."""
    if len(root) == 2 and root[0].tag == _HEADER_TAG and root[1].tag == _BODY_TAG:
        return root[0], root[1]
    header = body = None
    for child in root:
        name = local(child.tag)
        if name == "Body" and body is None:
            body = child
        elif name == "Header" and header is None:
            header = child
    return header, body


@lru_cache(maxsize=256)
def _echoable(prefix: str) -> bool:
    return sane_prefix(prefix)


def _with_header(header: etree._Element, message: Message | Fault, namespace: str, soap: str) -> Envelope:
    if len(header) == 1:
        only = header[0]
        if local(only.tag) == "ID":
            return Envelope(message, _id(only), namespace, soap)
    found: dict[str, etree._Element] = {}
    foreign: list[str] = []
    for child in header:
        name = local(child.tag)
        if name in _HEADERS:
            found.setdefault(name, child)
        elif not _is_cwmp(child) and _must_understand(child):
            foreign.append(name[:256])
    timeout = text_of(found["SessionTimeout"]).strip() if "SessionTimeout" in found else ""
    hold = found.get("HoldRequests", found.get("HoldRequest"))
    return Envelope(
        message,
        _id(found["ID"]) if "ID" in found else None,
        namespace,
        soap,
        hold is not None and text_of(hold).strip().lower() in ("1", "true"),
        int(timeout) if timeout.isascii() and timeout.isdigit() and len(timeout) <= 10 else None,
        listed_versions(text_of(found["SupportedCWMPVersions"])) if "SupportedCWMPVersions" in found else (),
        text_of(found["UseCWMPVersion"]).strip()[:16] if "UseCWMPVersion" in found else None,
        tuple(foreign),
    )


def _id(element: etree._Element) -> str | None:
    text = text_of(element).strip()
    return text if text and len(text) <= _LONGEST_ID else None


def _namespace(element: etree._Element) -> str:
    tag = element.tag
    end = tag.find("}") if isinstance(tag, str) else -1
    namespace = str(tag[1:end]) if end > 0 else ""
    return namespace if is_cwmp_namespace(namespace) else ""


def _namespace_below(fault: etree._Element) -> str:
    """A SOAP fault is in SOAP's namespace; the CWMP fault in it is in CWMP's."""
    for each in fault.iterdescendants():
        if namespace := _namespace(each):
            return namespace
    return ""


def _is_cwmp(element: etree._Element) -> bool:
    tag = element.tag
    return not isinstance(tag, str) or tag[:1] != "{" or bool(_namespace(element))


def _must_understand(element: etree._Element) -> bool:
    return any(
        local(key) == "mustUnderstand" and value.strip() in ("1", "true")
        for key, value in element.attrib.items()
    )


def _check_complete(root: etree._Element, mended: bytes) -> None:
    """A parser that mends also closes what was cut off: half a list must not pass for all of it.

    The end tag of the message itself must have come, or that of the Body around it. Raises
    `MalformedEnvelope`.
    """
    _, body = _parts(root)
    assert body is not None
    name = re.escape(local(body[0].tag).encode())
    prefix = rb"(?:[^<>\s:/]*:)?"
    end = rb"</\s*%b(?:%b|Body)\s*>|<%b%b\b[^<>]*/>" % (prefix, name, prefix, name)
    if not re.search(end, mended):
        raise MalformedEnvelope("the message ends in the middle")
