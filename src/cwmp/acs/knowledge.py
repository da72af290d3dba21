"""What was learnt of devices and models, for the next procedure to start from.

Per device: keyed hashes of the secrets it accepted and accepted spellings; durable with the transaction that
proved them. Per model and firmware: types, writability, response time, limits; bounded, written later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cwmp.desired.known import KnownDevice
from cwmp.desired.outcome import Learnt

if TYPE_CHECKING:
    from cwmp.acs.keyring import Keyring
    from cwmp.acs.registry import DeviceRecord
    from cwmp.acs.store import Store, Write

DEFAULT_RESPONSE_TIMEOUT = 120.0
"""Seconds a CPE may take to answer, until its model has shown otherwise."""


class Knowledge:
    """Memory about devices and models."""

    def __init__(
        self, store: Store, keyring: Keyring, *, devices: int = 4096, models: int = 256, paths: int = 8192
    ) -> None:
        """Bounds: devices and models remembered at once, paths per model."""
        raise NotImplementedError

    async def known(self, record: DeviceRecord) -> KnownDevice:
        """What a procedure for this device may start from. Async because it may have to be read first."""
        raise NotImplementedError

    async def learn(self, record: DeviceRecord, learnt: Learnt) -> None:
        """Remember `learnt`; durable when it returns. Prefer `learn_writes` where a transaction ends."""
        raise NotImplementedError

    async def learn_writes(self, record: DeviceRecord, learnt: Learnt) -> Sequence[Write]:
        """Remember `learnt` in memory and return the writes to commit with it: `Transactions.end(also=...)`."""
        raise NotImplementedError

    def response_timeout(self, record: DeviceRecord) -> float:
        """Seconds to wait for an answer of this device."""
        raise NotImplementedError

    def answered(self, record: DeviceRecord, seconds: float) -> None:
        """A device took this long to answer; slow models get longer timeouts (four times, at most 600 s)."""
        raise NotImplementedError

    def limit_set(self, record: DeviceRecord, parameters: int) -> None:
        """This model chokes on a SetParameterValues of more than so many parameters."""
        raise NotImplementedError

    def learn_types(
        self, record: DeviceRecord, types: Mapping[str, str], writable: Mapping[str, bool] | None = None
    ) -> None:
        """Remember the types and writability that a device of this model reported."""
        raise NotImplementedError

    def forget_writes(self, device_id: str) -> Sequence[Write]:
        """Forget hashes and accepted forms (BOOTSTRAP, device removed); memory at once, writes returned."""
        raise NotImplementedError

    async def forget_secrets(self, device_id: str, below: str = "") -> None:
        """Forget the hashes of secrets at or below path `below` ("": all), as after a 401 that contradicts one."""
        raise NotImplementedError
