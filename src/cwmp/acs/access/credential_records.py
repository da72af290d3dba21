"""A username and what is kept to verify it; a device type and what it fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cwmp.acs.store.rows import CredentialRow, DeviceTypeRow

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


def credential_of(row: CredentialRow) -> Credential:
    """The credential of a stored row."""
    scope: Any = row.scope
    state: Any = row.state
    return Credential(scope, row.owner, row.username, state, row.realm, row.ha1_md5, row.ha1_sha256, row.used)


def type_of(row: DeviceTypeRow) -> DeviceType:
    """The device type of a stored row."""
    return DeviceType(
        row.name,
        row.manufacturer,
        row.oui,
        row.product_class,
        row.serial_prefix,
        row.username,
        bool(row.individual),
    )
