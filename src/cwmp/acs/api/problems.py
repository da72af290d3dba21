"""Errors of the API: application/problem+json (RFC 9457) with a `kind` that programs can tell apart."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from cwmp.acs.errors import AcsError, StoreError
from cwmp.desired.procedure import Refused
from cwmp.errors import CwmpError

log = logging.getLogger("cwmp.acs.api")

Kind = Literal[
    "unknown_device",
    "ambiguous_device",
    "invalid",
    "unauthorised",
    "forbidden",
    "unknown_transaction",
    "conflict",
    "unsafe",
    "internal",
]
STATUS: dict[str, int] = {
    "unknown_device": 404,
    "ambiguous_device": 409,
    "invalid": 422,
    "unauthorised": 401,
    "forbidden": 403,
    "unknown_transaction": 404,
    "conflict": 409,
    "unsafe": 422,
    "internal": 500,
}
TITLES: dict[int, str] = {
    401: "The token is missing or wrong",
    403: "The token may not do this",
    404: "There is no such thing here",
    405: "The method is not for this path",
    409: "The request contradicts what is there",
    413: "The request is too large",
    422: "The request is wrong",
    500: "The ACS failed",
    503: "The ACS cannot store anything now",
}
MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """What went wrong. `detail` is one sentence for people."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    kind: Kind


def problem(status: int, kind: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    """A problem as a response."""
    body = {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "kind": kind,
    }
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: the errors it can give, those every route can give included."""
    return {
        status: {
            "description": TITLES[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted({401, 500, *statuses})
    }


def install(app: FastAPI, document: Callable[[], Mapping[str, Any]]) -> None:
    """Make every error of `app`, which `document` describes in OpenAPI, a problem."""

    @app.exception_handler(CwmpError)
    async def _known(_: Request, error: CwmpError) -> Response:
        kind = error.kind if isinstance(error, AcsError) else "invalid" if isinstance(error, Refused) else ""
        if isinstance(error, StoreError) and kind == "internal":
            return problem(503, kind, _sentence(error))
        if not kind:
            log.error("an error reached the API that has no kind: %s", type(error).__name__)
        return problem(STATUS.get(kind, 500), kind or "internal", _sentence(error))

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> Response:
        return problem(422, "invalid", _first(error))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        kind = {401: "unauthorised", 403: "forbidden", 409: "conflict"}.get(error.status_code, "invalid")
        if error.status_code >= 500:
            kind = "internal"
        if error.status_code == 400:
            return problem(422, kind, "The body is not JSON")
        if error.status_code == 405:
            # Starlette names only the methods of the first route that has this path.
            error.headers = {"Allow": ", ".join(sorted(_allowed(document(), request.scope["path"])))}
        detail = {
            404: "There is no such path in this API; /openapi.json lists them",
            405: f"This path does not take {request.method}; /openapi.json says what it takes",
        }.get(error.status_code, str(error.detail))
        return problem(error.status_code, kind, detail, dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def _bug(_: Request, error: Exception) -> Response:
        return problem(500, "internal", "The ACS failed while answering; its log says where")


def _allowed(document: Mapping[str, Any], path: str) -> set[str]:
    """The methods that the API takes at `path`."""
    return {
        method.upper()
        for template, methods in document["paths"].items()
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), path)
        for method in methods
    }


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())


def _first(error: RequestValidationError) -> str:
    """The first thing wrong, with its place; never the value, which may be a secret."""
    errors = error.errors()
    first = errors[0] if errors else {"loc": (), "msg": "it cannot be read", "type": ""}
    if first["type"] == "json_invalid":
        return "The body is not JSON"
    parts = [str(part) for part in first["loc"]]
    if parts and parts[0] in ("body", "query", "path"):
        where, parts = parts[0], parts[1:]
    else:
        where = "request"
    place = ".".join(parts)
    if first["type"] == "extra_forbidden":
        return f"The {where} has a field {place} that is not known here"
    if first["type"] == "missing":
        return f"The {where} lacks {place}" if place else f"The {where} is missing"
    message = str(first["msg"])
    message = message[:1].lower() + message[1:]
    return f"{place} in the {where}: {message}" if place else f"The {where}: {message}"
