"""What the ACS counts, and its text for Prometheus.

Counted by hand rather than with a client library: a counter on the path of every session is one addition
to a dictionary, and the text format is a few lines. Everything lives in the event loop's thread.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SUBMIT_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
SERIES_LIMIT = 100
"""Different label values one counter keeps; what comes beyond is counted as "other"."""


class Counter:
    """Grows; one number per value of its only label (or one number without a label)."""

    def __init__(self, name: str, text: str, label: str = "") -> None:
        self.name = name
        self.text = text
        self.label = label
        self.values: dict[str, float] = {} if label else {"": 0.0}

    def add(self, value: str = "", amount: float = 1.0) -> None:
        """Count `amount` more for the label's `value`, which may come from a device."""
        values = self.values
        if value in values:
            values[value] += amount
        else:
            value = value if len(values) < SERIES_LIMIT else "other"
            values[value] = values.get(value, 0.0) + amount

    def lines(self) -> Iterable[str]:
        yield f"# HELP {self.name} {self.text}"
        yield f"# TYPE {self.name} counter"
        for value, number in self.values.items():
            label = f'{{{self.label}="{_escaped(value)}"}}' if self.label else ""
            yield f"{self.name}{label} {number:g}" if number < 1e6 else f"{self.name}{label} {number:.0f}"


class Gauge:
    """A number that is asked for when somebody looks; kind: gauge, or counter where it only grows."""

    def __init__(self, name: str, text: str, ask: Callable[[], float], kind: str = "gauge") -> None:
        self.name = name
        self.kind = kind
        self.text = text
        self.ask = ask

    def lines(self) -> Iterable[str]:
        yield f"# HELP {self.name} {self.text}"
        yield f"# TYPE {self.name} {self.kind}"
        yield f"{self.name} {self.ask():.0f}"


class Histogram:
    """How long something took, in seconds."""

    def __init__(self, name: str, text: str, buckets: tuple[float, ...] = SUBMIT_BUCKETS) -> None:
        self.name = name
        self.text = text
        self.buckets = buckets
        self.counts = [0] * (len(buckets) + 1)
        self.sum = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(self.buckets, seconds)] += 1
        self.sum += seconds

    def lines(self) -> Iterable[str]:
        yield f"# HELP {self.name} {self.text}"
        yield f"# TYPE {self.name} histogram"
        below = 0
        for limit, count in zip((*self.buckets, float("inf")), self.counts, strict=True):
            below += count
            yield f'{self.name}_bucket{{le="{"+Inf" if limit == float("inf") else limit}"}} {below}'
        yield f"{self.name}_sum {self.sum:.6f}"
        yield f"{self.name}_count {below}"


class Metrics:
    """Everything that is counted. The parts of the ACS call the methods; `text` is what /metrics gives."""

    def __init__(self) -> None:
        self.sessions = Counter("cwmp_sessions_total", "CWMP sessions begun.")
        self.sessions_lost = Counter(
            "cwmp_sessions_lost_total", "CWMP sessions that ended before both sides were through.", "reason"
        )
        self.informs = Counter("cwmp_informs_total", "Events in accepted Informs.", "event")
        self.transactions = Counter("cwmp_transactions_total", "Transactions ended.", "state")
        self.wakings = Counter("cwmp_connection_requests_total", "Connection requests sent.", "answer")
        self.refusals = Counter(
            "cwmp_authentication_failures_total", "CPE requests refused for who they are.", "reason"
        )
        self.bad_requests = Counter(
            "cwmp_bad_requests_total", "CPE requests that could not be taken, by the HTTP status.", "status"
        )
        self.submits = Histogram("cwmp_submit_seconds", "From a transaction's coming to its being durable.")
        self._gauges: list[Gauge] = []

    # what the parts of the ACS call

    def session_began(self) -> None:
        """A CWMP session has begun with an accepted Inform."""
        self.sessions.add()

    def session_lost(self, reason: str) -> None:
        """A session is over before its time: "timeout", "superseded", "broken" ..."""
        self.sessions_lost.add(reason)

    def informed(self, events: Iterable[str]) -> None:
        """An Inform was accepted; its event codes as sent."""
        for event in events:
            self.informs.add(event[:40])

    def transaction_ended(self, state: str) -> None:
        """A transaction is over: done, fault, expired or cancelled."""
        self.transactions.add(state)

    def connection_request(self, answer: str) -> None:
        """A connection request was answered, or was not (`ConnectionRequestResult.answer`)."""
        self.wakings.add(answer)

    def authentication_failed(self, reason: str) -> None:
        """A CPE was refused: "credentials", "identity", "quarantine", "unknown" ..."""
        self.refusals.add(reason)

    def bad_request(self, status: int) -> None:
        """An HTTP request was answered with this error status."""
        self.bad_requests.add(str(status))

    def submit_took(self, seconds: float) -> None:
        """A submitted transaction became durable after so long."""
        self.submits.observe(seconds)

    def gauge(self, name: str, text: str, ask: Callable[[], float], kind: str = "gauge") -> None:
        """Show a number that `ask` gives whenever /metrics is read."""
        self._gauges.append(Gauge(name, text, ask, kind))

    def text(self) -> str:
        """Everything in Prometheus's text format 0.0.4."""
        series: list[Counter | Gauge | Histogram] = [
            self.sessions,
            self.sessions_lost,
            self.informs,
            self.transactions,
            self.wakings,
            self.refusals,
            self.bad_requests,
            self.submits,
            *self._gauges,
        ]
        return "\n".join(line for one in series for line in one.lines()) + "\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
