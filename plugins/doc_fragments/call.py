# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that say how a transaction is carried."""

from __future__ import annotations


class ModuleDocFragment:
    """Shared by the modules that send something to a device."""

    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait until the transaction is over. With V(false) the task returns at once with
        RV(transaction), is not C(changed), and M(cpeops.cwmp.transaction) reports what came of it.
    type: bool
    default: true
  queue:
    description:
      - With V(true) a transaction that has not begun when O(timeout) is over stays queued until the device
        comes, and the task succeeds without C(changed). RV(state) is then C(queued), and RV(msg), shown
        at any verbosity, names the transaction. With V(false) it is cancelled and the task fails.
    type: bool
    default: false
  connection_request:
    description:
      - How to wake the device. V(auto) chooses by what the device reports; V(none) waits for its next
        periodic Inform.
      - Default is host variable C(cwmp_connection_request), else V(auto).
    type: str
    choices: [auto, http, xmpp, stun, none]
    default: auto
"""
