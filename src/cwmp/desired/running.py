"""The smallest runner: answers a procedure's requests by calling a function, in the caller's thread."""

from __future__ import annotations

from collections.abc import Callable

from cwmp.desired.procedure import Checkpoint, Procedure, T
from cwmp.wire.messages import Fault, Message


def run(
    procedure: Procedure[T],
    answer: Callable[[Message], Message | Fault],
    checkpoint: Callable[[Checkpoint], None] | None = None,
) -> T:
    """Run a procedure to its end and return what it returns.

    answer: sends one RPC to the CPE and gives its response or fault. checkpoint: stores what must survive a
    crash; it is called before the next request. Whatever either raises closes the procedure and comes
    out of here unchanged.
    """
    try:
        step = next(procedure)
        while True:
            if isinstance(step, Checkpoint):
                if checkpoint is not None:
                    checkpoint(step)
                step = procedure.send(None)
            else:
                step = procedure.send(answer(step.message))
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        procedure.close()
