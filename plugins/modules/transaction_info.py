#!/usr/bin/python
# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of cpeops.cwmp.transaction_info; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: transaction_info
short_description: Look at a transaction
version_added: 0.1.0
author:
  - cpeops (@cpeops)
description:
  - Says how a transaction stands. Does not wait, is never C(changed), and does not fail where the
    transaction has failed.
extends_documentation_fragment:
  - cpeops.cwmp.platform
options:
  id:
    description: Identifier of the transaction.
    type: str
    required: true
attributes:
  check_mode:
    description: Looks in check mode, too.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
seealso:
  - module: cpeops.cwmp.transaction
"""

EXAMPLES = r"""
- name: Has the device come yet?
  cpeops.cwmp.transaction_info:
    id: "{{ submitted.transaction }}"
  register: looked
  until: looked.over
  retries: 60
  delay: 60
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
  description: Kind of the transaction, C(converge) or C(read).
  returned: success
  type: str
state:
  description: State of the transaction, C(queued), C(running), C(done), C(fault), C(expired) or C(cancelled).
  returned: success
  type: str
over:
  description: Whether it has ended, in whatever way.
  returned: success
  type: bool
check:
  description: Whether it was submitted in check mode.
  returned: success
  type: bool
created:
  description: When it was accepted, ISO 8601 in UTC.
  returned: success
  type: str
ended:
  description: When it ended; empty while it has not.
  returned: success
  type: str
expires:
  description: When it expires unless it has begun.
  returned: success
  type: str
attempts:
  description: How often it was begun in a session.
  returned: success
  type: int
changes:
  description: As M(cpeops.cwmp.parameters) returns it, with C(verdicts), C(instances), C(atomic) and C(root).
  returned: for a C(converge)
  type: list
  elements: dict
parameters:
  description: As M(cpeops.cwmp.parameters_info) returns it, with C(relative), C(details), C(missing) and
    C(root).
  returned: for a C(read)
  type: dict
fault:
  description: Why it failed; null where it has not.
  returned: success
  type: dict
"""
