"""The ACS's STUN server put together with what the ACS knows of its devices."""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cwmp.acs.config import Config, ConfigError
from cwmp.acs.listen.addresses import address_of
from cwmp.acs.sessions.session import log_mishap
from cwmp.acs.waking.routes import password_in
from cwmp.acs.waking.stun_passwords import StunPasswords
from cwmp.acs.waking.stun_told import PLAIN, stun_told
from cwmp.connection_request.choosing_route import Routes
from cwmp.connection_request.growing import GrowingNumbers
from cwmp.connection_request.stun import StunRules, StunServer, bind
from cwmp.connection_request.stun_method import StunMethod
from cwmp.connection_request.udp import UdpRequests

if TYPE_CHECKING:
    from cwmp.acs.devices.device_records import DeviceRecord
    from cwmp.acs.metrics import Metrics
    from cwmp.acs.sessions.sessions import Sessions
    from cwmp.acs.state import State

log = logging.getLogger("cwmp.acs.stun")

MARK_FILE = "udp-requests.json"
"""In the data directory: how far ts and id of UDP connection requests came."""


def bind_stun(config: Config) -> socket.socket | None:
    """The STUN server's socket; None where none is configured. Raises `ConfigError`."""
    if not config.stun.address:
        return None
    where = address_of(config.stun.address)
    try:
        return bind(where.host, where.port)
    except OSError as error:
        raise ConfigError(
            f"The STUN server cannot be at {config.stun.address}: {error.strerror}; change address in [stun]"
        ) from error


class StunSide:
    """Server, sender and what they know. Make it with `start`."""

    def __init__(self, server: StunServer, requests: UdpRequests, method: StunMethod, state: State) -> None:
        self.server = server
        self.method = method
        self._requests = requests
        self._state = state
        self._passwords: StunPasswords | None = None

    @classmethod
    async def start(
        cls, config: Config, bound: socket.socket, state: State, sessions: Sessions, routes: Routes
    ) -> StunSide:
        """Serve on the bound socket. Raises `ConfigError` for an unreadable password file."""
        stun = config.stun
        shared = (stun.username, password_in(stun.password_file))
        passwords = await StunPasswords.open(state.store, state.keyring, shared)
        server = StunServer(passwords, StunRules(required=stun.required))
        requests = UdpRequests(
            server, GrowingNumbers(Path(config.data) / MARK_FILE), own_names=own_names(config)
        )
        method = StunMethod(requests, passwords.username_of, networks=config.waking.networks, routes=routes)
        made = cls(server, requests, method, state)
        made._passwords = passwords
        await server.start(bound)
        sessions.on_inform(made._informed)
        sessions.on_outcome(made._learn)
        state.registry.on_forgotten(made._forgotten)
        return made

    def watch(self, metrics: Metrics) -> None:
        """Numbers for /metrics."""
        counts = self.server.counts
        metrics.gauge("cwmp_stun_bindings", "STUN bindings known.", lambda: len(self.server.bindings))
        for name, text in (
            ("answered", "STUN binding requests answered."),
            ("unauthorised", "STUN binding requests refused with 401."),
            ("limited", "Datagrams dropped because their host sends too many."),
            ("malformed", "Datagrams that were no STUN message."),
            ("sent", "UDP connection requests sent, copies counted."),
        ):
            metrics.gauge(
                f"cwmp_stun_{name}_total",
                text,
                lambda name=name: getattr(counts, name),  # type: ignore[misc]
                "counter",
            )

    async def close(self) -> None:
        await self._requests.close()
        await self.server.close()

    def _informed(self, record: DeviceRecord, events: Sequence[str]) -> None:
        self.method.came(record.id)
        if "0 BOOTSTRAP" in events:
            # Reset: it has forgotten what it was told, or uses what it left the factory with.
            self._state.registry.note(record, dict.fromkeys(PLAIN, ""))

    async def _learn(self, record: DeviceRecord, payload: Mapping[str, Any], outcome: object) -> None:
        told = stun_told(payload, outcome)
        if not told or self._passwords is None:
            return
        plain = {
            name: told[short] for name in PLAIN if (short := name.removeprefix("ManagementServer.")) in told
        }
        self._state.registry.note(record, plain)
        try:
            await self._passwords.told(record.id, told.get("STUNUsername"), told.get("STUNPassword"))
        except Exception as error:
            log_mishap(f"{record.id}: its STUN credentials could not be stored", error)

    async def _forgotten(self, device_id: str) -> None:
        if self._passwords is not None:
            self._passwords.forget(device_id)


def own_names(config: Config) -> tuple[str, ...]:
    """The STUNServerAddress values that mean this server; empty where nobody said and none is certain."""
    names = list(config.stun.names)
    host = address_of(config.stun.address).host
    if not ipaddress.ip_address(host).is_unspecified:
        names.append(host)
    if not names:
        return ()
    # A device without STUNServerAddress asks the host of its ACS's URL (TR-181).
    names += [found for url in config.public_urls if (found := urlsplit(url).hostname)]
    return tuple(dict.fromkeys(names))
