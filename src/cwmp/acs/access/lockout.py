"""Refusing a desired state after which this ACS would no longer let the device in.

A device that is told a ManagementServer.Username or .Password which the ACS does not accept is gone for good:
it would report success in its last session and be answered 401 from then on.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from cwmp.acs.errors import BadInput
from cwmp.datamodel.paths import without_root
from cwmp.wire.digest import ha1

if TYPE_CHECKING:
    from cwmp.acs.access.credentials import Credential, Credentials
    from cwmp.acs.devices.device_records import DeviceRecord
    from cwmp.desired.state import DesiredState

_USERNAME = ".ManagementServer.Username"
_PASSWORD = ".ManagementServer.Password"  # noqa: S105


async def refuse_lockout(
    record: DeviceRecord, state: DesiredState, credentials: Credentials, *, secrets: str
) -> None:
    """Raises `BadInput` if the device would hold a pair that this ACS does not accept from it.

    Where only one part is to be written, the other counts as the device holds it. secrets: as of the
    converge; with "never" the password is not written.
    """
    wanted: dict[str, Any] = {without_root(path): value for path, value in state.set.items()}
    username = wanted.get(_USERNAME)
    password = wanted.get(_PASSWORD) if secrets != "never" else None
    if username is None and password is None:
        return
    fitting = await _accepted(record, credentials)
    held = _held(fitting)
    if password is None:
        if username == held:
            return
        why = f"with the password the device holds, this ACS knows no username {username!r} of it"
        mend = f"write {_PASSWORD} too"
    else:
        name = held if username is None else str(username)
        proof = ha1(name, credentials.realm, str(password), "SHA-256") if name else ""
        if any(each.username == name and hmac.compare_digest(each.ha1_sha256, proof) for each in fitting):
            return
        if not any(each.username == name for each in fitting):
            why = f"this ACS knows no username {name!r} of it" if name else "its username is not known here"
        else:
            why = f"this ACS holds another password of it for the username {name!r}"
        mend = "" if username is not None else f"write {_USERNAME} too where it differs"
    path = _USERNAME if username is not None else _PASSWORD
    raise BadInput(
        f"{path} would lock {record.id} out, for {why}: first register the pair with "
        f"`cwmp register {record.id} --username … --password-file …` (or the module cpeops.cwmp.device)"
        f"{', and ' if mend else ''}{mend}."
    )


async def _accepted(record: DeviceRecord, credentials: Credentials) -> list[Credential]:
    """The credentials with which the device is let in, the one it uses now first."""
    own = [each for each in await credentials.of_device(record.id) if each.state != "retired"]
    if any(each.state == "current" for each in own):
        return own
    kind = credentials.type_for(record.manufacturer, record.oui, record.product_class, record.serial_number)
    if kind is None:
        return own
    shared = [
        each
        for each in await credentials.lookup(kind.username)
        if each.scope == "type" and each.owner == kind.name and each.state != "retired"
    ]
    return [*shared, *own]


def _held(accepted: list[Credential]) -> str:
    """The username the device has now; "" if not known."""
    return accepted[0].username if accepted else ""
