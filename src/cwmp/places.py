"""Where things are kept when nobody says where: data directory, API socket, the lab's credentials.

Shared by the ACS, its clients and the simulated CPEs, which otherwise know nothing of each other.
Standard library only, because Ansible workers import it.
"""

from __future__ import annotations

import os
from pathlib import Path

SOCKET_NAME = "acs.sock"
SYSTEM_SOCKET = Path("/run/cwmp") / SOCKET_NAME


def default_data_dir() -> Path:
    """``$CWMP_DATA``, else ``$XDG_STATE_HOME/cwmp``, else ``~/.local/state/cwmp``."""
    if chosen := os.environ.get("CWMP_DATA"):
        return Path(chosen).expanduser()
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "cwmp"


def socket_candidates() -> list[Path]:
    """Where an ACS on this machine may keep its API socket, the likeliest first."""
    candidates = [SYSTEM_SOCKET, default_data_dir() / SOCKET_NAME]
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        candidates.insert(0, Path(runtime) / "cwmp" / SOCKET_NAME)
    return candidates


def socket_to_serve() -> Path:
    """Where `cwmp acs serve` puts its API socket unless told."""
    if os.environ.get("CWMP_DATA"):
        return default_data_dir() / SOCKET_NAME
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and os.access(runtime, os.W_OK):
        return Path(runtime) / "cwmp" / SOCKET_NAME
    if os.access(SYSTEM_SOCKET.parent, os.W_OK):
        return SYSTEM_SOCKET
    return default_data_dir() / SOCKET_NAME


def default_socket() -> Path:
    """The API socket a client tries: the first candidate that is there, else where one would be made."""
    preferred = socket_to_serve()
    for candidate in [preferred, *socket_candidates()]:
        # An unreadable directory is no reason to fail here: connecting will say what is wrong.
        if os.path.exists(candidate):  # noqa: PTH110
            return candidate
    return preferred


def default_url() -> str:
    """``$CWMP_URL``, else ``unix:`` and the default socket."""
    return os.environ.get("CWMP_URL") or f"unix:{default_socket()}"


def lab_credentials_file(data: Path | None = None) -> Path:
    """Username and password, one a line, that the ACS accepts from simulated CPEs on this machine.

    The ACS writes it (mode 0600) into its data directory at its first start; `cwmp lab cpe` reads it when
    its ACS is on a loopback address.
    """
    return (data or default_data_dir()) / "lab-credentials"
