"""The client of our own ACS: its northbound API over a unix socket or HTTP(S).

Standard library only, and nothing of `cwmp.acs`: an Ansible worker imports this, and the two sides meet on
the socket. One object is one connection, for one thread; a fork gets a connection of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, Literal, TypeVar
from urllib.parse import quote, urlencode

from cwmp.platforms.acs_connection import API_VERSION, AcsConnection
from cwmp.platforms.protocol import (
    Ability,
    Call,
    ConnectionRequestResult,
    ConvergeCall,
    Device,
    PlatformError,
    Registration,
    RegistrationChange,
    Transaction,
    UnknownDevice,
)

__all__ = ["API_VERSION", "AcsPlatform"]

Record = TypeVar("Record", Device, Transaction, ConnectionRequestResult)
PAGE = 500


class AcsPlatform:
    """A `Platform` over the API of `cwmp acs serve`.

    url: ``unix:/path/to/socket``, ``http://127.0.0.1:PORT`` or ``https://HOST[:PORT]``.
    token: bearer token, for HTTP; never shown in errors.
    ca_file: certificates to trust instead of the system's, for https.
    timeout: seconds for connecting and for an answer, over and above what a call itself waits.
    """

    name = "acs"

    def __init__(self, url: str, token: str = "", ca_file: str = "", timeout: float = 30.0) -> None:
        self.url = url
        self._connection = AcsConnection(url, token, ca_file, timeout)

    def abilities(self) -> frozenset[Ability]:
        return frozenset(Ability)

    def version(self) -> dict[str, Any]:
        """``{"status", "version", "api"}`` of the ACS; raises `Unreachable` when there is none."""
        return self._object("GET", "/version")

    # devices

    def devices(self, filters: Mapping[str, str] | None = None) -> Iterator[Device]:
        """All devices, or those matching oui, product_class, serial_number, manufacturer, root, tag, flag."""
        query = {key: value for key, value in (filters or {}).items() if value}
        after = ""
        while True:
            page = self._object(
                "GET", _query("/v1/devices", **query, limit=PAGE, **({"after": after} if after else {}))
            )
            yield from (_read(Device, item) for item in page["devices"])
            after = page.get("next") or ""
            if not after:
                return

    def device(self, device: str) -> Device:
        return _read(Device, self._object("GET", self._path(device)))

    def register(self, device: str, registration: Registration, *, check: bool) -> RegistrationChange:
        body = {key: value for key, value in asdict(registration).items() if value is not None}
        return _change(self._object("PUT", _query(self._path(device), check=check), body))

    def forget(self, device: str, *, check: bool) -> RegistrationChange:
        return _change(self._object("DELETE", _query(self._path(device), check=check)))

    def trace(self, device: str) -> Sequence[Mapping[str, Any]]:
        sessions: list[Mapping[str, Any]] = self._object("GET", self._path(device, "trace"))["sessions"]
        return sessions

    def connection_request(self, device: str, *, method: str, wait: float) -> ConnectionRequestResult:
        body = {"method": method, "wait": wait}
        answer = self._object("POST", self._path(device, "connection-request"), body, wait=wait)
        return _read(ConnectionRequestResult, answer)

    # transactions

    def converge(self, device: str, state: Mapping[str, Any], call: ConvergeCall) -> Transaction:
        return self._submit(self._path(device, "converge"), {"state": dict(state)}, call)

    def read(self, device: str, paths: Sequence[str], call: Call, *, names: bool = False) -> Transaction:
        return self._submit(self._path(device, "read"), {"paths": list(paths), "names": names}, call)

    def transaction(self, transaction_id: str, *, wait: float = 0.0) -> Transaction:
        path = _query(f"/v1/transactions/{_segment(transaction_id)}", wait=wait)
        return _read(Transaction, self._object("GET", path, wait=wait))

    def cancel(self, transaction_id: str) -> Transaction:
        path = f"/v1/transactions/{_segment(transaction_id)}/cancel"
        return _read(Transaction, self._object("POST", path))

    def transactions(self, filters: Mapping[str, str] | None = None) -> Iterator[Transaction]:
        """Transactions, newest first: filters device, state, batch."""
        query = {key: value for key, value in (filters or {}).items() if value}
        after = ""
        while True:
            page = self._object(
                "GET", _query("/v1/transactions", **query, limit=PAGE, **({"after": after} if after else {}))
            )
            yield from (_read(Transaction, item) for item in page["transactions"])
            after = page.get("next") or ""
            if not after:
                return

    def _submit(self, path: str, body: dict[str, Any], call: Call) -> Transaction:
        body |= {field: getattr(call, field) for field in call.__dataclass_fields__ if field != "client_key"}
        # With a key of its own a call whose answer was lost can be repeated without a second transaction.
        body["client_key"] = call.client_key or os.urandom(16).hex()
        return _read(Transaction, self._object("POST", path, body, wait=call.wait))

    # batches

    def submit_batch(
        self,
        items: Sequence[Mapping[str, Any]],
        *,
        concurrency: int = 50,
        max_fail_percentage: float = 100.0,
        wait: float = 0.0,
        **call: Any,
    ) -> str:
        """Submit many transactions (``{"device", "state"}`` each) as one batch; gives its id.

        `call` takes the fields of `ConvergeCall`.
        """
        body: dict[str, Any] = {
            "items": [dict(item) for item in items],
            "concurrency": concurrency,
            "max_fail_percentage": max_fail_percentage,
            "wait": wait,
            "client_key": os.urandom(16).hex(),
        }
        return str(self._object("POST", "/v1/batches", body | call, wait=wait)["id"])

    def batch(self, batch_id: str, *, wait: float = 0.0) -> dict[str, Any]:
        """``{"id", "state", "total", "done", "failed", "created"}``, after it is over or `wait` is."""
        return self._object("GET", _query(f"/v1/batches/{_segment(batch_id)}", wait=wait), wait=wait)

    def steer_batch(self, batch_id: str, action: Literal["pause", "resume", "cancel"]) -> dict[str, Any]:
        """Pause, resume or cancel a batch."""
        return self._object("POST", f"/v1/batches/{_segment(batch_id)}/{action}")

    # device types

    def device_types(self) -> list[dict[str, Any]]:
        """The device types, without passwords."""
        found: list[dict[str, Any]] = self._object("GET", "/v1/device-types")["device_types"]
        return found

    def set_device_type(
        self,
        name: str,
        *,
        match: Mapping[str, str],
        username: str,
        password: str = "",
        individual: bool = False,
        any_device: bool = False,
        check: bool = False,
    ) -> dict[str, Any]:
        """Credentials shared by the devices that match (manufacturer, oui, product_class, serial_prefix).

        any_device: the match is meant to be empty, so that every device fits.
        Gives ``{"changed", "fields", "device_type"}``; with `check` nothing is changed.
        """
        body: dict[str, Any] = {"match": dict(match), "username": username, "individual": individual}
        if any_device:
            body["any"] = True
        if password:
            body["password"] = password
        return self._object("PUT", _query(f"/v1/device-types/{_segment(name)}", check=check), body)

    def delete_device_type(self, name: str, *, check: bool = False) -> dict[str, Any]:
        """Forget a device type and its credentials; with `check` nothing is changed."""
        return self._object("DELETE", _query(f"/v1/device-types/{_segment(name)}", check=check))

    # transport

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> AcsPlatform:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _path(self, device: str, call: str = "") -> str:
        if not device:
            raise UnknownDevice("No device was named: give an identity (OUI-ProductClass-Serial) or a serial")
        if "/" in device:
            # Never part of an identity; a slash in a serial would be read as a path.
            found = list(self.devices({"serial_number": device}))
            if len(found) != 1:
                raise UnknownDevice(f"{len(found) or 'No'} devices have the serial number {device}")
            device = found[0].id
        return f"/v1/devices/{_segment(device)}" + (f"/{call}" if call else "")

    def _object(self, method: str, path: str, body: Any = None, *, wait: float = 0.0) -> dict[str, Any]:
        answer = self._connection.call(method, path, body, wait=wait)
        if not isinstance(answer, dict):
            raise PlatformError(f"What answers at {self.url} is not a cwmp ACS")
        return answer


def _query(path: str, **query: object) -> str:
    words = {key: str(value).lower() if isinstance(value, bool) else value for key, value in query.items()}
    return f"{path}?{urlencode(words)}" if words else path


def _read(record: type[Record], data: Mapping[str, Any]) -> Record:
    """A record from its JSON; fields a newer ACS adds are passed over, lists become tuples."""
    known = {field.name for field in fields(record)}
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in data.items() if key in known
    }
    return record(**values)


def _change(data: Mapping[str, Any]) -> RegistrationChange:
    return RegistrationChange(
        changed=bool(data["changed"]),
        fields={name: (pair[0], pair[1]) for name, pair in data["fields"].items()},
        device=_read(Device, data["device"]) if data.get("device") else None,
    )


def _segment(text: str) -> str:
    """One segment of a path; whatever stands on a command line can be asked for, if not found."""
    return quote(text, safe="", errors="surrogatepass")
