"""`cwmp version`."""

from __future__ import annotations

import argparse

from cwmp.commands.options import add_platform_options, platform_of
from cwmp.commands.printing import print_json
from cwmp.platforms.acs import API_VERSION, AcsPlatform
from cwmp.platforms.protocol import PlatformError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_platform_options(parser)


def run(options: argparse.Namespace) -> int:
    from importlib.metadata import version

    mine = version("cwmp")
    said: dict[str, object] = {"version": mine, "api": int(API_VERSION), "acs": None}
    trouble = ""
    try:
        platform = platform_of(options)
        if isinstance(platform, AcsPlatform):
            said["acs"] = platform.version()
    except PlatformError as error:
        trouble = str(error)
    if options.json:
        print_json(said)
        return 0
    print(f"cwmp {mine}, API {API_VERSION}")
    acs = said["acs"]
    print(f"ACS {acs['version']}, API {acs['api']}" if isinstance(acs, dict) else f"no ACS: {trouble}")
    return 0
