"""Serves the DID document of each hosted participant: `/.well-known/did.json` and `/o/SLUG/did.json`."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connector.identity.addresses import Addresses

DocumentOf = Callable[[str], Awaitable[Mapping[str, Any] | None]]
"""owner → its DID document, or None when this node hosts no such participant."""


def routes(addresses: Addresses, document_of: DocumentOf) -> list[Route]:
    """Return the routes; unauthenticated, since a DID document is what proves anything at all."""

    async def serve(request: Request) -> Response:
        owner = addresses.owner_of(request.path_params.get("slug"))
        document = None if owner is None else await document_of(owner)
        if document is None:
            return Response(status_code=404)
        # no-cache: an intermediary must not keep a withdrawn key alive.
        headers = {"Cache-Control": "no-cache"}
        return Response(orjson.dumps(document), headers=headers, media_type="application/json")

    return [Route("/.well-known/did.json", serve), Route("/o/{slug}/did.json", serve)]
