"""Certificates of a listener: made into a TLS context, and made anew when the files change."""

from __future__ import annotations

import logging
import os
import ssl
from pathlib import Path
from typing import Literal

from cwmp.acs.listen.addresses import ListenError

log = logging.getLogger("cwmp.acs.listen.tls")


class Certificates:
    """The current TLS context of one listener.

    A connection takes the context of the moment it came, so a new certificate is used from the next
    connection on. Files that cannot be used leave the old context in place and say so in the log.
    """

    def __init__(
        self,
        certificate: Path,
        key: Path,
        *,
        client_ca: Path | None = None,
        client_certificates: Literal["optional", "required"] = "required",
        profile: Literal["modern", "legacy"] = "modern",
    ) -> None:
        """Raises `ListenError` when the files cannot be used."""
        self.certificate = certificate
        self.key = key
        self._client_ca = client_ca
        self._client_certificates = client_certificates
        self._profile = profile
        self._seen = self._stamp()
        self.context = self._load()

    def refresh(self, *, force: bool = False) -> bool:
        """Load the files again if they have changed (or `force`); True if new ones are in use."""
        stamp = self._stamp()
        if stamp == self._seen and not force:
            return False
        self._seen = stamp
        try:
            self.context = self._load()
        except ListenError as error:
            log.error("the certificate is kept as it was: %s", error)
            return False
        log.info("certificate %s loaded", self.certificate)
        return True

    def _stamp(self) -> tuple[tuple[int, int, int] | None, ...]:
        stamps: list[tuple[int, int, int] | None] = []
        for file in (self.certificate, self.key, self._client_ca):
            try:
                status = os.stat(file) if file else None  # noqa: PTH116
            except OSError:
                status = None
            stamps.append(status and (status.st_mtime_ns, status.st_size, status.st_ino))
        return tuple(stamps)

    def _load(self) -> ssl.SSLContext:
        for file in (self.certificate, self.key, self._client_ca):
            if file and not os.access(file, os.R_OK):
                raise ListenError(f"The file {file} cannot be read: TLS needs it")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
        if self._profile == "legacy":
            # CPEs of 2005 to 2012: TLS 1.0, SHA-1 signatures, short keys. Only ever by the operator's word.
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        try:
            context.load_cert_chain(self.certificate, self.key, password=_no_password)
        except (ssl.SSLError, OSError, ValueError) as error:
            raise ListenError(
                f"The certificate {self.certificate} and key {self.key} cannot be used: {_reason(error)}"
            ) from error
        if self._client_ca:
            try:
                context.load_verify_locations(self._client_ca)
            except (ssl.SSLError, OSError) as error:
                raise ListenError(
                    f"The client CA {self._client_ca} cannot be used: {_reason(error)}"
                ) from error
            required = self._client_certificates == "required"
            context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
        return context


def _no_password() -> str:
    raise ValueError("the key is encrypted with a passphrase")


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    return str(reason).lower().replace("_", " ") if reason else str(error)
