"""How a written value stands after reading back."""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from urllib.parse import unquote, urlsplit

from cwmp.desired.comparing import equal
from cwmp.desired.outcome import Verdict
from cwmp.desired.planning import Write

_DEFAULT_PORTS = {"http": 80, "https": 443, "ftp": 21}
_HARDWARE_ADDRESS = re.compile(r"[0-9A-Fa-f]{2}([:\-.]?[0-9A-Fa-f]{2}){5}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")


def verdict_of(write: Write, held: str | None, status: int, *, hashes_kept: bool) -> Verdict:
    """The verdict on a value the CPE accepted.

    held: what is read now, None where it cannot be read. status: of the set, 1 is committed and not yet
    applied. hashes_kept: the platform remembers accepted secrets (see `secrecy`).
    """
    if status == 1:
        return Verdict.PENDING_REBOOT
    if write.secret and not write.readable:
        return Verdict.APPLIED if hashes_kept else Verdict.UNVERIFIABLE
    if held is None:
        # the parameter went away, as some do when a mode changes
        return Verdict.UNVERIFIABLE
    if write.command:
        # that the CPE took it is all there is to know
        return Verdict.APPLIED
    if equal(write.meaning, write.value, held, write.form, write.item):
        return Verdict.APPLIED
    if same_but_spelt_otherwise(write.value, held):
        return Verdict.NORMALISED
    return Verdict.REVERTED


def same_but_spelt_otherwise(wanted: str, held: str) -> bool:
    """Is `held` the wanted value in another spelling: case, blanks, zeros, separators, order of a list?

    A cut, rounded or clamped value is another value.
    """
    if _folded(wanted) == _folded(held):
        return True
    if "," in wanted and "," in held:
        ones, others = (sorted(_folded(part) for part in text.split(",")) for text in (wanted, held))
        return ones == others
    return False


def _folded(text: str) -> str:
    found = " ".join(text.split())
    if len(found) > 1 and found[0] == found[-1] and found[0] in "\"'":
        found = found[1:-1]
    if _HARDWARE_ADDRESS.fullmatch(found):
        return re.sub(r"[:\-.]", "", found).lower()
    if _NUMBER.fullmatch(found):
        sign = "-" if found[0] == "-" else ""
        whole, _, fraction = found.lstrip("+-").partition(".")
        fraction = fraction.rstrip("0")
        number = (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "")
        return number if number == "0" else sign + number
    if "://" in found:
        return normal_url(found)
    if ":" in found or "/" in found:
        with suppress(ValueError):
            return str(ipaddress.ip_interface(found))
    return unquote(found).lower().rstrip(".")


def normal_url(text: str) -> str:
    """A URL in one spelling: scheme and host in lower case, no default port, no final slash."""
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return text.strip()
    scheme = parts.scheme.lower()
    shown = "" if port is None or _DEFAULT_PORTS.get(scheme) == port else f":{port}"
    user = parts.netloc.rpartition("@")[0]
    query = f"?{parts.query}" if parts.query else ""
    return f"{scheme}://{user + '@' if user else ''}{host}{shown}{parts.path.rstrip('/')}{query}"
