# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that say which device, through which platform."""

from __future__ import annotations


class ModuleDocFragment:
    """Shared by every module."""

    DOCUMENTATION = r"""
options:
  device:
    description:
      - The CPE, by its CWMP identity C(OUI-ProductClass-Serial) (special characters of the parts
        percent-encoded), or by a serial number that only one CPE has.
      - Default is host variable C(cwmp_device), else the inventory hostname.
    type: str
  platform:
    description:
      - What carries transactions to the device. V(acs) is the ACS of this project.
      - Default is host variable C(cwmp_platform), else V(acs).
    type: str
    default: acs
  url:
    description:
      - Where the platform listens, as C(unix:/path/to/acs.sock), C(http://127.0.0.1:PORT) or C(https://HOST).
      - Default is host variable C(cwmp_url), then environment variable E(CWMP_URL), then the socket that
        C(cwmp acs serve) opens on this machine.
    type: str
  token:
    description:
      - Token that the platform asks for over HTTP. Never shown.
      - Default is host variable C(cwmp_token), then environment variable E(CWMP_TOKEN).
    type: str
  ca_file:
    description:
      - Certificates to trust for C(https), instead of the system's.
      - Default is host variable C(cwmp_ca_file).
    type: path
requirements:
  - cwmp >= 0.1.0 for the Python that runs Ansible
notes:
  - Options are taken from the task, then from C(module_defaults), then from host variables, then from the
    environment. Host variables are those of the inventory host, also under C(delegate_to).
  - The work is done on the controller, so the connection plugin and the interpreter do not matter;
    O(device) is reached through the platform only.
  - Passwords and tokens belong in variables, such as those of a vault. When a task fails, Ansible itself
    quotes lines of the playbook around it with all that is written there; no module can keep it from that.
  - All modules share action group C(cpeops.cwmp.all) for C(module_defaults). A common option a module has
    no use for is accepted and ignored, so that the defaults can hold it for the whole group.
"""
