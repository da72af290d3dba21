"""Whatever bytes come give an envelope or a `RemoteProtocolError`: nothing else, and not slowly."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwmp.wire import messages as m
from cwmp.wire.envelope import Envelope, decode, encode
from cwmp.wire.errors import ForbiddenMarkup, LimitExceeded, MalformedEnvelope, RemoteProtocolError
from cwmp.wire.limits import Limits
from cwmp.wire.messages import Fault, ParameterValue

INFORM = encode(
    Envelope(
        m.Inform(
            m.DeviceId("Acme", "00D09E", "Box", "ç1"),
            (m.Event("0 BOOTSTRAP"), m.Event("M Reboot", "key")),
            parameter_list=(ParameterValue("Device.A", "a & b"), ParameterValue("Device.B", "7", "int")),
        ),
        "1",
        supported_versions=("1.0", "1.4"),
        session_timeout=30,
    )
)
SAMPLES = [
    INFORM,
    encode(Envelope(m.GetParameterValuesResponse((ParameterValue("Device.A", "ü"),)), "2")),
    encode(Envelope(m.GetParameterNamesResponse((m.ParameterInfo("Device.", False),)), "3")),
    encode(Envelope(Fault(9003, "x", (m.SetParameterValuesFault("Device.A", 9007, "y"),), "Client"), "4")),
    encode(Envelope(m.ChangeDUState((m.InstallOp("http://a/"), m.UninstallOp("u"))), "5")),
    encode(Envelope(m.TransferComplete("k"), "6")),
]
ENTITY = '<!DOCTYPE a [<!ENTITY e "boom">]>'
BOMB = (
    '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)


def swallow(body: bytes, limits: Limits | None = None) -> None:
    try:
        envelope = decode(body, limits or Limits())
    except RemoteProtocolError as error:
        assert str(error)
        return
    assert isinstance(envelope, Envelope)


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(body: bytes) -> None:
    swallow(body)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='<>/&;:"= !?[]-EnvelopBdyInform\x00é\U0001f600', max_size=120))
def test_any_text_that_looks_like_xml(text: str) -> None:
    swallow(text.encode())


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(SAMPLES),
    st.lists(
        st.tuples(st.integers(0, 2000), st.integers(0, 12), st.binary(max_size=6)), min_size=1, max_size=4
    ),
)
def test_damaged_messages(body: bytes, cuts: list[tuple[int, int, bytes]]) -> None:
    for at, length, instead in cuts:
        place = at % len(body)
        body = body[:place] + instead + body[place + length :]
        if not body:
            return
    swallow(body)


ELEMENT_NAMES = [
    "Envelope",
    "Body",
    "Header",
    "ID",
    "Fault",
    "detail",
    "faultstring",
    "FaultCode",
    *m.MESSAGES,
]
ELEMENT_NAMES += ["ParameterList", "ParameterValueStruct", "Name", "Value", "DeviceId", "Event", "Operations"]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(ELEMENT_NAMES), st.booleans(), st.text("01a ", max_size=3)), max_size=12
    )
)
def test_any_arrangement_of_known_elements(parts: list[tuple[str, bool, str]]) -> None:
    inner, closing = "", []
    for name, stays_open, text in parts:
        inner += f"<{name}>{text}"
        if stays_open:
            closing.append(name)
        else:
            inner += f"</{name}>"
    inner += "".join(f"</{name}>" for name in reversed(closing))
    swallow(f"<Envelope><Body>{inner}</Body></Envelope>".encode())


@pytest.mark.parametrize("body", SAMPLES, ids=range(len(SAMPLES)))
def test_every_beginning_of_a_message_and_every_byte_changed(body: bytes) -> None:
    for end in range(len(body)):
        swallow(body[:end])
    for place in range(0, len(body), 3):
        swallow(body[:place] + b"\x00" + body[place + 1 :])
        swallow(body[:place] + b"<" + body[place + 1 :])
        swallow(body[:place] + body[place + 1 :])


@pytest.mark.parametrize("body", SAMPLES, ids=range(len(SAMPLES)))
def test_a_message_cut_short_is_whole_or_refused(body: bytes) -> None:
    """What a mending parser closes by itself must never pass for a shorter list."""
    whole = decode(body).message
    for end in range(len(body)):
        try:
            assert decode(body[:end]).message == whole
        except MalformedEnvelope:
            continue


@pytest.mark.parametrize(
    "doctype", [ENTITY, BOMB, "<!DOCTYPE a SYSTEM 'file:///etc/passwd'>", "<!doctype a>"]
)
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037"]
)
@pytest.mark.parametrize("declared", [False, True])
def test_document_types_are_refused_in_any_encoding(doctype: str, encoding: str, declared: bool) -> None:
    declaration = f'<?xml version="1.0" encoding="{encoding}"?>' if declared else ""
    body = (declaration + doctype + INFORM.decode().replace("Acme", "&e;")).encode(encoding)
    with pytest.raises(RemoteProtocolError) as caught:
        decode(body)
    if encoding.startswith("utf-") and encoding != "utf-7":
        assert isinstance(caught.value, ForbiddenMarkup)


def test_a_declaration_too_long_to_be_looked_at_hides_nothing() -> None:
    filler = " " * 500
    for encoding in ("utf-7", "cp037", "utf-8"):
        declaration = f'<?xml version="1.0"{filler}encoding="{encoding}"?>'
        with pytest.raises(RemoteProtocolError):
            decode(declaration.encode() + (ENTITY + INFORM.decode().replace("Acme", "&e;")).encode(encoding))


def test_utf_7_is_never_decoded() -> None:
    body = b'<?xml version="1.0" encoding="UTF-7"?>' + INFORM.replace(b"Acme", b"+ADw-!DOCTYPE+AD4-")
    message = decode(body).message
    assert isinstance(message, m.Inform)
    assert message.device_id.manufacturer == "+ADw-!DOCTYPE+AD4-"


def test_unknown_entities_stay_text() -> None:
    message = decode(INFORM.replace(b"Acme", b"&e;")).message
    assert isinstance(message, m.Inform)
    assert message.device_id.manufacturer == "&e;"


def nested(depth: int) -> bytes:
    return INFORM.replace(b"<DeviceId>", b"<a>" * depth + b"</a>" * depth + b"<DeviceId>")


def test_depth() -> None:
    decode(nested(10))
    for depth in (40, 200, 1000, 100_000):
        with pytest.raises(RemoteProtocolError):
            decode(nested(depth))
    decode(nested(40), Limits(depth=60))
    with pytest.raises(LimitExceeded, match="deeper than 5"):
        decode(INFORM, Limits(depth=5))
    decode(INFORM, Limits(depth=6))


def test_size() -> None:
    with pytest.raises(LimitExceeded, match="more than the 100 allowed"):
        decode(INFORM, Limits(body_bytes=100))
    decode(INFORM, Limits(body_bytes=len(INFORM)))


def test_number_of_parameters() -> None:
    names = encode(Envelope(m.GetParameterNamesResponse((m.ParameterInfo("Device.A", False),) * 11)))
    found = encode(Envelope(m.GetParameterValuesResponse((ParameterValue("Device.A", ""),) * 11)))
    methods = encode(Envelope(m.GetRPCMethodsResponse(("Inform",) * 11)))
    results = encode(Envelope(m.ChangeDUState((m.InstallOp("u"),) * 11)))
    faults = encode(Envelope(Fault(9003, "", (m.SetParameterValuesFault("a", 9007),) * 11)))
    for body in (names, found, methods, results, faults):
        decode(body, Limits(parameters=11))
        with pytest.raises(LimitExceeded, match="more than the 10 entries"):
            decode(body, Limits(parameters=10))


@pytest.mark.parametrize(
    "filler",
    [
        b"<a/>" * 3_000_000,
        b"<a>" * 5_000_000,
        b"&" * 12_000_000,
        b"&#0;" * 3_000_000,
        b"a" * 12_000_000,
        b"\x01" * 12_000_000,
    ],
    ids=["tags", "open", "ampersands", "references", "text", "controls"],
)
def test_large_nonsense_is_refused_or_read_quickly(filler: bytes) -> None:
    began = time.process_time()
    swallow(INFORM.replace(b"<DeviceId>", filler + b"<DeviceId>"))
    swallow(b"<" + filler)
    assert time.process_time() - began < 4


def test_too_large_to_be_a_value() -> None:
    """One text node of more than 10 MB is libxml2's own bound; it stays a typed error."""
    swallow(INFORM.replace(b"Acme", b"x" * 11_000_000))
