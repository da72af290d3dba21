"""Sessions that go astray, and answers of a kind of their own: the converge ends truthfully all the same."""

from __future__ import annotations

import re
from typing import Any

import pytest
from cwmp_test_raw_cpe import (  # type: ignore[import-not-found]
    FAULT,
    INTERVAL,
    MOST_STEPS,
    Habits,
    RawCpe,
    converges,
    id_of,
    method_of,
    outcome,
    queue,
)

from cwmp.platforms.protocol import Call, ConvergeCall


def stop_at(cpe: RawCpe, method: str) -> str:
    """Hold a session up to this request of the ACS, and leave it there unanswered."""
    cpe.begin()
    response = cpe.post("")
    for _ in range(MOST_STEPS):
        found = method_of(response.body)
        if found == method:
            return response.body.decode()
        request = response.body.decode()
        response = cpe.post(cpe.envelope(getattr(cpe, found)(request), id_of(request)))
    raise AssertionError(f"{method} was never asked")


@pytest.mark.parametrize("cookies", [None, Habits.cookies], ids=["no_cookies", "cookies"])
@pytest.mark.parametrize("method", ["GetParameterValues", "SetParameterValues"])
def test_a_new_inform_on_the_connection_of_an_unfinished_session(acs, method: str, cookies: Any) -> None:
    cpe = RawCpe(acs.port, Habits(cookies=cookies))
    cpe.session("0 BOOTSTRAP")
    transaction = queue(acs, cpe, {f".{INTERVAL[7:]}": 700})
    cpe.SetParameterValues(stop_at(cpe, method)) if method == "SetParameterValues" else stop_at(cpe, method)
    cpe.session("4 VALUE CHANGE")
    done = outcome(acs, transaction)
    assert done.state == "done" and cpe.tree[INTERVAL][0] == "700", done.fault
    assert [change["after"] for change in done.result["changes"]] == ["700"]


@pytest.mark.parametrize("method", ["GetParameterValues", "SetParameterValues"])
def test_an_empty_post_in_place_of_an_answer(acs, method: str) -> None:
    cpe = RawCpe(acs.port)
    cpe.session("0 BOOTSTRAP")
    transaction = queue(acs, cpe, {f".{INTERVAL[7:]}": 700})
    stop_at(cpe, method)
    cpe.go_on(cpe.post(""))
    done = outcome(acs, transaction)
    assert done.state == "done" and cpe.tree[INTERVAL][0] == "700", done.fault


def test_a_session_that_always_answers_with_nothing_ends(acs) -> None:
    cpe = RawCpe(acs.port)
    cpe.session("0 BOOTSTRAP")
    transaction = queue(acs, cpe, {f".{INTERVAL[7:]}": 700})
    cpe.answers["SetParameterValues"] = lambda request: ""
    cpe.session()
    assert cpe.methods.count("SetParameterValues") <= 5
    cpe.answers.clear()
    cpe.session()
    assert outcome(acs, transaction).state == "done"


@pytest.mark.parametrize("cookies", [None, Habits.cookies], ids=["no_cookies", "cookies"])
def test_a_connection_that_breaks_in_the_middle(acs, cookies: Any) -> None:
    cpe = RawCpe(acs.port, Habits(cookies=cookies))
    cpe.session("0 BOOTSTRAP")
    transaction = queue(acs, cpe, {f".{INTERVAL[7:]}": 700})
    request = stop_at(cpe, "SetParameterValues")
    cpe.close()
    if cookies is not None:  # it comes back with its cookie, and goes on where it was
        cpe.go_on(cpe.post(cpe.envelope(cpe.SetParameterValues(request), id_of(request))))
    else:
        cpe.session()
    done = outcome(acs, transaction)
    assert done.state == "done" and cpe.tree[INTERVAL][0] == "700", done.fault


def test_several_sessions_on_one_connection(acs) -> None:
    cpe = RawCpe(acs.port, Habits(cookies=None))
    for interval in (601, 602, 603):
        cpe.begin("0 BOOTSTRAP" if interval == 601 else "2 PERIODIC")
        transaction = queue(acs, cpe, {f".{INTERVAL[7:]}": interval})
        cpe.go_on(cpe.post(""))
        assert outcome(acs, transaction).state == "done" and cpe.tree[INTERVAL][0] == str(interval)
        assert cpe.post("").status == 204, "an empty POST after the end"
    cpe.close()


def test_two_cpes_without_cookies_at_one_address(acs) -> None:
    cpes = [RawCpe(acs.port, Habits(cookies=None)) for _ in range(2)]
    for cpe in cpes:
        cpe.session("0 BOOTSTRAP")
    transactions = [queue(acs, cpe, {f".{INTERVAL[7:]}": 800 + at}) for at, cpe in enumerate(cpes)]
    requests = [stop_at(cpe, "SetParameterValues") for cpe in cpes]
    for cpe, request in zip(cpes, requests, strict=True):
        cpe.go_on(cpe.post(cpe.envelope(cpe.SetParameterValues(request), id_of(request))))
    assert [outcome(acs, each).state for each in transactions] == ["done", "done"]
    assert [cpe.tree[INTERVAL][0] for cpe in cpes] == ["800", "801"]


def test_requests_of_the_cpe_before_between_and_after(acs) -> None:
    cpe = RawCpe(acs.port)
    cpe.session("0 BOOTSTRAP")
    transaction = queue(acs, cpe, {f".{INTERVAL[7:]}": 700})
    complete = (
        "<cwmp:TransferComplete><CommandKey>k</CommandKey><FaultStruct><FaultCode>0</FaultCode><FaultString/>"
        "</FaultStruct><StartTime>0001-01-01T00:00:00Z</StartTime>"
        "<CompleteTime>Unknown Time</CompleteTime></cwmp:TransferComplete>"
    )
    methods = "<cwmp:GetRPCMethods></cwmp:GetRPCMethods>"
    cpe.begin("7 TRANSFER COMPLETE")
    assert method_of(cpe.post(cpe.envelope(complete)).body) == "TransferCompleteResponse"
    assert method_of(cpe.post(cpe.envelope(methods)).body) == "GetRPCMethodsResponse"
    unknown = cpe.post(cpe.envelope("<cwmp:X_ACME_Hello><Name>x</Name></cwmp:X_ACME_Hello>")).body
    assert b"8000" in unknown and b"Fault" in unknown
    request = cpe.post("").body.decode()
    assert method_of(request.encode()) == "GetParameterValues"
    # a request of its own while the ACS waits for an answer, and only then the answer
    assert method_of(cpe.post(cpe.envelope(methods)).body) == "GetRPCMethodsResponse"
    cpe.go_on(cpe.post(cpe.envelope(cpe.GetParameterValues(request), id_of(request))))
    assert method_of(cpe.post(cpe.envelope(methods)).body) == "GetRPCMethodsResponse"
    assert cpe.post("").status == 204
    assert outcome(acs, transaction).state == "done" and cpe.tree[INTERVAL][0] == "700"


def test_one_message_that_is_no_xml_costs_one_session(acs) -> None:
    cpe = RawCpe(acs.port)
    cpe.session("0 BOOTSTRAP")
    transaction = queue(acs, cpe, {f".{INTERVAL[7:]}": 700})
    stop_at(cpe, "GetParameterValues")
    cpe.habits = Habits(lambda text: b"Segmentation fault")
    assert cpe.post("x").status == 400
    cpe.habits = Habits()
    cpe.session()
    assert outcome(acs, transaction).state == "done"


NESTED = (
    "<soap:Fault><faultcode>Client</faultcode><faultstring>CWMP fault<detail><cwmp:Fault>"
    "<FaultCode>9007</FaultCode><FaultString>too small</FaultString></cwmp:Fault></detail>"
    "</faultstring></soap:Fault>"
)
LISTED = (
    "<soap:Fault><faultcode>soap:Client</faultcode><faultstring>CWMP fault</faultstring><detail><cwmp:Fault>"
    "<FaultCode>9003</FaultCode><FaultString>Invalid arguments</FaultString><SetParameterValuesFault>"
    "{name}<FaultCode>9007</FaultCode><FaultString>too small</FaultString>"
    "</SetParameterValuesFault></cwmp:Fault></detail></soap:Fault>"
)
BARE = "<soap:Fault><faultcode>Server</faultcode><faultstring>out of memory</faultstring></soap:Fault>"
UNDECLARED = NESTED.replace("soap:Fault", "SOAP-ENV:Fault").replace("<detail>", "</faultstring><detail>")


@pytest.mark.parametrize(
    ("fault", "code", "told"),
    [
        (NESTED, 9007, "too small"),
        (LISTED.format(name=f"<ParameterName>{INTERVAL}</ParameterName>"), 9007, "too small"),
        (LISTED.format(name=""), None, INTERVAL),
        (FAULT.format(code=9001, text="CWMP fault"), 9001, "9001"),
        (FAULT.format(code=9815, text="Lizenz abgelaufen"), 9815, "Lizenz abgelaufen"),
        (BARE, None, "out of memory"),
        (UNDECLARED.replace("</faultstring></SOAP", "</SOAP"), 9007, "too small"),
    ],
    ids=["nested", "listed", "listed_without_name", "bare_9001", "vendor", "soap_only", "undeclared_prefix"],
)
def test_refusals(acs, fault: str, code: int | None, told: str) -> None:
    cpe = RawCpe(acs.port)
    cpe.session("0 BOOTSTRAP")
    transaction = queue(acs, cpe, {f".{INTERVAL[7:]}": 1})
    cpe.answers["SetParameterValues"] = lambda request: fault
    cpe.session()
    refused = outcome(acs, transaction)
    assert refused.state == "fault" and refused.fault["kind"] == "cwmp"
    assert told in refused.fault["message"] and cpe.id in refused.fault["message"]
    assert code is None or refused.fault["code"] == code


def test_a_row_that_is_refused_inside_a_status(acs) -> None:
    cpe = RawCpe(acs.port)
    cpe.session("0 BOOTSTRAP")
    row = {"table": ".NAT.PortMapping.", "match": {"Description": "x"}, "set": {}}
    call = ConvergeCall(wait=0, queue=True, connection_request="none")
    transaction = acs.platform.converge(cpe.id, {"instances": [row]}, call).id
    cpe.answers["AddObject"] = lambda request: (
        "<cwmp:AddObjectResponse><InstanceNumber>0</InstanceNumber><Status>9004</Status></cwmp:AddObjectResponse>"
    )
    cpe.tree["Device.NAT.PortMapping."] = ["", "", True]
    cpe.answers["GetParameterNames"] = lambda request: (
        "<cwmp:GetParameterNamesResponse><ParameterList/></cwmp:GetParameterNamesResponse>"
    )
    cpe.session()
    refused = outcome(acs, transaction)
    assert refused.state == "fault" and refused.fault["code"] == 9004


class Crash(Exception):
    """The CPE's process ends here."""


def crashes(cpe: RawCpe, most: int) -> None:
    """As netcwmp does with more names than it has room for, and genieacs-sim with one it does not have."""

    def answer(request: str) -> str:
        names = re.findall("<string>(.*?)</string>", request)
        if len(names) > most or not all(name in cpe.tree for name in names):
            cpe.close()
            raise Crash
        return cpe.GetParameterValues(request)

    cpe.answers["GetParameterValues"] = answer


@pytest.mark.parametrize("cookies", [None, Habits.cookies], ids=["no_cookies", "cookies"])
def test_an_agent_that_crashes_when_asked_for_too_much(acs, cookies: Any) -> None:
    cpe = RawCpe(acs.port, Habits(cookies=cookies))
    cpe.tree |= {f"Device.X_ACME.{number}.Name": ["", "xsd:string", False] for number in range(100)}
    crashes(cpe, 31)
    cpe.session("0 BOOTSTRAP")
    call = Call(wait=0, queue=True, connection_request="none")
    transaction = acs.platform.read(cpe.id, ["."], call).id
    with pytest.raises(Crash):
        cpe.session()
    cpe.session("1 BOOT")
    read = outcome(acs, transaction)
    assert read.state == "done", read.fault
    assert len(read.result["parameters"]) == len(cpe.tree)


def test_an_agent_that_crashes_when_asked_for_what_it_does_not_have(acs) -> None:
    cpe = RawCpe(acs.port)
    crashes(cpe, 100)
    cpe.session("0 BOOTSTRAP")
    unknown = "Device.DeviceInfo.NoSuchParameter"
    transaction = queue(acs, cpe, {f".{unknown[7:]}": "x", f".{INTERVAL[7:]}": 900})
    with pytest.raises(Crash):
        cpe.session()
    cpe.session("1 BOOT")
    refused = outcome(acs, transaction)
    assert refused.state == "fault" and refused.fault["code"] == 9005
    assert unknown in refused.fault["message"] and cpe.tree[INTERVAL][0] == "300"


def test_objects_listed_without_their_final_dot(acs) -> None:
    """As SimulaTR69 does, which reads them as empty texts besides."""
    cpe = RawCpe(acs.port)
    objects = ("Device.DeviceInfo", "Device.ManagementServer")
    cpe.tree |= {path: ["", "", False] for path in objects}
    cpe.session("0 BOOTSTRAP")
    call = Call(wait=0, queue=True, connection_request="none")
    transaction = acs.platform.read(cpe.id, ["."], call, names=True).id
    cpe.session()
    read = outcome(acs, transaction)
    assert read.state == "done", read.fault
    assert {each["path"]: each["value"] for each in read.result["parameters"]} == {
        f"{path}." if path in objects else path: None if path in objects else held[0]
        for path, held in cpe.tree.items()
    }


@pytest.mark.parametrize(
    "habits", [Habits(), Habits(chunks=4096), Habits(pieces=9973)], ids=["plain", "chunked", "in_pieces"]
)
def test_a_tree_of_850_kb(acs, habits: Habits) -> None:
    cpe = RawCpe(acs.port, habits)
    for number in range(1, 6401):
        cpe.tree[f"Device.X_ACME_Interfaces.Table.{number}.LongParameterName"] = [
            str(number),
            "xsd:int",
            False,
        ]
    assert len(cpe.envelope(cpe.GetParameterNames("<ParameterPath>Device.</ParameterPath>"))) > 800_000
    cpe.session("0 BOOTSTRAP")
    call = Call(wait=0, queue=True, connection_request="none")
    transaction = acs.platform.read(cpe.id, ["."], call).id
    cpe.session()
    read = outcome(acs, transaction)
    assert read.state == "done", read.fault
    found = {each["path"]: each["value"] for each in read.result["parameters"]}
    assert (
        len(found) == len(cpe.tree)
        and found["Device.X_ACME_Interfaces.Table.6400.LongParameterName"] == "6400"
    )
    converges(acs, cpe)
