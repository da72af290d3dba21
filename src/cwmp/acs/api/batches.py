"""Batches: many transactions with a common pace and failure threshold."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response

from cwmp.acs.access.lockout import refuse_lockout
from cwmp.acs.api import schemas
from cwmp.acs.api.acs import Acs
from cwmp.acs.api.gate import note
from cwmp.acs.api.offline import checked_state
from cwmp.acs.api.problems import responses
from cwmp.acs.api.waiting import while_connected
from cwmp.acs.transactions.batches import BatchItem, batch_json

Id = Annotated[str, Path(min_length=1, max_length=256)]


def router(acs: Acs) -> APIRouter:
    """The routes below /v1/batches."""
    routes = APIRouter(prefix="/v1/batches", tags=["batches"])
    batches, registry = acs.state.batches, acs.state.registry

    @routes.post(
        "",
        response_model=schemas.Batch,
        responses={
            202: {"model": schemas.Batch, "description": "Accepted durably; not over yet"},
            **responses(404, 409, 422, 503),
        },
    )
    async def submit(request: Request, body: schemas.BatchIn) -> Response:
        """Accept all items or none."""
        choices = {
            "secrets": body.secrets,
            "accept": body.accept,
            "strict": body.strict,
            "secret_paths": body.secret_paths,
        }
        items = []
        for item in body.items:
            record = registry.find(item.device)
            state = checked_state(item.state, record.root, strict=body.strict, device=record.id)
            if not acs.open_to_all:
                await refuse_lockout(record, state, acs.state.credentials, secrets=body.secrets)
            items.append(BatchItem(record.id, {"state": state.to_json(), **choices}))
        batch = await batches.submit(
            items,
            concurrency=body.concurrency,
            max_fail_percentage=body.max_fail_percentage,
            expires_after=body.expires,
            check=body.check,
            queue=body.queue,
            connection_request=body.connection_request,
            client_key=body.client_key,
            actor=body.actor,
        )
        note(request.scope, batch=batch.id, devices=len(items), check=body.check, actor=body.actor)
        if body.wait and not batch.over:
            batch = await while_connected(request, batches.wait(batch.id, body.wait)) or batch
        return JSONResponse(batch_json(batch), 200 if batch.over else 202)

    @routes.get("/{id}", response_model=schemas.Batch, responses=responses(404, 422))
    async def one(request: Request, id: Id, wait: Annotated[float, Query(ge=0, le=86_400)] = 0.0) -> Response:
        """One batch, once it is over or `wait` seconds have passed."""
        batch = await batches.get(id)
        if wait and not batch.over:
            batch = await while_connected(request, batches.wait(id, wait)) or batch
        return JSONResponse(batch_json(batch))

    @routes.post("/{id}/{action}", response_model=schemas.Batch, responses=responses(404, 409, 422, 503))
    async def steer(request: Request, id: Id, action: Literal["pause", "resume", "cancel"]) -> Response:
        """Release no more items, go on, or cancel what has not begun."""
        note(request.scope, batch=id, action=action)
        if action == "pause":
            batch = await batches.pause(id)
        elif action == "resume":
            batch = await batches.resume(id)
        else:
            batch = await batches.cancel(id)
        return JSONResponse(batch_json(batch))

    return routes
