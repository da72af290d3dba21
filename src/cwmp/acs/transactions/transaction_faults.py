"""What a transaction's fault says when it was not the CPE that refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cwmp.acs.transactions.transaction_records import TransactionRecord

RESTORED = (
    "The ACS's data was put back from a backup, so this was not run again; submit it anew if it is wanted."
)


def fault_of(kind: str, message: str) -> dict[str, Any]:
    """A transaction's fault; kind: cwmp, input, verdict, session, offline, or cancelled (then the reason)."""
    return {"kind": kind, "code": None, "message": message, "parameters": []}


def cancelled(tx: TransactionRecord, reason: str) -> dict[str, Any] | None:
    """It was taken back before it began."""
    return fault_of("cancelled", f"{tx.device}: {reason}; nothing was changed.") if reason else None


def given_up(tx: TransactionRecord, reason: str) -> dict[str, Any]:
    """Its session was lost for the last time."""
    message = f"{tx.device}: the session was lost {tx.attempts} times (the last: {reason}){_left(tx)}."
    return fault_of("session", message)


def lost_late(tx: TransactionRecord, reason: str) -> dict[str, Any]:
    """Its session was lost when its time was over."""
    return fault_of(
        "session", f"{tx.device}: the session was lost ({reason}) at the end of its time{_left(tx)}."
    )


def expired(tx: TransactionRecord) -> dict[str, Any]:
    """The device did not come in time, or not again."""
    if tx.begun:
        message = (
            f"{tx.device}: the session was lost after changes had begun, and the device has not come back; "
            "read it to see what it holds."
        )
        return fault_of("session", message)
    seconds = max(0.0, tx.expires_at - tx.created)
    return fault_of(
        "offline", f"{tx.device} did not come within {seconds:.0f} s ({_waking(tx)}); nothing was changed."
    )


def quarantined(tx: TransactionRecord, reason: str) -> dict[str, Any]:
    """The device gets no work. reason: why, with or without the device's name before it."""
    why = reason.removeprefix(f"{tx.device}: ").rstrip(".") or "nobody has said why"
    return fault_of(
        "offline",
        f"{tx.device} is quarantined: {why}; allow it with `cwmp register {tx.device} --quarantine no` "
        "(nothing was changed).",
    )


def _waking(tx: TransactionRecord) -> str:
    if tx.wake == "none":
        return "it was not to be woken"
    told = tx.connection_request
    if told is None:
        return "it was not woken in that time"
    answer = str(told.get("answer", "unknown")).replace("_", " ")
    detail = told.get("detail")
    return f"its connection request: {answer}, {detail}" if detail else f"its connection request: {answer}"


def _left(tx: TransactionRecord) -> str:
    return "; changes may have been made, read the device to see" if tx.begun else "; nothing was changed"
