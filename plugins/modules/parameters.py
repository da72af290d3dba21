#!/usr/bin/python
# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of cpeops.cwmp.parameters; the work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: parameters
short_description: Ensure parameter values of a CPE
version_added: 0.1.0
author:
  - cpeops (@cpeops)
description:
  - Reads the parameters, sends the differences only, in one atomic SetParameterValues where the device
    allows it, and reads them back.
  - Everything happens in one CWMP session of one transaction. Nothing is sent when there is no difference.
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
    required: true
seealso:
  - module: cpeops.cwmp.converge
  - module: cpeops.cwmp.parameters_info
"""

EXAMPLES = r"""
- name: Call home every fifteen minutes
  cpeops.cwmp.parameters:
    set:
      .ManagementServer.PeriodicInformEnable: true
      .ManagementServer.PeriodicInformInterval: 900

- name: A parameter that needs a reboot on this model, and one that the device spells in its own way
  cpeops.cwmp.parameters:
    set:
      Device.WiFi.Radio.1.Channel: 11
      Device.Time.LocalTimeZone: "CET-1CEST,M3.5.0,M10.5.0/3"
    accept: [pending_reboot, normalised]

- name: Submit for all hosts first, so that no fork waits for a slow device
  cpeops.cwmp.parameters:
    set:
      .Time.NTPServer1: ntp.example.net
    wait: false
  register: submitted

- name: Then collect
  cpeops.cwmp.transaction:
    id: "{{ submitted.transaction }}"
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
