"""The API as one ASGI application."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp

from cwmp.acs import metrics
from cwmp.acs.api import batches, device_types, devices, problems, schemas, transactions
from cwmp.acs.api.acs import Acs
from cwmp.acs.api.gate import API_VERSION, Gate
from cwmp.acs.api.problems import Problem

DESCRIPTION = """\
The northbound API of the cwmp ACS. Errors are `application/problem+json` with a `kind`. Every response
carries `CWMP-API-Version`. Over TCP every call but `/health` needs `Authorization: Bearer TOKEN`.
"""


def application(acs: Acs, token: Callable[[], str] | None = None) -> ASGIApp:
    """The API of `acs`.

    token: gives the bearer token asked for; None where the socket is protection enough.
    """
    return Gate(describe(acs), token)


def describe(acs: Acs) -> FastAPI:
    """The API without the gate before it."""
    release = version("cwmp")
    app = FastAPI(
        title="cwmp ACS",
        version=release,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    problems.install(app, lambda: document(app))
    said = {"status": "ok", "version": release, "api": API_VERSION}

    @app.get("/health", response_model=schemas.Version, tags=["service"])
    async def health() -> Response:
        """The ACS lives. Needs no token."""
        return JSONResponse(said)

    @app.get("/version", response_model=schemas.Version, tags=["service"], responses=problems.responses())
    async def versions() -> Response:
        """Versions of the ACS and of this API."""
        return JSONResponse(said)

    @app.get(
        "/metrics",
        response_class=PlainTextResponse,
        tags=["service"],
        responses=problems.responses(),
    )
    async def counted() -> Response:
        """For Prometheus."""
        return Response(acs.metrics.text(), media_type=metrics.CONTENT_TYPE)

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return JSONResponse(document(app))

    for part in (devices, transactions, batches, device_types):
        app.include_router(part.router(acs))
    return app


def document(app: FastAPI) -> dict[str, object]:
    """The OpenAPI 3.1 document."""
    if app.openapi_schema is None:
        made = app.openapi()
        components = made.setdefault("components", {})
        found = components.setdefault("schemas", {})
        found["Problem"] = Problem.model_json_schema()
        # FastAPI describes its own 422; ours is a problem like all others.
        found.pop("HTTPValidationError", None)
        found.pop("ValidationError", None)
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        made["security"] = [{"token": []}, {}]
        app.openapi_schema = made
    return app.openapi_schema
