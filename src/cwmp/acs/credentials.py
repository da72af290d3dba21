"""Who a username belongs to: credentials that CPEs present to the ACS, and those the ACS presents to them.

Toward the ACS only HA1 values (MD5 and SHA-256) are kept; the password itself, sealed, only while it still
has to be written to the device. Comparing in constant time is the caller's (`wire.digest.verify`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from cwmp.acs.keyring import Keyring
    from cwmp.acs.store import Store

Scope = Literal["device", "type"]
CredentialState = Literal["current", "pending", "retired"]


@dataclass(frozen=True, slots=True)
class Credential:
    """One username and what is kept to verify it.

    owner: the device's identity (scope device) or the device type's name (scope type).
    state: pending: being written to the device and not used yet, as valid as current;
        retired: replaced; its use is to be refused or quarantined, never served.
    """

    scope: Scope
    owner: str
    username: str
    state: CredentialState
    realm: str
    ha1_md5: str
    ha1_sha256: str
    used: float = 0.0

    def ha1(self, algorithm: str) -> str:
        """HA1 for a digest algorithm name (`MD5`, `MD5-sess`, `SHA-256`, `SHA-256-sess`)."""
        return self.ha1_sha256 if algorithm.upper().startswith("SHA-256") else self.ha1_md5


@dataclass(frozen=True, slots=True)
class DeviceType:
    """Devices that share credentials. An empty field fits every device.

    individual: the shared credentials are replaced by the device's own at first contact.
    """

    name: str
    manufacturer: str = ""
    oui: str = ""
    product_class: str = ""
    serial_prefix: str = ""
    username: str = ""
    individual: bool = False

    def fits(self, manufacturer: str, oui: str, product_class: str, serial_number: str) -> bool:
        """Whether a device with this DeviceId is of this type. OUI without regard to case."""
        return (
            (not self.manufacturer or self.manufacturer == manufacturer)
            and (not self.oui or self.oui.upper() == oui.upper())
            and (not self.product_class or self.product_class == product_class)
            and serial_number.startswith(self.serial_prefix)
        )

    @property
    def specificity(self) -> tuple[int, int]:
        """Matched fields, then the length of the serial prefix; the greatest wins."""
        fields = (self.manufacturer, self.oui, self.product_class, self.serial_prefix)
        return sum(map(bool, fields)), len(self.serial_prefix)

    def to_json(self) -> dict[str, Any]:
        """As the API gives it, without the password."""
        return {
            "name": self.name,
            "match": {
                "manufacturer": self.manufacturer,
                "oui": self.oui,
                "product_class": self.product_class,
                "serial_prefix": self.serial_prefix,
            },
            "username": self.username,
            "individual": self.individual,
        }


@dataclass(frozen=True, slots=True)
class TypeChange:
    """What setting or removing a device type changed: field → (before, after), the password masked."""

    changed: bool
    fields: Mapping[str, tuple[Any, Any]]
    type: DeviceType | None


class Credentials:
    """Every credential. Lookups come from a bounded memory, then from the store."""

    realm: str
    """The HTTP authentication realm that every HA1 was made for; challenges must use it."""

    @classmethod
    async def open(cls, store: Store, keyring: Keyring, *, realm: str, remember: int = 4096) -> Credentials:
        """Raises `Conflict` when the stored HA1 values were made for another realm."""
        raise NotImplementedError

    async def lookup(self, username: str) -> tuple[Credential, ...]:
        """Every credential with this username, current and pending first, retired last; () if none.

        The caller verifies the digest against each, then checks that the Inform fits: scope device: `owner` is
        the device; scope type: `type_for` the device is `owner`.
        """
        raise NotImplementedError

    async def of_device(self, device_id: str) -> tuple[Credential, ...]:
        """The device's own credentials. Not empty: shared credentials used for it are to be quarantined
        (unless the device has none but pending ones)."""
        raise NotImplementedError

    async def has_own(self, device_id: str) -> bool:
        """Whether the device has own credentials in use, so that shared ones are no longer right for it."""
        raise NotImplementedError

    async def set_device(self, device_id: str, username: str, password: str) -> bool:
        """Bind a pair to one device in place of its others (an operator's word). True if it changed."""
        raise NotImplementedError

    async def start_individual(self, device_id: str) -> tuple[str, str]:
        """A pending (username, password) of the device's own, made now or earlier and not used yet.

        To be written to ManagementServer.Username and .Password. Both this pair and the shared one are valid
        until `confirm`, so a lost answer locks nobody out.
        """
        raise NotImplementedError

    async def confirm(self, device_id: str, username: str) -> bool:
        """The device has authenticated with its pending pair: it is current now, earlier ones are retired.

        True if that changed anything. Cheap when it does not.
        """
        raise NotImplementedError

    async def remove_device(self, device_id: str) -> bool:
        """Forget every credential of a device, those for connection requests too."""
        raise NotImplementedError

    # device types

    def types(self) -> tuple[DeviceType, ...]:
        """All device types by name."""
        raise NotImplementedError

    def type(self, name: str) -> DeviceType:
        """Raises `UnknownDeviceType`."""
        raise NotImplementedError

    def type_for(
        self, manufacturer: str, oui: str, product_class: str, serial_number: str
    ) -> DeviceType | None:
        """The most specific type that fits this DeviceId; between equals the first by name."""
        raise NotImplementedError

    async def set_type(
        self,
        name: str,
        match: Mapping[str, str],
        username: str,
        password: str | None,
        individual: bool = False,
        check: bool = False,
    ) -> TypeChange:
        """Make or change a device type. `match`: manufacturer, oui, product_class, serial_prefix.

        password None keeps the stored one. Raises `BadInput`.
        """
        raise NotImplementedError

    async def remove_type(self, name: str, check: bool = False) -> TypeChange:
        """Raises `UnknownDeviceType`."""
        raise NotImplementedError

    # what the ACS presents to a device

    async def set_connection_request(self, device_id: str, username: str, password: str) -> bool:
        """Store what the device wants to see in a connection request; sealed. True if it changed."""
        raise NotImplementedError

    async def connection_request(self, device_id: str) -> tuple[str, str] | None:
        """(username, password) for connection requests to this device."""
        raise NotImplementedError
