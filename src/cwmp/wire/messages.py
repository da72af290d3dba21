"""Every CWMP RPC as an immutable message, requests and responses (TR-069a6 Annex A, cwmp-1-2.xsd).

Classes are named as the RPCs; fields are the schema's names in snake case, in the schema's order; arrays
are tuples; structures drop the suffix ``Struct``. Values stay lexical, as on the wire: `cwmp.wire.values`
turns them into Python values. Imports nothing heavy: the convergence engine builds on this file alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Literal, TypeAlias

UNKNOWN_TIME = "0001-01-01T00:00:00Z"
"""The dateTime that means "not known" or "not yet" (TR-069a6 §A.2.1)."""

Token: TypeAlias = Annotated[str, "token"]
"""Text where blanks around it mean nothing and are dropped on reading: paths, event codes."""

DateTime: TypeAlias = Annotated[str, "dateTime"]
"""A dateTime as sent. Real CPEs send invalid ones, so it is text here (`values.parse` reads it)."""

Count: TypeAlias = Annotated[int, "count"]
"""A number nothing depends on: unreadable ones are taken for the default instead of refused."""

Unsigned: TypeAlias = Annotated[int, "unsignedInt"]
"""An unsignedInt of the schema."""

OptionalText: TypeAlias = Annotated[str, "optional"]
"""Text of an element that may be absent; "" is sent as absent."""

Base64: TypeAlias = Annotated[str, "base64"]
"""Text in base64, not decoded."""


class Message:
    """Base of every RPC message. `Fault` is not one: it answers any of them."""

    __slots__ = ()


# --- structures ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """A parameter and its value. `value` is the text on the wire, `type` the XSD type's local name."""

    name: Token
    value: str
    type: str = "string"


@dataclass(frozen=True, slots=True)
class ParameterInfo:
    """A name below a path; objects end in a dot. Writable for a table means AddObject works."""

    name: Token
    writable: bool


@dataclass(frozen=True, slots=True)
class SetParameterAttribute:
    """What SetParameterAttributes changes (SetParameterAttributesStruct).

    The two `..._change` flags say whether `notification` and `access_list` count.
    """

    name: Token
    notification_change: bool
    notification: int
    access_list_change: bool
    access_list: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParameterAttribute:
    """Notification (0 to 6, TR-069a6 §A.3.2.4) and access list of a parameter."""

    name: Token
    notification: int
    access_list: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeviceId:
    """Who the CPE is; kept exactly as sent. `cwmp.wire.identity` spells it as one string."""

    manufacturer: str
    oui: Token
    product_class: str
    serial_number: str


@dataclass(frozen=True, slots=True)
class Event:
    """Why the session was opened, such as ``2 PERIODIC``; `command_key` belongs to ``M`` events."""

    event_code: Token
    command_key: str = ""


@dataclass(frozen=True, slots=True)
class TransferCompleteFault:
    """Result of a transfer; code 0 is success."""

    fault_code: int = 0
    fault_string: str = ""


@dataclass(frozen=True, slots=True)
class QueuedTransfer:
    """A transfer the ACS asked for. State: 1 not begun, 2 running, 3 done."""

    command_key: str
    state: int


@dataclass(frozen=True, slots=True)
class AllQueuedTransfer:
    """Any transfer the CPE knows of. State as in `QueuedTransfer`."""

    command_key: str
    state: int
    is_download: bool
    file_type: str
    file_size: Unsigned
    target_file_name: str


@dataclass(frozen=True, slots=True)
class Option:
    """A voucher option (deprecated in the standard)."""

    option_name: str
    voucher_sn: Unsigned
    state: Unsigned
    mode: int
    start_date: DateTime
    expiration_date: OptionalText = ""
    is_transferable: int = 0


@dataclass(frozen=True, slots=True)
class Arg:
    """A named argument of RequestDownload."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """When a scheduled download may happen; start and end in seconds from now."""

    window_start: Unsigned
    window_end: Unsigned
    window_mode: str
    user_message: str = ""
    max_retries: int = 0


@dataclass(frozen=True, slots=True)
class InstallOp:
    """Install a deployment unit from a URL."""

    url: str
    uuid: OptionalText = ""
    username: OptionalText = ""
    password: OptionalText = ""
    execution_env_ref: OptionalText = ""


@dataclass(frozen=True, slots=True)
class UpdateOp:
    """Update one or all deployment units."""

    uuid: OptionalText = ""
    version: OptionalText = ""
    url: OptionalText = ""
    username: OptionalText = ""
    password: OptionalText = ""


@dataclass(frozen=True, slots=True)
class UninstallOp:
    """Remove a deployment unit."""

    uuid: str
    version: OptionalText = ""
    execution_env_ref: OptionalText = ""


Operation: TypeAlias = InstallOp | UpdateOp | UninstallOp


@dataclass(frozen=True, slots=True)
class DeploymentUnitFault:
    """Result of a deployment unit operation; code 0 is success."""

    fault_code: int = 0
    fault_string: OptionalText = ""


@dataclass(frozen=True, slots=True)
class OpResult:
    """What came of one operation of ChangeDUState."""

    uuid: str
    deployment_unit_ref: str
    version: str
    current_state: str
    resolved: bool
    execution_unit_ref_list: str
    start_time: DateTime
    complete_time: DateTime
    fault: DeploymentUnitFault = DeploymentUnitFault()


@dataclass(frozen=True, slots=True)
class AutonOpResult:
    """What came of an operation the CPE did by itself."""

    uuid: str
    deployment_unit_ref: str
    version: str
    current_state: str
    resolved: bool
    execution_unit_ref_list: str
    start_time: DateTime
    complete_time: DateTime
    fault: DeploymentUnitFault = DeploymentUnitFault()
    operation_performed: str = ""


# --- faults ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SetParameterValuesFault:
    """One parameter's part of a refused SetParameterValues."""

    parameter_name: str
    code: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """A CWMP fault, the answer to a request that failed (TR-069a6 §A.5).

    soap_code: who is to blame by the sender's word, the SOAP faultcode; MustUnderstand is SOAP's own.
    A SOAP fault without CWMP detail has code 0 and the faultstring as its message.
    """

    code: int
    message: str = ""
    set_parameter_values_faults: tuple[SetParameterValuesFault, ...] = ()
    soap_code: Literal["Client", "Server", "MustUnderstand"] = "Server"

    @classmethod
    def of(cls, code: int, message: str = "") -> Fault:
        """A fault with the standard's SOAP code, and its short text when no message is given."""
        blame: Literal["Client", "Server"] = "Client" if code in CLIENT_FAULTS else "Server"
        return cls(code, message or FAULT_TEXTS.get(code, ""), (), blame)


CLIENT_FAULTS = frozenset((9003, 9005, 9006, 9007, 9008, 8003))
"""Codes whose SOAP faultcode is Client; 8005 is listed nowhere and goes as Server."""

FAULT_TEXTS = MappingProxyType(
    {
        8000: "Method not supported",
        8001: "Request denied",
        8002: "Internal error",
        8003: "Invalid arguments",
        8004: "Resources exceeded",
        8005: "Retry request",
        8006: "ACS version incompatible with CPE",
        9000: "Method not supported",
        9001: "Request denied",
        9002: "Internal error",
        9003: "Invalid arguments",
        9004: "Resources exceeded",
        9005: "Invalid parameter name",
        9006: "Invalid parameter type",
        9007: "Invalid parameter value",
        9008: "Attempt to set a non-writable parameter",
        9009: "Notification request rejected",
        9010: "File transfer failure",
        9011: "Upload failure",
        9012: "File transfer server authentication failure",
        9013: "Unsupported protocol for file transfer",
        9014: "Unable to join multicast group",
        9015: "Unable to contact file server",
        9016: "Unable to access file",
        9017: "Unable to complete download",
        9018: "File corrupted",
        9019: "File authentication failure",
        9020: "Unable to complete download within the time windows",
        9021: "Cancellation of file transfer not permitted in current state",
        9022: "Invalid UUID format",
        9023: "Unknown execution environment",
        9024: "Disabled execution environment",
        9025: "Deployment unit does not match execution environment",
        9026: "Duplicate deployment unit",
        9027: "System resources exceeded",
        9028: "Unknown deployment unit",
        9029: "Invalid deployment unit state",
        9030: "Downgrade not permitted",
        9031: "Version not specified",
        9032: "Version already exists",
    }
)
"""Fault codes of the standard (TR-069a6 §A.5) and short texts for them."""


# --- called by either side -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GetRPCMethods(Message):
    """Which methods does the other side know?"""


@dataclass(frozen=True, slots=True)
class GetRPCMethodsResponse(Message):
    """The methods the sender knows."""

    method_list: tuple[str, ...]


# --- called by the ACS -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SetParameterValues(Message):
    """Set parameters, all or none. `parameter_key`, at most 32 characters, comes back in later Informs."""

    parameter_list: tuple[ParameterValue, ...]
    parameter_key: str = ""


@dataclass(frozen=True, slots=True)
class SetParameterValuesResponse(Message):
    """Status 0: applied; 1: committed, to be applied later (by a reboot, say)."""

    status: int


@dataclass(frozen=True, slots=True)
class GetParameterValues(Message):
    """Read parameters; a name ending in a dot stands for all below it."""

    parameter_names: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class GetParameterValuesResponse(Message):
    """The values read."""

    parameter_list: tuple[ParameterValue, ...]


@dataclass(frozen=True, slots=True)
class GetParameterNames(Message):
    """Names below a path; `next_level` true: only one level, false: everything below."""

    parameter_path: Token
    next_level: bool


@dataclass(frozen=True, slots=True)
class GetParameterNamesResponse(Message):
    """The names found, parameters and objects."""

    parameter_list: tuple[ParameterInfo, ...]


@dataclass(frozen=True, slots=True)
class SetParameterAttributes(Message):
    """Set notification and access."""

    parameter_list: tuple[SetParameterAttribute, ...]


@dataclass(frozen=True, slots=True)
class SetParameterAttributesResponse(Message):
    """Done."""


@dataclass(frozen=True, slots=True)
class GetParameterAttributes(Message):
    """Read notification and access."""

    parameter_names: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class GetParameterAttributesResponse(Message):
    """The attributes read."""

    parameter_list: tuple[ParameterAttribute, ...]


@dataclass(frozen=True, slots=True)
class AddObject(Message):
    """Add a row to a table; `object_name` ends in a dot."""

    object_name: Token
    parameter_key: str = ""


@dataclass(frozen=True, slots=True)
class AddObjectResponse(Message):
    """The number of the new row, chosen by the CPE; status as in `SetParameterValuesResponse`."""

    instance_number: Unsigned
    status: int


@dataclass(frozen=True, slots=True)
class DeleteObject(Message):
    """Delete a row; `object_name` ends in the number and a dot."""

    object_name: Token
    parameter_key: str = ""


@dataclass(frozen=True, slots=True)
class DeleteObjectResponse(Message):
    """Status as in `SetParameterValuesResponse`."""

    status: int


@dataclass(frozen=True, slots=True)
class Download(Message):
    """Fetch a file; `file_size` in bytes, 0 unknown; `delay_seconds` until it begins."""

    command_key: str
    file_type: str
    url: str
    username: str = ""
    password: str = ""
    file_size: Unsigned = 0
    target_file_name: str = ""
    delay_seconds: Unsigned = 0
    success_url: str = ""
    failure_url: str = ""


@dataclass(frozen=True, slots=True)
class DownloadResponse(Message):
    """Status 0: done and applied; 1: a TransferComplete will follow."""

    status: int
    start_time: DateTime = UNKNOWN_TIME
    complete_time: DateTime = UNKNOWN_TIME


@dataclass(frozen=True, slots=True)
class Reboot(Message):
    """Reboot once the session is over."""

    command_key: str


@dataclass(frozen=True, slots=True)
class RebootResponse(Message):
    """Will reboot."""


@dataclass(frozen=True, slots=True)
class GetQueuedTransfers(Message):
    """Transfers asked for and not reported yet (deprecated: `GetAllQueuedTransfers`)."""


@dataclass(frozen=True, slots=True)
class GetQueuedTransfersResponse(Message):
    """The transfers."""

    transfer_list: tuple[QueuedTransfer, ...]


@dataclass(frozen=True, slots=True)
class ScheduleInform(Message):
    """Open a session in so many seconds."""

    delay_seconds: Unsigned
    command_key: str


@dataclass(frozen=True, slots=True)
class ScheduleInformResponse(Message):
    """Will do."""


@dataclass(frozen=True, slots=True)
class SetVouchers(Message):
    """Set vouchers (deprecated)."""

    voucher_list: tuple[Base64, ...]


@dataclass(frozen=True, slots=True)
class SetVouchersResponse(Message):
    """Done."""


@dataclass(frozen=True, slots=True)
class GetOptions(Message):
    """Read options (deprecated)."""

    option_name: str


@dataclass(frozen=True, slots=True)
class GetOptionsResponse(Message):
    """The options."""

    option_list: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Upload(Message):
    """Send a file to a URL; `delay_seconds` until it begins."""

    command_key: str
    file_type: str
    url: str
    username: str = ""
    password: str = ""
    delay_seconds: Unsigned = 0


@dataclass(frozen=True, slots=True)
class UploadResponse(Message):
    """Status 0: done; 1: a TransferComplete will follow."""

    status: int
    start_time: DateTime = UNKNOWN_TIME
    complete_time: DateTime = UNKNOWN_TIME


@dataclass(frozen=True, slots=True)
class FactoryReset(Message):
    """Forget everything once the session is over."""


@dataclass(frozen=True, slots=True)
class FactoryResetResponse(Message):
    """Will do."""


@dataclass(frozen=True, slots=True)
class GetAllQueuedTransfers(Message):
    """All transfers the CPE knows of (CWMP 1.1)."""


@dataclass(frozen=True, slots=True)
class GetAllQueuedTransfersResponse(Message):
    """The transfers."""

    transfer_list: tuple[AllQueuedTransfer, ...]


@dataclass(frozen=True, slots=True)
class ScheduleDownload(Message):
    """Fetch a file within one or two time windows (CWMP 1.2)."""

    command_key: str
    file_type: str
    url: str
    username: str = ""
    password: str = ""
    file_size: Unsigned = 0
    target_file_name: str = ""
    time_window_list: tuple[TimeWindow, ...] = ()


@dataclass(frozen=True, slots=True)
class ScheduleDownloadResponse(Message):
    """Will do."""


@dataclass(frozen=True, slots=True)
class CancelTransfer(Message):
    """Cancel the transfer with this command key (CWMP 1.2)."""

    command_key: str


@dataclass(frozen=True, slots=True)
class CancelTransferResponse(Message):
    """Cancelled."""


@dataclass(frozen=True, slots=True)
class ChangeDUState(Message):
    """Install, update and remove software (CWMP 1.2)."""

    operations: tuple[Operation, ...]
    command_key: OptionalText = ""


@dataclass(frozen=True, slots=True)
class ChangeDUStateResponse(Message):
    """Will do; a DUStateChangeComplete follows."""


# --- called by the CPE -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Inform(Message):
    """Opens every session: who, why, and the parameters the ACS is to know at once."""

    device_id: DeviceId
    event: tuple[Event, ...]
    max_envelopes: Count = 1
    current_time: DateTime = UNKNOWN_TIME
    retry_count: Count = 0
    parameter_list: tuple[ParameterValue, ...] = ()


@dataclass(frozen=True, slots=True)
class InformResponse(Message):
    """Heard. `max_envelopes` is always 1 (TR-069a6 §A.3.3.1)."""

    max_envelopes: Count = 1


@dataclass(frozen=True, slots=True)
class TransferComplete(Message):
    """A transfer the ACS asked for is over."""

    command_key: str
    fault_struct: TransferCompleteFault = TransferCompleteFault()
    start_time: DateTime = UNKNOWN_TIME
    complete_time: DateTime = UNKNOWN_TIME


@dataclass(frozen=True, slots=True)
class TransferCompleteResponse(Message):
    """Heard; without it the CPE repeats itself for ever."""


@dataclass(frozen=True, slots=True)
class AutonomousTransferComplete(Message):
    """A transfer nobody at this ACS asked for is over (CWMP 1.1)."""

    announce_url: str
    transfer_url: str
    is_download: bool
    file_type: str
    file_size: Unsigned = 0
    target_file_name: str = ""
    fault_struct: TransferCompleteFault = TransferCompleteFault()
    start_time: DateTime = UNKNOWN_TIME
    complete_time: DateTime = UNKNOWN_TIME


@dataclass(frozen=True, slots=True)
class AutonomousTransferCompleteResponse(Message):
    """Heard."""


@dataclass(frozen=True, slots=True)
class Kicked(Message):
    """A user's browser kicked the CPE (deprecated)."""

    command: str
    referer: str
    arg: str
    next: str


@dataclass(frozen=True, slots=True)
class KickedResponse(Message):
    """Where the browser goes next."""

    next_url: str


@dataclass(frozen=True, slots=True)
class RequestDownload(Message):
    """The CPE would like a file; the ACS may answer with a Download."""

    file_type: str
    file_type_arg: tuple[Arg, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestDownloadResponse(Message):
    """Heard."""


@dataclass(frozen=True, slots=True)
class DUStateChangeComplete(Message):
    """Results of a ChangeDUState, one for each operation (CWMP 1.2)."""

    results: tuple[OpResult, ...]
    command_key: OptionalText = ""


@dataclass(frozen=True, slots=True)
class DUStateChangeCompleteResponse(Message):
    """Heard."""


@dataclass(frozen=True, slots=True)
class AutonomousDUStateChangeComplete(Message):
    """Results of operations the CPE did by itself (CWMP 1.2)."""

    results: tuple[AutonOpResult, ...]


@dataclass(frozen=True, slots=True)
class AutonomousDUStateChangeCompleteResponse(Message):
    """Heard."""


# --- who may call what, since when -----------------------------------------------------------------------

ACS_REQUESTS: tuple[type[Message], ...] = (
    GetRPCMethods,
    SetParameterValues,
    GetParameterValues,
    GetParameterNames,
    SetParameterAttributes,
    GetParameterAttributes,
    AddObject,
    DeleteObject,
    Download,
    Reboot,
    GetQueuedTransfers,
    ScheduleInform,
    SetVouchers,
    GetOptions,
    Upload,
    FactoryReset,
    GetAllQueuedTransfers,
    ScheduleDownload,
    CancelTransfer,
    ChangeDUState,
)
"""What the ACS may ask of a CPE."""

CPE_REQUESTS: tuple[type[Message], ...] = (
    GetRPCMethods,
    Inform,
    TransferComplete,
    AutonomousTransferComplete,
    Kicked,
    RequestDownload,
    DUStateChangeComplete,
    AutonomousDUStateChangeComplete,
)
"""What a CPE may ask of the ACS."""

REQUESTS: tuple[type[Message], ...] = tuple(dict.fromkeys((*ACS_REQUESTS, *CPE_REQUESTS)))
"""All 27 methods."""

RESPONSES: MappingProxyType[type[Message], type[Message]] = MappingProxyType(
    {request: globals()[request.__name__ + "Response"] for request in REQUESTS}
)
"""From the request's class to its response's class."""

MESSAGES: MappingProxyType[str, type[Message]] = MappingProxyType(
    {cls.__name__: cls for pair in RESPONSES.items() for cls in pair}
)
"""From the name of the element in the SOAP body to the class."""

SINCE: MappingProxyType[type[Message], str] = MappingProxyType(
    dict.fromkeys(REQUESTS, "1.0")
    | {GetAllQueuedTransfers: "1.1", AutonomousTransferComplete: "1.1"}
    | dict.fromkeys(
        (
            ScheduleDownload,
            CancelTransfer,
            ChangeDUState,
            DUStateChangeComplete,
            AutonomousDUStateChangeComplete,
        ),
        "1.2",
    )
)
"""The first CWMP version that has the method."""


@dataclass(frozen=True, slots=True)
class UnknownMethod(Message):
    """A request for a method that is not in the standard; only a fault (8000, 9000) can answer it."""

    name: str
