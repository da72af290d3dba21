"""The ACS's configuration: a TOML file, typed; options of the command line win over it.

An unknown key is an error that names the nearest known one: a misspelt safety is worse than none.
"""

from __future__ import annotations

import difflib
import ipaddress
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from cwmp import places
from cwmp.acs.listen.addresses import Address, address_of
from cwmp.errors import CwmpError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Table = TypeVar("Table")


class ConfigError(CwmpError):
    """The configuration is wrong; the sentence names file, key and the mend."""


@dataclass(frozen=True, slots=True)
class ListenerConfig:
    """One CWMP listener.

    certificate, key: PEM files; both or none. client_ca: CPEs may (`optional`) or must (`required`) present a
    certificate of these. tls: `modern` is TLS 1.2 and newer, `legacy` takes what old CPEs have (TLS 1.0).
    basic: where HTTP Basic is accepted besides Digest. trusted_proxies: networks whose X-Forwarded-For, or,
    with proxy_protocol, whose PROXY header is believed.
    """

    address: str
    certificate: Path | None = None
    key: Path | None = None
    client_ca: Path | None = None
    client_certificates: Literal["optional", "required"] = "required"
    tls: Literal["modern", "legacy"] = "modern"
    basic: Literal["never", "over_tls", "always"] = "over_tls"
    proxy_protocol: bool = False
    trusted_proxies: tuple[Network, ...] = ()

    @property
    def where(self) -> Address:
        return address_of(self.address)


@dataclass(frozen=True, slots=True)
class ApiConfig:
    """The northbound API. address: ``unix:PATH`` or HOST:PORT; "" is the default socket.

    token_file: bearer token for TCP, one line; made (mode 0600) when it is not there.
    """

    address: str = ""
    certificate: Path | None = None
    key: Path | None = None
    token_file: Path | None = None


@dataclass(frozen=True, slots=True)
class LimitsConfig:
    """Bounds toward CPEs. Sizes in bytes, times in seconds.

    body: largest message of an authenticated CPE; first_body: before that. response: a CPE may take for an
    answer. idle: between two requests of a connection. drain: for live sessions to end at SIGTERM.
    """

    connections: int = 20_000
    sessions: int = 20_000
    body: int = 16 * 1024 * 1024
    first_body: int = 256 * 1024
    head_seconds: float = 20.0
    body_seconds: float = 180.0
    idle_seconds: float = 180.0
    response_seconds: float = 120.0
    drain_seconds: float = 10.0
    trace_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class WakingConfig:
    """Connection requests. networks: allowed besides the address a device's last Inform came from."""

    networks: tuple[Network, ...] = ()
    source_address: str = ""
    in_flight: int = 200
    in_flight_per_address: int = 100
    timeout: float = 10.0
    basic: bool = False


@dataclass(frozen=True, slots=True)
class XmppConfig:
    """An XMPP broker whose devices this ACS may wake.

    domain: of the devices' JIDs. jid: the ACS's account, NAME@DOMAIN. password_file: its password, one line;
    read again at every login. host, port: instead of DNS (SRV records, else the domain's address; 5222).
    ca_file: PEM, instead of the system's CAs. direct_tls: TLS from the first byte instead of STARTTLS.
    """

    domain: str
    jid: str
    password_file: Path
    host: str = ""
    port: int = 5222
    ca_file: Path | None = None
    direct_tls: bool = False


@dataclass(frozen=True, slots=True)
class StunConfig:
    """The STUN server, whose socket also sends UDP connection requests. address: NUMBER:PORT; "" none.

    names: how devices are told of it (STUNServerAddress), so that those with another server are known.
    username, password_file: a pair that all devices may use. required: answer nobody without a known pair.
    """

    address: str = ""
    names: tuple[str, ...] = ()
    username: str = ""
    password_file: Path | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class RouteConfig:
    """A way to devices, for HTTP connection requests; the first that is for a device is taken.

    devices (identities, * and ?), tags, networks (of the last Inform): which it is for; none: all.
    allow: networks that are safe to dial on it. source_address, interface: bound before connecting.
    socks5, http: HOST:PORT of a gateway there, with username and password_file where it wants them.
    http_tunnel: by CONNECT; false: the gateway reads the request.
    """

    name: str
    devices: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()
    allow: tuple[Network, ...] = ()
    source_address: str = ""
    interface: str = ""
    socks5: str = ""
    http: str = ""
    http_tunnel: bool = True
    username: str = ""
    password_file: Path | None = None


@dataclass(frozen=True, slots=True)
class AuthenticationConfig:
    """realm: of every stored digest; changing it voids them. algorithms: offered in this order.

    readmit_networks: access networks from which a device that has its own credentials may come back with
    those of its type, as after a factory reset; from anywhere else it is quarantined.
    """

    realm: str = "cwmp"
    algorithms: tuple[str, ...] = ("MD5",)
    nonce_seconds: float = 300.0
    readmit_networks: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """Everything `cwmp acs serve` can be told.

    open: no authentication of CPEs at all. lab: let in simulated CPEs of this machine, with credentials made
    at the first start, where a listener is on loopback. key_file: seals what the database must not show.
    """

    data: Path = field(default_factory=places.default_data_dir)
    key_file: Path | None = None
    public_urls: tuple[str, ...] = ()
    open: bool = False
    lab: bool = True
    log_format: Literal["json", "text"] = "text"
    cwmp: tuple[ListenerConfig, ...] = (ListenerConfig("127.0.0.1:7547"),)
    api: ApiConfig = field(default_factory=ApiConfig)
    limits: LimitsConfig = field(default_factory=LimitsConfig)
    waking: WakingConfig = field(default_factory=WakingConfig)
    authentication: AuthenticationConfig = field(default_factory=AuthenticationConfig)
    xmpp: tuple[XmppConfig, ...] = ()
    stun: StunConfig = field(default_factory=StunConfig)
    routes: tuple[RouteConfig, ...] = ()


def load(file: Path | None) -> Config:
    """The configuration in `file`, or the defaults. Raises `ConfigError`."""
    if file is None:
        return Config()
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"The configuration {file} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The configuration {file} is not TOML: {error}") from error
    return parse(data, str(file), file.parent)


def parse(data: Mapping[str, Any], name: str = "the configuration", folder: Path = Path()) -> Config:
    """The configuration in `data`; relative paths are below `folder`. Raises `ConfigError`."""
    config = _Reader(name, folder).table(Config, data, "")
    check(config, name)
    return config


def check(config: Config, name: str = "the configuration") -> None:
    """Refuse what cannot be right or is not safe. Raises `ConfigError`."""
    if not config.cwmp:
        raise ConfigError(f"{name}: there is no CWMP listener; give cwmp at least one address")
    seen: set[Address] = set()
    for listener in config.cwmp:
        where = listener.where
        if where.unix:
            raise ConfigError(f"{name}: a CWMP listener is HOST:PORT, not {listener.address}")
        if where in seen and where.port:
            raise ConfigError(f"{name}: the CWMP listener {listener.address} is there twice")
        seen.add(where)
        _pair(name, f"the CWMP listener {listener.address}", listener.certificate, listener.key)
        if listener.client_ca and not listener.certificate:
            raise ConfigError(
                f"{name}: client_ca of {listener.address} needs a certificate and key of its own"
            )
        if listener.tls == "legacy" and not listener.certificate:
            raise ConfigError(f"{name}: tls of {listener.address} needs certificate and key")
        if listener.proxy_protocol and not listener.trusted_proxies:
            raise ConfigError(
                f"{name}: proxy_protocol of {listener.address} needs trusted_proxies, "
                "because anyone else could name any address"
            )
    api = config.api
    _pair(name, "the API", api.certificate, api.key)
    if api.address:
        where = address_of(api.address)
        if not where.unix and not where.loopback and not api.certificate:
            raise ConfigError(
                f"The API is not served on {api.address} in clear text: give it certificate and key in the "
                "configuration (section api), or a loopback address, or unix:PATH"
            )
    domains = [broker.domain.lower() for broker in config.xmpp]
    for domain in domains:
        if domains.count(domain) > 1:
            raise ConfigError(f"{name}: there are two XMPP brokers for the domain {domain}")
    _check_stun(config.stun, name)
    _check_routes(config.routes, name)
    for url in config.public_urls:
        if not url.startswith(("http://", "https://")):
            raise ConfigError(f"{name}: the public URL '{url}' does not start with http:// or https://")


def _check_stun(stun: StunConfig, name: str) -> None:
    if stun.username and stun.password_file is None:
        raise ConfigError(f"{name}: the username of [stun] needs its password_file")
    if not stun.address:
        if stun != StunConfig():
            raise ConfigError(f"{name}: [stun] needs an address, such as 203.0.113.1:3478")
        return
    where = address_of(stun.address)
    if where.unix or not _is_number(where.host):
        raise ConfigError(f"{name}: the address of [stun] is NUMBER:PORT, not {stun.address}")


def _check_routes(routes: tuple[RouteConfig, ...], name: str) -> None:
    names = [route.name for route in routes]
    for route in routes:
        place = f"{name}: the route {route.name}"
        if names.count(route.name) > 1:
            raise ConfigError(f"{place} is there twice")
        if route.socks5 and route.http:
            raise ConfigError(f"{place} has two gateways; give it socks5 or http")
        if (route.username or route.password_file) and not (route.socks5 or route.http):
            raise ConfigError(f"{place} has credentials, but no gateway that they are for")
        if route.username and route.password_file is None:
            raise ConfigError(f"{place} has a username; give it its password_file")
        if route.source_address and not _is_number(route.source_address):
            raise ConfigError(f"{place} needs a source_address such as 10.8.0.1, not {route.source_address}")
        if len(route.interface.encode()) > 15:
            raise ConfigError(f"{place}: no interface has a name as long as {route.interface}")
        for gateway in (route.socks5, route.http):
            if gateway and address_of(gateway).unix:
                raise ConfigError(f"{place} needs a gateway such as 10.8.0.1:1080, not {gateway}")


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _pair(name: str, what: str, certificate: Path | None, key: Path | None) -> None:
    if (certificate is None) != (key is None):
        raise ConfigError(f"{name}: {what} needs certificate and key, or neither")


def with_options(
    config: Config,
    *,
    cwmp: list[str] | None = None,
    api: str | None = None,
    data: str | None = None,
    public_urls: list[str] | None = None,
    open_to_all: bool = False,
    log_format: str | None = None,
) -> Config:
    """`config` with what the command line says. Raises `ConfigError`.

    A --cwmp address that the file has too keeps the file's certificate and proxies.
    """
    if cwmp:
        known = {listener.where: listener for listener in config.cwmp}
        listeners = tuple(known.get(address_of(text), ListenerConfig(text)) for text in cwmp)
        config = replace(config, cwmp=listeners)
    if api is not None:
        address_of(api)
        config = replace(config, api=replace(config.api, address=api))
    if data is not None:
        config = replace(config, data=Path(data).expanduser())
    if public_urls:
        config = replace(config, public_urls=tuple(public_urls))
    if open_to_all:
        config = replace(config, open=True)
    if log_format == "json":
        config = replace(config, log_format="json")
    elif log_format == "text":
        config = replace(config, log_format="text")
    check(config, "The command line")
    return config


class _Reader:
    """Reads TOML values into typed dataclasses."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder

    def table(self, kind: type[Table], data: object, place: str) -> Table:
        if not isinstance(data, Mapping):
            raise ConfigError(f"{self.name}: {place} is a table ([{place}]), not {data!r}")
        hints = typing.get_type_hints(kind)
        names = [each.name for each in fields(kind)]  # type: ignore[arg-type]
        for key in data:
            if key not in names:
                raise ConfigError(self._unknown(key, names, place))
        values = {
            key: self.value(hints[key], value, f"{place}.{key}" if place else key)
            for key, value in data.items()
        }
        try:
            return kind(**values)
        except TypeError:
            needed = (f for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING)  # type: ignore[arg-type]
            lacking = " and ".join(
                f.name.replace("address", "an address") for f in needed if f.name not in values
            )
            raise ConfigError(f"{self.name}: {place} needs {lacking}") from None

    def _unknown(self, key: str, names: list[str], place: str) -> str:
        near = difflib.get_close_matches(key, names, 1, 0.4)
        advice = f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"
        return f"{self.name}: there is no {f'{place}.' if place else ''}{key}: {advice}"

    def value(self, hint: Any, value: object, place: str) -> Any:
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if hint == Network:
            return self._network(value, place)
        if origin in (typing.Union, types.UnionType):
            return self.value(next(a for a in arguments if a is not type(None)), value, place)
        if origin is tuple:
            if not isinstance(value, list):
                raise ConfigError(f"{self.name}: {place} is a list, not {value!r}")
            return tuple(self.value(arguments[0], each, place) for each in value)
        if origin is Literal:
            if value not in arguments:
                raise ConfigError(
                    f"{self.name}: {place} is {' or '.join(map(str, arguments))}, not {value!r}"
                )
            return value
        if hint is Path:
            return self.folder / Path(self._plain(str, value, place)).expanduser()
        if hasattr(hint, "__dataclass_fields__"):
            return self.table(hint, value, place)
        if hint is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        value = self._plain(hint, value, place)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value <= 0:
            raise ConfigError(f"{self.name}: {place} is more than 0, not {value}")
        return value

    def _plain(self, kind: type[Table], value: object, place: str) -> Table:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            word = {str: "a text in quotes", int: "a whole number", float: "a number", bool: "true or false"}
            raise ConfigError(f"{self.name}: {place} is {word.get(kind, kind.__name__)}, not {value!r}")
        return value

    def _network(self, value: object, place: str) -> Network:
        try:
            return ipaddress.ip_network(self._plain(str, value, place))
        except ValueError:
            raise ConfigError(
                f"{self.name}: {place} holds networks such as 10.0.0.0/8, not {value!r}"
            ) from None
