"""What people and programs see: aligned tables, JSON, transactions and diffs as text."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from cwmp.platforms.protocol import Transaction


def print_json(data: Any) -> None:
    """JSON that a program reads and a person can; nothing in it steers a terminal."""
    text = json.dumps(data, indent=2, ensure_ascii=False)
    print("".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text))


def printable(text: str) -> str:
    """`text` without anything that could steer a terminal: devices choose their own strings."""
    return "".join(
        char if char.isprintable() else f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}"
        for char in text
    )


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns aligned by their widest cell, nothing cut off."""
    cells = [list(headings), *([printable(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_error(text: str) -> None:
    """One line on stderr."""
    print(f"cwmp: {printable(text)}", file=sys.stderr)


def transaction_json(transaction: Transaction) -> dict[str, Any]:
    """A transaction as its API shows it."""
    return asdict(transaction)


def what_became(transaction: Transaction) -> str:
    """Why a transaction is not done, as one sentence; "" when it is."""
    if transaction.state == "done":
        return ""
    fault = transaction.fault or {}
    if message := str(fault.get("message") or ""):
        parameters = [
            f"{part['path']}: {part['message']}"
            for part in fault.get("parameters") or ()
            if str(part.get("message")) not in message or str(part.get("path")) not in message
        ]
        return "; ".join([message.rstrip("."), *parameters])
    if transaction.state in ("queued", "running"):
        return (
            f"{transaction.device}: transaction {transaction.id} is {transaction.state}: "
            f"see `cwmp transaction {transaction.id} --wait 60`"
        )
    return f"{transaction.device}: transaction {transaction.id} is {transaction.state}"


def diff_lines(before: str, after: str) -> list[str]:
    """The lines of a unified diff, all of them with their context, without the headers."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=10_000)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def print_changes(result: Mapping[str, Any]) -> None:
    """The changes of a converge as a diff, then one line that counts them."""
    from cwmp.desired.diff import diff_of

    changes = result.get("changes") or []
    difference = diff_of(changes)
    for line in diff_lines(difference["before"], difference["after"]):
        print(printable(line))
    for warning in result.get("warnings") or ():
        print_error(f"warning: {warning}")
