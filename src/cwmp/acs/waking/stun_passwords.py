"""What each device's STUN client has to prove: stored sealed, held in memory for the server's answers.

Whoever converges ManagementServer.STUNUsername and .STUNPassword need not tell the ACS the same again.
"""

from __future__ import annotations

from cwmp.acs.errors import KeyMismatch
from cwmp.acs.keyring import Keyring
from cwmp.acs.store import Delete, DeviceSecretRow, Put, Store

_PURPOSE = "stun"
_MOST = 16
"""Passwords tried for one username: each costs a hash for every request that claims it."""


class StunPasswords:
    """Usernames and passwords of devices, and one pair that all may share. Open with `open`."""

    def __init__(self, store: Store, keyring: Keyring, shared: tuple[str, str] = ("", "")) -> None:
        self._store = store
        self._keyring = keyring
        self._shared = shared
        self._by_device: dict[str, tuple[str, str]] = {}
        self._by_username: dict[str, dict[str, str]] = {}

    @classmethod
    async def open(cls, store: Store, keyring: Keyring, shared: tuple[str, str] = ("", "")) -> StunPasswords:
        """Read what is stored. shared: username and password of the configuration."""
        made = cls(store, keyring, shared)
        for row in await store.select(DeviceSecretRow, {"purpose": _PURPOSE}):
            try:
                password = keyring.unseal(row.sealed, _context(row.device)).decode()
            except (KeyMismatch, UnicodeDecodeError):
                continue
            made._hold(row.device, row.username, password)
        return made

    def of(self, username: str) -> tuple[str, ...]:
        """The passwords that are right for this username; none where too many devices share it."""
        found = dict.fromkeys(each for each in self._by_username.get(username, {}).values() if each)
        if username == self._shared[0] and self._shared[1]:
            found[self._shared[1]] = None
        return tuple(found) if len(found) <= _MOST else ()

    def username_of(self, device_id: str) -> str:
        """The username that this device has and no other: it names the device. "" where there is none."""
        username, _ = self._by_device.get(device_id, ("", ""))
        if username == self._shared[0] or len(self._by_username.get(username, {})) > 1:
            return ""
        return username

    async def told(self, device_id: str, username: str | None, password: str | None) -> None:
        """The device now holds these; None: it was not told."""
        before = self._by_device.get(device_id, ("", ""))
        pair = (
            before[0] if username is None else username,
            before[1] if password is None else password,
        )
        if pair == before:
            return
        self.forget(device_id)
        if not any(pair):
            await self._store.commit([Delete(DeviceSecretRow, {"device": device_id, "purpose": _PURPOSE})])
            return
        self._hold(device_id, *pair)
        sealed = self._keyring.seal(pair[1].encode(), _context(device_id))
        await self._store.commit([Put(DeviceSecretRow(device_id, _PURPOSE, pair[0], sealed))])

    def forget(self, device_id: str) -> None:
        """The device is gone: what is stored goes with its other credentials."""
        username, _ = self._by_device.pop(device_id, ("", ""))
        devices = self._by_username.get(username)
        if devices is not None:
            devices.pop(device_id, None)
            if not devices:
                del self._by_username[username]

    def _hold(self, device_id: str, username: str, password: str) -> None:
        self._by_device[device_id] = (username, password)
        if username:
            self._by_username.setdefault(username, {})[device_id] = password


def _context(device_id: str) -> bytes:
    return f"{_PURPOSE}\0{device_id}".encode()
