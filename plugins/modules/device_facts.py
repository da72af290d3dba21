#!/usr/bin/python
# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of cpeops.cwmp.device_facts; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: device_facts
short_description: Gather what the platform knows of a CPE
version_added: 0.1.0
author:
  - cpeops (@cpeops)
description:
  - Identity, root, data models, firmware and ways to wake the device, as its last Inform told them. The
    device is not woken.
extends_documentation_fragment:
  - cpeops.cwmp.platform
attributes:
  check_mode:
    description: Reads in check mode, too.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
seealso:
  - module: cpeops.cwmp.parameters_info
    description: Reads from the device itself.
"""

EXAMPLES = r"""
- name: Gather facts of the CPE
  cpeops.cwmp.device_facts:

- name: Use them
  ansible.builtin.debug:
    msg: "{{ ansible_facts.cwmp.manufacturer }} {{ ansible_facts.cwmp.software_version }}"
"""

RETURN = r"""
ansible_facts:
  description: Facts to add.
  returned: success
  type: dict
  contains:
    cwmp:
      description: Everything below this one key.
      returned: success
      type: dict
      contains:
        id:
          description: Identity of the CPE.
          type: str
          sample: 0A0B0C-LabGateway-LAB000001
        manufacturer:
          description: Manufacturer.
          type: str
        oui:
          description: Organisationally unique identifier of the manufacturer.
          type: str
        product_class:
          description: Product class.
          type: str
        serial_number:
          description: Serial number.
          type: str
        root:
          description: Root of its data model, C(Device.) or C(InternetGatewayDevice.).
          type: str
        data_models:
          description: Data models it supports.
          type: list
          elements: str
        software_version:
          description: Version of its firmware.
          type: str
        hardware_version:
          description: Version of its hardware.
          type: str
        address:
          description: Address it was seen from.
          type: str
        last_inform:
          description: Time of its last Inform, ISO 8601 in UTC.
          type: str
        last_events:
          description: Event codes of its last Inform.
          type: list
          elements: str
        connection_request_url:
          description: Where it listens for HTTP connection requests.
          type: str
        connection_request_methods:
          description: Ways to wake it.
          type: list
          elements: str
        tags:
          description: Tags given on the platform.
          type: list
          elements: str
        flags:
          description: What the platform has noticed, such as a changed identity or a clone.
          type: list
          elements: str
        registered:
          description: Whether it was registered rather than only seen.
          type: bool
"""
