"""Serves what each hosted participant shows of itself: its DID document, beside it its party card and its seal keys.

`/.well-known/did.json`, `/.well-known/party-card.jws` and `/.well-known/did-history.json`; for every other participant
the same names under `/o/SLUG`.
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

HistoryOf = Callable[[str], str | None]
"""owner → the signed list of its seal keys, or None when it never had one or is not hosted here."""

_PATHS = re.compile(r"(?:(?:/\.well-known|/o/[^/]+)/(?:party-card\.jws|did-history\.json)|.*/did\.json)")


def is_shown_here(path: str) -> bool:
    """Return True for the addresses of documents and cards."""
    return _PATHS.fullmatch(path) is not None


def routes(addresses: Addresses, document_of: DocumentOf, card_of: CardOf, history_of: HistoryOf) -> list[Route]:
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
        return _signed(addresses, request, card_of, "application/jose")

    async def serve_history(request: Request) -> Response:
        return _signed(addresses, request, history_of, "application/jose+json")

    served = {"did.json": serve, "party-card.jws": serve_card, "did-history.json": serve_history}
    return [Route(f"{folder}/{name}", one) for folder in ("/.well-known", "/o/{slug}") for name, one in served.items()]


def _signed(addresses: Addresses, request: Request, text_of: CardOf | HistoryOf, media_type: str) -> Response:
    owner = addresses.owner_of(request.path_params.get("slug"))
    text = None if owner is None else text_of(owner)
    if text is None:
        return Response(status_code=404)
    return Response(text, headers={"Cache-Control": "no-cache"}, media_type=media_type)
