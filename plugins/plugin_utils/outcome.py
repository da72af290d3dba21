# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a transaction, as a platform gives it, to a task's result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

IN_FORCE = ("applied", "pending_reboot", "normalised")
"""Verdicts after which the device is not what it was."""


class Failure(Exception):
    """The task fails with this one sentence; `result` goes into the task's result beside it."""

    def __init__(self, sentence: str, result: Mapping[str, Any] | None = None) -> None:
        super().__init__(sentence)
        self.result = dict(result or {})


def described(transaction: Any) -> dict[str, Any]:
    """What every result says of its transaction."""
    return {
        "transaction": transaction.id,
        "device": transaction.device,
        "kind": transaction.kind,
        "state": transaction.state,
        "check": transaction.check,
    }


def result_of(transaction: Any, *, diff: bool) -> dict[str, Any]:
    """The result of a transaction that is over. Raises `Failure` for any end but `done`."""
    result = described(transaction) | outcome_of(transaction)
    if diff and result.get("changes"):
        result["diff"] = diff_of(transaction.device, result["changes"])
    if transaction.state == "done":
        return result
    fault = transaction.fault or {}
    if fault:
        result["fault"] = dict(fault)
    if transaction.connection_request:
        result["connection_request"] = dict(transaction.connection_request)
    raise Failure(_why(transaction, fault), result)


def outcome_of(transaction: Any) -> dict[str, Any]:
    """What came of a transaction so far, in the keys that its kind has."""
    if transaction.result is None:
        return {"changed": False}
    if transaction.kind == "read":
        return {"changed": False, **parameters_of(transaction.result)}
    return changes_of(transaction.result, check=transaction.check)


def changes_of(outcome: Mapping[str, Any], *, check: bool) -> dict[str, Any]:
    """What a converge found and did. After a failure it is changed only where the device is."""
    changes = [dict(change) for change in outcome.get("changes") or ()]
    changed = bool(changes) if check else any(change["verdict"] in IN_FORCE for change in changes)
    result: dict[str, Any] = {
        "changed": changed,
        "root": outcome.get("root", ""),
        "changes": changes,
        "verdicts": {change["path"]: change["verdict"] for change in changes},
        "instances": [dict(instance) for instance in outcome.get("instances") or ()],
        "atomic": outcome.get("atomic", True),
    }
    if outcome.get("warnings"):
        result["warnings"] = [str(warning) for warning in outcome["warnings"]]
    return result


def parameters_of(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """What a read found: values by full path and by path below the root, and every detail."""
    root = str(outcome.get("root", ""))
    read = [dict(parameter) for parameter in outcome.get("parameters") or ()]
    found = {
        parameter["path"]: native(parameter["value"], parameter.get("type"))
        for parameter in read
        if parameter.get("value") is not None
    }
    cut = max(len(root) - 1, 0)
    return {
        "root": root,
        "parameters": found,
        "relative": {path[cut:] if path.startswith(root) else path: value for path, value in found.items()},
        "details": read,
        "missing": list(outcome.get("missing") or ()),
    }


def native(value: str, xsd_type: str | None) -> str | int | bool:
    """A lexical value as the type Ansible users expect; what does not fit its type stays text."""
    if xsd_type == "boolean" and value.strip().lower() in ("0", "1", "true", "false"):
        return value.strip().lower() in ("1", "true")
    if xsd_type in ("int", "unsignedInt", "long", "unsignedLong"):
        try:
            return int(value)
        except ValueError:
            return value
    return value


def diff_of(device: str, changes: list[dict[str, Any]]) -> dict[str, str]:
    """Before and after as Ansible's `--diff` shows them."""
    from cwmp.desired.diff import diff_of as engine_diff
    from cwmp.desired.outcome import Change, Verdict

    typed = [Change(**change | {"verdict": Verdict(change["verdict"])}) for change in changes]
    return {"before_header": device, "after_header": device, **engine_diff(typed)}


def offline(transaction: Any, waited: float | None = None) -> str:
    """The sentence for a device that did not come."""
    within = "in time" if waited is None else f"within {waited:g} s"
    woken = transaction.connection_request or {}
    answer = str(woken.get("answer", "")).replace("_", " ")
    answered = f" (connection request: {answer})" if answer else ""
    return (
        f"{transaction.device} did not come {within}{answered}, so nothing was sent to it; "
        "check that it is online, raise 'timeout', or give 'queue: true'"
    )


def still_open(transaction: Any) -> str:
    """The sentence for a transaction that is not waited for any longer."""
    later = "cpeops.cwmp.transaction reports what came of it"
    if transaction.state != "queued":
        return f"{transaction.state} as {transaction.id}; it has not ended yet; {later}"
    does = "read" if transaction.kind == "read" else "compared" if transaction.check else "applied"
    until = f", until {transaction.expires}" if transaction.expires else ""
    return f"queued as {transaction.id}; it will be {does} when the device comes{until}; {later}"


def _why(transaction: Any, fault: Mapping[str, Any]) -> str:
    message = str(fault.get("message") or "").strip()
    if message:
        return message
    if transaction.state == "expired":
        return offline(transaction)
    if transaction.state == "cancelled":
        return f"transaction {transaction.id} for {transaction.device} was cancelled before it began"
    return f"transaction {transaction.id} for {transaction.device} ended as {transaction.state}"
