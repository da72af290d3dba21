"""What of an Inform's parameters is kept of a device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cwmp.datamodel.paths import ROOTS

if TYPE_CHECKING:
    from cwmp.acs.devices.device_records import DeviceRecord
    from cwmp.wire.messages import ParameterValue

_FIELDS = {
    "DeviceInfo.SoftwareVersion": "software_version",
    "DeviceInfo.HardwareVersion": "hardware_version",
    "ManagementServer.ConnectionRequestURL": "connection_request_url",
    "ManagementServer.UDPConnectionRequestAddress": "udp_address",
    "ManagementServer.ConnReqJabberID": "jabber_id",
    "ManagementServer.ParameterKey": "parameter_key",
}
_KEPT = frozenset(
    {
        "RootDataModelVersion",
        "DeviceSummary",
        "DeviceInfo.ProvisioningCode",
        "DeviceInfo.SpecVersion",
        "DeviceInfo.ModelName",
        "ManagementServer.AliasBasedAddressing",
        "ManagementServer.NATDetected",
        "ManagementServer.STUNEnable",
        "ManagementServer.STUNServerAddress",
        "ManagementServer.SupportedConnReqMethods",
    }
)
_LONGEST = 2048
"""Characters of a ConnectionRequestURL (TR-181); of the others a device may send any nonsense."""


def take_in(record: DeviceRecord, parameters: Sequence[ParameterValue]) -> bool:
    """Take what is worth keeping into the record; True if anything changed."""
    changed = False
    rooted = False
    for parameter in parameters:
        name = parameter.name
        for root in ROOTS:
            if name.startswith(root):
                break
        else:
            continue
        if not rooted:
            rooted = True  # by the first name, whatever strays among the others
            if record.root != root:
                record.root = root
                changed = True
        suffix = name[len(root) :]
        field = _FIELDS.get(suffix)
        if field is not None:
            value = parameter.value[:_LONGEST]
            if getattr(record, field) != value:
                setattr(record, field, value)
                changed = True
        elif suffix in _KEPT or suffix.endswith(".ExternalIPAddress"):
            value = parameter.value[:_LONGEST]
            if suffix not in _KEPT:
                suffix = "ExternalIPAddress"
            if record.parameters.get(suffix) != value:
                record.parameters[suffix] = value
                changed = True
    return changed
