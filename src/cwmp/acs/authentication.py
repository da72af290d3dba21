"""Who is this CPE? HTTP Digest and Basic, before anything of its body is parsed."""

from __future__ import annotations

from typing import Any


class Authentication:
    """Checks Authorization headers against the stored credentials; keeps nonces and failed attempts."""

    def __init__(
        self,
        credentials: Any,
        *,
        key: bytes,
        realm: str = "cwmp",
        algorithms: tuple[str, ...] = ("MD5",),
        nonce_lifetime: float = 300.0,
        metrics: Any = None,
    ) -> None:
        """key: secret of at least 16 bytes that signs nonces; algorithms: offered, in this order."""
