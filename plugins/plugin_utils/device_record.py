# Copyright: (c) 2026, cpeops
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A device as its platform knows it, as plain data for facts and results."""

from __future__ import annotations

from typing import Any


def record_of(device: Any) -> dict[str, Any]:
    """Identity, root, firmware and abilities of one CPE; \"\" or [] where unknown."""
    return {
        "id": device.id,
        "manufacturer": device.manufacturer,
        "oui": device.oui,
        "product_class": device.product_class,
        "serial_number": device.serial_number,
        "root": device.root,
        "data_models": list(device.data_models),
        "software_version": device.software_version,
        "hardware_version": device.hardware_version,
        "address": device.address,
        "last_inform": device.last_inform,
        "last_events": list(device.last_events),
        "connection_request_url": device.connection_request_url,
        "connection_request_methods": list(device.connection_request_methods),
        "tags": list(device.tags),
        "flags": list(device.flags),
        "registered": device.registered,
    }
