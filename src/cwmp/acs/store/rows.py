"""The rows the ACS keeps, one dataclass per table.

Fields hold only what every SQL database holds: text, integers, floats (times are seconds since 1970, UTC),
bytes, None. Flags are 0 or 1, structured values are JSON text, secrets are sealed bytes (`keyring`).
`TABLE` and `KEY` name the table and its primary key; the order of fields is the order of columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar


@dataclass(frozen=True, slots=True)
class Row:
    """Base of every row."""

    TABLE: ClassVar[str] = ""
    KEY: ClassVar[tuple[str, ...]] = ()


R = TypeVar("R", bound=Row)
Value = str | int | float | bytes | None
"""What a column may hold."""


@dataclass(frozen=True, slots=True)
class MetaRow(Row):
    """One fact about this database as a whole."""

    TABLE: ClassVar[str] = "meta"
    KEY: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class DeviceRow(Row):
    """A known device: what seldom changes. What each Inform changes is in `SeenRow`."""

    TABLE: ClassVar[str] = "device"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: str
    manufacturer: str
    oui: str
    product_class: str
    serial_number: str
    root: str
    cwmp_version: str
    software_version: str
    hardware_version: str
    connection_request_url: str
    udp_address: str
    jabber_id: str
    parameter_key: str
    parameters: str
    """JSON object of the other informed parameters worth keeping: name without root → value."""
    tags: str
    """JSON array."""
    flags: str
    """JSON array."""
    replaces: str
    """Identity this device seems to have had before, "" if none."""
    registered: int
    quarantined: int
    quarantine_reason: str
    first_seen: float
    last_bootstrap: float


@dataclass(frozen=True, slots=True)
class SeenRow(Row):
    """When and how a device came last. Narrow, because it is written far more often than `DeviceRow`."""

    TABLE: ClassVar[str] = "seen"
    KEY: ClassVar[tuple[str, ...]] = ("device",)

    device: str
    last_inform: float
    address: str
    events: str
    """JSON array of event codes."""
    session_seconds: float


@dataclass(frozen=True, slots=True)
class MemoryRow(Row):
    """What one device was seen to accept: keyed hashes of secrets, and other spellings of values."""

    TABLE: ClassVar[str] = "memory"
    KEY: ClassVar[tuple[str, ...]] = ("device",)

    device: str
    secret_hashes: str
    """JSON object path → keyed hash."""
    accepted_forms: str
    """JSON object path → [wanted, held]."""
    pending_reboot: str
    """JSON object path → value read after the set."""


@dataclass(frozen=True, slots=True)
class ModelRow(Row):
    """What is known of all devices of one model and firmware."""

    TABLE: ClassVar[str] = "model"
    KEY: ClassVar[tuple[str, ...]] = ("manufacturer", "product_class", "software_version")

    manufacturer: str
    product_class: str
    software_version: str
    types: str
    """JSON object of generic path → XSD type."""
    writable: str
    """JSON object of generic path → 0 or 1."""
    response_timeout: float
    """Seconds; 0: not learnt."""
    max_set: int
    """Parameters one SetParameterValues may carry; 0: no limit known."""
    used: float


@dataclass(frozen=True, slots=True)
class CredentialRow(Row):
    """A username a CPE may present to the ACS, for one device or for a device type."""

    TABLE: ClassVar[str] = "credential"
    KEY: ClassVar[tuple[str, ...]] = ("scope", "owner", "username", "state")

    scope: str
    """`device` or `type`."""
    owner: str
    """Device identity, or name of the device type."""
    username: str
    state: str
    """`current`, `pending` (being written to the device, not used yet) or `retired`."""
    realm: str
    ha1_md5: str
    ha1_sha256: str
    sealed: bytes | None
    """The password in clear, sealed; only while it must be written to a device."""
    created: float
    used: float


@dataclass(frozen=True, slots=True)
class DeviceTypeRow(Row):
    """A device type: which devices it fits. Its credentials are `CredentialRow`s of scope `type`."""

    TABLE: ClassVar[str] = "device_type"
    KEY: ClassVar[tuple[str, ...]] = ("name",)

    name: str
    manufacturer: str
    oui: str
    product_class: str
    serial_prefix: str
    username: str
    individual: int


@dataclass(frozen=True, slots=True)
class DeviceSecretRow(Row):
    """Credentials the ACS presents to a device; needed in clear, hence sealed."""

    TABLE: ClassVar[str] = "device_secret"
    KEY: ClassVar[tuple[str, ...]] = ("device", "purpose")

    device: str
    purpose: str
    """`connection_request`, later also `xmpp` and `stun`."""
    username: str
    sealed: bytes


@dataclass(frozen=True, slots=True)
class TransactionRow(Row):
    """A transaction. Payload and checkpoint memory are sealed, and erased when it ends."""

    TABLE: ClassVar[str] = "tx"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: str
    """Sorts by time of submission."""
    device: str
    kind: str
    state: str
    check_only: int
    queue: int
    held: int
    """1: waits for its batch to release it."""
    batch: str
    client_key: str | None
    """Unique where not None."""
    request_digest: str
    """Tells whether a repeated client key brings the same request."""
    actor: str
    wake: str
    created: float
    expires: float
    ended: float
    attempts: int
    begun: int
    """1: a checkpoint was stored, so the device may have been written to."""
    payload: bytes | None
    memory: bytes | None
    result: str | None
    fault: str | None
    connection_request: str | None


@dataclass(frozen=True, slots=True)
class BatchRow(Row):
    """Many transactions with a common pace and threshold."""

    TABLE: ClassVar[str] = "batch"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: str
    state: str
    client_key: str | None
    request_digest: str
    actor: str
    total: int
    concurrency: int
    max_fail_percentage: float
    expires_after: float
    """Seconds each transaction has from its release."""
    created: float
    ended: float
    """0: some of its transactions have not ended."""
    reason: str
    done: int
    """This and the next two are right once it has ended."""
    failed: int
    cancelled: int


ROWS: tuple[type[Row], ...] = (
    MetaRow,
    DeviceRow,
    SeenRow,
    MemoryRow,
    ModelRow,
    CredentialRow,
    DeviceTypeRow,
    DeviceSecretRow,
    TransactionRow,
    BatchRow,
)


def key_of(row: Row) -> tuple[Any, ...]:
    """The primary key's values of `row`."""
    return tuple(getattr(row, name) for name in row.KEY)
