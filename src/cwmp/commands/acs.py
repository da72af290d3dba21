"""`cwmp acs serve`."""

from __future__ import annotations

import argparse
from pathlib import Path

DESCRIPTION = "The ACS: CPEs come to its CWMP listeners, clients to its API."
SERVE_EPILOG = """\
Without options it serves this machine: CWMP on 127.0.0.1:7547, the API on a unix socket for this user,
and simulated CPEs (`cwmp lab cpe`) on this machine are let in with credentials made at the first start.
For devices of your own give credentials (`cwmp device-type set`, `cwmp register`) and --cwmp 0.0.0.0:7547;
TLS, proxies and limits stand in the configuration file (docs/acs-configuration.md).

Examples:
  cwmp acs serve
  cwmp acs serve --cwmp 0.0.0.0:7547 --data /var/lib/cwmp --config /etc/cwmp/acs.toml
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    serve = actions.add_parser(
        "serve",
        help="run the ACS until SIGTERM or Ctrl-C",
        epilog=SERVE_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    serve.add_argument(
        "--cwmp",
        action="append",
        metavar="HOST:PORT",
        help="listener for CPEs, may be repeated (default: 127.0.0.1:7547)",
    )
    serve.add_argument(
        "--api",
        metavar="unix:PATH|HOST:PORT",
        help="where clients come (default: a unix socket for this user)",
    )
    serve.add_argument("--data", metavar="DIR", help="default: $CWMP_DATA or ~/.local/state/cwmp")
    serve.add_argument("--config", metavar="FILE", help="TOML (docs/acs-configuration.md); options win")
    serve.add_argument(
        "--public-url",
        metavar="URL",
        action="append",
        help="URL by which CPEs know this ACS; writing another ManagementServer.URL is refused",
    )
    serve.add_argument(
        "--open", action="store_true", help="no authentication of CPEs at all: anyone can be any device"
    )
    serve.add_argument("--log-format", choices=("json", "text"), help="logs on stderr (default: text)")


def run(options: argparse.Namespace) -> int:
    from cwmp.acs.config import load, with_options

    config = with_options(
        load(Path(options.config).expanduser() if options.config else None),
        cwmp=options.cwmp,
        api=options.api,
        data=options.data,
        public_urls=options.public_url,
        open_to_all=options.open,
        log_format=options.log_format,
    )
    try:
        from cwmp.acs.serve import serve
    except ModuleNotFoundError as error:
        from cwmp.errors import CwmpError

        raise CwmpError(
            f"The ACS needs the Python package {error.name}: pip install cwmp into this environment"
        ) from error
    return serve(config)
