#!/usr/bin/python
# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of cpeops.cwmp.transaction; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: transaction
short_description: Wait for a transaction and report what it did
version_added: 0.1.0
author:
  - cpeops (@cpeops)
description:
  - Waits for a transaction submitted with C(wait=false) and returns C(changed), C(diff) and C(failed) as
    the task that submitted it would have, also where that was in check mode.
  - The transaction's secrets are not known here; the platform has masked them.
extends_documentation_fragment:
  - cpeops.cwmp.platform
  - cpeops.cwmp.timeout
options:
  id:
    description: Identifier of the transaction.
    type: str
    required: true
  queue:
    description:
      - With V(true) the task succeeds without C(changed) when the transaction is not over after O(timeout).
        With V(false) a transaction that has not begun by then is cancelled, and the task fails.
    type: bool
    default: false
attributes:
  check_mode:
    description: Waits in check mode, too. Whether the transaction changes the device was decided when it
      was submitted.
    support: full
  diff_mode:
    description: Shows the transaction's own diff.
    support: full
seealso:
  - module: cpeops.cwmp.transaction_info
"""

EXAMPLES = r"""
- name: Submit for all hosts
  cpeops.cwmp.parameters:
    set:
      .Time.NTPServer1: ntp.example.net
    wait: false
  register: submitted

- name: Collect, host by host
  cpeops.cwmp.transaction:
    id: "{{ submitted.transaction }}"
    timeout: 300
"""

RETURN = r"""
transaction:
  description: Identifier of the transaction.
  returned: success
  type: str
device:
  description: Identity of the CPE.
  returned: success
  type: str
kind:
  description: Kind of the transaction, C(converge) or C(read). Decides which of the following keys there are.
  returned: success
  type: str
state:
  description: State of the transaction, C(queued), C(running), C(done), C(fault), C(expired) or C(cancelled).
  returned: success
  type: str
check:
  description: Whether it was submitted in check mode.
  returned: success
  type: bool
msg:
  description: How it stands, in one sentence, shown at any verbosity.
  returned: when it is not over and O(queue=true)
  type: str
changes:
  description: As M(cpeops.cwmp.parameters) returns it.
  returned: when a C(converge) is over
  type: list
  elements: dict
verdicts:
  description: As M(cpeops.cwmp.parameters) returns it.
  returned: when a C(converge) is over
  type: dict
instances:
  description: As M(cpeops.cwmp.parameters) returns it.
  returned: when a C(converge) is over
  type: list
  elements: dict
atomic:
  description: As M(cpeops.cwmp.parameters) returns it.
  returned: when a C(converge) is over
  type: bool
parameters:
  description: As M(cpeops.cwmp.parameters_info) returns it, with its
    RV(cpeops.cwmp.parameters_info#module:relative), C(details) and C(missing).
  returned: when a C(read) is over
  type: dict
root:
  description: The device's root.
  returned: when it is over
  type: str
fault:
  description: Why it failed.
  returned: when it failed
  type: dict
"""
