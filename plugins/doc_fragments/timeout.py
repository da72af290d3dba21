# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option that says how long to wait."""

from __future__ import annotations


class ModuleDocFragment:
    """Shared by the modules that wait for a device."""

    DOCUMENTATION = r"""
options:
  timeout:
    description:
      - Seconds to wait for the device.
      - Default is host variable C(cwmp_timeout), else 60.
    type: float
    default: 60.0
"""
