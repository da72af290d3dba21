"""Bad habits of real CPEs, by name, for tests to switch on."""

from __future__ import annotations

from collections.abc import Iterable

from cwmp.errors import CwmpError

HABITS = {
    "status1": "answers every set with Status 1; reads give the new values, a reboot ends it",
    "status1_old": "answers every set with Status 1; reads give the old values until a reboot",
    "normalise_case": "stores plain strings in lower case",
    "ignore_set": "answers Status 0 and changes nothing",
    "revert_set": "takes values and goes back to the old ones at the end of the session",
    "set_limit_10": "refuses more than ten parameters in one set with 9004",
    "deny_partial_paths": "answers 9005 to GetParameterValues of a path that ends in a dot",
    "deny_rpc_methods": "answers 9000 to GetRPCMethods",
    "bootstrap_each_boot": "sends 0 BOOTSTRAP with every boot",
}
"""Name of a habit and what a CPE with it does."""

SET_LIMIT = 10
"""Parameters one SetParameterValues may carry under ``set_limit_10``."""


def habits(names: Iterable[str]) -> frozenset[str]:
    """The named habits. Raises `CwmpError` for a name there is no habit of."""
    chosen = frozenset(names)
    unknown = sorted(chosen - HABITS.keys())
    if unknown:
        raise CwmpError(f"a simulated CPE has no habit {unknown[0]!r}: use {', '.join(sorted(HABITS))}")
    return chosen
