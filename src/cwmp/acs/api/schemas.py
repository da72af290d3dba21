"""What the API takes and gives. Unknown fields are refused, and nothing is turned into another type."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

Method = Literal["auto", "http", "xmpp", "stun", "none"]
Verdict = Literal["pending_reboot", "normalised", "reverted", "unverifiable", "applied", "planned"]
Text = Annotated[str, Field(max_length=4096)]
Short = Annotated[str, Field(max_length=256)]
Wait = Annotated[float, Field(ge=0, le=86_400, description="Seconds.")]

SCALAR: dict[str, Any] = {
    "anyOf": [
        {"type": "string"},
        {"type": "number"},
        {"type": "boolean"},
        {"type": "array", "items": {"type": "string"}},
    ]
}
VALUES: dict[str, Any] = {"type": "object", "additionalProperties": SCALAR}
STATE: dict[str, Any] = {
    "type": "object",
    "title": "DesiredState",
    "description": "What the device should be. A path that starts with a dot is below the device's own root.",
    "properties": {
        "set": {**VALUES, "description": "Parameter path to value."},
        "instances": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["table"],
                "properties": {
                    "table": {"type": "string", "description": "Path of the table, ending in a dot."},
                    "match": {**VALUES, "description": "Key parameters that find the row."},
                    "set": VALUES,
                    "state": {"enum": ["present", "absent"]},
                    "number": {"type": ["integer", "null"], "minimum": 1},
                },
                "additionalProperties": False,
            },
        },
        "attributes": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path"],
                "properties": {
                    "path": {"type": "string"},
                    "notification": {"type": ["integer", "null"], "minimum": 0, "maximum": 6},
                    "access_list": {"type": ["array", "null"], "items": {"type": "string"}},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
State = Annotated[dict[str, Any], WithJsonSchema(STATE)]


class In(BaseModel):
    """Base of what comes in."""

    model_config = ConfigDict(strict=True, extra="forbid", use_attribute_docstrings=True)


class Out(BaseModel):
    """Base of what goes out."""

    model_config = ConfigDict(use_attribute_docstrings=True)


# what comes in


class CallIn(In):
    wait: Wait = 60.0
    """Seconds to wait for the end; 0 answers at once."""
    queue: bool = False
    """Keep it for the device when the wait is over or the caller is gone."""
    expires: Wait = 0.0
    """Seconds until it expires if it has not begun; 0: the wait, or one day when queued or not waited for."""
    connection_request: Method = "auto"
    client_key: Short = ""
    """Random per attempt: the same key again gives the same transaction, never a second one."""
    actor: Short = ""
    """Who asks, for the audit trail."""


class ConvergeIn(CallIn):
    state: State
    check: bool = False
    """Only say what would change."""
    secrets: Literal["when_changed", "always", "never"] = "when_changed"
    accept: Annotated[list[Verdict], Field(max_length=8)] = []
    """Verdicts taken as success besides `applied`."""
    strict: bool = False
    secret_paths: Annotated[list[Text], Field(max_length=1000)] = []
    """Paths to mask besides those the data model hides."""


class ReadIn(CallIn):
    paths: Annotated[list[Text], Field(min_length=1, max_length=10_000)]
    """Parameters, or with a final dot all below an object."""
    names: bool = False
    """Also say which can be written."""


class WakeIn(In):
    method: Method = "auto"
    wait: Wait = 30.0
    """Seconds to wait for the device's Inform."""


class RegistrationIn(In):
    """What is left out, or null, stays as it is."""

    username: Short | None = None
    password: Short | None = None
    connection_request_username: Short | None = None
    connection_request_password: Short | None = None
    tags: Annotated[list[Short], Field(max_length=100)] | None = None
    quarantine: bool | None = None


class MatchIn(In):
    manufacturer: Short = ""
    oui: Short = ""
    product_class: Short = ""
    serial_prefix: Short = ""


class DeviceTypeIn(In):
    match: MatchIn = MatchIn()
    username: Annotated[str, Field(min_length=1, max_length=256)]
    password: Short | None = None
    """Needed for a new type; left out, the stored one stays."""
    individual: bool = False
    """Replace the shared credentials by the device's own at first contact."""
    any: bool = False
    """Needed for a match that is empty: every device then fits, and may come with these credentials."""


class ItemIn(In):
    device: Annotated[str, Field(min_length=1, max_length=512)]
    state: State


class BatchIn(In):
    items: Annotated[list[ItemIn], Field(min_length=1, max_length=100_000)]
    concurrency: Annotated[int, Field(ge=1, le=10_000)] = 50
    """Devices woken or worked on at once."""
    max_fail_percentage: Annotated[float, Field(ge=0, le=100)] = 100.0
    """The batch stops when more than this share of its items has failed."""
    check: bool = False
    secrets: Literal["when_changed", "always", "never"] = "when_changed"
    accept: Annotated[list[Verdict], Field(max_length=8)] = []
    strict: bool = False
    secret_paths: Annotated[list[Text], Field(max_length=1000)] = []
    wait: Wait = 0.0
    queue: bool = False
    expires: Wait = 0.0
    """Seconds each item has from its release; 0: 60 s, or one day when queued."""
    connection_request: Method = "auto"
    client_key: Short = ""
    actor: Short = ""


# what is asked for


class DeviceFilters(In):
    model_config = ConfigDict(strict=False, extra="forbid", use_attribute_docstrings=True)

    oui: Short = ""
    product_class: Short = ""
    serial_number: Short = ""
    manufacturer: Short = ""
    root: Short = ""
    tag: Short = ""
    flag: Short = ""
    after: Annotated[str, Field(max_length=512)] = ""
    """`next` of the page before."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class TransactionFilters(In):
    model_config = ConfigDict(strict=False, extra="forbid", use_attribute_docstrings=True)

    device: Annotated[str, Field(max_length=512)] = ""
    state: Literal["", "queued", "running", "done", "fault", "expired", "cancelled"] = ""
    batch: Short = ""
    after: Short = ""
    """`next` of the page before."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


# what goes out


class Version(Out):
    status: Literal["ok"] = "ok"
    version: str
    api: int


class Device(Out):
    """One CPE as the ACS knows it. Times are ISO 8601 in UTC, empty where unknown."""

    model_config = ConfigDict(extra="allow")

    id: str
    manufacturer: str
    oui: str
    product_class: str
    serial_number: str
    root: str
    software_version: str
    hardware_version: str
    address: str
    last_inform: str
    last_events: list[str]
    connection_request_url: str
    connection_request_methods: list[str]
    data_models: list[str]
    tags: list[str]
    flags: list[str]
    registered: bool
    more: dict[str, Any]


class Devices(Out):
    devices: list[Device]
    next: str | None


class Transaction(Out):
    """An ordered list of CWMP operations for one device, and how it stands."""

    model_config = ConfigDict(extra="allow")

    id: str
    device: str
    kind: str
    state: Literal["queued", "running", "done", "fault", "expired", "cancelled"]
    check: bool
    created: str
    ended: str
    expires: str
    batch: str
    attempts: int
    result: dict[str, Any] | None
    fault: dict[str, Any] | None
    connection_request: dict[str, Any] | None


class Transactions(Out):
    transactions: list[Transaction]
    next: str | None


class Change(Out):
    """What was changed on the ACS's side; passwords are masked."""

    changed: bool
    fields: dict[str, list[Any]]
    """Field to [before, after]."""


class RegistrationChange(Change):
    device: Device | None


class DeviceType(Out):
    name: str
    match: dict[str, str]
    username: str
    individual: bool


class DeviceTypes(Out):
    device_types: list[DeviceType]


class DeviceTypeChange(Change):
    device_type: DeviceType | None


class Batch(Out):
    model_config = ConfigDict(extra="allow")

    id: str
    state: Literal["running", "paused", "done", "stopped", "cancelled"]
    total: int
    done: int
    failed: int
    created: str


class Woken(Out):
    """How a device answered when woken."""

    method: str
    route: str
    answer: str
    answer_ms: float | None
    inform_ms: float | None
    informed: bool
    detail: str


class TracedSession(Out):
    model_config = ConfigDict(extra="allow")

    started: str
    ended: str
    peer: str
    events: list[str]
    exchanges: list[dict[str, Any]]


class Traced(Out):
    sessions: list[TracedSession]
