"""Opens the durable half of the ACS in the right order, and closes it in the reverse one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cwmp.acs.access.credentials import Credentials
from cwmp.acs.access.quarantine import Quarantine
from cwmp.acs.devices.knowledge import Knowledge
from cwmp.acs.devices.registry import Registry
from cwmp.acs.keyring import Keyring
from cwmp.acs.store import Store
from cwmp.acs.store.sqlite import SqliteStore
from cwmp.acs.transactions.batches import Batches
from cwmp.acs.transactions.transactions import Limits, Transactions


@dataclass(frozen=True, slots=True)
class State:
    """Everything durable that the ACS works on."""

    store: Store
    keyring: Keyring
    credentials: Credentials
    knowledge: Knowledge
    registry: Registry
    transactions: Transactions
    batches: Batches

    async def close(self) -> None:
        """Write what is remembered and let go of the data directory. End the sessions first."""
        await self.batches.close()
        await self.transactions.close()
        await self.registry.close()
        self.knowledge.close()
        await self.store.close()


async def open_state(
    data: Path, *, realm: str = "cwmp", key_file: Path | None = None, limits: Limits | None = None
) -> State:
    """Open (or make) the state below directory `data`.

    key_file: default `data`/keys/acs.key. Raises `StoreLocked` when another process uses `data`,
    `KeyMismatch` when the key does not fit, `StoreError` when the database or key file cannot be opened.
    """
    store = SqliteStore(data)
    try:
        keyring = await Keyring.open(key_file or data / "keys" / "acs.key", store)
        credentials = await Credentials.open(store, keyring, realm=realm)
        knowledge = Knowledge(store, keyring)
        registry = await Registry.open(store, credentials, knowledge)
        transactions = await Transactions.open(store, keyring, limits=limits)
        batches = await Batches.open(store, transactions, keyring)
    except BaseException:
        await store.close()
        raise

    async def cancel(device_id: str) -> None:
        await transactions.cancel_device(device_id, "the device was removed from the ACS")

    registry.on_forgotten(cancel)
    Quarantine(registry, transactions)
    return State(store, keyring, credentials, knowledge, registry, transactions, batches)
