"""Transactions as they stand."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response

from cwmp.acs.api import schemas
from cwmp.acs.api.acs import Acs
from cwmp.acs.api.gate import note
from cwmp.acs.api.problems import responses
from cwmp.acs.api.waiting import while_connected
from cwmp.acs.transactions.transactions import transaction_json

Id = Annotated[str, Path(min_length=1, max_length=256)]


def router(acs: Acs) -> APIRouter:
    """The routes below /v1/transactions."""
    routes = APIRouter(prefix="/v1/transactions", tags=["transactions"])
    transactions = acs.state.transactions

    @routes.get("", response_model=schemas.Transactions, responses=responses(422))
    async def listing(filters: Annotated[schemas.TransactionFilters, Query()]) -> Response:
        """Transactions, newest first."""
        found = await transactions.list(
            device=filters.device,
            state=filters.state,
            batch=filters.batch,
            limit=filters.limit + 1,
            after=filters.after,
        )
        page = found[: filters.limit]
        more = page[-1].id if len(found) > filters.limit else None
        return JSONResponse({"transactions": [transaction_json(record) for record in page], "next": more})

    @routes.get("/{id}", response_model=schemas.Transaction, responses=responses(404, 422))
    async def one(request: Request, id: Id, wait: Annotated[float, Query(ge=0, le=86_400)] = 0.0) -> Response:
        """One transaction, once it is over or `wait` seconds have passed."""
        record = await transactions.get(id)
        if wait and not record.over:
            record = await while_connected(request, transactions.wait(id, wait)) or record
        return JSONResponse(transaction_json(record))

    @routes.post("/{id}/cancel", response_model=schemas.Transaction, responses=responses(404, 422, 503))
    async def cancel(request: Request, id: Id) -> Response:
        """Cancel one that has not begun; one that has is shown as it stands."""
        record = await transactions.cancel(id)
        note(request.scope, device=record.device, transaction=id, state=record.state)
        return JSONResponse(transaction_json(record))

    return routes
