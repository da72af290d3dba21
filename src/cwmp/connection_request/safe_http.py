"""An HTTP connection request to the URL a device reports, once that URL has been found safe to dial."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext

from cwmp.connection_request.address import Network, parse_url, resolve, safe
from cwmp.connection_request.answer import Answer
from cwmp.connection_request.crowd import Crowd, Crowded
from cwmp.connection_request.http import request_http
from cwmp.connection_request.route import Direct, Route


async def ask(
    url: str,
    username: str,
    password: str,
    *,
    informed_from: str,
    allowed: Sequence[Network] = (),
    route: Route | None = None,
    basic: bool = False,
    seconds: float = 10.0,
    crowd: Crowd | None = None,
) -> tuple[str, Answer]:
    """Wake a device by its ConnectionRequestURL; gives the route's name and the answer. Never raises for
    what the device does.

    informed_from: address its last Inform came from; allowed: networks that are safe besides. crowd: counts
    the requests to one address; beyond its limit the device is not asked now.
    """
    route = route or Direct()
    target = parse_url(url)
    if target is None:
        return route.name, Answer("no_method", "the device's ConnectionRequestURL is no plain http URL")
    try:
        async with asyncio.timeout(seconds):
            addresses = await resolve(target.host, target.port)
    except (OSError, UnicodeError):
        return route.name, Answer("unreachable", f"the host {target.host} does not resolve")
    except TimeoutError:
        return route.name, Answer("unreachable", f"the host {target.host} did not resolve in time")
    address = next((each for each in addresses if safe(each, informed_from, allowed)), None)
    if address is None:
        detail = (
            f"the device reports {target.host}, but its last Inform came from {informed_from or 'nowhere'}: "
            "allow that network if it is right"
        )
        return route.name, Answer("unsafe_address", detail)
    try:
        with crowd.one_more(route.name, str(address), target.port) if crowd is not None else nullcontext():
            answer = await request_http(
                target, str(address), username, password, route=route, basic=basic, seconds=seconds
            )
    except Crowded:
        answer = Answer("busy", f"so many devices name {address}:{target.port} that this one has to wait")
    return route.name, answer
