#!/usr/bin/python
# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of cpeops.cwmp.device; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: device
short_description: Register a CPE, or a type of CPEs, on its platform
version_added: 0.1.0
author:
  - cpeops (@cpeops)
description:
  - The platform's side of a device, such as its credentials and tags. Nothing is sent to the device.
  - What is not given is left alone.
extends_documentation_fragment:
  - cpeops.cwmp.platform
options:
  state:
    description: Whether the platform knows the device. With V(absent) it forgets it; it comes back with its
      next Inform. A device that the platform does not know is as it should be.
    type: str
    choices: [present, absent]
    default: present
  username:
    description: Name that the device presents to the ACS.
    type: str
  password:
    description: Password that the device presents to the ACS, together with O(username). Never shown.
    type: str
  connection_request_username:
    description: Name that the device asks of a connection request.
    type: str
  connection_request_password:
    description: Password that the device asks of a connection request, together with
      O(connection_request_username). Never shown.
    type: str
  tags:
    description: All tags of the device; others are removed.
    type: list
    elements: str
  quarantine:
    description: Whether the platform refuses the device. V(false) releases a device that the platform has
      quarantined.
    type: bool
  device_type:
    description:
      - Name of a device type to register instead of a device. Devices of one type share O(username) and
        O(password) until each has its own.
    type: str
  match:
    description: Which devices are of this type. The most specific type wins. At least one of its keys is
      needed, unless O(any_device=true).
    type: dict
    suboptions:
      manufacturer:
        description: Manufacturer, as the device informs it.
        type: str
      oui:
        description: Organisationally unique identifier.
        type: str
      product_class:
        description: Product class.
        type: str
      serial_prefix:
        description: How their serial numbers begin.
        type: str
  any_device:
    description: Whether every device is of this type, whatever it is. Whoever knows the password can then be
      any device that has no credentials of its own, so this has to be said.
    type: bool
  individual:
    description: Whether a device of this type is given credentials of its own at first contact.
    type: bool
attributes:
  check_mode:
    description: Asks the platform what would change.
    support: full
  diff_mode:
    description: Shows each field before and after, secrets masked.
    support: full
"""

EXAMPLES = r"""
- name: Register a device with its credentials
  cpeops.cwmp.device:
    device: 0A0B0C-LabGateway-LAB000001
    username: lab-000001
    password: "{{ vault_cpe_password }}"
    tags: [lab, canary]

- name: Credentials that a make of devices comes with, replaced at first contact
  cpeops.cwmp.device:
    device_type: acme-gateways
    match:
      oui: 0A0B0C
      product_class: LabGateway
    username: factory
    password: "{{ vault_factory_password }}"
    individual: true
  run_once: true

- name: Forget a device that was scrapped
  cpeops.cwmp.device:
    state: absent
"""

RETURN = r"""
device:
  description: Identity of the CPE, or the name that was given where the platform does not know it.
  returned: unless O(device_type) is given
  type: str
fields:
  description: What was changed (in check mode, what would be), by field, as a pair of before and after,
    secrets masked.
  returned: success
  type: dict
  sample:
    tags: [[], [lab]]
record:
  description: The device as the platform now knows it, in the form of M(cpeops.cwmp.device_facts); null
    when absent.
  returned: success
  type: dict
"""
