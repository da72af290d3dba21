"""The command `cwmp`: it only finds the subcommand; each lives in `cwmp.commands`, imported when used.

Exit codes: 0 done, 1 error, 2 `--check` found differences, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from cwmp.errors import CwmpError

EPILOG = """\
A DEVICE is an identity (OUI-ProductClass-Serial, see `cwmp devices`) or a serial number that only one has.
A PATH that starts with a dot is below the device's own root, Device. or InternetGatewayDevice.

Examples:
  cwmp acs serve
  cwmp lab cpe --acs http://127.0.0.1:7547/ --count 20 --model tr181-gateway
  cwmp devices
  cwmp get DEVICE .DeviceInfo.
  cwmp set DEVICE .ManagementServer.PeriodicInformInterval=900 --check

Exit codes: 0 done, 1 error, 2 --check found differences, 130 stopped by Ctrl-C.
"""

COMMANDS = {
    "acs": ("acs", "run the ACS"),
    "lab": ("lab", "run simulated CPEs"),
    "devices": ("devices", "list the devices the ACS knows"),
    "get": ("get", "read parameters of a device"),
    "set": ("set_parameters", "bring parameters of a device to values, or check them"),
    "connection-request": ("connection_request", "wake a device"),
    "transaction": ("transaction", "show, await or cancel a transaction"),
    "trace": ("trace", "show the SOAP of a device's last sessions, secrets masked"),
    "register": ("register", "credentials and tags of a device"),
    "forget": ("forget", "remove a device from the ACS"),
    "device-type": ("device_type", "credentials shared by devices of one kind"),
    "version": ("version", "versions of this command and of the ACS"),
}


class Parser(argparse.ArgumentParser):
    """Usage errors are one line and exit code 1: 2 means "differences" here."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(1)


def parser_for(argv: Sequence[str]) -> argparse.ArgumentParser:
    """The parser, with the options of only that subcommand filled in which `argv` names."""
    parser = Parser(
        prog="cwmp",
        description="Manage CPEs over TR-069 (CWMP).",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(metavar="COMMAND", dest="command", required=True)
    wanted = next((word for word in argv if not word.startswith("-")), "")
    for name, (module_name, text) in COMMANDS.items():
        if name != wanted:
            commands.add_parser(name, help=text, add_help=False)
            continue
        module = importlib.import_module(f"cwmp.commands.{module_name}")
        subparser = commands.add_parser(
            name,
            help=text,
            description=getattr(module, "DESCRIPTION", text[0].upper() + text[1:] + "."),
            epilog=getattr(module, "EPILOG", None),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.add_arguments(subparser)
        subparser.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run `cwmp` with these arguments; gives the exit code. Errors are one line on stderr."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    try:
        options = parser_for(arguments).parse_args(arguments)
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except CwmpError as error:
        print(f"cwmp: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("cwmp: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output (`| head`) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main())
