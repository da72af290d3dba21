"""What real CPEs send, line by line of what has been seen in the field; every one must be read."""

from __future__ import annotations

import pytest

from cwmp.wire import messages as m
from cwmp.wire.acs_session import AcsSession, CpeAnswer, CpeIdle, CpeRequest, InformReceived
from cwmp.wire.envelope import Envelope, decode, encode
from cwmp.wire.errors import MalformedEnvelope
from cwmp.wire.messages import Event, Fault, Inform, ParameterInfo, ParameterValue

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
NAMESPACES = (
    f'xmlns:soap="{SOAP}" xmlns:soap-enc="http://schemas.xmlsoap.org/soap/encoding/" '
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:cwmp="urn:dslforum-org:cwmp-1-0"'
)
DEVICE = (
    "<DeviceId><Manufacturer>Acme</Manufacturer><OUI>00D09E</OUI>"
    "<ProductClass>Box</ProductClass><SerialNumber>S1</SerialNumber></DeviceId>"
)
EVENT = (
    '<Event soap-enc:arrayType="cwmp:EventStruct[1]"><EventStruct><EventCode>2 PERIODIC</EventCode>'
    "<CommandKey></CommandKey></EventStruct></Event>"
)
REST = (
    "<MaxEnvelopes>1</MaxEnvelopes><CurrentTime>2026-11-23T02:00:00Z</CurrentTime><RetryCount>0</RetryCount>"
)
PARAMETERS = (
    '<ParameterList soap-enc:arrayType="cwmp:ParameterValueStruct[1]"><ParameterValueStruct>'
    '<Name>Device.DeviceInfo.SoftwareVersion</Name><Value xsi:type="xsd:string">1.0</Value>'
    "</ParameterValueStruct></ParameterList>"
)
INFORM_XML = f"<cwmp:Inform>{DEVICE}{EVENT}{REST}{PARAMETERS}</cwmp:Inform>"
INFORM = Inform(
    m.DeviceId("Acme", "00D09E", "Box", "S1"),
    (Event("2 PERIODIC"),),
    1,
    "2026-11-23T02:00:00Z",
    0,
    (ParameterValue("Device.DeviceInfo.SoftwareVersion", "1.0"),),
)
HEADER = '<soap:Header><cwmp:ID soap:mustUnderstand="1">42</cwmp:ID></soap:Header>'


def envelope(body: str = INFORM_XML, header: str = HEADER) -> str:
    return f"<soap:Envelope {NAMESPACES}>{header}<soap:Body>{body}</soap:Body></soap:Envelope>"


def read(text: str | bytes) -> m.Message | Fault:
    return decode(text.encode() if isinstance(text, str) else text).message


def values(*pairs: tuple[str, str]) -> str:
    structs = "".join(
        f"<ParameterValueStruct><Name>Device.X</Name><Value{attribute}>{text}</Value></ParameterValueStruct>"
        for attribute, text in pairs
    )
    return (
        f"<cwmp:GetParameterValuesResponse><ParameterList>{structs}</ParameterList>"
        "</cwmp:GetParameterValuesResponse>"
    )


def one_value(attribute: str, text: str) -> ParameterValue:
    message = read(envelope(values((attribute, text))))
    assert isinstance(message, m.GetParameterValuesResponse)
    return message.parameter_list[0]


def test_the_usual_shape() -> None:
    decoded = decode(envelope().encode())
    assert decoded == Envelope(INFORM, "42", "urn:dslforum-org:cwmp-1-0", "soap")


# --- prefixes and namespaces -----------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["soap", "SOAP-ENV", "soap_env", "soapenv", "SOAP", "s", "env"])
def test_soap_prefixes_vary_and_are_echoed(prefix: str) -> None:
    text = envelope().replace("soap:", f"{prefix}:").replace("xmlns:soap=", f"xmlns:{prefix}=")
    session = AcsSession()
    event = session.receive(text.encode())
    assert isinstance(event, InformReceived)
    assert event.inform == INFORM
    assert session.send(m.InformResponse()).startswith(f"<{prefix}:Envelope xmlns:{prefix}=".encode())


@pytest.mark.parametrize("prefix", ["xsd", "cwmp2", "überseife", "a" * 60])
def test_a_prefix_that_cannot_be_echoed_is_read_all_the_same(prefix: str) -> None:
    text = envelope().replace("xmlns:xsd=", "xmlns:unused=")
    text = text.replace("soap:", f"{prefix}:").replace("xmlns:soap=", f"xmlns:{prefix}=")
    assert decode(text.encode()).message == INFORM
    assert decode(text.encode()).soap_prefix == ("cwmp2" if prefix == "cwmp2" else "soap-env")


def test_the_default_namespace_for_soap() -> None:
    text = envelope().replace("<soap:", "<").replace("</soap:", "</").replace("xmlns:soap=", "xmlns=", 1)
    text = text.replace(" soap:mustUnderstand", " mustUnderstand")
    decoded = decode(text.encode())
    assert decoded.message == INFORM
    assert decoded.soap_prefix == "soap-env"


@pytest.mark.parametrize("version", range(5))
def test_all_cwmp_namespaces(version: int) -> None:
    uri = f"urn:dslforum-org:cwmp-1-{version}"
    decoded = decode(envelope().replace("urn:dslforum-org:cwmp-1-0", uri).encode())
    assert decoded.message == INFORM
    assert decoded.cwmp_namespace == uri


@pytest.mark.parametrize("uri", ["", "urn:dslforum-org:cwmp", "http://example.org/"])
def test_no_cwmp_namespace_or_another(uri: str) -> None:
    text = (
        envelope().replace("cwmp:Inform>", f'Inform xmlns="{uri}">', 1).replace("</cwmp:Inform>", "</Inform>")
    )
    decoded = decode(text.encode())
    assert decoded.message == INFORM
    assert decoded.cwmp_namespace == ""
    session = AcsSession()
    session.receive(text.encode())
    assert b'xmlns:cwmp="urn:dslforum-org:cwmp-1-0"' in session.send(m.InformResponse())


def test_xml_schema_of_1999() -> None:
    text = envelope(values((' xsi:type="xsd:unsignedInt"', "5")))
    text = text.replace("2001/XMLSchema", "1999/XMLSchema")
    assert read(text) == m.GetParameterValuesResponse((ParameterValue("Device.X", "5", "unsignedInt"),))


@pytest.mark.parametrize("prefix", ["cwmp", "soap"])
def test_children_in_a_namespace_where_they_should_have_none(prefix: str) -> None:
    body = INFORM_XML
    for name in (
        *("DeviceId", "Manufacturer", "OUI", "ProductClass", "SerialNumber", "EventStruct", "Event"),
        *("EventCode", "CommandKey", "MaxEnvelopes", "CurrentTime", "RetryCount", "ParameterList"),
        *("ParameterValueStruct", "Name", "Value"),
    ):
        for end in (">", " "):
            body = body.replace(f"<{name}{end}", f"<{prefix}:{name}{end}")
        body = body.replace(f"</{name}>", f"</{prefix}:{name}>")
    assert read(envelope(body)) == INFORM


def test_children_in_the_default_namespace() -> None:
    assert (
        read(
            envelope(
                INFORM_XML.replace("cwmp:Inform>", 'Inform xmlns="urn:dslforum-org:cwmp-1-0">', 1).replace(
                    "</cwmp:Inform>", "</Inform>"
                )
            )
        )
        == INFORM
    )


def test_a_fault_with_an_undeclared_prefix() -> None:
    body = (
        "<SOAP-ENV:Fault><faultcode>SOAP-ENV:Client</faultcode><faultstring>CWMP fault</faultstring>"
        "<detail><cw:Fault><FaultCode>9005</FaultCode><FaultString>Invalid parameter name</FaultString>"
        "</cw:Fault></detail></SOAP-ENV:Fault>"
    )
    assert read(envelope(body)) == Fault(9005, "Invalid parameter name", (), "Client")


def test_an_envelope_without_namespace() -> None:
    text = envelope().replace("<soap:", "<").replace("</soap:", "</").replace(f'xmlns:soap="{SOAP}"', "")
    text = text.replace(" soap:mustUnderstand", " mustUnderstand")
    assert read(text) == INFORM
    assert read(envelope().replace(f'xmlns:soap="{SOAP}"', "")) == INFORM


# --- spelling of the XML ---------------------------------------------------------------------------------


def test_single_quotes_pretty_printing_and_comments() -> None:
    assert read(envelope().replace('"', "'")) == INFORM
    assert (
        read(
            envelope()
            .replace("><", ">\r\n\t<")
            .replace("></CommandKey", "/><x")
            .replace("<CommandKey>\r\n\t</CommandKey>", "<CommandKey/>")
        )
        == INFORM
    )
    assert (
        read(
            envelope()
            .replace("><", "><!-- a comment --><")
            .replace("<CommandKey><!-- a comment --></CommandKey>", "<CommandKey/>")
        )
        == INFORM
    )


def test_blanks_around_names_and_numbers() -> None:
    text = envelope().replace("<Name>", "<Name>\n  ").replace("</Name>", "\n</Name>")
    text = text.replace("<RetryCount>0", "<RetryCount>\n 0 ").replace("<EventCode>", "<EventCode> ")
    assert read(text) == INFORM


def test_blanks_of_a_value_are_kept() -> None:
    assert one_value("", " a b ").value == " a b "
    assert one_value("", "   ").value == "   "


def test_xml_declaration_blanks_before_it_and_byte_order_mark() -> None:
    declaration = '<?xml version="1.0" encoding="UTF-8"?>'
    assert read(declaration + envelope()) == INFORM
    assert read("\r\n  " + declaration + envelope()) == INFORM
    assert read("\ufeff" + declaration + envelope()) == INFORM
    assert read("\n" + envelope() + "\n\n") == INFORM


@pytest.mark.parametrize(
    "encoding", ["ISO-8859-1", "iso-8859-15", "windows-1252", "GB2312", "utf-16", "US-ASCII"]
)
def test_other_encodings(encoding: str) -> None:
    name = {"GB2312": "中文", "US-ASCII": "Acme"}.get(encoding, "Façade")
    text = f'<?xml version="1.0" encoding="{encoding}"?>' + envelope().replace("Acme", name)
    message = read(text.encode(encoding))
    assert isinstance(message, Inform)
    assert message.device_id.manufacturer == name


def test_latin_1_under_a_false_or_missing_declaration() -> None:
    for declaration in (
        "",
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<?xml version="1.0" encoding="x-none"?>',
    ):
        message = read((declaration + envelope().replace("Acme", "Façade")).encode("latin-1"))
        assert isinstance(message, Inform)
        assert message.device_id.manufacturer == "Façade"


def test_cdata() -> None:
    assert one_value("", "<![CDATA[a<b&c]]>").value == "a<b&c"
    assert read(envelope().replace("Acme", "<![CDATA[Ac]]>me")) == INFORM


@pytest.mark.parametrize("missing", range(1, 12))
def test_a_body_some_bytes_short(missing: int) -> None:
    """Content-Length counted in characters: each `ç` costs a byte at the end."""
    body = envelope().replace("Acme", "ç" * missing).encode()
    message = read(body[:-missing])
    assert isinstance(message, Inform)
    assert message.device_id.manufacturer == "ç" * missing


@pytest.mark.parametrize("stray", [b">", b"e>", b"\xa7", b"\n>\n"])
def test_the_stray_bytes_before_the_next_request(stray: bytes) -> None:
    assert read(stray + envelope().encode()) == INFORM


def test_a_body_cut_in_the_middle_is_refused() -> None:
    body = envelope().encode()
    for cut in (body.index(b"</ParameterList>"), body.index(b"</cwmp:Inform>") + 5, len(body) // 2):
        with pytest.raises(MalformedEnvelope):
            decode(body[:cut])


def test_zero_bytes_and_control_characters() -> None:
    assert read(envelope().encode() + b"\0") == INFORM
    assert read(envelope().replace("Acme", "Ac\x01me\x00")) == INFORM
    assert read(envelope().replace("Acme", "Ac&#0;me&#x1F;")) == INFORM


def test_bare_ampersands() -> None:
    assert one_value("", "http://a/?b=1&c=2&d;").value == "http://a/?b=1&c=2&d;"
    assert one_value("", "a &amp; b & c &#65; &lt;").value == "a & b & c A <"


# --- headers ---------------------------------------------------------------------------------------------


def test_no_id_or_no_header_at_all() -> None:
    for header in ("", "<soap:Header/>", "<soap:Header></soap:Header>"):
        session = AcsSession()
        session.receive(envelope(header=header).encode())
        answer = session.send(m.InformResponse())
        assert decode(answer).id is None
        assert b"Header" not in answer


def test_no_more_requests_and_the_misspelt_hold_request() -> None:
    header = HEADER.replace(
        "</soap:Header>",
        '<cwmp:NoMoreRequests soap:mustUnderstand="1">0</cwmp:NoMoreRequests>'
        '<cwmp:HoldRequest soap:mustUnderstand="1">1</cwmp:HoldRequest></soap:Header>',
    )
    decoded = decode(envelope(header=header).encode())
    assert (decoded.id, decoded.hold_requests, decoded.not_understood) == ("42", True, ())
    assert isinstance(AcsSession().receive(envelope(header=header).encode()), InformReceived)


def test_odd_ids_are_echoed_as_they_are() -> None:
    for given in ("1&lt;2", "x" * 200, "ü-1", "{a}"):
        session = AcsSession()
        session.receive(envelope(header=HEADER.replace("42", given)).encode())
        assert f">{given}</cwmp:ID>".encode() in session.send(m.InformResponse())


# --- Inform ----------------------------------------------------------------------------------------------


def test_missing_types_and_wrong_array_counts() -> None:
    assert read(envelope().replace(' xsi:type="xsd:string"', "")) == INFORM
    for count in ("[7]", "[0001]", "[]", "[-1]", ""):
        assert read(envelope().replace("ParameterValueStruct[1]", f"ParameterValueStruct{count}")) == INFORM
    assert read(envelope().replace(' soap-enc:arrayType="cwmp:ParameterValueStruct[1]"', "")) == INFORM


def test_event_last_and_events_in_any_order() -> None:
    assert read(envelope(f"<cwmp:Inform>{REST}{PARAMETERS}{DEVICE}{EVENT}</cwmp:Inform>")) == INFORM
    struct = EVENT[EVENT.index("<EventStruct>") : EVENT.index("</Event>")]
    events = [
        ("1 BOOT", ""),
        ("0 BOOTSTRAP", "key"),
        ("2 PERIODIC", ""),
        ("14 HEARTBEAT", ""),
        ("X 00D09E a b", ""),
    ]
    structs = "".join(
        struct.replace("2 PERIODIC", code).replace("<CommandKey>", f"<CommandKey>{key}")
        for code, key in events
    )
    message = read(envelope(INFORM_XML.replace(struct, structs)))
    assert isinstance(message, Inform)
    assert message.event == tuple(Event(code, key) for code, key in events)


def test_an_event_without_command_key_and_an_inform_without_list() -> None:
    assert read(envelope().replace("<CommandKey></CommandKey>", "")) == INFORM
    message = read(envelope().replace(PARAMETERS, ""))
    assert isinstance(message, Inform)
    assert message.parameter_list == ()


@pytest.mark.parametrize(
    "time", ["2026-11-23T11:54:14", "1970-01-01T00:00:00", "2026-11-23T11:54::14", "", "now"]
)
def test_odd_times_are_kept_as_they_are(time: str) -> None:
    message = read(envelope().replace("2026-11-23T02:00:00Z", time))
    assert isinstance(message, Inform)
    assert message.current_time == time


def test_lower_case_oui_is_kept() -> None:
    message = read(envelope().replace("00D09E", "00d09e"))
    assert isinstance(message, Inform)
    assert message.device_id.oui == "00d09e"


@pytest.mark.parametrize(("sent", "count"), [("942", 942), ("", 0), ("many", 0), (" 3 ", 3), ("9" * 5000, 0)])
def test_odd_retry_counts(sent: str, count: int) -> None:
    message = read(envelope().replace("<RetryCount>0", f"<RetryCount>{sent}"))
    assert isinstance(message, Inform)
    assert message.retry_count == count


def test_max_envelopes_2() -> None:
    message = read(envelope().replace("<MaxEnvelopes>1", "<MaxEnvelopes>2"))
    assert isinstance(message, Inform)
    assert message.max_envelopes == 2
    session = AcsSession()
    session.receive(envelope().encode())
    assert decode(session.send(m.InformResponse())).message == m.InformResponse(1)


def test_an_inform_without_device_is_refused() -> None:
    with pytest.raises(MalformedEnvelope, match="DeviceId"):
        decode(envelope().replace(DEVICE, "").encode())


# --- values ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spelled", "meant"),
    [
        ('""', "string"),
        ('"xsd:unsignedint"', "unsignedInt"),
        ('"xsd:Int"', "int"),
        ('"xsd:unsignedLong"', "unsignedLong"),
        ('"xs:boolean"', "boolean"),
        ('"string"', "string"),
        ('"xsd:datetime"', "dateTime"),
        ('"soap-enc:base64"', "base64"),
        ('"xsd:base64Binary"', "base64"),
        ('"xsd:hexBinary"', "hexBinary"),
        ('"xsd:whatever"', "string"),
        ('" xsd:int "', "int"),
        ('"SOAP-ENV:long"', "long"),
    ],
)
def test_odd_types(spelled: str, meant: str) -> None:
    assert one_value(f" xsi:type={spelled}", "1").type == meant


def test_a_type_under_an_undeclared_prefix() -> None:
    text = envelope(values((' xsi:type="xsd:int"', "1")))
    text = text.replace('xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"', "")
    assert read(text) == m.GetParameterValuesResponse((ParameterValue("Device.X", "1", "int"),))


def test_64_bit_and_booleans_stay_lexical() -> None:
    assert one_value(' xsi:type="xsd:unsignedLong"', "18446744073709551615").value == "18446744073709551615"
    for text in ("0", "1", "true", "false", "TRUE"):
        assert one_value(' xsi:type="xsd:boolean"', text) == ParameterValue("Device.X", text, "boolean")


def test_value_before_name_and_more_elements() -> None:
    body = values(("", "1")).replace(
        "<Name>Device.X</Name><Value>1</Value>", "<Value>1</Value><More/><Name>Device.X</Name>"
    )
    assert read(envelope(body)) == m.GetParameterValuesResponse((ParameterValue("Device.X", "1"),))


@pytest.mark.parametrize(
    ("text", "writable"),
    [("0", False), ("1", True), ("true", True), ("false", False), ("TRUE", True), ("", False)],
)
def test_writable(text: str, writable: bool) -> None:
    body = (
        '<cwmp:GetParameterNamesResponse><ParameterList soap-enc:arrayType="cwmp:ParameterInfoStruct[1]">'
        f"<ParameterInfoStruct><Name>.ExternalIPAddress</Name><Writable>{text}</Writable>"
        "</ParameterInfoStruct></ParameterList></cwmp:GetParameterNamesResponse>"
    )
    expected = m.GetParameterNamesResponse((ParameterInfo(".ExternalIPAddress", writable),))
    assert read(envelope(body)) == expected


def test_a_list_of_6400_names() -> None:
    names = tuple(
        ParameterInfo(f"InternetGatewayDevice.LANDevice.1.X_{n}.Name", n % 2 == 0) for n in range(6400)
    )
    body = encode(Envelope(m.GetParameterNamesResponse(names)))
    assert read(body) == m.GetParameterNamesResponse(names)


def test_an_empty_list() -> None:
    for body in (
        "<cwmp:GetParameterValuesResponse><ParameterList/></cwmp:GetParameterValuesResponse>",
        "<cwmp:GetParameterValuesResponse></cwmp:GetParameterValuesResponse>",
        "<cwmp:GetParameterValuesResponse/>",
    ):
        assert read(envelope(body)) == m.GetParameterValuesResponse(())


def test_empty_status_counts_as_applied_and_nonsense_is_refused() -> None:
    body = "<cwmp:SetParameterValuesResponse><Status>{}</Status></cwmp:SetParameterValuesResponse>"
    assert read(envelope(body.format(""))) == m.SetParameterValuesResponse(0)
    assert read(envelope("<cwmp:SetParameterValuesResponse/>")) == m.SetParameterValuesResponse(0)
    with pytest.raises(MalformedEnvelope, match="Status"):
        decode(envelope(body.format("fine")).encode())


# --- faults ----------------------------------------------------------------------------------------------

DETAIL = (
    "<detail><cwmp:Fault><FaultCode>9003</FaultCode><FaultString>Invalid arguments</FaultString>"
    "<SetParameterValuesFault><ParameterName>Device.X</ParameterName><FaultCode>9007</FaultCode>"
    "<FaultString>Invalid parameter value</FaultString></SetParameterValuesFault>"
    "<SetParameterValuesFault><ParameterName>Device.Y</ParameterName><FaultCode>9008</FaultCode>"
    "</SetParameterValuesFault></cwmp:Fault></detail>"
)
FAULT = Fault(
    9003,
    "Invalid arguments",
    (
        m.SetParameterValuesFault("Device.X", 9007, "Invalid parameter value"),
        m.SetParameterValuesFault("Device.Y", 9008),
    ),
    "Client",
)


@pytest.mark.parametrize(
    "inside",
    [
        "<faultcode>soap:Client</faultcode><faultstring>CWMP fault</faultstring>" + DETAIL,
        "<faultcode>Client</faultcode><faultstring>CWMP fault" + DETAIL + "</faultstring>",
        DETAIL + "<faultcode>SOAP-ENV:client</faultcode>",
        "<soap:faultcode>soap:Client</soap:faultcode>" + DETAIL.replace("detail>", "soap:detail>"),
        "<faultcode>soap:Client</faultcode>" + DETAIL.replace("cwmp:Fault>", "Fault>"),
        "<faultcode>soap:Client</faultcode>" + DETAIL.replace("FaultCode>", "cwmp:FaultCode>"),
    ],
)
def test_faults_in_every_arrangement(inside: str) -> None:
    assert read(envelope(f"<soap:Fault>{inside}</soap:Fault>")) == FAULT


def test_a_parameter_fault_without_its_name() -> None:
    detail = DETAIL.replace("<ParameterName>Device.X</ParameterName>", "")
    message = read(envelope(f"<soap:Fault><faultcode>soap:Client</faultcode>{detail}</soap:Fault>"))
    assert isinstance(message, Fault)
    assert message.set_parameter_values_faults[0] == m.SetParameterValuesFault(
        "", 9007, "Invalid parameter value"
    )


def test_soap_faults_without_cwmp_detail() -> None:
    body = "<soap:Fault><faultcode>{}</faultcode><faultstring>no such thing</faultstring></soap:Fault>"
    assert read(envelope(body.format("soap:Server"))) == Fault(0, "no such thing")
    assert read(envelope(body.format("9005"))) == Fault(9005, "no such thing")
    assert read(envelope("<soap:Fault/>")) == Fault(0)


# --- sessions --------------------------------------------------------------------------------------------


def waiting_session(request: m.Message) -> AcsSession:
    session = AcsSession()
    session.receive(envelope().encode())
    session.send(m.InformResponse())
    session.receive(b"")
    session.send(request)
    return session


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [(0, 9003, 9003), (0, 9805, 9805), (0, 1, 9002), (0, 0, 9002), (5, 9001, 9001)],
)
def test_add_object_that_fails_inside_its_status(number: int, status: int, code: int) -> None:
    session = waiting_session(m.AddObject("Device.X."))
    event = session.receive(encode(Envelope(m.AddObjectResponse(number, status))))
    assert isinstance(event, CpeAnswer)
    assert isinstance(event.message, Fault)
    assert event.message.code == code


def test_an_empty_post_in_place_of_an_answer() -> None:
    request = m.GetParameterValues(("Device.X",))
    session = waiting_session(request)
    assert session.receive(b"") == CpeIdle(request)
    assert session.our_turn
    assert session.pending is None
    assert session.send(request)


def test_blank_bodies_are_empty_posts() -> None:
    session = AcsSession()
    session.receive(envelope().encode())
    session.send(m.InformResponse())
    assert session.receive(b"\r\n ") == CpeIdle()


def test_a_new_inform_on_a_running_session() -> None:
    session = waiting_session(m.Reboot("x"))
    event = session.receive(envelope().encode())
    assert isinstance(event, InformReceived)
    assert event.restarted
    assert session.pending is None
    assert decode(session.send(m.InformResponse())).id == "42"


def test_wrong_ids_are_tolerated_unless_asked_otherwise() -> None:
    session = waiting_session(m.Reboot("x"))
    answer = encode(Envelope(m.RebootResponse(), "something else"))
    assert session.receive(answer) == CpeAnswer(m.RebootResponse())


def test_a_method_of_the_vendor_is_answered_with_8000() -> None:
    session = AcsSession()
    session.receive(envelope().encode())
    session.send(m.InformResponse())
    event = session.receive(envelope("<cwmp:X_00D09E_Hello><a/></cwmp:X_00D09E_Hello>").encode())
    assert event == CpeRequest(m.UnknownMethod("X_00D09E_Hello"))
    assert decode(session.send(Fault.of(8000))).message == Fault.of(8000)


def test_small_agents_get_no_xml_declaration_and_no_colon_before_the_prefix() -> None:
    body = encode(Envelope(m.InformResponse(), "1"))
    assert body.startswith(b"<soap-env:Envelope ")
