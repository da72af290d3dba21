"""One HTTP connection to the ACS's API, and every way it can fail as one clear sentence."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
from typing import Any
from urllib.parse import SplitResult, urlsplit

from cwmp.platforms.protocol import PlatformError, Rejected, Unauthorised, UnknownDevice, Unreachable
from cwmp.platforms.unix_http import Headers, UnixConnection

API_VERSION = "1"
VERSION_HEADER = "CWMP-API-Version"
LOOPBACK = ("127.0.0.1", "::1", "localhost")

KINDS: dict[str, type[PlatformError]] = {
    "unknown_device": UnknownDevice,
    "ambiguous_device": UnknownDevice,
    "invalid": Rejected,
    "conflict": Rejected,
    "unsafe": Rejected,
    "unknown_transaction": Rejected,
    "unauthorised": Unauthorised,
    "forbidden": Unauthorised,
}
BROKEN = (http.client.RemoteDisconnected, http.client.IncompleteRead)


class AcsConnection:
    """Sends one call after the other over one kept connection.

    A call whose transport breaks is sent once more: every call is either idempotent or carries a key.
    """

    def __init__(self, url: str, token: str, ca_file: str, timeout: float) -> None:
        self.url = url
        self._timeout = timeout
        self._ca_file = ca_file
        self._headers = {"Accept": "application/json"}
        scheme, _, rest = url.partition(":")
        if scheme == "unix" and rest.startswith("/"):
            self._unix = rest.removeprefix("//") if rest.startswith("///") else rest
        else:
            self._unix = ""
            parts = _parts(url)
            if parts is None:
                raise PlatformError(
                    f"'{url}' is no URL of an ACS: write unix:/path/to/acs.sock, http://127.0.0.1:PORT or https://HOST"
                )
            if token and parts.scheme == "http" and parts.hostname not in LOOPBACK:
                raise PlatformError(f"A token is not sent to {url} in clear text: use https")
            self._parts = parts
        if token:
            if not token.isascii() or not token.isprintable():
                raise PlatformError("The token for the ACS holds characters that no token has")
            self._headers["Authorization"] = f"Bearer {token}"
        self._kept: http.client.HTTPConnection | UnixConnection | None = None
        self._owner = 0

    def call(self, method: str, path: str, body: Any = None, *, wait: float = 0.0) -> Any:
        """Send one call and give its JSON answer. Raises the `PlatformError` that says what went wrong.

        wait: seconds the ACS itself may take before it answers.
        """
        data = None if body is None else json.dumps(body).encode()
        for last in (False, True):
            try:
                status, headers, answer = self._exchange(method, path, data, self._timeout + wait)
                break
            except (*BROKEN, BrokenPipeError, ConnectionResetError, ConnectionAbortedError) as error:
                self.close()
                if last:
                    raise Unreachable(f"{self._broke()}: was it restarted?") from error
            except http.client.HTTPException as error:
                self.close()
                raise Unreachable(f"What answers at {self.url} does not speak HTTP") from error
            except OSError as error:
                self.close()
                if last:
                    # It may have taken the call the first time: that nobody answers now does not undo it.
                    raise Unreachable(
                        f"{self._broke()} and is gone: what it had accepted goes on when it runs again"
                    ) from error
                raise Unreachable(self._why(error, wait)) from error
            except BaseException:
                # Ctrl-C: the ACS takes the closed connection for "cancel what has not begun".
                self.close()
                raise
        return self._judge(status, headers, answer)

    def close(self) -> None:
        if self._kept is not None:
            with contextlib.suppress(OSError):
                self._kept.close()
            self._kept = None

    def _exchange(
        self, method: str, path: str, data: bytes | None, timeout: float
    ) -> tuple[int, http.client.HTTPMessage | Headers, bytes]:
        if self._kept is not None and self._owner != os.getpid():
            self._kept = None  # the parent's; two processes must not share one connection
        if self._kept is None:
            self._kept = self._open()
            self._owner = os.getpid()
            self._kept.timeout = self._timeout
            self._kept.connect()
        if self._kept.sock is not None:
            self._kept.sock.settimeout(timeout)
        headers = self._headers | ({"Content-Type": "application/json"} if data is not None else {})
        self._kept.request(method, path, data, headers)
        response = self._kept.getresponse()
        answer = response.read()
        if response.will_close:
            self.close()
        return response.status, response.headers, answer

    def _open(self) -> http.client.HTTPConnection | UnixConnection:
        if self._unix:
            return UnixConnection(self._unix, self._timeout)
        host = self._parts.hostname or ""
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, self._parts.port, timeout=self._timeout)
        import ssl

        try:
            context = ssl.create_default_context(cafile=self._ca_file or None)
        except OSError as error:
            raise PlatformError(
                f"The CA file {self._ca_file} cannot be read: {error.strerror or error}"
            ) from error
        return http.client.HTTPSConnection(host, self._parts.port, timeout=self._timeout, context=context)

    def _broke(self) -> str:
        return f"The ACS at {self.url} broke the connection before it answered"

    def _why(self, error: OSError, wait: float) -> str:
        if isinstance(error, TimeoutError):
            return f"The ACS at {self.url} did not answer within {self._timeout + wait:.0f} s"
        if isinstance(error, PermissionError):
            return (
                f"This user may not open {self.url}: run as the user of the ACS, "
                "or use its https URL and a token"
            )
        if isinstance(error, (FileNotFoundError, ConnectionRefusedError)):
            return f"No ACS answers at {self.url}: start one with `cwmp acs serve`, or set cwmp_url"
        if isinstance(error, socket.gaierror):
            return f"The name {self._parts.hostname} of the ACS is not known: check cwmp_url"
        if reason := getattr(error, "verify_message", ""):
            return f"The certificate of {self.url} is not trusted ({reason}): give the CA with ca_file"
        return f"The ACS at {self.url} cannot be reached: {error.strerror or error}"

    def _judge(self, status: int, headers: http.client.HTTPMessage | Headers, answer: bytes) -> Any:
        spoken = headers.get(VERSION_HEADER)
        if spoken is None:
            raise PlatformError(f"What answers at {self.url} is not a cwmp ACS: check cwmp_url")
        if spoken != API_VERSION:
            raise PlatformError(
                f"The ACS at {self.url} speaks API {spoken} and this client API {API_VERSION}: "
                "install the same version of cwmp on both sides"
            )
        try:
            content = json.loads(answer) if answer else {}
        except ValueError as error:
            raise PlatformError(f"The ACS at {self.url} sent an answer that is not JSON") from error
        if status < 400:
            return content
        problem = content if isinstance(content, dict) else {}
        kind = KINDS.get(str(problem.get("kind")), PlatformError)
        text = str(problem.get("detail") or problem.get("title") or f"the ACS answered HTTP {status}")
        raise kind(" ".join(text.split()))


def _parts(url: str) -> SplitResult | None:
    """The parts of an http or https URL that a connection can be tried with, else None."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https") and host else None
