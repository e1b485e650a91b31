"""The management API: `/api/v1`, plain typed JSON, for programs of the house, the command line and the pages.

Each resource has a module with its shapes and its handlers; a handler says who asks, calls one verb and shapes the
answer. Who may ask, and within which limits, is in entrance.py. No framework injects anything but the request: the
application carries the services it was made with.
"""

from collections import Counter
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from connector.http.private import (
    attestations,
    contracts,
    deliveries,
    events,
    examples,
    journals,
    negotiations,
    newcomers,
    participants,
    partners,
    presentation,
    publication,
    reconciliations,
    records,
    seal_keys,
    status,
    webhooks,
)
from connector.http.private.documents import MEDIA_TYPE
from connector.http.private.entrance import OPENAPI_PATH, Entrance
from connector.http.private.faults import InternalError, Malformed, MethodNotAllowed, NoSuchAddress, malformed
from connector.http.private.roles import permitted
from connector.http.private.services import Services

PREFIX = "/api/v1"
ROOMS = (
    status,
    participants,
    presentation,
    seal_keys,
    publication,
    partners,
    attestations,
    newcomers,
    negotiations,
    contracts,
    deliveries,
    records,
    journals,
    reconciliations,
    events,
    webhooks,
)
DESCRIPTION = """Everything that the command line and the pages do goes through these addresses.

`Authorization: Bearer pk_…`: a key belongs to one participant and has a role, or to the node's administration, which
names the participant in `X-Pupitre-Owner`. Lists are paged by `cursor` and `limit`. A POST with an
`Idempotency-Key` has its effect once; `If-Match` acts only on the version that was read. What goes wrong is a problem
document (RFC 9457), in French or English by `Accept-Language`."""

_PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457), and what to do.",
    "required": ["type", "code", "title", "status"],
    "properties": {
        "type": {"type": "string", "description": "Where the node's own documentation explains the code."},
        "code": {"type": "string", "description": "Stable word for programs."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "remedy": {"type": "string", "description": "What to do."},
        "pointer": {"type": "string", "description": "JSON pointer to what is at fault in the request."},
    },
    "examples": [
        {
            "type": "/docs/reference/problems#malformed-request",
            "code": "malformed-request",
            "title": "Demande invalide.",
            "status": 400,
            "detail": "Valeur absente.",
            "remedy": "Corrigez le champ indiqué et recommencez.",
            "pointer": "/title",
        }
    ],
}
_REFUSALS = {
    "4XX": "Refused: bad input, no valid key, not there or not yours, or not in the present state.",
    "5XX": "The node has failed, or its storage is not available for the moment.",
}


def create_api(services: Services) -> FastAPI:
    """Return the application; it answers below `/api/v1`."""
    app = FastAPI(
        title="Pupitre",
        version=services.version,
        description=DESCRIPTION,
        openapi_url=OPENAPI_PATH,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    app.state.services = services
    app.state.streams = Counter()
    for room in ROOMS:
        app.include_router(room.router, prefix=PREFIX, dependencies=[Depends(permitted)])
    app.add_exception_handler(RequestValidationError, _refuse_input)
    app.add_exception_handler(HTTPException, _refuse_address)
    app.add_middleware(Entrance, services=services)
    app.openapi = lambda: openapi(app)  # type: ignore[method-assign]
    return app


def openapi(app: FastAPI) -> dict[str, Any]:
    """Return the description of the API (OpenAPI 3.1): FastAPI's, with the node's own refusals and keys."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        for operation in _operations(document):
            _describe_refusals(operation)
            examples.put_into(operation)
            operation["security"] = [{"key": []}]
        schemas = document["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        schemas["Problem"] = _PROBLEM
        document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        app.openapi_schema = document
    return app.openapi_schema


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in document["paths"].values() for operation in path.values()]


def _describe_refusals(operation: dict[str, Any]) -> None:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    operation["responses"].pop("422", None)
    for status_range, meaning in _REFUSALS.items():
        operation["responses"][status_range] = {"description": meaning, "content": content}


def _operation_id(route: APIRoute) -> str:
    return route.name


async def _refuse_input(request: Request, error: Exception) -> Any:
    assert isinstance(error, RequestValidationError)
    raise malformed(error.errors()) from None


async def _refuse_address(request: Request, error: Exception) -> Any:
    assert isinstance(error, HTTPException)
    match error.status_code:
        case 404:
            raise NoSuchAddress(request.url.path[:200]) from None
        case 405:
            raise MethodNotAllowed((error.headers or {}).get("Allow", "")) from None
        case status_code if status_code < 500:
            raise Malformed(error.detail) from None
        case _:
            raise InternalError from error
