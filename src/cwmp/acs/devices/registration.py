"""What a registration would change of a device, worked out before anything is changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cwmp.acs.errors import BadInput
from cwmp.desired.outcome import MASK

if TYPE_CHECKING:
    from cwmp.acs.access.credentials import Credentials
    from cwmp.acs.devices.device_records import DeviceRecord
    from cwmp.platforms.protocol import Registration


@dataclass(slots=True)
class Planned:
    """fields: name → (before, after), secrets masked. The others: what to set; None leaves it alone."""

    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    tags: tuple[str, ...] | None = None
    quarantine: bool | None = None
    own: tuple[str, str, bool] | None = None
    """Username, password, and whether the device comes with others now."""
    connection_request: tuple[str, str] | None = None


async def plan(record: DeviceRecord, registration: Registration, credentials: Credentials) -> Planned:
    """Compare with what is stored. Raises `BadInput` for credentials that cannot be."""
    planned = Planned()
    fields = planned.fields
    if not record.registered:
        fields["registered"] = (False, True)
    if registration.tags is not None:
        tags = tuple(sorted(set(registration.tags)))
        if tags != record.tags:
            fields["tags"] = (list(record.tags), list(tags))
            planned.tags = tags
    wanted = registration.quarantine
    if wanted is not None and wanted != record.quarantined:
        fields["quarantine"] = (record.quarantined, wanted)
        planned.quarantine = wanted
    own = await _own(record.id, registration, credentials, fields)
    if own is not None:
        # one that is not to be trusted as it comes is not let in with what it has any longer
        planned.own = (*own, bool(record.last_inform) and not record.quarantined)
    planned.connection_request = await _request(record.id, registration, credentials, fields)
    return planned


async def _own(
    device_id: str, registration: Registration, credentials: Credentials, fields: dict[str, tuple[Any, Any]]
) -> tuple[str, str] | None:
    if registration.username is None and registration.password is None:
        return None
    # what it is being moved to counts before what it is moved from
    own = [each for each in await credentials.of_device(device_id) if each.state != "retired"]
    own.sort(key=lambda each: each.state != "pending")
    before = own[0].username if own else None
    username = registration.username or before
    if username is None:
        raise BadInput(
            f"{device_id}: a password needs its username too, for the device has none of its own yet."
        )
    if registration.password is None:
        if username == before:
            return None
        raise BadInput(f"{device_id}: a new username needs its password too, for only a hash of it is kept.")
    if await credentials.is_current(device_id, username, registration.password):
        return None
    credentials.check(device_id, username, registration.password)
    if username != before:
        fields["username"] = (before, username)
    fields["password"] = (MASK if own else None, MASK)
    return username, registration.password


async def _request(
    device_id: str, registration: Registration, credentials: Credentials, fields: dict[str, tuple[Any, Any]]
) -> tuple[str, str] | None:
    username = registration.connection_request_username
    password = registration.connection_request_password
    if username is None and password is None:
        return None
    before = await credentials.connection_request(device_id)
    held = before or ("", "")
    pair = (held[0] if username is None else username, held[1] if password is None else password)
    if pair == before:
        return None
    if before is None or before[0] != pair[0]:
        fields["connection_request_username"] = (before and before[0], pair[0])
    if before is None or before[1] != pair[1]:
        fields["connection_request_password"] = (before and MASK, MASK)
    return pair
