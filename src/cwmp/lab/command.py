"""`cwmp lab`: simulated CPEs at an ACS (`cpe`), and a hand on them while they run (`change`, `list`)."""

from __future__ import annotations

import argparse
import ipaddress
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from cwmp import places
from cwmp.errors import CwmpError
from cwmp.lab import control
from cwmp.lab.habits import HABITS

DEFAULT_MODEL = "tr181-gateway"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommands of `cwmp lab`."""
    commands = parser.add_subparsers(metavar="COMMAND", dest="lab_command", required=True)
    _add_cpe(commands.add_parser("cpe", help="run simulated CPEs until stopped"))
    change = commands.add_parser("change", help="change parameters of a simulated CPE by hand")
    change.add_argument("device", metavar="DEVICE", help="identity or serial number")
    change.add_argument("values", metavar="PATH=VALUE", nargs="+", help="a leading dot is the device's root")
    shown = commands.add_parser("list", help="list the simulated CPEs that run")
    shown.add_argument("--json", action="store_true", help="one JSON list")
    for each in (change, shown):
        each.add_argument("--control", metavar="unix:PATH", help="where `cwmp lab cpe` listens")


def _add_cpe(cpe: argparse.ArgumentParser) -> None:
    add = cpe.add_argument
    add("--acs", metavar="URL", required=True, help="ACS URL, such as http://127.0.0.1:7547/")
    add("--count", metavar="N", type=_number(1), default=1, help="CPEs (default 1)")
    add(
        "--model",
        metavar="NAME|FILE",
        action="append",
        help="tr181-gateway, tr098-gateway or a dump file; several: in turn (default tr181-gateway)",
    )
    add("--serial-prefix", metavar="P", default="LAB", help="serial numbers are P000001 and so on (LAB)")
    add("--first", metavar="N", type=_number(0), default=1, help="number of the first serial (1)")
    add("--username", metavar="U", help="toward the ACS; {id} and {serial} are filled in")
    password = cpe.add_mutually_exclusive_group()
    password.add_argument("--password", metavar="P", help="toward the ACS; others on this machine may see it")
    password.add_argument("--password-file", metavar="FILE", type=Path, help="the password, one line")
    add("--credentials-file", metavar="FILE", type=Path, help="username and password, one a line")
    waking = cpe.add_argument_group("connection requests")
    waking.add_argument("--connection-request-username", metavar="U", default="", help="from the factory")
    waking.add_argument(
        "--connection-request-password", metavar="P", default="", help="(default: empty, all are let in)"
    )
    waking.add_argument(
        "--connection-request-address", metavar="HOST[:PORT]", default="127.0.0.1", help="where they listen"
    )
    waking.add_argument(
        "--connection-request-latency", metavar="S", type=_real, default=0.0, help="seconds until the session"
    )
    add("--interval", metavar="S", type=_number(1), help="PeriodicInformInterval from the factory")
    add("--latency", metavar="MS", type=_real, default=0.0, help="milliseconds before each answer")
    add("--reboot-seconds", metavar="S", type=_real, default=5.0, help="how long a reboot takes (5)")
    add("--time-scale", metavar="X", type=_real, default=1.0, help="real seconds for a second of schedules")
    add("--start-rate", metavar="N", type=_number(1), default=200, help="CPEs switched on each second (200)")
    add(
        "--habit",
        metavar="NAME",
        action="append",
        default=[],
        help=f"a bad habit of real CPEs, may be repeated: {', '.join(HABITS)}",
    )
    add("--ca-file", metavar="FILE", help="CA that the ACS's certificate has to come from")
    add("--certificate", metavar=("CERT", "KEY"), nargs=2, help="the CPEs' own certificate and key")
    add("--insecure", action="store_true", help="do not check the ACS's certificate")
    add("--control", metavar="unix:PATH", help="socket of `cwmp lab change` (default: in the data directory)")
    add("--json-ready", action="store_true", help="print a JSON line with the ids when all have informed")


def _number(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"has to be at least {least}")
        return value

    return number


def _real(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e9:
        raise argparse.ArgumentTypeError("has to be 0 or more")
    return value


def run(options: argparse.Namespace) -> int:
    """Run the chosen subcommand. Raises `CwmpError` with one sentence for the user."""
    if options.lab_command == "change":
        return _change(options)
    if options.lab_command == "list":
        return _list(options)
    return _cpe(options)


# ---- change, list


def _socket(given: str | None) -> Path:
    if given is None:
        return control.default_control_socket()
    if given.startswith("unix:") and len(given) > len("unix:"):
        return Path(given.removeprefix("unix:")).expanduser()
    raise CwmpError(f"--control {given!r} is no socket: write unix:PATH")


def _change(options: argparse.Namespace) -> int:
    values: dict[str, str] = {}
    for pair in options.values:
        path, equals, value = pair.partition("=")
        if not equals or not path:
            raise CwmpError(f"{pair!r} is no PATH=VALUE")
        values[path] = value
    answer = control.ask(_socket(options.control), {"device": options.device, "set": values})
    print(f"{answer['device']}: changed {', '.join(values)} by hand")
    return 0


def _list(options: argparse.Namespace) -> int:
    devices = control.ask(_socket(options.control), {"devices": True})["devices"]
    if options.json:
        print(json.dumps(devices, indent=2))
        return 0
    for device in devices:
        state = device["last_error"] or ("online" if device["online"] else "offline")
        print(f"{device['id']}  {device['root']}  {device['informs']} informs  {state}")
    return 0


# ---- cpe


def _cpe(options: argparse.Namespace) -> int:
    from cwmp.lab.serving import ServeOptions, serve

    username, password = _credentials(options)
    host, colon, port = options.connection_request_address.rpartition(":")
    if not colon or not port.isdecimal():
        host, port = options.connection_request_address, "0"
    return serve(
        ServeOptions(
            acs_url=options.acs,
            count=options.count,
            models=tuple(options.model or [DEFAULT_MODEL]),
            serial_prefix=options.serial_prefix,
            first=options.first,
            username=username,
            password=password,
            connection_request_username=options.connection_request_username,
            connection_request_password=options.connection_request_password,
            host=host.strip("[]"),
            port=int(port),
            interval=options.interval,
            latency=options.latency / 1000,
            connection_request_latency=options.connection_request_latency,
            reboot_seconds=options.reboot_seconds,
            time_scale=options.time_scale,
            start_rate=float(options.start_rate),
            habits=tuple(options.habit),
            ca_file=options.ca_file,
            certificate=tuple(options.certificate) if options.certificate else None,
            insecure=options.insecure,
            control=_socket(options.control),
            control_required=options.control is not None,
            json_ready=options.json_ready,
        )
    )


def _credentials(options: argparse.Namespace) -> tuple[str, str]:
    """What the CPEs present to the ACS: as given, else what an ACS on this machine wrote down for them."""
    username, password = options.username, options.password
    if options.credentials_file is not None:
        if username is not None or password is not None or options.password_file is not None:
            raise CwmpError("give --credentials-file, or --username and a password, not both")
        return _read_credentials(options.credentials_file)
    if options.password_file is not None:
        password = _read(options.password_file).partition("\n")[0].strip("\r")
    if username is not None or password is not None:
        return username or "", password or ""
    ours = places.lab_credentials_file()
    if _is_loopback(options.acs) and ours.is_file():
        return _read_credentials(ours)
    return "", ""


def _read_credentials(file: Path) -> tuple[str, str]:
    lines = _read(file).splitlines()
    if len(lines) < 2 or not lines[0].strip():
        raise CwmpError(f"{file} holds no credentials: it needs a username and a password, one a line")
    return lines[0].strip(), lines[1].strip()


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise CwmpError(f"{file} cannot be read: {reason}") from None


def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
