"""What the ACS says when it cannot do what was asked. `kind` is the API's word for it."""

from __future__ import annotations

from typing import ClassVar

from cwmp.errors import CwmpError


class AcsError(CwmpError):
    """Root of the ACS's own errors. The text is one sentence for the user, without secrets."""

    kind: ClassVar[str] = "internal"


class UnknownDevice(AcsError):
    """No device has this identity or serial number."""

    kind = "unknown_device"


class AmbiguousDevice(AcsError):
    """Several devices carry this serial number; only the full identity tells them apart."""

    kind = "ambiguous_device"


class UnknownTransaction(AcsError):
    """No transaction has this id, or it ended so long ago that it is no longer kept."""

    kind = "unknown_transaction"


class UnknownBatch(AcsError):
    """No batch has this id."""

    kind = "unknown_transaction"


class UnknownDeviceType(AcsError):
    """No device type has this name."""

    kind = "unknown_device"


class BadInput(AcsError):
    """What was asked is wrong in itself; the text says what to mend."""

    kind = "invalid"


class Conflict(AcsError):
    """What was asked contradicts what is stored, such as a client key used for another request."""

    kind = "conflict"


class StoreError(AcsError):
    """The store failed; what was being written is not stored."""


class StoreFull(StoreError):
    """The disk is full. Nothing of this write is stored; the store works again once there is room."""


class StoreLocked(StoreError):
    """Another process uses this data directory."""


class StoreClosed(StoreError):
    """The store is closed or closing; this write is not stored."""


class Duplicate(StoreError):
    """An `Insert` met a row with the same key or the same unique value."""

    kind = "conflict"


class Stale(StoreError):
    """A `Patch` that must match found no row: it is gone, or no longer as expected."""

    kind = "conflict"


class KeyMismatch(AcsError):
    """The key file does not fit the database, so nothing sealed in it can be opened."""
