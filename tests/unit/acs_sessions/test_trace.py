"""The trace: what is kept, for how long, and that no secret is ever shown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwmp.acs.sessions.trace import Trace
from cwmp.acs.sessions.trace_masking import WITHHELD, masked_bodies
from cwmp.desired.outcome import MASK
from cwmp.wire.envelope import Envelope, encode
from cwmp.wire.messages import (
    Download,
    Fault,
    GetParameterValuesResponse,
    Message,
    ParameterValue,
    SetParameterValues,
    SetParameterValuesFault,
    Upload,
)

CWMP = "urn:dslforum-org:cwmp-1-2"
PASSWORD = "Device.ManagementServer.ConnectionRequestPassword"


def soap(message: Message | Fault) -> bytes:
    return encode(Envelope(message, "1", CWMP, "soap-env"))


def shown(*bodies: bytes | None, secret_paths: tuple[str, ...] = ()) -> str:
    return "\n".join(masked_bodies(bodies, secret_paths))


def test_secret_parameters_are_masked_and_others_are_not():
    text = shown(
        soap(
            SetParameterValues(
                (
                    ParameterValue(PASSWORD, "hunter2"),
                    ParameterValue("Device.X_VENDOR_Thing.AdminPassword", "hunter3"),
                    ParameterValue("Device.ManagementServer.Username", "joe"),
                    ParameterValue("Device.Private.Thing", "hunter4"),
                )
            )
        ),
        secret_paths=("Device.Private.Thing",),
    )
    assert "hunter" not in text and "joe" in text and text.count(MASK) == 3 and PASSWORD in text


@pytest.mark.parametrize("kind", [Download, Upload])
def test_transfer_passwords_and_urls(kind):
    text = shown(soap(kind("k", "1 Firmware Upgrade Image", "http://u:hunter2@h/f", "joe", "hunter3")))
    assert "hunter" not in text and "joe" in text and "@h/f" in text


def test_a_fault_that_quotes_the_secret():
    entry = SetParameterValuesFault(PASSWORD, 9007, "'xyz' is too short")
    text = shown(
        soap(SetParameterValues((ParameterValue(PASSWORD, "xyz"),))),
        soap(Fault(9003, "value xyz refused", (entry,))),
    )
    assert "xyz" not in text and "9007" in text


def test_fault_texts_are_withheld_where_a_body_is_missing():
    text = shown(None, soap(Fault(9003, "value xyz refused")))
    assert "xyz" not in text and "9003" in text


def test_a_long_secret_is_masked_wherever_it_turns_up():
    text = shown(
        soap(SetParameterValues((ParameterValue(PASSWORD, "correct horse"),))),
        soap(GetParameterValuesResponse((ParameterValue("Device.X_Config", "pw=correct horse;"),))),
    )
    assert "correct" not in text


@pytest.mark.parametrize(
    "body",
    [
        b"<a><Name>x</Name><Value>hunter2</Value>",
        b"<!DOCTYPE a [<!ENTITY s 'hunter2'>]><a>&s;</a>",
        b"hunter2",
        b"<a>hunter2\xff\xfe</a><b",
        b'<a b="hunter2>',
        "<a>hunter2</a>".encode("utf-16")[:-3],
        b"\x00<a>hunter2</a>",
    ],
)
def test_what_cannot_be_parsed_is_withheld(body):
    assert shown(body) == WITHHELD


@pytest.mark.parametrize(
    "body",
    [
        b"<p><Value>hunter2</Value></p>",
        b"<p><Name>%s</Name><Value><x>hunter2</x></Value></p>" % PASSWORD.encode(),
        b"<p><Value>hunter2</Value><Name> %s\n</Name></p>" % PASSWORD.encode(),
        b"<p><Name>%s</Name><Value><![CDATA[hunter2]]></Value></p>" % PASSWORD.encode(),
        b"<p><Name>%s</Name><Value/>hunter2</p>" % PASSWORD.encode(),
        b"<p><!-- hunter2 --><?x hunter2?></p>",
        b'<p secret="hunter2"/>',
        b"<x:p><x:Name>%s</x:Name><x:Value>hunter2</x:Value></x:p>" % PASSWORD.encode(),
        b"<p><Name>a</Name><Name>%s</Name><Value>hunter2</Value></p>" % PASSWORD.encode(),
        b"<PASSWORD>hunter2</PASSWORD>",
        b"<p><Name>Device.<b/>%s</Name><Value>hunter2</Value></p>" % PASSWORD[7:].encode(),
        (
            f"<?xml version='1.0' encoding='UTF-16'?><p><Name>{PASSWORD}</Name><Value>hunter2</Value></p>"
        ).encode("utf-16"),
    ],
)
def test_odd_forms_hide_nothing(body):
    assert "hunter2" not in shown(body)


@given(
    st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=40).map(lambda t: "§" + t)
)
@settings(max_examples=60)
def test_any_secret_is_masked(secret):
    from cwmp.wire.errors import WireError

    try:
        body = soap(SetParameterValues((ParameterValue(PASSWORD, secret),)))
    except WireError:
        return
    assert secret not in shown(body)


@given(st.binary(max_size=300))
@settings(max_examples=100)
def test_any_bytes_give_text(body):
    assert isinstance(shown(body), str)


def filled(trace: Trace, device: str, sessions: int, size: int) -> None:
    for number in range(sessions):
        session = trace.begin(device, float(number), "192.0.2.1", ("2 PERIODIC",))
        session.add("cpe→acs", float(number), 0, b" " * size)
        session.add("acs→cpe", float(number), 204, b"")
        session.end(number + 1.0)


def test_the_last_five_sessions_of_a_device():
    trace = Trace()
    filled(trace, "A", 7, 10)
    sessions = trace.sessions("A")
    assert [each["started"][-7:] for each in sessions] == [f"0{n}.000Z" for n in (2, 3, 4, 5, 6)]
    assert sessions[0]["events"] == ["2 PERIODIC"] and sessions[0]["peer"] == "192.0.2.1"
    assert [each["direction"] for each in sessions[0]["exchanges"]] == ["cpe→acs", "acs→cpe"]
    assert sessions[0]["exchanges"][1]["status"] == 204
    assert trace.sessions("B") == []
    trace.forget("A")
    assert trace.sessions("A") == [] and trace.size == 0


def test_memory_is_bounded_and_the_oldest_goes_first():
    trace = Trace(max_bytes=100_000)
    for number in range(2_000):
        filled(trace, f"D{number}", 1, 1_000)
    assert trace.size <= 100_000
    assert trace.sessions("D0") == [] and trace.sessions("D1999") != []
    assert len(trace._devices) < 60 and len(trace._oldest) < 200


def test_one_device_cannot_push_out_the_others():
    trace = Trace(max_bytes=1_000_000, max_body=10_000, max_session=50_000)
    filled(trace, "A", 1, 100)
    big = trace.begin("B", 0.0, "", ())
    for _ in range(1_000):
        big.add("cpe→acs", 0.0, 0, b"<a>" + b"x" * 20_000)
        big.add("cpe→acs", 0.0, 0, b"x" * 9_000)
    assert trace.sessions("A") != []
    exchanges = trace.sessions("B")[0]["exchanges"]
    assert exchanges[0]["body"] == "(a body of 20003 bytes was not kept)"


def test_bookkeeping_of_many_sessions_of_few_devices_stays_small():
    trace = Trace()
    for _ in range(300):
        filled(trace, "A", 5, 10)
    assert len(trace._oldest) < 100


def test_end_to_end(kit):
    async def run():
        acs = kit.Acs()
        cpe = kit.cpe(acs)
        acs.transactions.submit(cpe.id, path=kit.SECRET, value="hunter2")
        await cpe.session()
        await acs.settle()
        (session,) = acs.trace.sessions(cpe.id)
        assert [each.get("status") for each in session["exchanges"]] == [None, 200] * 4 + [None, 204]
        assert session["ended"] and cpe.device.value(kit.SECRET) == "hunter2"
        assert "hunter2" not in str(session) and kit.SECRET in str(session)
        assert "uthorization" not in str(session)

    kit.run(run())
