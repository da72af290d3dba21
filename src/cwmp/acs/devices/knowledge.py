"""What was learnt of devices and models, for the next procedure to start from.

Per device: keyed hashes of the secrets it accepted, accepted spellings, what waits for a reboot; durable with
the transaction that proved them. Per model and firmware: types, writability, response time, limits; bounded,
written by and by.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TYPE_CHECKING, TypeVar

from cwmp.acs.devices.recent import Recent
from cwmp.acs.store import Delete, MemoryRow, ModelRow, Put
from cwmp.desired.known import KnownDevice
from cwmp.desired.outcome import Learnt

if TYPE_CHECKING:
    from cwmp.acs.devices.registry import DeviceRecord
    from cwmp.acs.keyring import Keyring
    from cwmp.acs.store import Store, Write

V = TypeVar("V")

DEFAULT_RESPONSE_TIMEOUT = 120.0
"""Seconds a CPE may take to answer, until its model has shown otherwise."""
LONGEST_RESPONSE_TIMEOUT = 600.0
_PATHS_PER_DEVICE = 2048
_WRITE_AFTER = 2.0
"""Seconds; a model is learnt in many small pieces and is a large row."""
_ROW = re.compile(r"\.[0-9]+(?=\.|$)")

ModelKey = tuple[str, str, str]


@dataclass(slots=True, eq=False)
class _Device:
    """What one device was seen to accept."""

    secret_hashes: dict[str, str] = field(default_factory=dict)
    accepted_forms: dict[str, tuple[str, str]] = field(default_factory=dict)
    pending_reboot: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Model:
    """What is known of one model and firmware. Paths are generic (``{i}``); writable None: it differs."""

    types: dict[str, str] = field(default_factory=dict)
    writable: dict[str, bool | None] = field(default_factory=dict)
    response_timeout: float = 0.0
    max_set: int = 0


class Knowledge:
    """Memory about devices and models."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        *,
        devices: int = 4096,
        models: int = 256,
        paths: int = 8192,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Bounds: devices and models remembered at once, paths per model."""
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._paths = paths
        self._devices: Recent[str, _Device] = Recent(devices)
        self._models: Recent[ModelKey, _Model] = Recent(models)
        self._dirty: dict[ModelKey, _Model] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def known(self, record: DeviceRecord) -> KnownDevice:
        """What a procedure for this device may start from. Async because it may have to be read first."""
        device = await self._device(record.id)
        model = await self._model(_key(record))
        return KnownDevice(
            id=record.id,
            root=record.root,
            parameter_key=record.parameter_key,
            secret_hashes=dict(device.secret_hashes),
            accepted_forms=dict(device.accepted_forms),
            pending_reboot=dict(device.pending_reboot),
            types=_ByGenericPath(model.types),
            writable=_ByGenericPath(model.writable),
            hash_secret=partial(self._keyring.keyed_hash, record.id),
            max_set=model.max_set,
        )

    async def learn(self, record: DeviceRecord, learnt: Learnt) -> None:
        """Remember `learnt`; durable when it returns. Prefer `learn_writes` where a transaction ends."""
        writes = await self.learn_writes(record, learnt)
        if writes:
            await self._store.commit(writes)

    async def learn_writes(self, record: DeviceRecord, learnt: Learnt) -> Sequence[Write]:
        """Remember `learnt` in memory; returns the writes for `Transactions.end(also=...)`."""
        if learnt.types or learnt.writable:
            key = _key(record)
            model = await self._model(key)
            if self._learn_types(model, learnt.types, learnt.writable):
                self._write_model(key, model)
        if not learnt.secret_hashes and not learnt.accepted_forms and not learnt.pending_reboot:
            return ()
        device = await self._device(record.id)
        changed = _update(device.secret_hashes, learnt.secret_hashes)
        changed |= _update(device.accepted_forms, learnt.accepted_forms)
        changed |= _update(device.pending_reboot, learnt.pending_reboot)
        return (self._write(record.id, device),) if changed else ()

    def response_timeout(self, record: DeviceRecord) -> float:
        """Seconds to wait for an answer of this device."""
        model = self._models.get(_key(record))
        return max(DEFAULT_RESPONSE_TIMEOUT, model.response_timeout if model is not None else 0.0)

    def answered(self, record: DeviceRecord, seconds: float) -> None:
        """A device took this long to answer: its model gets four times as long, at most 600 s."""
        wanted = min(4.0 * seconds, LONGEST_RESPONSE_TIMEOUT)
        model = self._models.get(_key(record))  # there, because `known` was asked before the device was
        if model is not None and wanted > self.response_timeout(record):
            model.response_timeout = wanted
            self._write_model(_key(record), model)

    def limit_set(self, record: DeviceRecord, parameters: int) -> None:
        """This model chokes on a SetParameterValues of more than so many parameters."""
        model = self._models.get(_key(record))
        if model is not None and (not model.max_set or parameters < model.max_set):
            model.max_set = max(1, parameters)
            self._write_model(_key(record), model)

    def forget_writes(self, device_id: str) -> Sequence[Write]:
        """Forget hashes and accepted forms (BOOTSTRAP, device removed); memory at once, writes returned."""
        self._devices.put(device_id, _Device())
        return (Delete(MemoryRow, {"device": device_id}),)

    async def booted(self, device_id: str) -> None:
        """What waited for a reboot of the device has taken effect; durable when it returns."""
        device = await self._device(device_id)
        if device.pending_reboot:
            device.pending_reboot.clear()
            await self._store.commit([self._write(device_id, device)])

    async def forget_secrets(self, device_id: str, below: str = "") -> None:
        """Forget hashes of secrets at or below path `below` ("": all): a 401 has contradicted one, say."""
        device = await self._device(device_id)
        gone = [path for path in device.secret_hashes if path.startswith(below)]
        if gone:
            for path in gone:
                del device.secret_hashes[path]
            await self._store.commit([self._write(device_id, device)])

    # ---- inside

    async def _device(self, device_id: str) -> _Device:
        device = self._devices.get(device_id)
        if device is None:
            row = await self._store.get(MemoryRow, device_id)
            # Another may have come first while this one was reading.
            device = self._devices.get(device_id)
            if device is None:
                device = _Device()
                if row is not None:
                    device.secret_hashes = json.loads(row.secret_hashes)
                    forms = json.loads(row.accepted_forms)
                    device.accepted_forms = {path: (pair[0], pair[1]) for path, pair in forms.items()}
                    device.pending_reboot = json.loads(row.pending_reboot)
                self._devices.put(device_id, device)
        return device

    def _write(self, device_id: str, device: _Device) -> Write:
        kept = (device.secret_hashes, device.accepted_forms, device.pending_reboot)
        if not any(kept):
            return Delete(MemoryRow, {"device": device_id})
        for paths in kept:
            while len(paths) > _PATHS_PER_DEVICE:
                del paths[next(iter(paths))]
        return Put(MemoryRow(device_id, *map(json.dumps, kept)))

    async def _model(self, key: ModelKey) -> _Model:
        model = self._models.get(key)
        if model is None:
            row = await self._store.get(ModelRow, *key)
            model = self._models.get(key)
            if model is None:
                # One that was forgotten before it was written is still here.
                model = self._dirty.get(key)
                if model is not None:
                    self._models.put(key, model)
                    return model
                model = _Model()
                self._models.put(key, model)
                if row is not None:
                    model.types = json.loads(row.types)
                    model.writable = json.loads(row.writable)
                    model.response_timeout = row.response_timeout
                    model.max_set = row.max_set
        return model

    def _learn_types(self, model: _Model, types: Mapping[str, str], writable: Mapping[str, bool]) -> bool:
        changed = False
        for path, type_ in types.items():
            name = _generic(path)
            if model.types.get(name) != type_ and (name in model.types or len(model.types) < self._paths):
                model.types[name] = type_
                changed = True
        for path, value in writable.items():
            name = _generic(path)
            if name not in model.writable:
                if len(model.writable) < self._paths:
                    model.writable[name] = value
                    changed = True
            elif model.writable[name] not in (value, None):
                # One row is writable and another is not: then nothing is known in general.
                model.writable[name] = None
                changed = True
        return changed

    def _write_model(self, key: ModelKey, model: _Model) -> None:
        self._dirty[key] = model
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_WRITE_AFTER, self._write_dirty)

    def _write_dirty(self) -> None:
        self._timer = None
        dirty, self._dirty = self._dirty, {}
        for key, model in dirty.items():
            types, writable = json.dumps(model.types), json.dumps(model.writable)
            row = ModelRow(*key, types, writable, model.response_timeout, model.max_set, self._clock())
            self._store.later(Put(row))

    def close(self) -> None:
        """Hand to the store what it does not have yet. Close the store afterwards."""
        if self._timer is not None:
            self._timer.cancel()
        self._write_dirty()


class _ByGenericPath(Mapping[str, V]):
    """A mapping by generic path, asked with real ones; what is None there is not in it."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, V | None]) -> None:
        self._values = values

    def __getitem__(self, path: str) -> V:
        value = self._values[_generic(path)]
        if value is None:
            raise KeyError(path)
        return value

    def __iter__(self) -> Iterator[str]:
        return (path for path, value in self._values.items() if value is not None)

    def __len__(self) -> int:
        return sum(value is not None for value in self._values.values())


@lru_cache(maxsize=16384)
def _generic(path: str) -> str:
    # Not `datamodel.paths.generic`: a device's own names may hold anything, and must not raise.
    return _ROW.sub(".{i}", path)


def _update(known: dict[str, V], learnt: Mapping[str, V | None]) -> bool:
    changed = False
    for path, value in learnt.items():
        if value is None:
            changed |= known.pop(path, None) is not None
        elif known.get(path) != value:
            known[path] = value
            changed = True
    return changed


def _key(record: DeviceRecord) -> ModelKey:
    return record.manufacturer, record.product_class, record.software_version
