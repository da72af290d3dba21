# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that say how differences are found and judged."""

from __future__ import annotations


class ModuleDocFragment:
    """Shared by the modules that change a device."""

    DOCUMENTATION = r"""
options:
  secrets:
    description:
      - What to do with parameters that cannot be read back, such as passwords. V(when_changed) writes one
        when it is not the value that the device accepted last (the platform keeps a keyed hash); V(always)
        and V(never) say themselves.
    type: str
    choices: [when_changed, always, never]
    default: when_changed
  secret_paths:
    description:
      - Paths whose values are masked besides those that the data model hides and those named like a
        password; a path that ends in a dot stands for everything below it.
    type: list
    elements: str
    default: []
  accept:
    description:
      - Verdicts taken as success besides C(applied), see RV(verdicts).
    type: list
    elements: str
    choices: [pending_reboot, normalised, reverted, unverifiable]
    default: []
  strict:
    description:
      - Whether a finding against the standard data model (unknown parameter, value out of range) fails the
        task before anything is sent. With V(false) it is a warning, because devices differ from the
        standard.
    type: bool
    default: false
attributes:
  check_mode:
    description: Compares with the device and changes nothing.
    support: full
  diff_mode:
    description: Shows each parameter before and after, secrets masked.
    support: full
notes:
  - A leading dot in a path stands for the device's own root, C(Device.) or C(InternetGatewayDevice.).
  - YAML turns unquoted V(no), V(1.10), V(012345) or V(11:22:33) into something else. Quote values of string
    parameters.
  - Ansible does not template keys of a mapping; build a mapping with templated paths in a variable.
seealso:
  - module: cpeops.cwmp.transaction
"""
