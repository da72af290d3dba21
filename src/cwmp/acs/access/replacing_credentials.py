"""Giving a device credentials of its own in place of those it shares with all of its type.

The new pair is stored as pending before it leaves, and both pairs are valid until the new one has been
used: a lost answer locks nobody out, and the next session writes the same pair again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from cwmp.datamodel.paths import with_root
from cwmp.desired.procedure import Procedure, Request
from cwmp.wire.messages import Fault, ParameterValue, SetParameterValues

if TYPE_CHECKING:
    from cwmp.acs.access.credentials import Credentials
    from cwmp.acs.devices.registry import DeviceRecord

log = logging.getLogger("cwmp.acs.access.replacing_credentials")


class Replacement:
    """What is due in a session that began with a type's shared credentials."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    async def begin(self, record: DeviceRecord) -> Procedure[None] | None:
        """The procedure that writes the pair; it is durable when this returns. None: not possible yet."""
        if not record.root:
            return None
        username, password = await self._credentials.start_individual(record.id)
        return _write(record, username, password)


def _write(record: DeviceRecord, username: str, password: str) -> Procedure[None]:
    request = SetParameterValues(
        (
            ParameterValue(with_root(".ManagementServer.Username", record.root), username),
            ParameterValue(with_root(".ManagementServer.Password", record.root), password),
        ),
        # The device's configuration stays that of the last transaction: so does its key.
        record.parameter_key,
    )
    answer = yield Request(request, "give the device its own credentials")
    if isinstance(answer, Fault):
        log.warning("%s: the device refused credentials of its own: fault %d", record.id, answer.code)
    else:
        log.info("%s: the device took credentials of its own", record.id)
