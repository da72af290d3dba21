"""The message classes against the schema of CWMP (cwmp-1-2.xsd), written down here once more."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from cwmp.wire import messages
from cwmp.wire.messages import MESSAGES, RESPONSES, Fault, Message, ParameterValue
from cwmp.wire.schema import FieldSpec, StructSpec, spec_of

SCHEMA = """
GetRPCMethods:
GetRPCMethodsResponse: MethodList[string]
SetParameterValues: ParameterList[ParameterValueStruct(Name Value)] ParameterKey
SetParameterValuesResponse: Status
GetParameterValues: ParameterNames[string]
GetParameterValuesResponse: ParameterList[ParameterValueStruct(Name Value)]
GetParameterNames: ParameterPath NextLevel
GetParameterNamesResponse: ParameterList[ParameterInfoStruct(Name Writable)]
SetParameterAttributes: ParameterList[SetParameterAttributesStruct(Name NotificationChange Notification
    AccessListChange AccessList[string])]
SetParameterAttributesResponse:
GetParameterAttributes: ParameterNames[string]
GetParameterAttributesResponse: ParameterList[ParameterAttributeStruct(Name Notification
    AccessList[string])]
AddObject: ObjectName ParameterKey
AddObjectResponse: InstanceNumber Status
DeleteObject: ObjectName ParameterKey
DeleteObjectResponse: Status
Download: CommandKey FileType URL Username Password FileSize TargetFileName DelaySeconds SuccessURL
    FailureURL
DownloadResponse: Status StartTime CompleteTime
Reboot: CommandKey
RebootResponse:
GetQueuedTransfers:
GetQueuedTransfersResponse: TransferList[QueuedTransferStruct(CommandKey State)]
ScheduleInform: DelaySeconds CommandKey
ScheduleInformResponse:
SetVouchers: VoucherList[base64]
SetVouchersResponse:
GetOptions: OptionName
GetOptionsResponse: OptionList[OptionStruct(OptionName VoucherSN State Mode StartDate ExpirationDate
    IsTransferable)]
Upload: CommandKey FileType URL Username Password DelaySeconds
UploadResponse: Status StartTime CompleteTime
FactoryReset:
FactoryResetResponse:
GetAllQueuedTransfers:
GetAllQueuedTransfersResponse: TransferList[AllQueuedTransferStruct(CommandKey State IsDownload FileType
    FileSize TargetFileName)]
ScheduleDownload: CommandKey FileType URL Username Password FileSize TargetFileName
    TimeWindowList[TimeWindowStruct(WindowStart WindowEnd WindowMode UserMessage MaxRetries)]
ScheduleDownloadResponse:
CancelTransfer: CommandKey
CancelTransferResponse:
ChangeDUState: Operations*{InstallOpStruct(URL UUID Username Password
    ExecutionEnvRef)|UpdateOpStruct(UUID Version URL Username Password)|UninstallOpStruct(UUID Version
    ExecutionEnvRef)} CommandKey
ChangeDUStateResponse:
Inform: DeviceId(Manufacturer OUI ProductClass SerialNumber) Event[EventStruct(EventCode CommandKey)]
    MaxEnvelopes CurrentTime RetryCount ParameterList[ParameterValueStruct(Name Value)]
InformResponse: MaxEnvelopes
TransferComplete: CommandKey FaultStruct(FaultCode FaultString) StartTime CompleteTime
TransferCompleteResponse:
AutonomousTransferComplete: AnnounceURL TransferURL IsDownload FileType FileSize TargetFileName
    FaultStruct(FaultCode FaultString) StartTime CompleteTime
AutonomousTransferCompleteResponse:
Kicked: Command Referer Arg Next
KickedResponse: NextURL
RequestDownload: FileType FileTypeArg[ArgStruct(Name Value)]
RequestDownloadResponse:
DUStateChangeComplete: Results*(UUID DeploymentUnitRef Version CurrentState Resolved
    ExecutionUnitRefList StartTime CompleteTime Fault(FaultCode FaultString)) CommandKey
DUStateChangeCompleteResponse:
AutonomousDUStateChangeComplete: Results*(UUID DeploymentUnitRef Version CurrentState Resolved
    ExecutionUnitRefList StartTime CompleteTime Fault(FaultCode FaultString) OperationPerformed)
AutonomousDUStateChangeCompleteResponse:
"""
"""Element names in order; [] a SOAP array with its member, * a repeated element, {} told by xsi:type."""

CALLERS = """
GetRPCMethods 1.0 ACS/CPE
SetParameterValues 1.0 ACS
GetParameterValues 1.0 ACS
GetParameterNames 1.0 ACS
SetParameterAttributes 1.0 ACS
GetParameterAttributes 1.0 ACS
AddObject 1.0 ACS
DeleteObject 1.0 ACS
Download 1.0 ACS
Reboot 1.0 ACS
GetQueuedTransfers 1.0 ACS
ScheduleInform 1.0 ACS
SetVouchers 1.0 ACS
GetOptions 1.0 ACS
Upload 1.0 ACS
FactoryReset 1.0 ACS
GetAllQueuedTransfers 1.1 ACS
ScheduleDownload 1.2 ACS
CancelTransfer 1.2 ACS
ChangeDUState 1.2 ACS
Inform 1.0 CPE
TransferComplete 1.0 CPE
AutonomousTransferComplete 1.1 CPE
Kicked 1.0 CPE
RequestDownload 1.0 CPE
DUStateChangeComplete 1.2 CPE
AutonomousDUStateChangeComplete 1.2 CPE
"""


def shape_of(field: FieldSpec) -> str:
    if field.many == "array":
        inner = fields_of(field.structs[field.member]) if field.structs else ""
        return f"{field.element}[{field.member}{inner}]"
    star = "*" if field.many == "repeated" else ""
    if len(field.structs) > 1:
        variants = "|".join(name + fields_of(spec) for name, spec in field.structs.items())
        return f"{field.element}{star}{{{variants}}}"
    return field.element + star + "".join(fields_of(spec) for spec in field.structs.values())


def fields_of(spec: StructSpec) -> str:
    # The type of a parameter's value is an attribute, not an element.
    fields = [each for each in spec.fields if spec.cls is not ParameterValue or each.name != "type"]
    return "(" + " ".join(map(shape_of, fields)) + ")"


def test_every_message_has_the_elements_of_the_schema_in_its_order() -> None:
    entries = SCHEMA.strip().replace("\n    ", " ").splitlines()
    theirs = {name: elements.strip() for name, _, elements in (entry.partition(":") for entry in entries)}
    ours = {name: " ".join(map(shape_of, spec_of(cls).fields)) for name, cls in MESSAGES.items()}
    assert ours == theirs


def test_all_27_methods_with_caller_and_version() -> None:
    rows = [line.split() for line in CALLERS.strip().splitlines()]
    assert len(rows) == len(RESPONSES) == 27
    for name, since, callers in rows:
        cls = MESSAGES[name]
        assert messages.SINCE[cls] == since
        assert (cls in messages.ACS_REQUESTS) == ("ACS" in callers.split("/"))
        assert (cls in messages.CPE_REQUESTS) == ("CPE" in callers.split("/"))
        assert RESPONSES[cls] is MESSAGES[name + "Response"]


@pytest.mark.parametrize("cls", MESSAGES.values(), ids=lambda cls: cls.__name__)
def test_messages_are_immutable_without_dict(cls: type[Message]) -> None:
    assert dataclasses.is_dataclass(cls)
    instance = cls.__new__(cls)
    assert not hasattr(instance, "__dict__")
    with pytest.raises((dataclasses.FrozenInstanceError, AttributeError, TypeError)):
        instance.anything = 1  # type: ignore[attr-defined]


def test_fault_of_knows_who_is_to_blame() -> None:
    assert Fault.of(9005) == Fault(9005, "Invalid parameter name", (), "Client")
    assert Fault.of(9002).soap_code == "Server"
    assert Fault.of(8000, "no").message == "no"


def test_messages_need_no_xml_parser() -> None:
    code = "import sys, cwmp.wire.messages; sys.exit('lxml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
