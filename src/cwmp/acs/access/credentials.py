"""Who a username belongs to: credentials that CPEs present to the ACS, and those the ACS presents to them.

Toward the ACS only HA1 values (MD5 and SHA-256) are kept; the password itself, sealed, only while it still
has to be written to the device. Comparing in constant time is the caller's (`wire.digest.verify`).
"""

from __future__ import annotations

import hmac
import secrets
import string
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cwmp.acs.access.credential_records import Credential, DeviceType, TypeChange, credential_of, type_of
from cwmp.acs.devices.recent import Recent
from cwmp.acs.errors import BadInput, Conflict, UnknownDeviceType
from cwmp.acs.store import CredentialRow, Delete, DeviceSecretRow, DeviceTypeRow, Insert, Put
from cwmp.desired.outcome import MASK
from cwmp.wire.digest import ha1

if TYPE_CHECKING:
    from cwmp.acs.keyring import Keyring
    from cwmp.acs.store import Store, Write

__all__ = ["Credential", "Credentials", "DeviceType", "TypeChange"]

_LONGEST = 256
"""Characters of ManagementServer.Username and .Password (TR-181, TR-098)."""
_MATCH = ("manufacturer", "oui", "product_class", "serial_prefix")
_ORDER = {"current": 0, "pending": 1, "retired": 2}
_ALPHABET = string.ascii_letters + string.digits
"""Of made passwords: nothing that a device's XML, shell or form could stumble over."""
_CONNECTION_REQUEST = "connection_request"


class Credentials:
    """Every credential. Lookups come from a bounded memory, then from the store.

    realm: the HTTP authentication realm that every HA1 was made for; challenges must use it.
    """

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        realm: str,
        *,
        remember: int = 4096,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Use `open`, which also loads the device types."""
        self.realm = realm
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._by_username: Recent[str, tuple[Credential, ...]] = Recent(remember)
        self._by_device: Recent[str, tuple[Credential, ...]] = Recent(remember)
        self._types: dict[str, DeviceType] = {}

    @classmethod
    async def open(cls, store: Store, keyring: Keyring, *, realm: str, remember: int = 4096) -> Credentials:
        """Raises `Conflict` when the stored HA1 values were made for another realm."""
        realms = {str(each) for each in await store.count(CredentialRow, by="realm")}
        if realms - {realm}:
            raise Conflict(
                f"The stored credentials were made for realm {sorted(realms - {realm})[0]!r}, not {realm!r}; "
                "set the realm back, or remove the credentials and register them anew."
            )
        self = cls(store, keyring, realm, remember=remember)
        for row in await store.select(DeviceTypeRow):
            self._types[row.name] = type_of(row)
        return self

    async def lookup(self, username: str) -> tuple[Credential, ...]:
        """Every credential with this username, current and pending first, retired last; () if none.

        The caller verifies the digest against each, then checks that the Inform fits: scope device: `owner`
        is the device; scope type: `type_for` the device is `owner`.
        """
        found = self._by_username.get(username)
        if found is None:
            rows = await self._store.select(CredentialRow, {"username": username}, limit=100)
            found = _sorted(rows)
            # Names there are none of are not remembered: a stranger could fill the memory with them.
            if found:
                self._by_username.put(username, found)
        return found

    async def of_device(self, device_id: str) -> tuple[Credential, ...]:
        """The device's own credentials, pending and retired ones too."""
        found = self._by_device.get(device_id)
        if found is None:
            rows = await self._store.select(CredentialRow, {"scope": "device", "owner": device_id}, limit=100)
            found = _sorted(rows)
            self._by_device.put(device_id, found)
        return found

    async def has_own(self, device_id: str) -> bool:
        """Whether the device has own credentials in use, so that shared ones are no longer right for it."""
        return any(each.state == "current" for each in await self.of_device(device_id))

    async def is_current(self, device_id: str, username: str, password: str) -> bool:
        """Whether this pair is what the device is to use, now or once it has been told."""
        wanted = ha1(username, self.realm, password, "SHA-256")
        return any(
            each.state != "retired"
            and each.username == username
            and hmac.compare_digest(each.ha1_sha256, wanted)
            for each in await self.of_device(device_id)
        )

    async def set_device(self, device_id: str, username: str, password: str, in_use: bool = False) -> bool:
        """Bind a pair to one device in place of its others (an operator's word). True if it changed.

        in_use: the device comes with other credentials, which stay valid until it has used this pair: it can
        learn of the new one only in a session that begins with the old ones.
        """
        self.check(device_id, username, password)
        if await self.is_current(device_id, username, password):
            return False
        old = await self.of_device(device_id)
        gone = {"scope": "device", "owner": device_id}
        if in_use:
            gone["state"] = "pending"
            sealed = self._keyring.seal(password.encode(), _context(device_id, "own"))
            row = self._row("device", device_id, username, password, "pending", sealed)
        else:
            row = self._row("device", device_id, username, password, "current")
        writes: list[Write] = [Delete(CredentialRow, gone), Insert(row)]
        await self._commit(writes, device_id, [*(each.username for each in old), username])
        return True

    @staticmethod
    def check(whose: str, username: str, password: str) -> None:
        """Raises `BadInput` for a pair that no CPE could hold."""
        if not username or len(username) > _LONGEST or ":" in username:
            raise BadInput(f"{whose}: a username has 1 to {_LONGEST} characters and no colon.")
        if len(password) > _LONGEST:
            raise BadInput(f"{whose}: a password has at most {_LONGEST} characters.")

    async def start_individual(self, device_id: str) -> tuple[str, str]:
        """A pending (username, password) of the device's own, made now or earlier and not used yet.

        To be written to ManagementServer.Username and .Password. Both this pair and the shared one are valid
        until `confirm`, so a lost answer locks nobody out.
        """
        rows = await self._store.select(CredentialRow, {"scope": "device", "owner": device_id}, limit=100)
        for row in rows:
            if row.state == "pending" and row.sealed is not None:
                return row.username, self._keyring.unseal(row.sealed, _context(device_id, "own")).decode()
        taken = {row.username for row in rows if row.state != "retired"}
        username = device_id[: _LONGEST - 4]
        for number in range(2, 100):
            if username not in taken:
                break
            username = f"{device_id[: _LONGEST - 4]}-{number}"
        password = "".join(secrets.choice(_ALPHABET) for _ in range(24))
        sealed = self._keyring.seal(password.encode(), _context(device_id, "own"))
        pending = self._row("device", device_id, username, password, "pending", sealed)
        await self._commit([Put(pending)], device_id, [username])
        return username, password

    async def confirm(self, device_id: str, username: str) -> bool:
        """The device has authenticated with its pending pair: it is current now, earlier ones are retired.

        True if that changed anything. Cheap when it does not.
        """
        known = await self.of_device(device_id)
        if not any(each.state == "pending" and each.username == username for each in known):
            return False
        rows = await self._store.select(CredentialRow, {"scope": "device", "owner": device_id}, limit=100)
        writes: list[Write] = [Delete(CredentialRow, {"scope": "device", "owner": device_id})]
        now = self._clock()
        for row in rows:
            used = row.state == "pending" and row.username == username
            state = "current" if used else "retired"
            writes.append(Put(_changed(row, state, now if used else row.used)))
        await self._commit(writes, device_id, [row.username for row in rows])
        return True

    async def readmit(self, device_id: str) -> bool:
        """Let the device use its type's shared credentials again, as after a factory reset.

        Its own remain valid, and become its only ones again as soon as it uses them or newer ones.
        """
        rows = await self._store.select(CredentialRow, {"scope": "device", "owner": device_id}, limit=100)
        if not any(row.state == "current" for row in rows):
            return False
        writes: list[Write] = [Delete(CredentialRow, {"scope": "device", "owner": device_id})]
        writes += [
            Put(_changed(row, "pending" if row.state == "current" else row.state, row.used)) for row in rows
        ]
        await self._commit(writes, device_id, [row.username for row in rows])
        return True

    async def remove_device(self, device_id: str) -> bool:
        """Forget every credential of a device, those for connection requests too."""
        known = await self.of_device(device_id)
        secret = await self.connection_request(device_id)
        if known or secret is not None:
            writes: list[Write] = [
                Delete(CredentialRow, {"scope": "device", "owner": device_id}),
                Delete(DeviceSecretRow, {"device": device_id}),
            ]
            await self._commit(writes, device_id, [each.username for each in known])
        return bool(known or secret)

    # ---- device types

    def types(self) -> tuple[DeviceType, ...]:
        """All device types by name."""
        return tuple(self._types[name] for name in sorted(self._types))

    def type(self, name: str) -> DeviceType:
        """Raises `UnknownDeviceType`."""
        found = self._types.get(name)
        if found is None:
            raise UnknownDeviceType(f"There is no device type {name!r}; register it first.")
        return found

    def type_for(
        self, manufacturer: str, oui: str, product_class: str, serial_number: str
    ) -> DeviceType | None:
        """The most specific type that fits this DeviceId; between equals the first by name."""
        best: DeviceType | None = None
        for each in self.types():
            if each.fits(manufacturer, oui, product_class, serial_number) and (
                best is None or each.specificity > best.specificity
            ):
                best = each
        return best

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
        unknown = sorted(set(match) - set(_MATCH))
        if unknown:
            raise BadInput(
                f"Device type {name!r} cannot match on {unknown[0]!r}; match on {', '.join(_MATCH)}."
            )
        if not name:
            raise BadInput("A device type needs a name.")
        new = DeviceType(
            name, **{key: match.get(key, "") for key in _MATCH}, username=username, individual=individual
        )
        old = self._types.get(name)
        fields: dict[str, tuple[Any, Any]] = {}
        for field in (*_MATCH, "username", "individual"):
            before = getattr(old, field) if old is not None else None
            if before != getattr(new, field):
                fields[field] = (before, getattr(new, field))
        writes: list[Write] = [Put(DeviceTypeRow(**_type_columns(new)))]
        if password is None:
            if old is None or old.username != username:
                raise BadInput(
                    f"Device type {name!r} needs the password that goes with username {username!r}."
                )
        else:
            self.check(f"Device type {name!r}", username, password)
            if not await self._type_has(name, username, password):
                fields["password"] = (None if old is None else MASK, MASK)
                writes.append(Delete(CredentialRow, {"scope": "type", "owner": name}))
                writes.append(Insert(self._row("type", name, username, password, "current")))
        if fields and not check:
            await self._commit(writes, "", [username, *([old.username] if old else [])])
            self._types[name] = new
        return TypeChange(bool(fields), fields, new)

    async def remove_type(self, name: str, check: bool = False) -> TypeChange:
        """Raises `UnknownDeviceType`."""
        old = self.type(name)
        if not check:
            writes: list[Write] = [
                Delete(DeviceTypeRow, {"name": name}),
                Delete(CredentialRow, {"scope": "type", "owner": name}),
            ]
            await self._commit(writes, "", [old.username])
            del self._types[name]
        return TypeChange(True, {"username": (old.username, None), "password": (MASK, None)}, None)

    # ---- what the ACS presents to a device

    async def set_connection_request(self, device_id: str, username: str, password: str) -> bool:
        """Store what the device wants to see in a connection request; sealed. True if it changed."""
        if await self.connection_request(device_id) == (username, password):
            return False
        sealed = self._keyring.seal(password.encode(), _context(device_id, _CONNECTION_REQUEST))
        await self._store.commit([Put(DeviceSecretRow(device_id, _CONNECTION_REQUEST, username, sealed))])
        return True

    async def connection_request(self, device_id: str) -> tuple[str, str] | None:
        """(username, password) for connection requests to this device."""
        row = await self._store.get(DeviceSecretRow, device_id, _CONNECTION_REQUEST)
        if row is None:
            return None
        context = _context(device_id, _CONNECTION_REQUEST)
        return row.username, self._keyring.unseal(row.sealed, context).decode()

    # ---- inside

    async def _type_has(self, name: str, username: str, password: str) -> bool:
        wanted = ha1(username, self.realm, password, "SHA-256")
        return any(
            each.scope == "type" and each.owner == name and hmac.compare_digest(each.ha1_sha256, wanted)
            for each in await self.lookup(username)
        )

    def _row(
        self, scope: str, owner: str, username: str, password: str, state: str, sealed: bytes | None = None
    ) -> CredentialRow:
        return CredentialRow(
            scope=scope,
            owner=owner,
            username=username,
            state=state,
            realm=self.realm,
            ha1_md5=ha1(username, self.realm, password, "MD5"),
            ha1_sha256=ha1(username, self.realm, password, "SHA-256"),
            sealed=sealed,
            created=self._clock(),
            used=0.0,
        )

    async def _commit(self, writes: Sequence[Write], device_id: str, usernames: Sequence[str]) -> None:
        try:
            await self._store.commit(writes)
        finally:
            # Also after an error: whoever asks next reads what is really stored.
            self._by_device.pop(device_id)
            for username in usernames:
                self._by_username.pop(username)


def _sorted(rows: Sequence[CredentialRow]) -> tuple[Credential, ...]:
    return tuple(credential_of(row) for row in sorted(rows, key=lambda row: _ORDER[row.state]))


def _changed(row: CredentialRow, state: str, used: float) -> CredentialRow:
    """The row in another state; a password in clear is kept for pending ones only."""
    sealed = row.sealed if state == "pending" else None
    return CredentialRow(
        row.scope, row.owner, row.username, state, row.realm, row.ha1_md5, row.ha1_sha256, sealed,
        row.created, used,
    )  # fmt: skip


def _type_columns(new: DeviceType) -> dict[str, Any]:
    columns: dict[str, Any] = {field: getattr(new, field) for field in ("name", *_MATCH, "username")}
    columns["individual"] = int(new.individual)
    return columns


def _context(device_id: str, purpose: str) -> bytes:
    return f"{purpose}\0{device_id}".encode()
