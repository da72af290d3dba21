"""Small files with a secret, made by the ACS for its own clients: the API token, the lab's credentials."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cwmp.errors import CwmpError

LEAST = 16
"""Characters a token must have."""


def api_token(file: Path) -> str:
    """The token in `file`; a new one is made (mode 0600) where there is none. Raises `CwmpError`."""
    try:
        token = file.read_text(encoding="ascii").split("\n", 1)[0].strip()
    except FileNotFoundError:
        token = secrets.token_urlsafe(32)
        write(file, token + "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CwmpError(f"The token file {file} cannot be read: {_why(error)}") from error
    if len(token) < LEAST:
        raise CwmpError(f"The token in {file} is shorter than {LEAST} characters: make a longer one")
    return token


def lab_credentials(file: Path) -> tuple[str, str]:
    """Username and password in `file`; made (mode 0600) where there is none. Raises `CwmpError`."""
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        lines = ["lab", secrets.token_urlsafe(24)]
        write(file, "\n".join(lines) + "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CwmpError(f"The lab's credentials in {file} cannot be read: {_why(error)}") from error
    if len(lines) < 2 or not lines[0] or not lines[1]:
        raise CwmpError(
            f"{file} should hold a username and a password, one a line: delete it to have it made"
        )
    return lines[0], lines[1]


def write(file: Path, text: str) -> None:
    """Write `text` to a new `file` that only this user may read. Raises `CwmpError`.

    Written aside first: a full disk or a crash leaves no half of it, which the next start would stumble over.
    """
    aside = file.with_name(f"{file.name}.{secrets.token_hex(4)}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                os.fchmod(out.fileno(), 0o600)
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            aside.replace(file)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise CwmpError(f"{file} cannot be written: {error.strerror}") from error


def _why(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "it is not text"
