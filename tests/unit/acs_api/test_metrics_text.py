"""The text Prometheus reads."""

from __future__ import annotations

import re

from cwmp.acs.metrics import SERIES_LIMIT, Metrics

LINE = re.compile(r'^[a-z_]+(\{[a-z]+="(?:[^"\\\n]|\\.)*"\})? [0-9.e+-]+$')


def test_text() -> None:
    metrics = Metrics()
    metrics.session_began()
    metrics.informed(("2 PERIODIC", 'X "odd"\n\\'))
    metrics.transaction_ended("done")
    metrics.submit_took(0.003)
    metrics.gauge("cwmp_devices", "Known devices.", lambda: 3)
    lines = metrics.text().splitlines()
    assert all(line.startswith("# ") or LINE.match(line) for line in lines)
    assert "cwmp_sessions_total 1" in lines
    assert 'cwmp_informs_total{event="2 PERIODIC"} 1' in lines
    assert 'cwmp_submit_seconds_bucket{le="0.005"} 1' in lines
    assert 'cwmp_submit_seconds_bucket{le="0.0025"} 0' in lines
    assert 'cwmp_submit_seconds_bucket{le="+Inf"} 1' in lines
    assert "cwmp_devices 3" in lines


def test_devices_cannot_make_series_without_end() -> None:
    metrics = Metrics()
    for number in range(10_000):
        metrics.informed((f"X {number}",))
    assert len(metrics.informs.values) == SERIES_LIMIT + 1
    assert sum(metrics.informs.values.values()) == 10_000
