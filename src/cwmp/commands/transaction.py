"""`cwmp transaction ID`."""

from __future__ import annotations

import argparse

from cwmp.commands.get import show_read
from cwmp.commands.options import add_platform_options, platform_of, seconds
from cwmp.commands.printing import print_changes, print_error, print_json, transaction_json, what_became

EPILOG = """\
Examples:
  cwmp transaction ID --wait 60
  cwmp transaction ID --cancel
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="as `cwmp set --wait 0` printed it")
    parser.add_argument(
        "--wait", type=seconds, default=0.0, metavar="S", help="seconds to wait for its end (default: 0)"
    )
    parser.add_argument("--cancel", action="store_true", help="cancel it if it has not begun")
    add_platform_options(parser)


def run(options: argparse.Namespace) -> int:
    platform = platform_of(options)
    transaction = (
        platform.cancel(options.id) if options.cancel else platform.transaction(options.id, wait=options.wait)
    )
    if options.json:
        print_json(transaction_json(transaction))
        return 1 if transaction.state in ("fault", "expired") else 0
    check = " (check)" if transaction.check else ""
    print(f"{transaction.id}: {transaction.kind}{check} of {transaction.device} is {transaction.state}")
    result = transaction.result or {}
    if "parameters" in result:
        show_read(dict(result))
    elif result:
        print_changes(result)
    if transaction.state in ("fault", "expired"):
        print_error(what_became(transaction))
        return 1
    return 0
