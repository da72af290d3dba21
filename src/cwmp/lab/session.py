"""One CWMP session from the CPE's side, from Inform to the empty answer (TR-069a6 §3.7.1)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from cwmp.errors import CwmpError
from cwmp.lab.cpe import SimulatedCpe
from cwmp.lab.http_exchange import HttpConversation
from cwmp.wire.cpe_session import (
    AcsAnswer,
    AcsRequest,
    CpeSession,
    InformAccepted,
    RetryAsked,
    SessionEnded,
)
from cwmp.wire.messages import Fault, Inform, Message

MAX_REPEATS = 10
"""Times in one session that the ACS may ask for the same request again (fault 8005)."""


class SessionBroken(CwmpError):
    """The session ended before its time: the CPE will try again."""


@dataclass(frozen=True, slots=True)
class LoseAnswer:
    """Carry out the ACS's request of this name (any, when empty), then drop the connection unanswered."""

    request: str = ""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Drop the connection instead of sending the POST of this number; 1 is the Inform's."""

    exchange: int


SessionFault: TypeAlias = LoseAnswer | Disconnect


@dataclass(slots=True)
class SessionReport:
    """How far a session came. `requests` names the ACS's RPCs in order, each as it was answered."""

    informed: bool = False
    exchanges: int = 0
    requests: list[str] | None = None
    fault_met: SessionFault | None = None


async def hold_session(
    cpe: SimulatedCpe,
    inform: Inform,
    conversation: HttpConversation,
    report: SessionReport,
    *,
    latency: float = 0.0,
    fault: SessionFault | None = None,
    informed: Callable[[], None] = lambda: None,
) -> None:
    """Hold the session to its end, filling in `report` on the way.

    latency: seconds the CPE takes before each POST but the first. fault: what goes wrong on purpose.
    informed: called when the ACS has answered the Inform. Raises `SessionBroken`, and the `ConnectionFailed`
    and `WireError` of what happened underneath.
    """
    session = CpeSession()
    report.requests = []
    own: list[Message] = []
    waiting: Message | None = None
    repeats = 0
    body = session.begin(inform)
    while True:
        report.exchanges += 1
        if isinstance(fault, Disconnect) and fault.exchange == report.exchanges:
            report.fault_met = fault
            raise SessionBroken(f"the connection was dropped before POST {fault.exchange}, as a test asked")
        answer = await conversation.post(body)
        event = session.receive(answer.status, answer.body)
        if latency:
            await asyncio.sleep(latency)
        match event:
            case SessionEnded(refusal):
                if refusal is not None:
                    raise SessionBroken(f"the ACS refused the Inform: {refusal.code} {refusal.message}")
                return
            case AcsRequest(message):
                name = type(message).__name__
                report.requests.append(name)
                response = cpe.answer(message)
                if isinstance(fault, LoseAnswer) and fault.request in ("", name):
                    report.fault_met = fault
                    raise SessionBroken(f"the answer to {name} was lost, as a test asked")
                body = session.send(response)
                continue
            case RetryAsked(again):
                repeats += 1
                if repeats > MAX_REPEATS:
                    raise SessionBroken(f"the ACS asked more than {MAX_REPEATS} times for a repetition")
                body = again
                continue
            case InformAccepted():
                report.informed = True
                cpe.informed()
                informed()
                own = list(cpe.requests)
            case AcsAnswer(message):
                if waiting is not None and not isinstance(message, Fault):
                    cpe.request_answered(waiting)
        waiting = own.pop(0) if own and session.may_request else None
        body = session.send(waiting)
