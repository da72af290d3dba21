"""From a stored transaction to the procedure that does it, and from what came of it to its stored end.

A further kind of transaction is one more entry in `_KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from cwmp.desired.converge import converge
from cwmp.desired.known import ConvergeOptions, KnownDevice
from cwmp.desired.outcome import Change, ConvergeOutcome, Learnt, ReadOutcome, Verdict
from cwmp.desired.procedure import CpeFault, Procedure, Refused
from cwmp.desired.read import read
from cwmp.desired.state import DesiredState

Payload: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    """What a transaction asks of a device: everything a procedure is built from.

    memory: the last checkpoint, where the transaction was begun before. token: its ParameterKey.
    """

    kind: str
    payload: Payload
    check: bool
    known: KnownDevice
    memory: Mapping[str, Any] | None
    token: str
    own_urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class End:
    """How a transaction stands in the end, as it is stored, and what was learnt on the way."""

    state: Literal["done", "fault"]
    result: dict[str, Any] | None = None
    fault: dict[str, Any] | None = None
    learnt: Learnt = field(default_factory=Learnt)


def start(order: Order) -> Procedure[Any]:
    """The procedure of an order. Raises `Refused` for a kind there is none of, or malformed payload."""
    make = _KINDS.get(order.kind)
    if make is None:
        raise Refused(f"This ACS has no procedure for a transaction of kind {order.kind!r}.")
    return make(order)


def secret_paths(payload: Payload) -> tuple[str, ...]:
    """Paths the caller wants masked besides those the data model hides."""
    return tuple(payload.get("secret_paths") or ())


def _converge(order: Order) -> Procedure[ConvergeOutcome]:
    payload = order.payload
    try:
        accept = frozenset(Verdict(each) for each in payload.get("accept") or ())
    except ValueError as error:
        raise Refused(f"{order.known.id}: {error}; use the names of verdicts in accept.") from None
    options = ConvergeOptions(
        check=order.check,
        secrets=payload.get("secrets") or "when_changed",
        accept=accept,
        strict=bool(payload.get("strict")),
        own_url=order.own_urls,
        allow_foreign_url=bool(payload.get("allow_foreign_url")),
        secret_paths=secret_paths(payload),
        token=order.token,
    )
    state = DesiredState.from_json(payload.get("state") or {})
    return converge(state, order.known, options, order.memory)


def _read(order: Order) -> Procedure[ReadOutcome]:
    paths = tuple(order.payload.get("paths") or ())
    return read(
        paths,
        order.known,
        names=bool(order.payload.get("names")),
        memory=order.memory,
        secret_paths=secret_paths(order.payload),
    )


_KINDS: dict[str, Callable[[Order], Procedure[Any]]] = {"converge": _converge, "read": _read}


def end_of(device_id: str, outcome: Any) -> End:
    """The end of a transaction whose procedure returned `outcome`."""
    learnt = getattr(outcome, "learnt", None) or Learnt()
    result = outcome.to_json()
    failed: Sequence[Change] = getattr(outcome, "failed_verdicts", ())
    if not failed:
        return End("done", result, None, learnt)
    parameters = [
        fault_entry(each.path, None, _SAYS.get(each.verdict, each.verdict.value)) for each in failed
    ]
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    message = (
        f"{device_id}: {failed[0].path} {parameters[0]['message']}{more}; "
        f"accept {_words(failed)} if that is good enough."
    )
    return End("fault", result, fault("verdict", message, parameters=parameters), learnt)


_SAYS = {
    Verdict.PENDING_REBOOT: "was taken by the device but takes effect only after a reboot",
    Verdict.NORMALISED: "is held by the device in another spelling than was asked for",
    Verdict.REVERTED: "was taken by the device, which then held another value",
    Verdict.UNVERIFIABLE: "was taken by the device but cannot be read back",
}


def _words(changes: Sequence[Change]) -> str:
    return ", ".join(dict.fromkeys(f"'{change.verdict.value}'" for change in changes))


def end_of_refusal(device_id: str, error: CpeFault | Refused) -> End:
    """The end of a transaction that the CPE, or the engine, refused."""
    if isinstance(error, CpeFault):
        parameters = [fault_entry(each.path, each.code, each.message) for each in error.parameters]
        message = _sentence(device_id, str(error))
        # What was changed before the fault stays changed, and is said.
        result = ConvergeOutcome("", error.changes, atomic=False).to_json() if error.changes else None
        told = fault("cwmp", message, code=error.code, parameters=parameters)
        return End("fault", result, told, error.learnt)
    parameters = [fault_entry(error.path, None, str(error))] if error.path else []
    return End("fault", None, fault("input", _sentence(device_id, str(error)), parameters=parameters))


def end_of_mishap(device_id: str) -> End:
    """The end of a transaction on which the ACS itself stumbled; what it was is in the log only."""
    message = f"{device_id}: the ACS failed while working on this; its log says where."
    return End("fault", None, fault("session", message))


def fault(
    kind: str, message: str, *, code: int | None = None, parameters: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """A transaction's fault as it is stored and shown. kind: cwmp, input, verdict, session or offline."""
    return {"kind": kind, "code": code, "message": message, "parameters": [dict(each) for each in parameters]}


def fault_entry(path: str, code: int | None, message: str) -> dict[str, Any]:
    return {"path": path, "code": code, "message": message}


def _sentence(device_id: str, text: str) -> str:
    """Names the device, once."""
    return text if device_id in text else f"{device_id}: {text}"
