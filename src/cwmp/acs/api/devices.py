"""Devices, and what can be asked of one."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response

from cwmp.acs.access.lockout import refuse_lockout
from cwmp.acs.api import schemas
from cwmp.acs.api.acs import Acs
from cwmp.acs.api.gate import note
from cwmp.acs.api.offline import checked_state
from cwmp.acs.api.problems import responses
from cwmp.acs.api.waiting import while_connected
from cwmp.acs.devices.registry import device_json
from cwmp.acs.transactions.transactions import Kind, TransactionRecord, transaction_json
from cwmp.platforms.protocol import Registration, RegistrationChange

ONE_DAY = 86_400.0
SETTLING = 1.0
"""Seconds after the wait in which an expiry becomes known."""

Ident = Annotated[
    str, Path(min_length=1, max_length=512, description="Identity, or a serial number that one has.")
]
SUBMITTED: dict[int | str, dict[str, Any]] = {
    202: {"model": schemas.Transaction, "description": "Accepted durably; not over yet"},
    **responses(404, 409, 422, 503),
}


def router(acs: Acs) -> APIRouter:
    """The routes below /v1/devices."""
    routes = APIRouter(prefix="/v1/devices", tags=["devices"])
    registry, transactions = acs.state.registry, acs.state.transactions

    @routes.get("", response_model=schemas.Devices, responses=responses(422))
    async def devices(filters: Annotated[schemas.DeviceFilters, Query()]) -> Response:
        """Devices in the order of their identities."""
        wanted = {k: v for k, v in filters.model_dump(exclude={"after", "limit"}).items() if v}
        found = registry.devices(wanted, after=filters.after, limit=filters.limit + 1)
        page = found[: filters.limit]
        more = page[-1].id if len(found) > filters.limit else None
        return JSONResponse({"devices": [device_json(record) for record in page], "next": more})

    @routes.get("/{device}", response_model=schemas.Device, responses=responses(404, 409, 422))
    async def device(device: Ident) -> Response:
        """One device."""
        return JSONResponse(device_json(registry.find(device)))

    @routes.put(
        "/{device}", response_model=schemas.RegistrationChange, responses=responses(404, 409, 422, 503)
    )
    async def register(
        request: Request, device: Ident, body: schemas.RegistrationIn, check: bool = False
    ) -> Response:
        """Credentials, tags and quarantine of a device, known or not yet."""
        given = body.model_dump(exclude_unset=True)
        note(request.scope, device=device, check=check, fields=sorted(given))
        if given.get("tags") is not None:
            given["tags"] = tuple(given["tags"])
        return _change(await registry.register(device, Registration(**given), check))

    @routes.delete(
        "/{device}", response_model=schemas.RegistrationChange, responses=responses(404, 409, 422, 503)
    )
    async def forget(request: Request, device: Ident, check: bool = False) -> Response:
        """Remove a device with its credentials and what has not begun for it."""
        note(request.scope, device=device, check=check)
        change = await registry.forget(device, check)
        if change.changed and not check:
            acs.trace.forget(str(change.fields["device"][0]))
        return _change(change)

    @routes.post("/{device}/converge", response_model=schemas.Transaction, responses=SUBMITTED)
    async def converge(request: Request, device: Ident, body: schemas.ConvergeIn) -> Response:
        """Bring a device to a state, in one CWMP session: read, plan, write the differences, read back."""
        record = registry.find(device)
        state = checked_state(body.state, record.root, strict=body.strict, device=record.id)
        if not acs.open_to_all:
            await refuse_lockout(record, state, acs.state.credentials, secrets=body.secrets)
        payload = {
            "state": state.to_json(),
            "secrets": body.secrets,
            "accept": body.accept,
            "strict": body.strict,
            "secret_paths": body.secret_paths,
        }
        note(
            request.scope,
            check=body.check,
            paths=[*state.set, *(instance.table for instance in state.instances)][:100],
        )
        return await submit(request, record.id, "converge", payload, body, check=body.check)

    @routes.post("/{device}/read", response_model=schemas.Transaction, responses=SUBMITTED)
    async def read(request: Request, device: Ident, body: schemas.ReadIn) -> Response:
        """Read parameters of a device in one CWMP session."""
        record = registry.find(device)
        payload = {"paths": body.paths, "names": body.names}
        note(request.scope, paths=body.paths[:100])
        return await submit(request, record.id, "read", payload, body)

    async def submit(
        request: Request,
        device: str,
        kind: Kind,
        payload: dict[str, Any],
        call: schemas.CallIn,
        *,
        check: bool = False,
    ) -> Response:
        lasts = call.expires or (ONE_DAY if call.queue or not call.wait else call.wait)
        began = time.monotonic()
        transaction = await transactions.submit(
            device,
            kind,
            payload,
            check=check,
            expires_at=time.time() + lasts,
            queue=call.queue,
            client_key=call.client_key,
            actor=call.actor,
            connection_request=call.connection_request,
        )
        acs.metrics.submit_took(time.monotonic() - began)
        note(request.scope, device=device, transaction=transaction.id, actor=call.actor)
        if call.wait and not transaction.over:
            # An expiry at the end of the wait is part of the answer.
            patience = call.wait + (SETTLING if lasts <= call.wait else 0.0)
            after = await while_connected(request, transactions.wait(transaction.id, patience))
            if after is None:
                if not call.queue:
                    await transactions.cancel(transaction.id, "The caller went away before it began")
                note(request.scope, caller="gone")
                return Response(status_code=204)
            transaction = after
        return _transaction(transaction)

    @routes.post(
        "/{device}/connection-request", response_model=schemas.Woken, responses=responses(404, 409, 422)
    )
    async def connection_request(
        request: Request, device: Ident, body: schemas.WakeIn | None = None
    ) -> Response:
        """Wake a device, and wait for its Inform."""
        asked = body or schemas.WakeIn()
        record = registry.find(device)
        note(request.scope, device=record.id, method=asked.method)
        result = await while_connected(request, acs.waking.request(record.id, asked.method, asked.wait))
        if result is None:
            return Response(status_code=204)
        note(request.scope, answer=result.answer)
        return JSONResponse(asdict(result))

    @routes.get("/{device}/trace", response_model=schemas.Traced, responses=responses(404, 409, 422))
    async def trace(device: Ident) -> Response:
        """The SOAP of the device's last sessions, secrets masked."""
        return JSONResponse({"sessions": acs.trace.sessions(registry.find(device).id)})

    return routes


def _transaction(record: TransactionRecord) -> Response:
    return JSONResponse(transaction_json(record), 200 if record.over else 202)


def _change(change: RegistrationChange) -> Response:
    return JSONResponse(
        {
            "changed": change.changed,
            "fields": {name: list(pair) for name, pair in change.fields.items()},
            "device": asdict(change.device) if change.device else None,
        }
    )
