# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wake a CPE with a connection request."""

from __future__ import annotations

from typing import ClassVar

from ansible_collections.cpeops.cwmp.plugins.plugin_utils.argument_specs import PLATFORM, TIMEOUT, Spec
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.cpe_action import CpeAction
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.outcome import Failure

ADVICE = {
    "wrong_credentials": "register its connection_request_username and connection_request_password "
    "with cpeops.cwmp.device",
    "busy": "it throttles connection requests; try again later",
    "refused": "nothing listens at the address it reported; wait for its next periodic Inform",
    "unreachable": "no route leads to the address it reported; set up a route, or wait for its next Inform",
    "no_answer": "it is off, or behind a NAT or firewall; try xmpp or stun, or wait for its next Inform",
    "unsafe_address": "the ACS does not call the address it reported; allow that network in the ACS",
    "no_method": "wait for its next periodic Inform, or set up one of the ways to wake it",
}


class ActionModule(CpeAction):
    """Never `changed`; in check mode it wakes nothing."""

    SPEC: ClassVar[Spec] = {
        **PLATFORM,
        **TIMEOUT,
        "method": {"type": "str", "default": "auto", "choices": ["auto", "http", "xmpp", "stun"]},
        "wait": {"type": "bool", "default": True},
    }

    def act(self):
        if self._task.check_mode:
            device = self.platform.device(self.device)
            return {"changed": False, "device": device.id, "msg": "not woken in check mode"}
        wait = self.options["timeout"] if self.options["wait"] else 0.0
        answer = self.platform.connection_request(self.device, method=self.options["method"], wait=wait)
        result = {
            "changed": False,
            "device": self.device,
            "method": answer.method,
            "route": answer.route,
            "answer": answer.answer,
            "answer_ms": answer.answer_ms,
            "inform_ms": answer.inform_ms,
            "informed": answer.informed,
            "detail": answer.detail,
        }
        if answer.informed:
            return result
        if answer.answer not in ("accepted", "sent"):
            what = answer.answer.replace("_", " ")
            said = f" ({answer.detail})" if answer.detail else ""
            advice = ADVICE.get(answer.answer, "see 'detail'")
            raise Failure(f"{self.device} could not be woken: {what}{said}; {advice}", result)
        if self.options["wait"]:
            raise Failure(
                f"{self.device} accepted the connection request but did not inform within {wait:g} s; "
                "check its ManagementServer.URL and credentials, or raise 'timeout'",
                result,
            )
        return result
