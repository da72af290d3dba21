"""Answers to what a CPE asks of the ACS in a session (TR-069a6 §A.3.3, §A.4.2)."""

from __future__ import annotations

from cwmp.wire import messages
from cwmp.wire.messages import Fault, Message

_METHODS_1_0 = ("Inform", "GetRPCMethods", "TransferComplete", "Kicked", "RequestDownload")
_METHODS_1_1 = (*_METHODS_1_0, "AutonomousTransferComplete")
_METHODS_1_2 = (*_METHODS_1_1, "DUStateChangeComplete", "AutonomousDUStateChangeComplete")

_EMPTY_ANSWERS: dict[type[Message], Message] = {
    messages.TransferComplete: messages.TransferCompleteResponse(),
    messages.AutonomousTransferComplete: messages.AutonomousTransferCompleteResponse(),
    messages.RequestDownload: messages.RequestDownloadResponse(),
    messages.DUStateChangeComplete: messages.DUStateChangeCompleteResponse(),
    messages.AutonomousDUStateChangeComplete: messages.AutonomousDUStateChangeCompleteResponse(),
}


def answer_to(request: Message, cwmp_version: str = "1.0") -> Message | Fault:
    """The answer a CPE gets to its request; fault 8000 for a method the ACS does not have.

    A completion is acknowledged whether or not the ACS ordered the transfer: a CPE that gets no answer
    repeats it for ever.
    """
    known = _EMPTY_ANSWERS.get(type(request))
    if known is not None:
        return known
    if isinstance(request, messages.GetRPCMethods):
        return messages.GetRPCMethodsResponse(methods(cwmp_version))
    if isinstance(request, messages.Kicked):
        return messages.KickedResponse(next_url=request.next)
    name = request.name if isinstance(request, messages.UnknownMethod) else type(request).__name__
    return Fault(8000, f"{name[:64]} is no method of this ACS", soap_code="Server")


def methods(cwmp_version: str) -> tuple[str, ...]:
    """Methods the ACS offers to a CPE of this CWMP version."""
    if cwmp_version == "1.0":
        return _METHODS_1_0
    return _METHODS_1_1 if cwmp_version == "1.1" else _METHODS_1_2
