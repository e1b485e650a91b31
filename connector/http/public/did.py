"""Serves what each hosted participant shows of itself: its DID document, and beside it its party card.

`/.well-known/did.json` and `/.well-known/party-card.jws`; `/o/SLUG/did.json` and `/o/SLUG/party-card.jws`.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connector.identity.addresses import Addresses

DocumentOf = Callable[[str], Awaitable[Mapping[str, Any] | None]]
"""owner → its DID document, or None when this node hosts no such participant."""

CardOf = Callable[[str], str | None]
"""owner → its party card as a compact JWS, or None when it has none or is not hosted here."""

_PATHS = re.compile(r"(?:/\.well-known/party-card\.jws|/o/[^/]+/party-card\.jws|.*/did\.json)")


def is_shown_here(path: str) -> bool:
    """Return True for the addresses of documents and cards."""
    return _PATHS.fullmatch(path) is not None


def routes(addresses: Addresses, document_of: DocumentOf, card_of: CardOf) -> list[Route]:
    """Return the routes; unauthenticated, since a DID document is what proves anything at all."""

    async def serve(request: Request) -> Response:
        owner = addresses.owner_of(request.path_params.get("slug"))
        document = None if owner is None else await document_of(owner)
        if document is None:
            return Response(status_code=404)
        # no-cache: an intermediary must not keep a withdrawn key alive.
        headers = {"Cache-Control": "no-cache"}
        return Response(orjson.dumps(document), headers=headers, media_type="application/json")

    async def serve_card(request: Request) -> Response:
        owner = addresses.owner_of(request.path_params.get("slug"))
        card = None if owner is None else card_of(owner)
        if card is None:
            return Response(status_code=404)
        return Response(card, headers={"Cache-Control": "no-cache"}, media_type="application/jose")

    return [
        Route("/.well-known/did.json", serve),
        Route("/o/{slug}/did.json", serve),
        Route("/.well-known/party-card.jws", serve_card),
        Route("/o/{slug}/party-card.jws", serve_card),
    ]
