"""`cwmp set DEVICE PATH=VALUE...`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cwmp.commands.options import actor, add_call_options, add_platform_options, platform_of
from cwmp.commands.printing import print_changes, print_error, print_json, transaction_json, what_became
from cwmp.errors import CwmpError
from cwmp.platforms.protocol import ConvergeCall

DIFFERENCES = 2
EPILOG = """\
A value that starts with @ is read from that file (@- is standard input, @@ a real @), so that passwords
need not stand on the command line, where every user of the machine can read them.

Examples:
  cwmp set DEVICE .ManagementServer.PeriodicInformInterval=900 --check
  cwmp set DEVICE .ManagementServer.PeriodicInformInterval=900 .Time.Enable=true
  cwmp set DEVICE .ManagementServer.ConnectionRequestPassword=@secret.txt

Exit codes: 0 done, 1 error, 2 --check found differences.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("device", metavar="DEVICE", help="identity or unique serial number")
    parser.add_argument("values", metavar="PATH=VALUE", nargs="+", help="a parameter and its wanted value")
    parser.add_argument("--check", action="store_true", help="show the differences, write nothing")
    parser.add_argument(
        "--secrets",
        choices=("when_changed", "always", "never"),
        default="when_changed",
        help="when to write what cannot be read back (default: when_changed)",
    )
    parser.add_argument(
        "--accept",
        action="append",
        default=[],
        choices=("pending_reboot", "normalised", "reverted", "unverifiable"),
        metavar="VERDICT",
        help="take this verdict as success too: pending_reboot, normalised, reverted, unverifiable",
    )
    parser.add_argument("--strict", action="store_true", help="data-model warnings are errors")
    add_call_options(parser)
    add_platform_options(parser)


def run(options: argparse.Namespace) -> int:
    call = ConvergeCall(
        wait=options.wait,
        queue=options.queue,
        connection_request=options.connection_request,
        actor=actor(),
        check=options.check,
        secrets=options.secrets,
        accept=tuple(options.accept),
        strict=options.strict,
    )
    state = {"set": wanted_values(options.values)}
    transaction = platform_of(options).converge(options.device, state, call)
    result = transaction.result or {}
    if options.json:
        print_json(transaction_json(transaction))
    elif result:
        print_changes(result)
    if trouble := what_became(transaction):
        if options.wait == 0 and not transaction.over:
            print(transaction.id)
            return 0
        print_error(trouble)
        return 1
    if not options.json:
        print(summary(transaction.device, len(result.get("changes") or ()), check=options.check))
    return DIFFERENCES if options.check and result.get("changed") else 0


def summary(device: str, count: int, *, check: bool) -> str:
    """One line that says what happened."""
    if not count:
        return f"{device}: nothing to change"
    what = f"{count} change{'s' if count > 1 else ''}"
    return (
        f"{device}: {what} to make, nothing was written" if check else f"{device}: {what} made and verified"
    )


def wanted_values(words: list[str]) -> dict[str, str]:
    """``PATH=VALUE`` words as a mapping. Raises `CwmpError` for one that is none, or a path twice."""
    values: dict[str, str] = {}
    for word in words:
        path, equals, value = _parted(word)
        if not equals or not path:
            raise CwmpError(f"'{path}' is not PATH=VALUE")
        if path in values:
            raise CwmpError(f"{path} is given twice")
        if value.startswith("@@"):
            value = value[1:]
        elif value.startswith("@"):
            value = _from_file(path, value[1:])
        values[path] = value
    return values


def _parted(word: str) -> tuple[str, str, str]:
    """The word at its first ``=`` that is not within the brackets of a row selector."""
    depth, quoted = 0, False
    for at, char in enumerate(word):
        if depth and char == '"' and word[at - 1] != "\\":
            quoted = not quoted
        elif not quoted and char in "[]":
            depth = max(0, depth + (1 if char == "[" else -1))
        elif char == "=" and not depth:
            return word[:at], "=", word[at + 1 :]
    return word, "", ""


def _from_file(path: str, file: str) -> str:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise CwmpError(
            f"The file {file} with the value of {path} cannot be read: {reason} (write @@ for a real @)"
        ) from error
    return text.removesuffix("\n").removesuffix("\r")
