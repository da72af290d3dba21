#!/usr/bin/python
# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of cpeops.cwmp.connection_request; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: connection_request
short_description: Wake a CPE with a connection request
version_added: 0.1.0
author:
  - cpeops (@cpeops)
description:
  - Asks the device to open a session to its ACS and, unless told otherwise, waits for its Inform. Never
    C(changed).
  - Other modules wake the device themselves; this one proves that it can be woken.
extends_documentation_fragment:
  - cpeops.cwmp.platform
  - cpeops.cwmp.timeout
options:
  method:
    description: How to wake the device. V(auto) chooses by what the device reports and falls back.
    type: str
    choices: [auto, http, xmpp, stun]
    default: auto
  wait:
    description: Whether to wait until the device has informed. With V(false) its answer is enough.
    type: bool
    default: true
attributes:
  check_mode:
    description: Wakes nothing in check mode; only asks whether the platform knows the device.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
seealso:
  - module: cpeops.cwmp.device
    description: Registers the credentials of connection requests.
"""

EXAMPLES = r"""
- name: Prove that the device can be woken over HTTP
  cpeops.cwmp.connection_request:
    method: http
    timeout: 20
"""

RETURN = r"""
device:
  description: The CPE as it was named.
  returned: success
  type: str
method:
  description: Method that was used.
  returned: when a connection request was sent
  type: str
  sample: http
route:
  description: Route that was used.
  returned: when a connection request was sent
  type: str
  sample: direct
answer:
  description: How the device answered, C(accepted), C(sent) (by UDP, which nobody acknowledges),
    C(wrong_credentials), C(busy), C(refused), C(unreachable), C(no_answer), C(unsafe_address) or
    C(no_method).
  returned: when a connection request was sent
  type: str
  sample: accepted
answer_ms:
  description: Milliseconds until the answer; null where none came.
  returned: when a connection request was sent
  type: float
inform_ms:
  description: Milliseconds until the Inform; null where none came or O(wait=false).
  returned: when a connection request was sent
  type: float
informed:
  description: Whether the device has informed.
  returned: when a connection request was sent
  type: bool
detail:
  description: What the platform has to add.
  returned: when a connection request was sent
  type: str
"""
