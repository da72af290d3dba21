"""Which route is taken for which device."""

from __future__ import annotations

import ipaddress

from cwmp.connection_request.choosing_route import RouteRule, Routes
from cwmp.connection_request.route import Direct

ACME = RouteRule(Direct(interface="wg-acme", label="acme"), tags=("acme",))
OTHER = RouteRule(
    Direct(source_address="10.9.0.1", label="other"),
    tags=("other",),
    networks=(ipaddress.ip_network("192.168.0.0/16"),),
)
ONE = RouteRule(Direct(label="one"), devices=("0A0B0C-Box-*",))
ROUTES = Routes((ACME, OTHER, ONE))


def chosen(device: str, tags: tuple[str, ...] = (), address: str = "192.168.1.20") -> str:
    return ROUTES.choose(device, tags, address).route.name


def test_equal_addresses_are_told_apart_by_tag() -> None:
    assert chosen("A-B-1", ("acme",)) == "acme"
    assert chosen("A-B-2", ("other",)) == "other"


def test_a_rule_wants_all_the_kinds_it_names() -> None:
    assert chosen("A-B-2", ("other",), "203.0.113.1") == "direct"
    assert chosen("A-B-2", ("other",), "") == "direct"
    assert chosen("A-B-2", ("other",), "::ffff:192.168.7.7") == "other"


def test_by_device_with_a_pattern_and_in_order() -> None:
    assert chosen("0A0B0C-Box-77") == "one"
    assert chosen("0A0B0C-Box-77", ("acme",)) == "acme"
    assert chosen("0A0B0C-Other-77") == "direct"


def test_names_say_what_the_socket_is_bound_to() -> None:
    assert Direct().name == "direct"
    assert Direct(source_address="10.0.0.1").name == "source 10.0.0.1"
    assert Direct(interface="wg0", source_address="10.0.0.1").name == "interface wg0 source 10.0.0.1"
