#!/usr/bin/python
# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of cpeops.cwmp.parameters_info; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: parameters_info
short_description: Read parameters of a CPE
version_added: 0.1.0
author:
  - cpeops (@cpeops)
description:
  - Reads values of parameters and of everything below partial paths from the device itself. Never C(changed).
extends_documentation_fragment:
  - cpeops.cwmp.platform
  - cpeops.cwmp.timeout
  - cpeops.cwmp.call
options:
  paths:
    description:
      - Parameters, and partial paths (ending in a dot) for everything below them. A leading dot stands for
        the device's own root.
    type: list
    elements: str
    required: true
  names:
    description: Whether to ask the device which parameters are writable, too. RV(details) then tells it,
      and holds objects.
    type: bool
    default: false
  strict:
    description: Whether a path that the device does not have fails the task. With V(false) it is listed in
      RV(missing).
    type: bool
    default: false
attributes:
  check_mode:
    description: Reads in check mode, too.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
seealso:
  - module: cpeops.cwmp.device_facts
"""

EXAMPLES = r"""
- name: Read the firmware version and the management server
  cpeops.cwmp.parameters_info:
    paths:
      - .DeviceInfo.SoftwareVersion
      - .ManagementServer.
  register: read

- name: Say it, whichever root the device has
  ansible.builtin.debug:
    msg: "{{ read.relative['.DeviceInfo.SoftwareVersion'] }}"

- name: Which parameters of the radios can be written
  cpeops.cwmp.parameters_info:
    paths: [Device.WiFi.Radio.]
    names: true
  register: radios

- name: List them
  ansible.builtin.debug:
    msg: "{{ radios.details | selectattr('writable') | map(attribute='path') }}"
"""

RETURN = r"""
msg:
  description: That it is queued, or what went wrong, in one sentence.
  returned: when the transaction is not over, or failed
  type: str
  sample: >-
    queued as 0660f7450277c3777edeb8; it will be read when the device comes, until 2026-11-24T21:14:46.170Z;
    cpeops.cwmp.transaction reports what came of it
parameters:
  description: Values by full path. Numbers and booleans as such, everything else as text, secrets masked.
  returned: when the transaction is over
  type: dict
  sample:
    Device.ManagementServer.PeriodicInformInterval: 900
relative:
  description: The same values by path below the root, with a leading dot, so that both roots read alike.
  returned: when the transaction is over
  type: dict
  sample:
    .ManagementServer.PeriodicInformInterval: 900
details:
  description: Everything read.
  returned: when the transaction is over
  type: list
  elements: dict
  contains:
    path:
      description: Full path; of an object with a dot at its end.
      type: str
    value:
      description: Value as on the wire; null for objects.
      type: str
    type:
      description: Type as the device reports it; null for objects.
      type: str
    writable:
      description: Whether the device lets it be written; null unless O(names=true).
      type: bool
    secret:
      description: Whether the value is masked.
      type: bool
missing:
  description: Paths asked for that the device does not have.
  returned: when the transaction is over
  type: list
  elements: str
root:
  description: The device's root, C(Device.) or C(InternetGatewayDevice.).
  returned: when the transaction is over
  type: str
transaction:
  description: Identifier of the transaction.
  returned: when one was submitted
  type: str
device:
  description: Identity of the CPE.
  returned: when a transaction was submitted
  type: str
kind:
  description: Kind of the transaction, C(read).
  returned: when one was submitted
  type: str
state:
  description: State of the transaction, C(queued), C(running), C(done), C(fault), C(expired) or C(cancelled).
  returned: when one was submitted
  type: str
check:
  description: Whether it was submitted in check mode.
  returned: when a transaction was submitted
  type: bool
fault:
  description: Why it failed, with C(kind), C(code), C(message) and C(parameters).
  returned: when the transaction failed
  type: dict
"""
