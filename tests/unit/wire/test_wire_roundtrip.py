"""decode(encode(envelope)) == envelope, for every message there is, and the plain form of what is sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from cwmp.wire import messages as m
from cwmp.wire.envelope import Envelope, decode, encode
from cwmp.wire.errors import LocalProtocolError, UnencodableText
from cwmp.wire.messages import MESSAGES, Fault, Message, ParameterValue
from cwmp.wire.schema import FieldSpec, spec_of
from cwmp.wire.values import TYPES

XML_TEXT = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\ufffe\uffff").filter(
        lambda c: c in "\t\n\r" or ord(c) >= 0x20
    ),
    max_size=40,
)
TOKENS = XML_TEXT.map(lambda text: text.strip(" \t\r\n"))
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "text": XML_TEXT,
    "optional": XML_TEXT,
    "base64": XML_TEXT,
    "token": TOKENS,
    "dateTime": TOKENS,
    "count": st.integers(0, 2**32 - 1),
    "unsignedInt": st.integers(0, 2**32 - 1),
    "int": st.integers(-(2**31), 2**31 - 1),
    "boolean": st.booleans(),
}
PARAMETER_VALUES = st.builds(ParameterValue, TOKENS, XML_TEXT, st.sampled_from(TYPES))


def strategy_for(field: FieldSpec) -> st.SearchStrategy[Any]:
    one = (
        st.one_of(*[instances(spec.cls) for spec in field.structs.values()])
        if field.structs
        else KINDS[field.kind]
    )
    return one if field.many is None else st.lists(one, max_size=4).map(tuple)


def instances(cls: type[Any]) -> st.SearchStrategy[Any]:
    if cls is ParameterValue:
        return PARAMETER_VALUES
    return st.builds(cls, *[strategy_for(field) for field in spec_of(cls).fields])


ENVELOPES = {
    "id": st.none() | st.text("abcXYZ0123456789-_.", min_size=1, max_size=20) | st.just('"<&>é'),
    "cwmp_namespace": st.sampled_from([f"urn:dslforum-org:cwmp-1-{n}" for n in range(5)]),
    "soap_prefix": st.sampled_from(["soap-env", "SOAP-ENV", "soap", "soapenv", "SOAP_ENV", "s", "a.b-c_d"]),
    "hold_requests": st.booleans(),
    "session_timeout": st.none() | st.integers(0, 2**32 - 1),
    "supported_versions": st.just(()) | st.just(("1.0", "1.1", "1.4")),
    "use_version": st.none() | st.sampled_from(["1.0", "1.4"]),
}
FAULTS = st.builds(
    Fault,
    st.integers(1, 9899),
    XML_TEXT.filter(lambda text: text.strip().lower() != "cwmp fault"),
    st.lists(st.builds(m.SetParameterValuesFault, TOKENS, st.integers(0, 9899), XML_TEXT), max_size=3).map(
        tuple
    ),
    st.sampled_from(["Client", "Server"]),
)


@pytest.mark.parametrize("cls", MESSAGES.values(), ids=lambda cls: cls.__name__)
def test_every_message_comes_back_as_it_was(cls: type[Message]) -> None:
    @settings(max_examples=25 if spec_of(cls).fields else 1, deadline=None)
    @given(message=instances(cls))
    def check(message: Message) -> None:
        envelope = Envelope(message, "1")
        assert decode(encode(envelope)) == envelope

    check()


@settings(max_examples=100, deadline=None)
@given(fault=FAULTS, around=st.fixed_dictionaries(ENVELOPES))
def test_faults_and_everything_around_come_back_as_they_were(fault: Fault, around: dict[str, Any]) -> None:
    envelope = Envelope(fault, **around)
    assert decode(encode(envelope)) == envelope


@settings(max_examples=50, deadline=None)
@given(message=PARAMETER_VALUES.map(lambda value: m.GetParameterValuesResponse((value,))))
def test_it_is_the_same_with_every_tolerance(message: Message) -> None:
    """The tolerant way must not change what was right: here entered by a junk byte in front."""
    assert decode(b"\xe7" + encode(Envelope(message))).message == message


def test_what_is_sent_is_plain() -> None:
    message = m.SetParameterValues((ParameterValue("Device.A", "a < b & c\r", "string"),), "key")
    assert encode(Envelope(message, "7", "urn:dslforum-org:cwmp-1-2", "SOAP")) == (
        b'<SOAP:Envelope xmlns:SOAP="http://schemas.xmlsoap.org/soap/envelope/" '
        b'xmlns:soap-enc="http://schemas.xmlsoap.org/soap/encoding/" '
        b'xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
        b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cwmp="urn:dslforum-org:cwmp-1-2">'
        b'<SOAP:Header><cwmp:ID SOAP:mustUnderstand="1">7</cwmp:ID></SOAP:Header>'
        b"<SOAP:Body><cwmp:SetParameterValues>"
        b'<ParameterList soap-enc:arrayType="cwmp:ParameterValueStruct[1]">'
        b"<ParameterValueStruct><Name>Device.A</Name>"
        b'<Value xsi:type="xsd:string">a &lt; b &amp; c&#13;</Value></ParameterValueStruct></ParameterList>'
        b"<ParameterKey>key</ParameterKey></cwmp:SetParameterValues></SOAP:Body></SOAP:Envelope>"
    )


def test_no_header_where_there_is_nothing_to_say() -> None:
    assert b"Header" not in encode(Envelope(m.InformResponse()))


@settings(max_examples=50, deadline=None)
@given(names=st.lists(TOKENS, max_size=5).map(tuple))
def test_array_type_has_the_right_count_and_only_the_method_is_qualified(names: tuple[str, ...]) -> None:
    root = etree.fromstring(encode(Envelope(m.GetParameterValues(names))))
    method = root[0][0]
    assert method.tag == "{urn:dslforum-org:cwmp-1-0}GetParameterValues"
    array = method[0]
    assert array.tag == "ParameterNames"
    kind = array.get("{http://schemas.xmlsoap.org/soap/encoding/}arrayType")
    assert kind == f"xsd:string[{len(names)}]"
    assert [child.tag for child in array] == ["string"] * len(names)


@pytest.mark.parametrize("bad", ["\x00", "a\x0bb", "\ud800", "\ufffe", "\x1b"])
@pytest.mark.parametrize(
    "message",
    [
        lambda bad: m.SetParameterValues((ParameterValue("Device.Secret", bad),)),
        lambda bad: m.GetParameterValues((bad,)),
        lambda bad: m.Download("", "1 Firmware Upgrade Image", bad),
        lambda bad: Fault(9001, bad),
        lambda bad: Fault(9003, "", (m.SetParameterValuesFault(bad, 9007),)),
    ],
)
def test_text_that_xml_cannot_carry_is_refused(bad: str, message: Any) -> None:
    with pytest.raises(UnencodableText, match=r"U\+"):
        encode(Envelope(message(bad)))


def test_the_refusal_names_the_parameter_and_not_the_value() -> None:
    values = (ParameterValue("Device.A", "fine"), ParameterValue("Device.WiFi.KeyPassphrase", "hunter2\x00"))
    with pytest.raises(UnencodableText) as caught:
        encode(Envelope(m.SetParameterValues(values)))
    assert "Device.WiFi.KeyPassphrase" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "envelope",
    [
        Envelope(m.InformResponse(), "\x00"),
        Envelope(m.InformResponse(), soap_prefix="a b"),
        Envelope(m.InformResponse(), soap_prefix="cwmp"),
        Envelope(m.InformResponse(), soap_prefix="xmlfoo"),
        Envelope(m.InformResponse(), cwmp_namespace="urn:else"),
        Envelope(m.SetParameterValues((ParameterValue("A", "1", "xsd:int"),))),
        Envelope(m.SetParameterValues((ParameterValue("A", 1, "int"),))),  # type: ignore[arg-type]
        Envelope(m.Reboot(None)),  # type: ignore[arg-type]
        Envelope(m.ScheduleInform(-1, "")),
        Envelope(m.ScheduleInform(2**32, "")),
        Envelope(m.SetParameterValuesResponse(True)),
        Envelope(m.GetParameterNames("", 1)),  # type: ignore[arg-type]
        Envelope(m.UnknownMethod("X")),
        Envelope(m.ChangeDUState(("x",))),  # type: ignore[arg-type]
        Envelope("hello"),  # type: ignore[arg-type]
        Envelope(Fault(9001, soap_code="Sender")),  # type: ignore[arg-type]
    ],
    ids=repr,
)
def test_what_cannot_be_sent_is_a_local_protocol_error(envelope: Envelope) -> None:
    with pytest.raises(LocalProtocolError):
        encode(envelope)
