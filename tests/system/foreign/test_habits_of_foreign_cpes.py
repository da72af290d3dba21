"""HTTP and XML as CPEs of other makers send them: each case whole sessions with a converge in them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from html import unescape

import pytest
from cwmp_test_raw_cpe import ENABLE, ENVELOPE, Habits, RawCpe, converges, outcome, queue  # type: ignore[import-not-found]

PLAIN = ("Content-Type: text/xml",)
HTTP = {
    "the_standard": Habits(),
    "no_cookies": Habits(cookies=None),
    "whole_set_cookie": Habits(cookies=lambda sent: sent),
    "version_1_cookies": Habits(
        cookies=lambda sent: (
            '$Version="1"; ' + re.sub("=(.*?);.*", r'="\1"', sent + ";") + '; $Path="/"; $Domain="x"'
        )
    ),
    "old_cookies_beside_it": Habits(
        cookies=lambda sent: f"JSESSIONID=1; cwmp={'0' * 32}; {sent.split(';')[0]}"
    ),
    "a_foreign_cookie_only": Habits(cookies=lambda _: "session=abcdef"),
    "reconnects_each_time": Habits(reconnect=True),
    "http_1_0": Habits(version="1.0"),
    "http_1_0_keep_alive": Habits(
        version="1.0", headers=("Connection: Keep-Alive",), empty_headers=("Connection: Keep-Alive",)
    ),
    "connection_close": Habits(headers=(*PLAIN, "Connection: close")),
    "no_soapaction_no_type": Habits(headers=(), empty_headers=("Content-Length: 0",)),
    "blank_type": Habits(
        headers=("Content-Type:", "SOAPAction:"), empty_headers=("Content-Type:", "Content-Length: 0")
    ),
    "odd_type": Habits(headers=("Content-Type: application/octet-stream", "SOAPAction: urn:x")),
    "empty_post_without_length": Habits(empty_headers=("Content-Type: text/xml", 'SOAPAction: ""')),
    "chunked": Habits(chunks=100),
    "chunked_whole": Habits(chunks=1 << 20),
    "chunked_empty_post": Habits(empty_headers=("Transfer-Encoding: chunked\r\n\r\n0",)),
    "folded_headers": Habits(headers=("Content-Type: text/xml;\r\n charset=utf-8", "User-Agent: a\r\n\tb")),
    "expects_100_and_waits": Habits(expect="wait"),
    "expects_100_and_goes_on": Habits(expect="goes on"),
    "length_in_characters_together": Habits(characters="together"),
    "length_in_characters_late": Habits(characters="late"),
    "length_in_characters_glued": Habits(characters="glued"),
    "length_in_characters_no_cookies": Habits(characters="late", cookies=None),
    "byte_by_byte": Habits(pieces=7),
    "absolute_target": Habits(target="http://127.0.0.1:{port}/"),
    "path_and_query": Habits(target="/cwmp/acs//x.action?sn=1&oui=2"),
    "no_host": Habits(host=False),
    "upper_case_headers": Habits(headers=("CONTENT-TYPE: TEXT/XML; CHARSET=UTF-8", "SOAPACTION:")),
    "an_offer_to_upgrade": Habits(
        headers=(*PLAIN, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
    ),
    "basic_unasked": Habits(
        headers=(*PLAIN, "Authorization: Basic dTpw"),
        empty_headers=("Content-Length: 0", "Authorization: Basic dTpw"),
    ),
}


@pytest.mark.parametrize("name", HTTP)
def test_http_habits(acs, name: str) -> None:
    habits = HTTP[name]
    cpe = RawCpe(acs.port, habits)
    if habits.characters:
        # every message of it is to have a character of two bytes
        cpe.envelope = lambda text, id_="1": ENVELOPE.format(id=id_, body=text + "<!--ç-->")  # type: ignore[method-assign]
    converges(acs, cpe)


def changed(*pairs: tuple[str, str]) -> Callable[[str], bytes]:
    """Regular expressions and what comes in their place, in every message."""

    def body(text: str) -> bytes:
        for pattern, instead in pairs:
            text = re.sub(pattern, instead, text)
        return text.encode()

    return body


def pretty(text: str) -> bytes:
    return re.sub(r">(?=<[^/])", ">\r\n\t", text).encode()


def with_header(text: str, namespace: str = "cwmp-1-0") -> Callable[[str], bytes]:
    return changed(("</soap:Header>", f"{text}</soap:Header>"), ("cwmp-1-0", namespace))


CWMP = 'xmlns:cwmp="urn:dslforum-org:cwmp-1-0"'
XML = {
    "no_header": Habits(changed((r"<soap:Header>.*?</soap:Header>", ""))),
    "empty_header": Habits(changed((r"<soap:Header>.*?</soap:Header>", "<soap:Header/>"))),
    "no_id": Habits(changed((r"<cwmp:ID.*?</cwmp:ID>", ""))),
    "another_id": Habits(changed((r"(<cwmp:ID[^>]*>).*?<", r"\g<1>intrnl.unset.id.Inform7<"))),
    "no_must_understand": Habits(changed((r' soap:mustUnderstand="1"', ""))),
    "prefix_SOAP-ENV": Habits(changed((r"\bsoap:", "SOAP-ENV:"), ("soap-enc", "SOAP-ENC"))),
    "prefix_soap_env": Habits(changed((r"\bsoap:", "soap_env:"), ("soap-enc", "soap_enc"))),
    "soap_as_default_namespace": Habits(changed((r"(</?)soap:", r"\1"), ("xmlns:soap=", "xmlns="))),
    "envelope_without_namespace": Habits(changed((r'xmlns:soap="[^"]*" ', ""), (r"soap:(?!must)", ""))),
    "cwmp_1_2": Habits(changed(("cwmp-1-0", "cwmp-1-2"))),
    "cwmp_1_3_unofficial": Habits(changed(("cwmp-1-0", "cwmp-1-3"))),
    "cwmp_1_4_unofficial": Habits(changed(("cwmp-1-0", "cwmp-1-4"))),
    "no_cwmp_namespace": Habits(changed((r"(</?)cwmp:", r"\1"), (CWMP, ""))),
    "children_in_namespace": Habits(
        changed((r"(</?)(?=[A-Z]\w+[ >/])", r"\1cwmp:"), (CWMP, CWMP + ' xmlns:x="y"'))
    ),
    "schema_of_1999": Habits(changed(("2001/XMLSchema", "1999/XMLSchema"))),
    "single_quotes": Habits(changed(('"', "'"))),
    "pretty_printed": Habits(pretty),
    "xml_declaration": Habits(
        lambda text: b'<?xml version="1.0" encoding="UTF-8" standalone="no" ?>\r\n' + text.encode()
    ),
    "byte_order_mark": Habits(lambda text: text.encode("utf-8-sig")),
    "latin_1_declared": Habits(
        lambda text: b'<?xml version="1.0" encoding="ISO-8859-1"?>' + text.encode("iso-8859-1")
    ),
    "latin_1_undeclared": Habits(lambda text: text.encode("iso-8859-1")),
    "zero_byte_at_the_end": Habits(lambda text: text.encode() + b"\0"),
    "cdata": Habits(
        changed((r"(<Value [^>]*>)([^<]*)<", lambda m: f"{m[1]}<![CDATA[{unescape(m[2])}]]><"))  # type: ignore[arg-type]
    ),
    "no_xsi_type": Habits(changed((r' xsi:type="[^"]*"', ""))),
    "blank_type": Habits(changed((r'xsi:type="[^"]*"', 'xsi:type=""'))),
    "types_misspelt": Habits(changed(("xsd:unsignedInt", "xsd:unsignedint"), ("xsd:boolean", "xsd:Boolean"))),
    "types_without_prefix": Habits(changed(("xsd:(?=[a-z])(?!=)", ""))),
    "everything_typed": Habits(changed((r"<(Name|EventCode|OUI|Status)>", r'<\1 xsi:type="xsd:string">'))),
    "wrong_array_counts": Habits(changed((r"Struct\[\d+\]", "Struct[0099]"))),
    "no_array_types": Habits(changed((r' soap-enc:arrayType="[^"]*"', ""))),
    "event_last": Habits(changed((r"(<Event .*?</Event>)(.*)(</cwmp:Inform>)", r"\2\1\3"))),
    "odd_clock": Habits(changed((r"<CurrentTime>[^<]*", "<CurrentTime>1970-01-01T11:54::14"))),
    "retry_942": Habits(changed(("<RetryCount>0", "<RetryCount>942"), ("Envelopes>1", "Envelopes>2"))),
    "no_more_requests": Habits(with_header("<cwmp:NoMoreRequests>1</cwmp:NoMoreRequests>")),
    "hold_request_misspelt": Habits(with_header("<cwmp:HoldRequest>0</cwmp:HoldRequest>")),
    "session_timeout": Habits(with_header("<cwmp:SessionTimeout>60</cwmp:SessionTimeout>", "cwmp-1-2")),
    "supported_versions": Habits(
        with_header(
            '<cwmp:SupportedCWMPVersions soap:mustUnderstand="1">1.0,1.2,1.4</cwmp:SupportedCWMPVersions>',
            "cwmp-1-2",
        )
    ),
    "one_byte_short": Habits(lambda text: text.encode()[:-1]),
}  # fmt: skip


@pytest.mark.parametrize("name", XML)
def test_xml_habits(acs, name: str) -> None:
    converges(acs, RawCpe(acs.port, XML[name]))


@pytest.mark.parametrize("spelled", ["1", "true", "True", "TRUE"])
def test_spellings_of_true_are_no_change(acs, spelled: str) -> None:
    cpe = RawCpe(acs.port, **{ENABLE: spelled})
    cpe.session("1 BOOT")
    transaction = queue(acs, cpe, {f".{ENABLE[7:]}": True})
    cpe.session()
    done = outcome(acs, transaction)
    assert done.state == "done" and not done.result["changed"]


def test_mikrotik(acs) -> None:
    """No SOAP header in anything it sends, HTTP/1.1 with a cookie, a pretty-printed body, 1 BOOT first."""
    habits = Habits(
        lambda text: pretty(re.sub(r"<soap:Header>.*?</soap:Header>", "", text)),
        headers=("Content-Type: text/xml", "User-Agent: Mikrotik/6.x TR069 agent", "SOAPAction: "),
        empty_headers=("User-Agent: Mikrotik/6.x TR069 agent", "Content-Length: 0"),
    )
    cpe = RawCpe(acs.port, habits)
    event = '<Event soap-enc:arrayType="cwmp:EventStruct[2]"><EventStruct><EventCode>1 BOOT</EventCode>'
    event += "<CommandKey></CommandKey></EventStruct><EventStruct><EventCode>0 BOOTSTRAP</EventCode>"
    assert cpe.post(re.sub(r"<Event .*?</EventCode>", event, cpe.inform())).status == 200
    assert cpe.post("").status == 204
    assert acs.platform.device(cpe.id).last_events == ("1 BOOT", "0 BOOTSTRAP")
    converges(acs, cpe)


def test_the_acs_is_well_after_all_this(acs) -> None:
    started = time.monotonic()
    converges(acs, RawCpe(acs.port))
    assert time.monotonic() - started < 5
    assert "Traceback" not in acs.log(1) and "could not be answered" not in acs.log(1)
