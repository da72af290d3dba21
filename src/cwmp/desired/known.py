"""What a platform already knows of a device before a procedure asks it anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from cwmp.desired.outcome import Verdict


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """Memory about one device, given to a procedure.

    root: ``Device.`` or ``InternetGatewayDevice.``; empty: the procedure asks the device.
    parameter_key: ManagementServer.ParameterKey of the newest Inform, "" if unknown; settles a lost answer.
    hash_secret: (path, value) → keyed hash, comparable with `secret_hashes`; None: the platform keeps none.
    pending_reboot: as in `outcome.Learnt`; empty once the device has booted.
    max_set: parameters one SetParameterValues may carry on this model; 0: no limit known.
    """

    id: str
    root: str = ""
    parameter_key: str = ""
    secret_hashes: Mapping[str, str] = field(default_factory=dict)
    accepted_forms: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    pending_reboot: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    writable: Mapping[str, bool] = field(default_factory=dict)
    hash_secret: Callable[[str, str], str] | None = None
    max_set: int = 0


@dataclass(frozen=True, slots=True)
class ConvergeOptions:
    """The caller's choices.

    check: plan only; nothing is written to the device.
    secrets: write a parameter that cannot be read back when its keyed hash differs, always, or never.
    accept: verdicts taken as success besides `applied`.
    strict: data-model warnings become errors.
    own_url: the applying ACS's own URL(s) for the device; writing another ManagementServer.URL is refused.
    secret_paths: paths to mask besides those the data model hides.
    token: ParameterKey of this transaction, at most 32 characters.
    """

    check: bool = False
    secrets: Literal["when_changed", "always", "never"] = "when_changed"
    accept: frozenset[Verdict] = frozenset()
    strict: bool = False
    own_url: tuple[str, ...] = ()
    allow_foreign_url: bool = False
    secret_paths: Iterable[str] = ()
    token: str = ""
