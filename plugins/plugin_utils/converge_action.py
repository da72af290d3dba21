# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `parameters` and `converge` share: a desired state, checked offline, then sent as one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.cpeops.cwmp.plugins.plugin_utils import engine, offline_check
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.cpe_action import CpeAction, Result
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.outcome import Failure
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.scrub import holds_secret

ROOTS = ("Device.", "InternetGatewayDevice.")


class ConvergeAction(CpeAction):
    """An action that brings a CPE to a desired state."""

    def converge(self, state: Mapping[str, Any]) -> Result:
        """Send `state` (the JSON of the engine's DesiredState) or, in check mode, compare with it."""
        for path, value in written(state):
            if self._is_secret(path):
                self.secrets.add(value)
        warnings = []
        if self.options["platform"] not in offline_check.CHECKING_PLATFORMS:
            warnings = offline_check.findings(state, strict=self.options["strict"])
        call = engine.ConvergeCall(
            **self.call_options(),
            check=bool(self._task.check_mode),
            secrets=self.options["secrets"],
            accept=tuple(self.options["accept"]),
            strict=self.options["strict"],
            secret_paths=tuple(self.options["secret_paths"]),
        )
        try:
            return _with_warnings(self.settled(self.platform.converge(self.device, state, call)), warnings)
        except Failure as failure:
            raise Failure(str(failure), _with_warnings(failure.result, warnings)) from None

    def _is_secret(self, path: str) -> bool:
        if self.options["secret_paths"]:
            below = below_root(path)
            for given in self.options["secret_paths"]:
                secret = below_root(given)
                if below == secret or (secret.endswith(".") and below.startswith(secret)):
                    return True
        return holds_secret(path)


def written(state: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every path and value that a desired state writes; rows as `{i}`."""
    yield from state.get("set", {}).items()
    for instance in state.get("instances", ()):
        row = f"{instance['table'].rstrip('.')}.{{i}}."
        for name, value in (*instance.get("match", {}).items(), *instance.get("set", {}).items()):
            yield row + name.lstrip("."), value


def below_root(path: str) -> str:
    """The path with its root, if it has one, replaced by a leading dot."""
    for root in ROOTS:
        if path.startswith(root):
            return path[len(root) - 1 :]
    return path


def _with_warnings(result: Result, offline: list[tuple[str, str]]) -> Result:
    """The platform's warnings, which know the device, and of the offline ones those it does not repeat."""
    told = list(result.get("warnings", ()))
    told += [message for path, message in offline if not any(below_root(path) in said for said in told)]
    return {**result, "warnings": told} if told else result
