"""`cwmp device-type list|set|delete`: credentials shared by devices of one kind."""

from __future__ import annotations

import argparse

from cwmp.commands.options import add_platform_options, platform_of, read_secret
from cwmp.commands.printing import print_json, print_table
from cwmp.errors import CwmpError
from cwmp.platforms.acs import AcsPlatform

EPILOG = """\
Example:
  cwmp device-type set gateways --oui 0A0B0C --username gateways --password-file gateways.secret --individual
"""
MATCH = ("manufacturer", "oui", "product_class", "serial_prefix")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    add_platform_options(actions.add_parser("list", help="show the device types", allow_abbrev=False))
    setting = actions.add_parser("set", help="make or change a device type", allow_abbrev=False)
    setting.add_argument("name", metavar="NAME")
    for field in MATCH:
        setting.add_argument(f"--{field.replace('_', '-')}", default="", metavar="X", help="must match")
    setting.add_argument(
        "--any-device",
        action="store_true",
        help="with nothing to match: let any device in that has these credentials",
    )
    setting.add_argument("--username", required=True)
    setting.add_argument("--password-file", metavar="FILE", help="needed for a new device type")
    setting.add_argument(
        "--individual", action="store_true", help="give each device its own credentials at first contact"
    )
    add_platform_options(setting)
    deleting = actions.add_parser("delete", help="remove a device type", allow_abbrev=False)
    deleting.add_argument("name", metavar="NAME")
    add_platform_options(deleting)


def run(options: argparse.Namespace) -> int:
    platform = platform_of(options)
    if not isinstance(platform, AcsPlatform):
        raise CwmpError(f"The platform {platform.name} has no device types")
    if options.action == "list":
        types = platform.device_types()
        if options.json:
            print_json(types)
        else:
            print_table(
                ("NAME", "USERNAME", "MATCHES", "INDIVIDUAL"),
                [
                    (
                        kind["name"],
                        kind["username"],
                        " ".join(f"{key}={value}" for key, value in kind["match"].items() if value)
                        or "(all)",
                        "yes" if kind["individual"] else "no",
                    )
                    for kind in types
                ],
            )
        return 0
    if options.action == "delete":
        done = platform.delete_device_type(options.name)
    elif options.any_device == any(getattr(options, field) for field in MATCH):
        words = ", ".join(f"--{field.replace('_', '-')}" for field in MATCH)
        raise CwmpError(
            f"Say which devices are of type {options.name}: {words}; or --any-device alone for all of them"
        )
    else:
        done = platform.set_device_type(
            options.name,
            match={field: getattr(options, field) for field in MATCH if getattr(options, field)},
            username=options.username,
            password=read_secret(options.password_file, "password") if options.password_file else "",
            individual=options.individual,
            any_device=options.any_device,
        )
    if options.json:
        print_json(done)
    else:
        print(f"device type {options.name}: {'changed' if done.get('changed') else 'nothing to change'}")
    return 0
