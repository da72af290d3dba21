"""How a simulated CPE behaves besides its data."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field


@dataclass(slots=True)
class Behaviour:
    """Times in seconds unless said otherwise.

    latency: before each answer to the ACS. connection_request_latency: between an accepted connection request
    and its session. response_timeout: for an HTTP response of the ACS, at least 30 in the field.
    reboot_seconds: how long a reboot takes. time_scale: real seconds for one second of the standard's
    schedules (retries, periodic Informs, ScheduleInform, reboots), so that tests need not wait.
    queue_while_busy: a connection request during a session gives one more session after it (the standard
    allows both); otherwise 503. connection_request_limit: so many in so many seconds, more get a 503.
    """

    latency: float = 0.0
    connection_request_latency: float = 0.0
    response_timeout: float = 35.0
    reboot_seconds: float = 5.0
    time_scale: float = 1.0
    queue_while_busy: bool = True
    connection_request_limit: tuple[int, float] | None = None
    tls: ssl.SSLContext | None = field(default=None, repr=False)
