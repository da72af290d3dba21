# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the actions share: options, host variables, platform, secrets and errors.

An action runs in Ansible's own forked worker: no second Python, no module on the device's side. Whatever
goes wrong becomes `failed` and one sentence that names the host; nothing here may raise a traceback.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible_collections.cpeops.cwmp.plugins.plugin_utils import engine
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.argument_specs import (
    COMMON,
    ENVIRONMENT,
    HOST_VARIABLES,
    Spec,
    at_once,
)
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.outcome import (
    Failure,
    described,
    offline,
    result_of,
    still_open,
)
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.plain import NotPlain
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.scrub import Secrets

TRANSPORT_TIMEOUT = 30.0
"""Seconds the platform itself may take to answer, over and above what a call waits for the device."""

LONGEST_TIMEOUT = 86_400
"""Seconds; the platform takes no longer wait."""

WRONG_TYPE = re.compile(r"argument '?([\w.]+)'? is of type .* unable to convert to (\w+)", re.DOTALL)
TYPE_NAMES = {
    "bool": "true or false",
    "dict": "a mapping",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "str": "text",
}

Result = dict[str, Any]


class CpeAction(ActionBase):
    """One action on one CPE. A subclass gives its SPEC and `act`."""

    _requires_connection = False
    _supports_async = False

    SPEC: ClassVar[Spec] = {}
    RULES: ClassVar[Mapping[str, Any]] = {}
    """`mutually_exclusive` and the like, for the validator."""
    WRITES: ClassVar[tuple[str, ...]] = ()
    """Options that hold values for the device: any of them may be a secret until it is known not to be."""

    def act(self) -> Result:
        """Do the work and give the result. Raises `Failure` or the engine's `CwmpError`."""
        raise NotImplementedError

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> Result:
        super().run(tmp, task_vars)
        self.variables: dict[str, Any] = task_vars or {}
        self.host = str(self.variables.get("inventory_hostname", ""))
        self.secrets = Secrets()
        self.options: dict[str, Any] = {}
        self._platform: Any = None
        try:
            if engine.PROBLEM is not None:
                raise Failure(engine.PROBLEM)
            self.options = self._validated(self._with_variables(dict(self._task.args)))
            result = self.act()
        except Failure as failure:
            result = failure.result | self._failed(str(failure))
        except (NotPlain, AnsibleActionFail, engine.CwmpError) as error:
            result = self._failed(str(error))
        except Exception as error:  # pylint: disable=broad-exception-caught
            # A traceback would show local values, secrets among them.
            result = self._failed(
                f"internal error of {self._task.action} ({type(error).__name__}: {error}); please report it"
            )
        finally:
            if self._platform is not None:
                self._platform.close()
        scrubbed: Result = self.secrets.scrub(result)
        return scrubbed

    # for subclasses

    @property
    def platform(self) -> Any:
        """The platform of this host, opened at first use and closed when the action is over."""
        if self._platform is None:
            self._platform = engine.platform_for(
                self.options["platform"],
                self.options["url"] or "",
                self.options["token"] or "",
                self.options["ca_file"] or "",
                TRANSPORT_TIMEOUT,
            )
        return self._platform

    @property
    def device(self) -> str:
        """The CPE's identity or unique serial."""
        return str(self.options["device"])

    def call_options(self) -> dict[str, Any]:
        """The fields of the engine's `Call`. The client key is this attempt's alone."""
        wait = self.options["timeout"] if self.options["wait"] else 0.0
        queue = self.options["queue"]
        return {
            "wait": wait,
            "queue": queue,
            # Not waited for, it still expires in the same time, unless it may queue.
            "expires": 0.0 if queue else self.options["timeout"],
            "connection_request": self.options["connection_request"],
            "client_key": secrets.token_hex(16),
            "actor": f"ansible {os.environ.get('USER') or os.getuid()}",
        }

    def settled(self, transaction: Any) -> Result:
        """The result of a transaction that was submitted or waited for."""
        if transaction.over:
            return result_of(transaction, diff=bool(self._task.diff))
        if not self.options.get("wait", True) or self.options.get("queue"):
            # What queues is shown at any verbosity: a plain "ok" would read as if it were done.
            shown = {"_ansible_verbose_always": True} if self.options.get("queue") else {}
            return {**described(transaction), "changed": False, "msg": still_open(transaction), **shown}
        if transaction.state == "queued":
            transaction = self.platform.cancel(transaction.id)
            if transaction.state == "cancelled":
                raise Failure(offline(transaction, self.options["timeout"]), described(transaction))
            if transaction.over:
                return result_of(transaction, diff=bool(self._task.diff))
        raise Failure(
            f"{transaction.device} began transaction {transaction.id} but has not ended it after "
            f"{self.options['timeout']:g} s: wait for it with cpeops.cwmp.transaction, or raise 'timeout'",
            described(transaction),
        )

    # options

    def _with_variables(self, given: dict[str, Any]) -> dict[str, Any]:
        """Options not given taken from host variables, then from the environment."""
        self._origin: dict[str, str] = {}
        for option in self.SPEC:
            if given.get(option) is not None:
                continue
            given.pop(option, None)
            variable = HOST_VARIABLES.get(option)
            if variable is not None and (value := self._host_variable(variable)) not in (None, ""):
                given[option] = value
                self._origin[option] = f"host variable {variable}"
            elif option in ENVIRONMENT and (value := self._environment(ENVIRONMENT[option])):
                given[option] = value
                self._origin[option] = f"environment variable {ENVIRONMENT[option]}"
        if "device" in self.SPEC:
            given.setdefault("device", self.host)
        return given

    def _host_variable(self, name: str) -> Any:
        """A variable of the inventory host, also under delegate_to. It arrives raw and is templated here."""
        raw = self.variables.get(name)
        if raw is None:
            return None
        try:
            return self._templar.template(raw)
        except AnsibleError as error:
            raise Failure(
                f"host variable {name} cannot be worked out: {' '.join(str(error).split())}"
            ) from None

    def _environment(self, name: str) -> str | None:
        given = self._task.environment or []
        for block in reversed(given if isinstance(given, list) else [given]):
            if isinstance(block, Mapping) and block.get(name):
                return str(block[name])
        return os.environ.get(name)

    def _validated(self, given: dict[str, Any]) -> dict[str, Any]:
        for option, spec in self.SPEC.items():
            if spec.get("no_log"):
                self.secrets.add(given.get(option))
        for option in self.WRITES:
            if self.SPEC[option]["type"] == "dict" and isinstance(given.get(option), str):
                # The validator would take "a=b" apart, and show it when it cannot.
                raise NotPlain(f"option '{option}' must be a mapping from parameter path to value")
        for option in COMMON.difference(self.SPEC):
            given.pop(option, None)
        unknown = sorted(set(given) - set(self.SPEC))
        if unknown:
            raise Failure(self._unknown_option(str(unknown[0])))
        if (options := at_once(self.SPEC, given)) is not None and not self.RULES:
            self._check_timeout(options)
            return options
        validation = ArgumentSpecValidator(self.SPEC, **self.RULES).validate(given)
        if validation.error_messages:
            for option in self.WRITES:
                self.secrets.add(given.get(option))
            raise Failure(self._spec_error(str(validation.error_messages[0])))
        validated: dict[str, Any] = validation.validated_parameters
        self._check_timeout(validated)
        return validated

    def _check_timeout(self, options: dict[str, Any]) -> None:
        timeout = options.get("timeout")
        if timeout is not None and not 0 <= timeout <= LONGEST_TIMEOUT:
            raise Failure(
                self._spec_error(f"option 'timeout' must be 0 to {LONGEST_TIMEOUT} seconds, not {timeout:g}")
            )

    def _unknown_option(self, name: str) -> str:
        from difflib import get_close_matches

        close = get_close_matches(name, self.SPEC, 1)
        hint = f"did you mean '{close[0]}'?" if close else f"it has {', '.join(sorted(self.SPEC))}"
        return f"{self._task.action} has no option '{name}'; {hint}"

    def _spec_error(self, message: str) -> str:
        if (found := WRONG_TYPE.match(message)) is not None:
            # The validator would name Python's own types here.
            name, kind = found.groups()
            message = f"option '{name}' must be {TYPE_NAMES.get(kind, kind)}"
        for option, origin in self._origin.items():
            if f"'{option}'" in message or f" {option} " in message:
                return f"{message} ({option} comes from {origin})"
        return message

    def _failed(self, sentence: str) -> Result:
        sentence = " ".join(sentence.split())
        if self.host and not sentence.startswith((f"{self.host}:", f"{self.host} ")):
            sentence = f"{self.host}: {sentence}"
        return {"changed": False, "failed": True, "msg": sentence}
