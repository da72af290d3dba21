"""The configured routes to devices, made ready to dial."""

from __future__ import annotations

from pathlib import Path

from cwmp.acs.config import Config, ConfigError, RouteConfig
from cwmp.acs.listen.addresses import address_of
from cwmp.connection_request.choosing_route import RouteRule, Routes
from cwmp.connection_request.gateways import HttpGateway, Socks5
from cwmp.connection_request.route import Direct, Route


def routes_of(config: Config) -> Routes:
    """The routes of [[routes]], and that of [waking] for all other devices. Raises `ConfigError`."""
    rules = tuple(
        RouteRule(_route(each), each.devices, each.tags, each.networks, each.allow) for each in config.routes
    )
    return Routes(rules, Direct(config.waking.source_address))


def _route(config: RouteConfig) -> Route:
    if not config.socks5 and not config.http:
        return Direct(config.source_address, config.interface, config.name)
    via = Direct(config.source_address, config.interface)
    where = address_of(config.socks5 or config.http)
    password = password_in(config.password_file)
    if config.socks5:
        return Socks5(where.host, where.port, config.username, password, via, config.name)
    return HttpGateway(
        where.host, where.port, config.http_tunnel, config.username, password, via, config.name
    )


def password_in(file: Path | None) -> str:
    """The first line of a password file; "" without one. Raises `ConfigError`."""
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8").partition("\n")[0].strip("\r")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"The password file {file} cannot be read: {why}") from None
