"""One string for one device: ``OUI-ProductClass-SerialNumber``, spelt as GenieACS spells it.

Every character but ASCII letters, digits and ``_`` is percent-encoded, ``-`` too (``%2D``), so a hyphen
only ever separates the parts. A device without product class is ``OUI-SerialNumber``.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from cwmp.wire.errors import InvalidIdentity
from cwmp.wire.messages import DeviceId

_RESERVED = re.compile(r"[^A-Za-z0-9_]")
_PART = re.compile(r"(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})*\Z")


def device_id_of(device_id: DeviceId) -> str:
    """The identity of a device by its Inform; the OUI keeps the case it was sent in."""
    parts = [device_id.oui, device_id.serial_number]
    if device_id.product_class:
        parts.insert(1, device_id.product_class)
    return "-".join(map(encode_part, parts))


def encode_part(text: str) -> str:
    """One part of an identity, percent-encoded."""
    if text.isalnum() and text.isascii():
        return text
    return _RESERVED.sub(_percent, text)


def parse_device_id(identity: str) -> DeviceId:
    """The parts of an identity; the manufacturer is not in it. Raises `InvalidIdentity`."""
    parts = identity.split("-")
    if len(parts) not in (2, 3) or not all(_PART.match(part) for part in parts):
        raise InvalidIdentity(
            f"{identity!r} is no device identity: OUI-ProductClass-SerialNumber or OUI-SerialNumber, "
            "with characters other than letters, digits and _ percent-encoded (- is %2D)"
        )
    try:
        decoded = [unquote_to_bytes(part).decode("utf-8") for part in parts]
    except UnicodeDecodeError:
        raise InvalidIdentity(f"{identity!r} is no device identity: not UTF-8 when decoded") from None
    return DeviceId("", decoded[0], decoded[1] if len(decoded) == 3 else "", decoded[-1])


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found.group().encode("utf-8", "replace"))
