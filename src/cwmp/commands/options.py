"""Options that every command with a platform shares."""

from __future__ import annotations

import argparse
import getpass
import os
from pathlib import Path

from cwmp.errors import CwmpError
from cwmp.platforms.protocol import Platform


def add_platform_options(parser: argparse.ArgumentParser, *, json: bool = True) -> None:
    """--url, --token-file, --ca-file, --platform, --timeout and, for what can be read by programs, --json."""
    group = parser.add_argument_group("platform")
    group.add_argument(
        "--url",
        default="",
        metavar="URL",
        help="API of the ACS: unix:PATH, http://127.0.0.1:PORT or https://HOST (default: $CWMP_URL, else the "
        "socket of an ACS on this machine)",
    )
    group.add_argument("--token-file", default="", metavar="FILE", help="holds the token (or $CWMP_TOKEN)")
    group.add_argument("--ca-file", default="", metavar="FILE", help="certificates to trust for https")
    group.add_argument("--platform", default="acs", metavar="NAME", help="kind of platform (default: acs)")
    group.add_argument(
        "--timeout", type=seconds, default=30.0, metavar="S", help="seconds for an answer (default: 30)"
    )
    if json:
        parser.add_argument("--json", action="store_true", help="print JSON")


def add_call_options(parser: argparse.ArgumentParser) -> None:
    """--wait, --queue and --connection-request: how to carry a transaction."""
    parser.add_argument(
        "--wait",
        type=seconds,
        default=60.0,
        metavar="S",
        help="seconds to wait for the device (default: 60); 0 submits and prints the transaction's id",
    )
    parser.add_argument(
        "--queue", action="store_true", help="keep it for the device after the wait instead of cancelling it"
    )
    parser.add_argument(
        "--connection-request",
        choices=("auto", "http", "xmpp", "stun", "none"),
        default="auto",
        metavar="METHOD",
        help="how to wake the device: auto, http or none (default: auto)",
    )


def seconds(text: str) -> float:
    """A number of seconds of an option."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 86400:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds from 0 to 86400")
    return number


def platform_of(options: argparse.Namespace) -> Platform:
    """The platform the options name."""
    from cwmp.platforms.choose import platform_for

    token = read_secret(options.token_file, "token") if options.token_file else ""
    return platform_for(options.platform, options.url, token, options.ca_file, options.timeout)


def read_secret(file: str, what: str) -> str:
    """The first line of a file, without its end. Raises `CwmpError` when there is none."""
    try:
        text = Path(file).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise CwmpError(f"The {what} file {file} cannot be read: {reason}") from error
    line = text.split("\n", 1)[0].rstrip("\r")
    if not line:
        raise CwmpError(f"The {what} file {file} has nothing in its first line")
    return line


def actor() -> str:
    """Who asks, for the audit trail."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return f"cli:uid{os.getuid()}"
