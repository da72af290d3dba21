"""`cwmp devices`."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from cwmp.commands.options import add_platform_options, platform_of
from cwmp.commands.printing import print_json, print_table

EPILOG = """\
Examples:
  cwmp devices
  cwmp devices --product-class LabGateway --json
"""
FILTERS = ("oui", "product_class", "serial_number", "manufacturer", "root", "tag", "flag")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    for name in FILTERS:
        parser.add_argument(
            f"--{name.replace('_', '-')}", default="", metavar="X", help=f"only devices with this {name}"
        )
    add_platform_options(parser)


def run(options: argparse.Namespace) -> int:
    platform = platform_of(options)
    filters = {name: getattr(options, name) for name in FILTERS}
    if filters["root"]:
        filters["root"] = filters["root"].removesuffix(".") + "."
    devices = list(platform.devices(filters))
    if options.json:
        print_json([asdict(device) for device in devices])
        return 0
    print_table(
        ("DEVICE", "MODEL", "SOFTWARE", "ROOT", "ADDRESS", "LAST INFORM", "FLAGS"),
        [
            (
                device.id,
                " ".join(part for part in (device.manufacturer, device.product_class) if part),
                device.software_version,
                device.root,
                device.address,
                device.last_inform,
                ",".join(device.flags),
            )
            for device in devices
        ],
    )
    return 0
