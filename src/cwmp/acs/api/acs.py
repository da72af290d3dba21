"""What the API works on: the running ACS."""

from __future__ import annotations

from dataclasses import dataclass

from cwmp.acs.metrics import Metrics
from cwmp.acs.sessions.sessions import Sessions
from cwmp.acs.sessions.trace import Trace
from cwmp.acs.state import State
from cwmp.acs.waking.waking import Waking


@dataclass(slots=True)
class Acs:
    """The parts of a running ACS that the API needs. open_to_all: CPEs are not authenticated."""

    state: State
    sessions: Sessions
    waking: Waking
    trace: Trace
    metrics: Metrics
    open_to_all: bool = False
