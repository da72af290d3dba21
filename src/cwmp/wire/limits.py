"""Bounds on what the other side may send."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of one message is read.

    body_bytes: size of the HTTP body. TR-069a6 §3.5 asks for at least 32 KiB and no bound on answers; a
    GetParameterNamesResponse of 6,400 names is 850 kB.
    parameters: entries in any one list. depth: nested elements; CWMP itself needs 7.
    """

    body_bytes: int = 16 * 1024 * 1024
    parameters: int = 100_000
    depth: int = 32


DEFAULT_LIMITS = Limits()
