"""The one root of every error the engine raises on purpose."""

from __future__ import annotations


class CwmpError(Exception):
    """Something the user can understand and act on.

    The text is one sentence that names the device, the parameter path where there is one, and what to
    do. Front doors print it as it is; it never holds a secret.
    """
