"""How a procedure talks to whatever runs it.

A procedure is a generator: it yields a `Step` and is sent the answer. It does no I/O and reads no clock,
so it can be driven inside one CWMP session, over a REST API, or by a test.

The runner's side of the bargain:

* a `Request` is one CWMP RPC; send it to the CPE and send the response, or the `wire` fault, back;
* a `Checkpoint` is to be stored durably *before* the procedure is resumed (with ``None``). After a crash
  or a lost answer the procedure is started anew with the last checkpoint as its ``memory``; it then
  plans from what the CPE says and never repeats a step blindly.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from cwmp.desired.outcome import Change, Learnt
from cwmp.errors import CwmpError
from cwmp.wire.messages import Fault, Message

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """One RPC for the CPE. ``purpose`` is for people: "read", "set", "verify", "add instance" ..."""

    message: Message
    purpose: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the procedure must find again if it is started anew; plain JSON data, may hold secrets.

    learnt: to be remembered together with it. Hashes of secrets that are about to be written are forgotten
    here: if the transaction is given up before its end, nobody knows which value the device holds.
    """

    memory: Mapping[str, Any]
    learnt: Learnt = field(default_factory=Learnt)


Step: TypeAlias = Request | Checkpoint
Answer: TypeAlias = Message | Fault | None
Procedure: TypeAlias = Generator[Step, Answer, T]


@dataclass(frozen=True, slots=True)
class ParameterFault:
    """One parameter's part of a refused request."""

    path: str
    code: int
    message: str


class CpeFault(CwmpError):
    """The CPE answered a request with a CWMP fault (TR-069a6 §A.5.1), and there is no way around it.

    changes: what had been changed on the device before, and stays; usually nothing. learnt: to be
    remembered all the same.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int,
        purpose: str,
        parameters: tuple[ParameterFault, ...] = (),
        changes: tuple[Change, ...] = (),
        learnt: Learnt | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.purpose = purpose
        self.parameters = parameters
        self.changes = changes
        self.learnt = learnt or Learnt()


class Refused(CwmpError):
    """The engine itself refuses: what is asked cannot be right for this device. Nothing was sent."""

    def __init__(self, message: str, *, path: str = "") -> None:
        super().__init__(message)
        self.path = path
