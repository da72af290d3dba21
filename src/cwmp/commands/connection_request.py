"""`cwmp connection-request DEVICE`."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from cwmp.commands.options import add_platform_options, platform_of, seconds
from cwmp.commands.printing import print_json, printable

EPILOG = """\
Exit code 0 when the device accepted (and, waited for, informed), else 1.

Examples:
  cwmp connection-request DEVICE
  cwmp connection-request DEVICE --method http --wait 0 --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("device", metavar="DEVICE", help="identity or unique serial number")
    parser.add_argument(
        "--method",
        choices=("auto", "http", "xmpp", "stun", "none"),
        default="auto",
        help="how to wake it; none only waits for its next Inform (default: auto)",
    )
    parser.add_argument(
        "--wait",
        type=seconds,
        default=30.0,
        metavar="S",
        help="seconds to wait for its Inform (default: 30); 0: only for the device's answer",
    )
    add_platform_options(parser)


_FINE = ("accepted", "sent")
"""It will come; or, by UDP, nobody could say more."""


def run(options: argparse.Namespace) -> int:
    result = platform_of(options).connection_request(options.device, method=options.method, wait=options.wait)
    good = result.informed if options.wait or options.method == "none" else result.answer in _FINE
    if options.json:
        print_json(asdict(result))
        return 0 if good else 1
    words = [f"{options.device}: {result.answer.replace('_', ' ')}"]
    if result.method:
        words.append(f"by {result.method}" + (f" ({result.route})" if result.route else ""))
    if result.answer_ms is not None:
        words.append(f"after {result.answer_ms:.0f} ms")
    if result.informed:
        words.append(
            "informed" + (f" after {result.inform_ms:.0f} ms" if result.inform_ms is not None else "")
        )
    elif options.wait:
        words.append(f"no Inform within {options.wait:g} s")
    if result.detail:
        words.append(result.detail)
    print(printable(", ".join(words)))
    return 0 if good else 1
