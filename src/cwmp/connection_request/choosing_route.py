"""Which route leads to a device: the first of the configured ones that is for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from cwmp.connection_request.address import Network, plain_address
from cwmp.connection_request.route import Direct, Route


@dataclass(frozen=True, slots=True)
class RouteRule:
    """A route and the devices it is for.

    devices: identities, with * and ?. tags: any of them. networks: the device's last Inform came from one of
    them. A rule that names several kinds wants all of them; one that names none is for every device.
    allowed: networks that are safe to dial on this route, besides the address the last Inform came from.
    """

    route: Route
    devices: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()
    allowed: tuple[Network, ...] = ()

    def fits(self, device_id: str, tags: Iterable[str], informed_from: str) -> bool:
        if self.devices and not any(fnmatchcase(device_id, pattern) for pattern in self.devices):
            return False
        if self.tags and not set(self.tags) & set(tags):
            return False
        if not self.networks:
            return True
        address = plain_address(informed_from)
        return address is not None and any(
            address.version == network.version and address in network for network in self.networks
        )


@dataclass(frozen=True, slots=True)
class Routes:
    """The configured routes in order, and the one for devices that no rule fits."""

    rules: Sequence[RouteRule] = ()
    otherwise: Route = field(default_factory=Direct)

    def choose(self, device_id: str, tags: Iterable[str], informed_from: str) -> RouteRule:
        """The first rule that fits: two customers' equal networks are told apart by device or tag."""
        tags = tuple(tags)
        for rule in self.rules:
            if rule.fits(device_id, tags, informed_from):
                return rule
        return RouteRule(self.otherwise)
