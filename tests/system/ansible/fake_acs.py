"""A stand-in for the ACS that answers as told, for what a real one cannot be made to do at will.

Its devices are named after how they behave; every good one holds the parameters of `TREE`.
"""

from __future__ import annotations

import json
import re
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TREE = {
    "ManagementServer.PeriodicInformInterval": ("unsignedInt", "300"),
    "ManagementServer.PeriodicInformEnable": ("boolean", "0"),
    "ManagementServer.Username": ("string", ""),
    "ManagementServer.Password": ("string", ""),
    "DeviceInfo.SoftwareVersion": ("string", "1.0"),
}
SECRET = re.compile("password", re.I)
MASK = "********"
FAULTS: dict[str, dict[str, Any]] = {
    "readonly": {
        "kind": "input",
        "code": None,
        "message": "readonly: Device.DeviceInfo.SoftwareVersion is read-only on this device: leave it out",
        "parameters": [],
    },
    "refuser": {
        "kind": "cwmp",
        "code": 9003,
        "message": "refuser refused the set (9003 Invalid arguments): "
        "Device.ManagementServer.PeriodicInformInterval 9007 Invalid parameter value",
        "parameters": [
            {
                "path": "Device.ManagementServer.PeriodicInformInterval",
                "code": 9007,
                "message": "Invalid value",
            }
        ],
    },
    "broken": {
        "kind": "session",
        "code": None,
        "message": "broken closed the session three times: look at `cwmp trace broken`",
        "parameters": [],
    },
}


class FakeAcs(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Serves until `close`; `calls` holds every request's method, path and body."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, path: Path, *, token: str = "", delay: float = 0.0) -> None:
        super().__init__(str(path), _Handler)
        self.url = f"unix:{path}"
        self.token = token
        self.delay = delay
        self.calls: list[tuple[str, str, Any]] = []
        self.values: dict[str, dict[str, str]] = {}
        self.registered: dict[str, dict[str, Any]] = {}
        self.transactions: dict[str, dict[str, Any]] = {}
        self.lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def close(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def converge(self, device: str, body: dict[str, Any]) -> dict[str, Any]:
        root = "InternetGatewayDevice." if device.startswith("igd") else "Device."
        held = self.values.setdefault(device, {name: value for name, (_, value) in TREE.items()})
        transaction = self._transaction(device, "converge", body)
        if device in FAULTS:
            return transaction | {"state": "fault", "fault": FAULTS[device]}
        if device in ("offline", "slow"):
            return transaction | {"state": "queued" if device == "offline" else "running"}
        changes = []
        for path, wanted in body["state"].get("set", {}).items():
            name = path.lstrip(".").removeprefix(root)
            text = str(wanted).lower() if isinstance(wanted, bool) else str(wanted)
            text = {"true": "1", "false": "0"}.get(text, text)
            before = held.get(name)
            secret = bool(SECRET.search(name))
            if before == text:
                continue
            verdict = "planned" if body["check"] else "reverted" if device == "stubborn" else "applied"
            if verdict == "applied":
                held[name] = text
            after = None if body["check"] else held.get(name, "")
            changes.append(
                {
                    "kind": "set",
                    "path": root + name,
                    "before": MASK if secret else before,
                    "wanted": MASK if secret else text,
                    "after": MASK if secret and after else after,
                    "type": TREE.get(name, ("string",))[0],
                    "verdict": verdict,
                    "secret": secret,
                }
            )
        result = {"root": root, "changed": bool(changes), "changes": changes, "instances": [], "atomic": True}
        transaction |= {"state": "done", "result": result | {"warnings": []}}
        if device == "stubborn" and changes and not body["check"]:
            message = f"stubborn accepted {changes[0]['path']} and holds the old value: see its manual"
            fault = {"kind": "verdict", "code": None, "message": message, "parameters": []}
            transaction |= {"state": "fault", "fault": fault}
        if device == "blabber":
            # An ACS that forgets to mask, in every spelling there is.
            told = json.dumps(body["state"])
            transaction |= {
                "state": "fault",
                "fault": {
                    "kind": "cwmp",
                    "code": 9002,
                    "message": f"Internal error: {told}",
                    "parameters": [],
                },
            }
            for change, wanted in zip(changes, body["state"]["set"].values(), strict=True):
                change |= {"wanted": str(wanted), "after": f"<Value>{wanted}</Value>"}
        return transaction

    def read(self, device: str, body: dict[str, Any]) -> dict[str, Any]:
        held = self.values.setdefault(device, {name: value for name, (_, value) in TREE.items()})
        parameters, missing = [], []
        for path in body["paths"]:
            below = path.lstrip(".").removeprefix("Device.")
            found = [
                name for name in held if name == below or (path.endswith(".") and name.startswith(below))
            ]
            parameters += [
                {
                    "path": f"Device.{name}",
                    "value": held[name],
                    "type": TREE[name][0],
                    "writable": True if body["names"] else None,
                    "secret": False,
                }
                for name in found
            ]
            missing += [] if found else [path]
        result = {"root": "Device.", "parameters": parameters, "missing": missing}
        return self._transaction(device, "read", body) | {"state": "done", "result": result}

    def _transaction(self, device: str, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": f"tx-{len(self.transactions) + 1}",
            "device": device,
            "kind": kind,
            "state": "queued",
            "check": body.get("check", False),
            "created": "2026-01-01T00:00:00Z",
            "ended": "",
            "expires": "",
            "batch": "",
            "attempts": 1,
            "result": None,
            "fault": None,
            "connection_request": None,
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeAcs

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._route("GET")

    def do_PUT(self) -> None:
        self._route("PUT")

    def do_POST(self) -> None:
        self._route("POST")

    def do_DELETE(self) -> None:
        self._route("DELETE")

    def _route(self, method: str) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        acs = self.server
        with acs.lock:
            acs.calls.append((method, url.path, body))
        if acs.token and self.headers.get("Authorization") != f"Bearer {acs.token}":
            self._problem(401, "unauthorised", "The ACS does not know this token: set cwmp_token")
            return
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        if parts[:2] == ["v1", "devices"] and len(parts) > 2:
            self._device(method, parts[2], parts[3] if len(parts) > 3 else "", body, query)
        elif parts[:2] == ["v1", "transactions"]:
            self._transaction(parts[2], parts[3:] == ["cancel"])
        else:
            self._problem(404, "invalid", "no such path")

    def _device(self, method: str, device: str, call: str, body: Any, query: dict[str, str]) -> None:
        acs = self.server
        if acs.delay:
            time.sleep(acs.delay)
        if device == "unknown":
            self._problem(404, "unknown_device", "No device is called unknown: look at `cwmp devices`")
        elif call in ("converge", "read"):
            with acs.lock:
                transaction = getattr(acs, call)(device, body)
                acs.transactions[transaction["id"]] = transaction
            if body["wait"] == 0:
                self._answer(202, transaction | {"state": "queued", "result": None, "fault": None})
            else:
                self._answer(202 if transaction["state"] in ("queued", "running") else 200, transaction)
        elif call == "connection-request":
            answer = "wrong_credentials" if device == "refuser" else "accepted"
            informed = answer == "accepted" and device != "offline" and body["wait"] > 0
            record = {"method": "http", "route": "direct", "answer": answer, "answer_ms": 3.0, "detail": ""}
            self._answer(200, record | {"inform_ms": 9.0 if informed else None, "informed": informed})
        elif method == "GET":
            self._answer(200, self._record(device))
        else:
            self._registration(method, device, body, query.get("check") == "true")

    def _registration(self, method: str, device: str, body: dict[str, Any], check: bool) -> None:
        acs = self.server
        with acs.lock:
            held = dict(acs.registered.get(device, {}))
            if method == "DELETE":
                fields = {
                    name: [MASK if SECRET.search(name) else value, None] for name, value in held.items()
                }
                held = {}
            else:
                fields = {
                    name: [None if name not in held else "***", MASK]
                    if SECRET.search(name)
                    else [held.get(name), value]
                    for name, value in body.items()
                    if held.get(name) != value
                }
                held |= body
            if not check:
                acs.registered[device] = held
        record = None if method == "DELETE" else self._record(device)
        self._answer(200, {"changed": bool(fields), "fields": fields, "device": record})

    @staticmethod
    def _record(device: str) -> dict[str, Any]:
        return {
            "id": device,
            "manufacturer": "{{ 7 * 7 }}",
            "oui": "0A0B0C",
            "product_class": "LabGateway",
            "serial_number": device,
            "root": "Device.",
            "software_version": "1.0",
            "connection_request_methods": ["http"],
            "registered": True,
        }

    def _transaction(self, name: str, cancel: bool) -> None:
        acs = self.server
        with acs.lock:
            transaction = acs.transactions.get(name)
            if transaction is not None and cancel and transaction["state"] == "queued":
                transaction |= {"state": "cancelled"}
        if transaction is None:
            self._problem(404, "unknown_transaction", f"There is no transaction {name}: it may be too old")
        else:
            self._answer(200, transaction)

    def _problem(self, status: int, kind: str, detail: str) -> None:
        self._answer(
            status, {"type": "about:blank", "title": kind, "status": status, "detail": detail, "kind": kind}
        )

    def _answer(self, status: int, content: Any) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("CWMP-API-Version", "1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
