"""`cwmp trace DEVICE`."""

from __future__ import annotations

import argparse
import re

from cwmp.commands.options import add_platform_options, platform_of
from cwmp.commands.printing import print_error, print_json, printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("device", metavar="DEVICE", help="identity or unique serial number")
    parser.add_argument("--last", type=count, metavar="N", help="only the last N sessions")
    add_platform_options(parser)


def count(text: str) -> int:
    """An argument that is a number of things."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"'{text}' is no number of sessions, such as 3")
    return int(text)


def run(options: argparse.Namespace) -> int:
    sessions = list(platform_of(options).trace(options.device))
    known = len(sessions)
    if options.last is not None:
        sessions = sessions[max(0, known - options.last) :]
    if options.json:
        print_json(sessions)
        return 0
    if not known:
        print_error(f"{options.device} has had no session since the ACS was started")
    for session in sessions:
        events = ", ".join(session.get("events") or ())
        print(f"== session {session['started']} from {session.get('peer', '')}: {printable(events)}")
        for exchange in session.get("exchanges") or ():
            status = exchange.get("status")
            arrow = "CPE → ACS" if exchange["direction"] == "cpe→acs" else "ACS → CPE"
            print(f"-- {exchange['at']}  {arrow}{f'  HTTP {status}' if status else ''}")
            for line in lines_of(exchange.get("body") or ""):
                print(f"   {printable(line)}")
        print(f"== ended {session['ended']}\n" if session.get("ended") else "== still open\n")
    return 0


def lines_of(body: str) -> list[str]:
    """SOAP with one element a line, indented by depth; anything else as it is."""
    if not body.strip():
        return ["(empty)"]
    if ">" not in body:
        return body.splitlines()
    lines: list[str] = []
    depth = 0
    for piece in re.split(r"(?<=>)\s*(?=<)", body.strip()):
        if piece.startswith("</"):
            depth -= 1
        lines.append("  " * max(depth, 0) + " ".join(piece.split("\n")))
        opens = piece.startswith("<") and not piece.startswith(("</", "<?", "<!"))
        if opens and "</" not in piece and not piece.endswith("/>"):
            depth += 1
    return lines
