"""`cwmp get DEVICE PATH...`."""

from __future__ import annotations

import argparse

from cwmp.commands.options import actor, add_call_options, add_platform_options, platform_of
from cwmp.commands.printing import print_error, print_json, printable, transaction_json, what_became
from cwmp.platforms.protocol import Call

EPILOG = """\
Examples:
  cwmp get DEVICE .DeviceInfo.SoftwareVersion
  cwmp get DEVICE .DeviceInfo. .Time. --json
  cwmp get DEVICE .WiFi. --names
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("device", metavar="DEVICE", help="identity or unique serial number")
    parser.add_argument(
        "paths", metavar="PATH", nargs="+", help="a parameter, or with a final dot all below an object"
    )
    parser.add_argument("--names", action="store_true", help="also say which parameters can be written")
    add_call_options(parser)
    add_platform_options(parser)


def run(options: argparse.Namespace) -> int:
    call = Call(
        wait=options.wait,
        queue=options.queue,
        connection_request=options.connection_request,
        actor=actor(),
    )
    transaction = platform_of(options).read(options.device, options.paths, call, names=options.names)
    if options.json:
        print_json(transaction_json(transaction))
    else:
        show_read(dict(transaction.result or {}))
    if trouble := what_became(transaction):
        if options.wait == 0 and not transaction.over:
            print(transaction.id)
            return 0
        print_error(trouble)
        return 1
    return 1 if (transaction.result or {}).get("missing") else 0


def show_read(result: dict[str, object]) -> None:
    """Parameters line by line; what is missing goes to stderr."""
    parameters = result.get("parameters")
    for parameter in parameters if isinstance(parameters, list) else ():
        line = parameter["path"]
        if parameter["value"] is not None:
            line += f" = {parameter['value']}"
        elif not line.endswith("."):
            line += "  (the device does not let it be read)"
        if parameter.get("writable") is not None:
            line += "  (writable)" if parameter["writable"] else "  (read-only)"
        print(printable(line))
    missing = result.get("missing")
    if isinstance(missing, list) and missing:
        print_error(f"the device has no {', '.join(missing)}")
