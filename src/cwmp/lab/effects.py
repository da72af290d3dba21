"""What an RPC makes a CPE do that needs time or a network; whoever runs the CPE carries it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from cwmp.wire.messages import Download, Upload


@dataclass(frozen=True, slots=True)
class RebootAfterSession:
    """Close the session, stay away for a while, then `SimulatedCpe.boot(command_key)`."""

    command_key: str


@dataclass(frozen=True, slots=True)
class FactoryResetAfterSession:
    """Close the session, then `SimulatedCpe.factory_reset()`."""


@dataclass(frozen=True, slots=True)
class InformLater:
    """In so many seconds `SimulatedCpe.scheduled(command_key)`, then a session (ScheduleInform)."""

    seconds: int
    command_key: str


@dataclass(frozen=True, slots=True)
class TransferLater:
    """After the session and its DelaySeconds do the transfer, then `SimulatedCpe.transferred(...)`."""

    request: Download | Upload


@dataclass(frozen=True, slots=True)
class AcsChanged:
    """ManagementServer.URL is another now: after this session open one there; BOOTSTRAP is pending."""


@dataclass(frozen=True, slots=True)
class PeriodicChanged:
    """PeriodicInformEnable, -Interval or -Time is another now: plan the next periodic Inform anew."""


Effect: TypeAlias = (
    RebootAfterSession | FactoryResetAfterSession | InformLater | TransferLater | AcsChanged | PeriodicChanged
)
