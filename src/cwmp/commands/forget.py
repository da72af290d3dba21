"""`cwmp forget DEVICE`."""

from __future__ import annotations

import argparse

from cwmp.commands.options import add_platform_options, platform_of
from cwmp.commands.register import show_change

DESCRIPTION = "Remove a device, its credentials and its queued work from the ACS. The device is not touched."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("device", metavar="DEVICE", help="identity or unique serial number")
    parser.add_argument("--check", action="store_true", help="show what would change, change nothing")
    add_platform_options(parser)


def run(options: argparse.Namespace) -> int:
    change = platform_of(options).forget(options.device, check=options.check)
    return show_change(options, change, nothing="nothing to forget")
