"""`cwmp lab`: simulated CPEs, whose options live with them."""

from __future__ import annotations

import argparse

DESCRIPTION = "Simulated CPEs that come to an ACS."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from cwmp.lab import command

    command.add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    from cwmp.lab import command

    return command.run(options)
