"""How a device answered when it was woken; the same words for every method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Word: TypeAlias = Literal[
    "accepted",
    "sent",
    "wrong_credentials",
    "busy",
    "refused",
    "unreachable",
    "no_answer",
    "unsafe_address",
    "no_method",
    "unavailable",
    "broker_down",
]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a device answered to one connection request.

    accepted: it will open a session, normally within 30 s. sent: by UDP, which nobody acknowledges.
    wrong_credentials: it refused ours. busy: asked too often, or in a session already. refused: anything
    else it answered. unreachable: no connection. no_answer: a connection, but no answer in time.
    unsafe_address: not asked, because the address it reported may be somebody else's. no_method: not asked,
    because there is no way to ask. unavailable: an XMPP broker or the device says so, who does not tell
    whether the device is offline, its JID wrong or this ACS not allowed. broker_down: not asked, because
    the XMPP broker is not there.
    """

    word: Word
    detail: str = ""
    status: int | None = None

    @property
    def answered(self) -> bool:
        """The device itself said something, good or bad."""
        return self.word in ("accepted", "wrong_credentials", "busy", "refused")
