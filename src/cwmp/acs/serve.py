"""`cwmp acs serve`: the parts put together, run until a signal, and ended in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from pathlib import Path

import uvloop

from cwmp import places
from cwmp.acs import logs, secret_files
from cwmp.acs.access.authentication import Authentication
from cwmp.acs.api.acs import Acs
from cwmp.acs.api.api_server import ApiServer
from cwmp.acs.config import Config, ConfigError, ListenerConfig
from cwmp.acs.listen.http_protocol import HttpLimits, HttpSide
from cwmp.acs.listen.listeners import Listener, refresh, tend
from cwmp.acs.metrics import Metrics
from cwmp.acs.sessions.endpoint import Endpoint, ListenerRules
from cwmp.acs.sessions.sessions import SessionLimits, Sessions
from cwmp.acs.sessions.trace import Trace
from cwmp.acs.state import State, open_state
from cwmp.acs.waking.routes import routes_of
from cwmp.acs.waking.stun_side import StunSide, bind_stun
from cwmp.acs.waking.waking import Waking, WakingRules
from cwmp.acs.waking.xmpp_brokers import xmpp_method

log = logging.getLogger("cwmp.acs")

LAB_TYPE = "lab"


def serve(config: Config) -> int:
    """Run the ACS until a signal; gives the exit code. Raises `CwmpError` when it cannot begin."""
    logs.set_up(config.log_format)
    prepare_data(config.data)
    listeners: list[Listener] = []
    api: ApiServer | None = None
    stun: socket.socket | None = None
    try:
        for listener in config.cwmp:
            listeners.append(Listener(listener))
        stun = bind_stun(config)
        api = ApiServer(config)
        return uvloop.run(run(config, listeners, api, stun))
    finally:
        for each in listeners:
            for one in each.sockets:
                one.close()
        if stun is not None:
            stun.close()
        if api is not None:
            api.release()


def prepare_data(data: Path) -> None:
    """Make the data directory, for this user only. Raises `ConfigError` when nothing can be written there."""
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(f"The data directory {data} cannot be made: {error.strerror}") from error
    if not os.access(data, os.W_OK | os.X_OK):
        raise ConfigError(
            f"The data directory {data} cannot be written by this user: choose another with --data"
        )


async def run(
    config: Config, listeners: list[Listener], api: ApiServer, stun: socket.socket | None = None
) -> int:
    """Serve until SIGTERM or SIGINT, then drain; gives the exit code."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    state = await open_state(config.data, realm=config.authentication.realm, key_file=config.key_file)
    try:
        await admit_lab(config, listeners, state)
        return await _serve(config, listeners, api, state, stop, stun)
    finally:
        await state.close()


async def _serve(
    config: Config,
    listeners: list[Listener],
    api: ApiServer,
    state: State,
    stop: asyncio.Event,
    stun_socket: socket.socket | None,
) -> int:
    loop = asyncio.get_running_loop()
    limits = config.limits
    metrics = Metrics()
    trace = Trace(max_bytes=limits.trace_bytes)
    sessions = Sessions(
        registry=state.registry,
        knowledge=state.knowledge,
        transactions=state.transactions,
        credentials=state.credentials,
        trace=trace,
        limits=SessionLimits(sessions=limits.sessions, response=limits.response_seconds),
        own_urls=own_urls(config, listeners),
        metrics=metrics,
    )
    authentication = Authentication(
        state.credentials,
        algorithms=config.authentication.algorithms,
        nonce_lifetime=config.authentication.nonce_seconds,
        readmit_networks=config.authentication.readmit_networks,
        metrics=metrics,
    )
    routes = routes_of(config)
    waking = Waking(
        registry=state.registry,
        transactions=state.transactions,
        credentials=state.credentials,
        sessions=sessions,
        rules=WakingRules(
            networks=config.waking.networks,
            timeout=config.waking.timeout,
            in_flight=config.waking.in_flight,
            in_flight_per_address=config.waking.in_flight_per_address,
            routes=routes,
            basic=config.waking.basic,
        ),
        metrics=metrics,
    )
    xmpp = xmpp_method(config, state.registry, sessions, metrics)
    if xmpp is not None:
        waking.methods[xmpp.name] = xmpp
        xmpp.start()
    stun: StunSide | None = None
    if stun_socket is not None:
        stun = await StunSide.start(config, stun_socket, state, sessions, routes)
        stun.watch(metrics)
        waking.methods[stun.method.name] = stun.method
    state.transactions.on_ended(lambda transaction: metrics.transaction_ended(transaction.state))
    watch_numbers(metrics, state, sessions, listeners)
    sessions.start()
    for listener in listeners:
        endpoint = Endpoint(sessions, authentication, rules_of(listener.config, config))
        await listener.start(http_side(endpoint, listener.config, config, metrics))
    await api.start(Acs(state, sessions, waking, trace, metrics, config.open))

    def reload() -> None:
        refresh(listeners, force=True)
        api.refresh()
        log.info("certificates and token read again")

    loop.add_signal_handler(signal.SIGHUP, reload)
    tending = asyncio.create_task(tend(listeners))
    announce(config, listeners, api)
    try:
        await stop.wait()
        log.info("ending: %d sessions are live", len(sessions))
        await sessions.drain(limits.drain_seconds)
    finally:
        tending.cancel()
        for listener in listeners:
            await listener.close()
        await waking.close()
        if xmpp is not None:
            await xmpp.close()
        if stun is not None:
            await stun.close()
        await api.close()
    log.info("ended")
    return 0


def rules_of(listener: ListenerConfig, config: Config) -> ListenerRules:
    """What a listener asks of CPEs."""
    return ListenerRules(
        open=config.open,
        basic=listener.basic,
        body_limit=config.limits.body,
        first_body_limit=config.limits.first_body,
    )


def http_side(endpoint: Endpoint, listener: ListenerConfig, config: Config, metrics: Metrics) -> HttpSide:
    """The HTTP layer before an endpoint."""
    limits = config.limits
    return HttpSide(
        endpoint,
        HttpLimits(
            head_seconds=limits.head_seconds,
            body_seconds=limits.body_seconds,
            idle_seconds=limits.idle_seconds,
            connections=limits.connections,
        ),
        () if listener.proxy_protocol else listener.trusted_proxies,
        metrics,
    )


def own_urls(config: Config, listeners: list[Listener]) -> tuple[str, ...]:
    """The URLs by which CPEs know this ACS."""
    local = (listener.url for listener in listeners if not listener.address.wildcard)
    return tuple(dict.fromkeys((*config.public_urls, *local)))


async def admit_lab(config: Config, listeners: list[Listener], state: State) -> None:
    """Let in the simulated CPEs of this machine, or no longer.

    Their credentials are random, in a file that only this user reads, who may do everything over the API's
    socket anyway. Where no listener is on loopback, or the configuration says so, they are taken back.
    """
    file = places.lab_credentials_file(config.data)
    wanted = config.lab and not config.open and any(each.address.loopback for each in listeners)
    known = any(kind.name == LAB_TYPE for kind in state.credentials.types())
    if wanted:
        username, password = secret_files.lab_credentials(file)
        await state.credentials.set_type(LAB_TYPE, {}, username, password)
    elif not config.open and file.exists():
        if known:
            await state.credentials.remove_type(LAB_TYPE)
        file.unlink(missing_ok=True)


def watch_numbers(metrics: Metrics, state: State, sessions: Sessions, listeners: list[Listener]) -> None:
    """Numbers that are asked for when somebody reads /metrics."""
    metrics.gauge("cwmp_devices", "Known devices.", lambda: len(state.registry))
    metrics.gauge("cwmp_sessions", "Live CWMP sessions.", lambda: len(sessions))
    metrics.gauge(
        "cwmp_connections",
        "Open connections of CPEs.",
        lambda: sum(len(each.side.connections) for each in listeners if each.side),
    )
    for name, text in (("jobs", "Durable commits."), ("groups", "Disk syncs that commits shared.")):
        metrics.gauge(
            f"cwmp_store_{name}_total",
            text,
            lambda name=name: getattr(state.store, name, 0),  # type: ignore[misc]
            "counter",
        )
    for name in ("queued", "running"):
        metrics.gauge(
            f"cwmp_transactions_{name}",
            f"Transactions {name} now.",
            lambda name=name: state.transactions.counts().get(name, 0),  # type: ignore[misc]
        )


def announce(config: Config, listeners: list[Listener], api: ApiServer) -> None:
    """The one line that says the ACS is ready."""
    if config.open:
        log.warning("CPEs are not authenticated (--open): anyone can be any device")
    token = f" (token in {api.token_file})" if api.token_file else ""
    where = " and ".join(listener.url for listener in listeners)
    with contextlib.suppress(BrokenPipeError):
        print(f"ACS ready: CPEs at {where}, API at {api.url}{token}, data in {config.data}", flush=True)
