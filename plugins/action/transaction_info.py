# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at a transaction."""

from __future__ import annotations

from typing import ClassVar

from ansible_collections.cpeops.cwmp.plugins.plugin_utils.argument_specs import PLATFORM, Spec
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.cpe_action import CpeAction
from ansible_collections.cpeops.cwmp.plugins.plugin_utils.outcome import described, outcome_of


class ActionModule(CpeAction):
    """Never waits, never `changed`, and does not fail where the transaction did."""

    SPEC: ClassVar[Spec] = {**PLATFORM, "id": {"type": "str", "required": True}}

    def act(self):
        transaction = self.platform.transaction(self.options["id"])
        return {
            **described(transaction),
            **outcome_of(transaction),
            "changed": False,
            "over": transaction.over,
            "created": transaction.created,
            "ended": transaction.ended,
            "expires": transaction.expires,
            "attempts": transaction.attempts,
            "fault": dict(transaction.fault) if transaction.fault else None,
        }
