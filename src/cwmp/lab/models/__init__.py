"""The kinds of CPE the lab can simulate: built-in gateways of both roots, and dumps of real devices.

``tr181-gateway`` and ``tr098-gateway`` are grown from the standard's facts by short profiles of our own.
Their OUI 0A0B0C has the locally-administered bit set, so it belongs to no manufacturer.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from cwmp.errors import CwmpError
from cwmp.lab.nodes import BaseTree, ParameterNode
from cwmp.wire.messages import DeviceId

GATEWAYS = ("tr181-gateway", "tr098-gateway")
"""Names of the built-in models."""


@dataclass(frozen=True, slots=True)
class DeviceModel:
    """A kind of CPE: the tree all of them share and who they are.

    device_id: of a single CPE of this model. personal: values each has its own, as templates of ``{serial}``,
    ``{tail}`` (its last four characters), ``{mac}`` (three octets), ``{low}`` and ``{high}`` (1 to 254).
    """

    name: str
    base: BaseTree
    device_id: DeviceId
    personal: Mapping[str, str] = field(default_factory=dict)

    def identity(self, serial_number: str) -> DeviceId:
        """The identity of the CPE of this model with that serial number."""
        own = self.device_id
        return DeviceId(own.manufacturer, own.oui, own.product_class, serial_number)

    def factory(self, serial_number: str) -> dict[str, str]:
        """Values the CPE with that serial number has for itself (MAC addresses, SSIDs, WAN address)."""
        seed = zlib.crc32(serial_number.encode())
        octets = [(seed >> shift) & 0xFF for shift in (16, 8, 0)]
        names = {
            "serial": serial_number,
            "tail": serial_number[-4:],
            "mac": ":".join(f"{octet:02X}" for octet in octets),
            "low": str(octets[2] % 254 + 1),
            "high": str(octets[1] % 254 + 1),
        }
        return {path: text.format(**names) for path, text in self.personal.items()}


def load_model(name: str) -> DeviceModel:
    """The built-in model of that name, else the dump in that file. One tree per process and model.

    Raises `CwmpError` for a name that is neither, and for a dump that cannot be understood.
    """
    if name in GATEWAYS:
        return _gateway(name)
    file = Path(name)
    if not file.is_file():
        raise CwmpError(
            f"there is no device model {name!r}: use {', '.join(GATEWAYS)} or the file of a device dump"
        )
    status = file.stat()
    return _dumped(str(file.resolve()), status.st_mtime_ns, status.st_size)


@cache
def _gateway(name: str) -> DeviceModel:
    from cwmp.lab.models import tr098, tr181
    from cwmp.lab.models.growing import grow

    profile = tr181.PROFILE if name == "tr181-gateway" else tr098.PROFILE
    base = grow(profile)
    return DeviceModel(name, base, _identity(base), profile.personal)


@cache
def _dumped(file: str, _modified: int, _size: int) -> DeviceModel:
    from cwmp.lab.dump import load_dump

    base = load_dump(file)
    return DeviceModel(Path(file).name, base, _identity(base))


def _identity(base: BaseTree) -> DeviceId:
    def own(name: str) -> str:
        node = base.nodes.get(f"{base.root}DeviceInfo.{name}")
        return node.value if isinstance(node, ParameterNode) else ""

    return DeviceId(own("Manufacturer"), own("ManufacturerOUI"), own("ProductClass"), own("SerialNumber"))


__all__ = ["GATEWAYS", "DeviceModel", "load_model"]
