"""The ACS's XMPP brokers as its configuration names them, put together with what it knows of devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cwmp.acs.waking.reported_jids import ReportedJids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cwmp.acs.config import Config
    from cwmp.acs.devices.device_records import DeviceRecord
    from cwmp.acs.devices.registry import Registry
    from cwmp.acs.metrics import Metrics
    from cwmp.acs.sessions.sessions import Sessions
    from cwmp.connection_request.xmpp_method import XmppMethod

_PAGE = 1000


def xmpp_method(
    config: Config, registry: Registry, sessions: Sessions, metrics: Metrics
) -> XmppMethod | None:
    """Waking by XMPP; None without a broker in the configuration. Made inside the running loop.

    Raises `connection_request.xmpp.BrokerError` for an account, password file or CA file that is no good.
    """
    if not config.xmpp:
        return None
    # Imported here: an ACS without brokers pays nothing for slixmpp.
    from cwmp.connection_request.xmpp import Broker, BrokerConnection
    from cwmp.connection_request.xmpp_method import XmppMethod

    jids = ReportedJids(_all(registry))
    sessions.on_inform(jids.informed)

    async def forget(device_id: str) -> None:
        jids.forget(device_id)

    registry.on_forgotten(forget)
    brokers = [
        BrokerConnection(
            Broker(
                domain=each.domain,
                jid=each.jid,
                password_file=each.password_file,
                host=each.host,
                port=each.port,
                ca_file=each.ca_file,
                direct_tls=each.direct_tls,
            )
        )
        for each in config.xmpp
    ]
    method = XmppMethod(brokers, jids.of, seconds=config.waking.timeout)
    metrics.gauge("cwmp_xmpp_brokers", "XMPP brokers in the configuration.", lambda: len(brokers))
    metrics.gauge(
        "cwmp_xmpp_brokers_connected", "XMPP brokers the ACS is logged in at.", lambda: method.connected
    )
    return method


def _all(registry: Registry) -> Iterator[DeviceRecord]:
    """Every record, a page at a time: few of many thousands are unpacked at once."""
    after = ""
    while page := registry.devices(after=after, limit=_PAGE):
        yield from page
        after = page[-1].id
