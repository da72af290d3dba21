"""`cwmp register DEVICE`."""

from __future__ import annotations

import argparse

from cwmp.commands.options import add_platform_options, platform_of, read_secret
from cwmp.commands.printing import print_json, printable
from cwmp.commands.set_parameters import DIFFERENCES
from cwmp.platforms.protocol import Registration, RegistrationChange

DESCRIPTION = "Say what a device presents to the ACS, what the ACS presents to it, and its tags."
EPILOG = """\
Options that are not given leave things as they are. Passwords are read from the first line of a file.

Example:
  cwmp register 0A0B0C-LabGateway-LAB000001 --username cpe1 --password-file cpe1.secret --tag field-trial
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("device", metavar="DEVICE", help="identity; it need not have come yet")
    parser.add_argument("--username", help="what the CPE presents to the ACS")
    parser.add_argument("--password-file", metavar="FILE")
    parser.add_argument("--connection-request-username", metavar="NAME", help="for waking the CPE")
    parser.add_argument("--connection-request-password-file", metavar="FILE")
    parser.add_argument("--tag", action="append", dest="tags", help="all its tags; may be repeated")
    parser.add_argument(
        "--quarantine", choices=("yes", "no"), help="put the device into quarantine, or allow it again"
    )
    parser.add_argument("--check", action="store_true", help="show what would change, change nothing")
    add_platform_options(parser)


def run(options: argparse.Namespace) -> int:
    registration = Registration(
        username=options.username,
        password=read_secret(options.password_file, "password") if options.password_file else None,
        connection_request_username=options.connection_request_username,
        connection_request_password=read_secret(options.connection_request_password_file, "password")
        if options.connection_request_password_file
        else None,
        tags=tuple(options.tags) if options.tags is not None else None,
        quarantine=None if options.quarantine is None else options.quarantine == "yes",
    )
    change = platform_of(options).register(options.device, registration, check=options.check)
    return show_change(options, change)


def show_change(
    options: argparse.Namespace, change: RegistrationChange, *, nothing: str = "nothing to change"
) -> int:
    """Print what changed on the platform's side, or `nothing`; gives the exit code."""
    if options.json:
        print_json({"changed": change.changed, "fields": {k: list(v) for k, v in change.fields.items()}})
    else:
        for name, (before, after) in change.fields.items():
            print(printable(f"{name}: {_shown(before)} → {_shown(after)}"))
        if not change.changed:
            print(f"{options.device}: {nothing}")
    return DIFFERENCES if options.check and change.changed else 0


def _shown(value: object) -> str:
    if value is None or value == "":
        return "(none)"
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
