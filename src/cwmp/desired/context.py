"""What the parts of one converge share."""

from __future__ import annotations

from dataclasses import dataclass, field

from cwmp.desired.known import ConvergeOptions, KnownDevice
from cwmp.desired.outcome import Change
from cwmp.desired.planning import StepKeys
from cwmp.desired.remembering import Memory
from cwmp.desired.rows import Tables
from cwmp.desired.secrecy import Secrets


@dataclass(slots=True)
class Run:
    """One converge of one device.

    landed: an earlier attempt's values are known to have been set. outdated_forms: paths whose accepted
    spelling is not needed any more. pending: what is as it is wanted, but only after a reboot.
    """

    known: KnownDevice
    options: ConvergeOptions
    memory: Memory
    root: str
    tables: Tables
    secrets: Secrets
    keys: StepKeys
    landed: bool
    warnings: list[str] = field(default_factory=list)
    pending: list[Change] = field(default_factory=list)
    outdated_forms: set[str] = field(default_factory=set)
    atomic: bool = True

    @property
    def device(self) -> str:
        """The device's name in messages."""
        return self.known.id

    def warn(self, text: str) -> None:
        """Tell the user something that is no error, once."""
        if text not in self.warnings:
            self.warnings.append(text)


def begin(known: KnownDevice, options: ConvergeOptions, memory: Memory, root: str) -> Run:
    """A run that has asked nothing yet."""
    keys = StepKeys(options.token, memory.taken, known.parameter_key)
    landed = bool(options.token) and known.parameter_key in memory.set_keys
    tables = Tables(known.id, root)
    return Run(known, options, memory, root, tables, Secrets(root, known, options), keys, landed)
