"""The devices the ACS knows, from their Informs and from registration.

Reads come from memory and never wait: every device is held packed (some 200 bytes), the ones in use also as
`DeviceRecord`. `informed` changes memory at once; what must not be lost by a crash is awaited by `settle`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cwmp.platforms.protocol import Registration, RegistrationChange

if TYPE_CHECKING:
    from cwmp.acs.credentials import Credentials
    from cwmp.acs.knowledge import Knowledge
    from cwmp.acs.store import Store
    from cwmp.wire.messages import Inform

FLAG_IDENTITY_CHANGED = "identity_changed"
"""A device of the same maker and serial number was known under another OUI or ProductClass (`replaces`)."""
FLAG_SERIAL_REPEATS = "serial_repeats"
"""Another device has the same serial number."""
FLAG_CLONE = "clone"
"""Two CPEs seem to use this identity."""
FLAG_QUARANTINED = "quarantined"
"""An operator must allow it; see `quarantine_reason`."""


@dataclass(slots=True, eq=False)
class DeviceRecord:
    """One device as known now. Changed in place by `Registry`; times are seconds since 1970, 0.0 unknown."""

    id: str
    manufacturer: str = ""
    oui: str = ""
    product_class: str = ""
    serial_number: str = ""
    root: str = ""
    cwmp_version: str = ""
    software_version: str = ""
    hardware_version: str = ""
    connection_request_url: str = ""
    udp_address: str = ""
    """ManagementServer.UDPConnectionRequestAddress."""
    jabber_id: str = ""
    """ManagementServer.ConnReqJabberID."""
    parameter_key: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    """Other informed parameters worth keeping: name without root (``DeviceInfo.ProvisioningCode``) → value."""
    address: str = ""
    """Where the last Inform came from."""
    events: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    replaces: str = ""
    registered: bool = False
    quarantined: bool = False
    quarantine_reason: str = ""
    first_seen: float = 0.0
    last_inform: float = 0.0
    last_bootstrap: float = 0.0
    session_seconds: float = 0.0
    """How long the last whole session took."""

    @property
    def last_events(self) -> tuple[str, ...]:
        return self.events


class Registry:
    """All devices. One per ACS; lives in the loop's thread."""

    @classmethod
    async def open(
        cls,
        store: Store,
        credentials: Credentials,
        knowledge: Knowledge,
        *,
        recent: int = 2048,
        clone_window: float = 900.0,
    ) -> Registry:
        """Load the devices. `recent`: how many are kept unpacked. `clone_window`: seconds (see FLAG_CLONE)."""
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def get(self, device_id: str) -> DeviceRecord | None:
        """The device with this identity."""
        raise NotImplementedError

    def find(self, ident: str) -> DeviceRecord:
        """By identity or unique serial number. Raises `UnknownDevice`, `AmbiguousDevice`."""
        raise NotImplementedError

    def devices(
        self, filters: Mapping[str, str] | None = None, after: str = "", limit: int = 0
    ) -> list[DeviceRecord]:
        """Devices in the order of their ids, those past `after` only; limit 0: all.

        Filters: oui, product_class, serial_number, manufacturer, root, software_version, tag, flag. Raises
        `BadInput` for another filter.
        """
        raise NotImplementedError

    def informed(self, inform: Inform, *, peer: str, cwmp_version: str, now: float) -> DeviceRecord:
        """Take in an Inform (already authenticated). `peer` is the CPE's address without port.

        Memory changes at once; await `settle(record)` before the InformResponse.
        """
        raise NotImplementedError

    async def settle(self, record: DeviceRecord) -> None:
        """Return once what the Inform changed and no crash may undo is durable.

        That is a new device and a BOOTSTRAP (which forgets secret hashes); otherwise it returns at once. The CPE
        drops its BOOTSTRAP event with the InformResponse, so the response must wait for this.
        """
        raise NotImplementedError

    def session_ended(self, device_id: str, seconds: float) -> None:
        """Note how long a session took."""
        raise NotImplementedError

    async def register(
        self, device_id: str, registration: Registration, check: bool = False
    ) -> RegistrationChange:
        """Change the platform's side of a device, known or not yet; with `check` only say what would change.

        Raises `UnknownDevice` for an unknown serial, `BadInput` for an identity or credentials that cannot be.
        """
        raise NotImplementedError

    async def forget(self, device_id: str, check: bool = False) -> RegistrationChange:
        """Remove a device with its credentials, knowledge and transactions that have not begun."""
        raise NotImplementedError

    async def set_tags(self, device_id: str, tags: tuple[str, ...]) -> DeviceRecord:
        raise NotImplementedError

    async def quarantine(self, device_id: str, reason: str) -> DeviceRecord:
        """Let the device do nothing until `release`. `reason` is one sentence."""
        raise NotImplementedError

    async def release(self, device_id: str) -> DeviceRecord:
        """Lift the quarantine."""
        raise NotImplementedError

    def on_forgotten(self, callback: Callable[[str], Awaitable[object]]) -> None:
        """Awaited with the identity of a device that was removed."""
        raise NotImplementedError

    async def close(self) -> None:
        """Hand to the store what it does not have yet. Close the store afterwards."""
        raise NotImplementedError


def device_json(record: DeviceRecord) -> dict[str, Any]:
    """The fields of `platforms.protocol.Device`; times ISO 8601 UTC, "" where unknown."""
    raise NotImplementedError
