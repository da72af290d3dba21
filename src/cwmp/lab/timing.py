"""When a CPE speaks: the retry schedule after failed sessions and the periodic Inform. Pure arithmetic."""

from __future__ import annotations

import datetime

LAST_INTERVAL = 10
"""From the tenth retry on the interval grows no more (TR-069a6 §3.2.1.1, table 3)."""


def retry_wait(attempt: int, minimum: float, multiplier: int, chance: float) -> float:
    """Seconds to wait before retry number `attempt` (1 = after the first failed session).

    A point between m·(k/1000)^(n-1) and m·(k/1000)^n, where m is CWMPRetryMinimumWaitInterval in seconds,
    k CWMPRetryIntervalMultiplier and n the attempt, at most ten (TR-069a6 §3.2.1.1). `chance` from 0 to 1
    chooses the point, so that a fleet whose ACS went away does not come back in one instant.
    """
    step = min(max(attempt, 1), LAST_INTERVAL)
    factor = multiplier / 1000
    low = minimum * factor ** (step - 1)
    return low + (low * factor - low) * chance


def next_periodic(now: float, interval: int, reference: float | None) -> float:
    """The Unix time of the next periodic Inform after `now`.

    `interval` is PeriodicInformInterval in seconds. `reference` is PeriodicInformTime as Unix time: Informs
    fall on whole intervals before or after it. None means that the ACS left the phase to the CPE, which then
    counts from now.
    """
    if reference is None:
        return now + interval
    return now + (interval - (now - reference) % interval)


def reference_time(text: str) -> float | None:
    """PeriodicInformTime as Unix time; None for the Unknown Time (year 1) and for what is no dateTime.

    A time without zone counts as UTC (TR-106a7 §3.2.1).
    """
    try:
        moment = datetime.datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.year <= 1:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return moment.timestamp()


def clock_text(now: float) -> str:
    """Unix time as the xsd:dateTime of an Inform's CurrentTime, in UTC."""
    return datetime.datetime.fromtimestamp(now, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
