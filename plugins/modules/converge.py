#!/usr/bin/python
# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of cpeops.cwmp.converge; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: converge
short_description: Bring a CPE to one desired state of parameters, instances and attributes
version_added: 0.1.0
author:
  - cpeops (@cpeops)
description:
  - What M(cpeops.cwmp.parameters) does for values, for values, rows of multi-instance objects and
    notification attributes together, in one transaction and one CWMP session.
  - Steps are ordered. Rows are added before references to them are set, credentials before C(Enable), rows
    are deleted last.
extends_documentation_fragment:
  - cpeops.cwmp.platform
  - cpeops.cwmp.timeout
  - cpeops.cwmp.call
  - cpeops.cwmp.converge
options:
  set:
    description:
      - Wanted values by parameter path. A list is written as the comma-separated list that TR-069 knows.
      - A value may be the reference to a row, as in V(.XMPP.Connection.[Alias=="acs"]).
    type: dict
    default: {}
  instances:
    description: Rows of multi-instance objects, found by their keys. A missing row is added, never a second
      one.
    type: list
    elements: dict
    default: []
    suboptions:
      table:
        description: Path of the table, ending in a dot, such as V(.XMPP.Connection.).
        type: str
        required: true
      match:
        description: Key parameters below the row and their values. They are set too when the row is added.
        type: dict
        default: {}
      set:
        description: Wanted values by parameter path below the row.
        type: dict
        default: {}
      state:
        description: Whether the row exists.
        type: str
        choices: [present, absent]
        default: present
      number:
        description: The bare instance number, only where no key tells the row.
        type: int
  attributes:
    description: Notification and access of parameters.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The parameter.
        type: str
        required: true
      notification:
        description: 0 off, 1 passive, 2 active, 3 to 6 the lightweight forms of TR-069. Left alone when not
          given.
        type: int
        choices: [0, 1, 2, 3, 4, 5, 6]
      access_list:
        description: Who besides the ACS may write it, V([]) or V([Subscriber]). Left alone when not given.
        type: list
        elements: str
seealso:
  - module: cpeops.cwmp.parameters
"""

EXAMPLES = r"""
- name: An XMPP connection by its alias, used for connection requests
  cpeops.cwmp.converge:
    instances:
      - table: .XMPP.Connection.
        match:
          Alias: acs
        set:
          Domain: xmpp.example.net
          Username: "{{ xmpp_username }}"
          Password: "{{ xmpp_password }}"
          UseTLS: true
          Enable: true
    set:
      .ManagementServer.ConnReqXMPPConnection: .XMPP.Connection.[Alias=="acs"]
    attributes:
      - path: .ManagementServer.ConnReqJabberID
        notification: 2

- name: No such port mapping
  cpeops.cwmp.converge:
    instances:
      - table: .NAT.PortMapping.
        match:
          Alias: old-camera
        state: absent
"""

RETURN = r"""
msg:
  description: That it is queued, or what went wrong, in one sentence.
  returned: when the transaction is not over, or failed
  type: str
  sample: >-
    queued as 0660f7450277c3777edeb8; it will be applied when the device comes, until
    2026-11-24T21:14:46.170Z; cpeops.cwmp.transaction reports what came of it
transaction:
  description: Identifier of the transaction.
  returned: when one was submitted
  type: str
  sample: 0660f7450277c3777edeb8
device:
  description: Identity of the CPE.
  returned: when a transaction was submitted
  type: str
  sample: 0A0B0C-LabGateway-LAB000001
kind:
  description: Kind of the transaction, C(converge).
  returned: when one was submitted
  type: str
state:
  description: State of the transaction, C(queued), C(running), C(done), C(fault), C(expired) or C(cancelled).
  returned: when one was submitted
  type: str
check:
  description: Whether it was run in check mode.
  returned: when a transaction was submitted
  type: bool
root:
  description: The device's root, C(Device.) or C(InternetGatewayDevice.).
  returned: when the transaction is over
  type: str
changes:
  description:
    - Every difference, secrets masked. In check mode what would be changed.
    - C(changed) is true when there are any; after a failure only when the device was really changed.
  returned: when the transaction is over
  type: list
  elements: dict
  contains:
    kind:
      description: What was done, C(set), C(add), C(delete) or C(attribute).
      type: str
    path:
      description: Full path.
      type: str
    before:
      description: Value before, as on the wire; null where there was none.
      type: str
    wanted:
      description: Value wanted.
      type: str
    after:
      description: Value read back; null in check mode.
      type: str
    type:
      description: Type of the parameter, as the device reports it.
      type: str
    verdict:
      description: See RV(verdicts).
      type: str
    secret:
      description: Whether the values are masked.
      type: bool
  sample:
    - kind: set
      path: Device.ManagementServer.PeriodicInformInterval
      before: "300"
      wanted: "900"
      after: "900"
      type: unsignedInt
      verdict: applied
      secret: false
verdicts:
  description:
    - How each change stands after reading back, by path. C(planned) (check mode), C(applied),
      C(pending_reboot) (the device applies it after a reboot), C(normalised) (the device holds another
      spelling), C(reverted) (the device accepted it and holds something else), C(unverifiable) (it cannot
      be read back).
    - Any but C(planned) and C(applied) fails the task unless it is named in O(accept).
  returned: when the transaction is over
  type: dict
  sample:
    Device.ManagementServer.PeriodicInformInterval: applied
instances:
  description: Rows that were matched or added, each with C(table), C(match) and C(number).
  returned: when the transaction is over
  type: list
  elements: dict
atomic:
  description: Whether everything was set in one request. False where the device cannot take so many
    parameters at once.
  returned: when the transaction is over
  type: bool
fault:
  description: Why it failed, with C(kind) (C(cwmp), C(input), C(verdict), C(session) or C(offline)),
    C(code), C(message) and C(parameters), a list of C(path), C(code) and C(message).
  returned: when the transaction failed
  type: dict
"""
