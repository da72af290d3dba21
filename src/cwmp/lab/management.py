"""What a CPE's ManagementServer object tells whoever runs it."""

from __future__ import annotations

from dataclasses import dataclass

from cwmp.lab.tree import DeviceTree


@dataclass(frozen=True, slots=True)
class Management:
    """What the CPE's ManagementServer object says now, secrets in clear. Intervals in seconds."""

    url: str
    username: str
    password: str
    connection_request_url: str
    connection_request_username: str
    connection_request_password: str
    periodic_enabled: bool
    periodic_interval: int
    periodic_time: str
    retry_minimum: int
    retry_multiplier: int
    parameter_key: str


def management_of(tree: DeviceTree) -> Management:
    """The settings as the tree holds them now; the standard's defaults where it holds none."""

    def text(name: str) -> str:
        return tree.value(f".ManagementServer.{name}") or ""

    def number(name: str, default: int) -> int:
        held = text(name)
        return int(held) if held.isdecimal() and int(held) > 0 else default

    return Management(
        url=text("URL"),
        username=text("Username"),
        password=text("Password"),
        connection_request_url=text("ConnectionRequestURL"),
        connection_request_username=text("ConnectionRequestUsername"),
        connection_request_password=text("ConnectionRequestPassword"),
        periodic_enabled=text("PeriodicInformEnable") in ("1", "true"),
        periodic_interval=number("PeriodicInformInterval", 86400),
        periodic_time=text("PeriodicInformTime"),
        retry_minimum=number("CWMPRetryMinimumWaitInterval", 5),
        retry_multiplier=number("CWMPRetryIntervalMultiplier", 2000),
        parameter_key=text("ParameterKey"),
    )
