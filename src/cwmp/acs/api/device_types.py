"""Device types: credentials shared by devices of one kind."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, Response

from cwmp.acs.access.credentials import TypeChange
from cwmp.acs.api import schemas
from cwmp.acs.api.acs import Acs
from cwmp.acs.api.gate import note
from cwmp.acs.api.problems import responses
from cwmp.acs.errors import BadInput

Name = Annotated[str, Path(min_length=1, max_length=256)]


def router(acs: Acs) -> APIRouter:
    """The routes below /v1/device-types."""
    routes = APIRouter(prefix="/v1/device-types", tags=["device types"])
    credentials = acs.state.credentials

    @routes.get("", response_model=schemas.DeviceTypes, responses=responses())
    async def listing() -> Response:
        """All device types, without passwords."""
        return JSONResponse({"device_types": [kind.to_json() for kind in credentials.types()]})

    @routes.get("/{name}", response_model=schemas.DeviceType, responses=responses(404, 422))
    async def one(name: Name) -> Response:
        """One device type, without its password."""
        return JSONResponse(credentials.type(name).to_json())

    @routes.put("/{name}", response_model=schemas.DeviceTypeChange, responses=responses(409, 422, 503))
    async def put(request: Request, name: Name, body: schemas.DeviceTypeIn, check: bool = False) -> Response:
        """Make or change a device type. The most specific match wins for a device."""
        note(request.scope, device_type=name, check=check)
        match = {key: value for key, value in body.match.model_dump().items() if value}
        if not match and not body.any:
            raise BadInput(
                f"Device type {name!r} matches on nothing, so any device could come with its credentials: "
                "match on oui, product_class, serial_prefix or manufacturer, or say that any device is meant."
            )
        change = await credentials.set_type(name, match, body.username, body.password, body.individual, check)
        return _change(change)

    @routes.delete("/{name}", response_model=schemas.DeviceTypeChange, responses=responses(404, 422, 503))
    async def delete(request: Request, name: Name, check: bool = False) -> Response:
        """Remove a device type and its credentials."""
        note(request.scope, device_type=name, check=check)
        return _change(await credentials.remove_type(name, check))

    return routes


def _change(change: TypeChange) -> Response:
    return JSONResponse(
        {
            "changed": change.changed,
            "fields": {name: list(pair) for name, pair in change.fields.items()},
            "device_type": change.type.to_json() if change.type else None,
        }
    )
