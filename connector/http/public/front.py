"""The front of the public listener: whose address is it, and which room answers.

`/o/SLUG` is taken off the path and becomes `scope["owner"]`, so that every route below is written once. An owner that
is not hosted here is not found. Data addresses were taken out before (data.py), DID documents and what stands
beside them keep their whole path.
An address or a method that nobody knows is refused in the form of the protocol to which the path belongs.
"""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, Router

from connector.dataplane.errors import WrongMethod, render
from connector.http.public import catalogue, did
from connector.http.public.answers import App, Receive, Scope, Send
from connector.http.public.negotiations import NEGOTIATIONS
from connector.http.public.transfers import TRANSFERS
from connector.http.public.wire import Wire
from connector.identity.addresses import Addresses
from connector.problems import NotFound, Problem
from connector.protocol import refusals
from connector.services.catalogue import Catalogue
from connector.services.negotiate import Negotiate
from connector.services.transfer import Transfer

DSP_PATH = "/dsp/2025-1"


def protocol_app(
    wire: Wire, addresses: Addresses, negotiate: Negotiate, transfer: Transfer, listing: Catalogue, *beside: Route
) -> Router:
    """Return the routes that every hosted participant has, below its own prefix; `beside` is not of the protocol."""
    below_base = [
        *NEGOTIATIONS.routes(wire, negotiate),
        *TRANSFERS.routes(wire, transfer),
        *catalogue.routes(wire, listing, addresses),
    ]
    return Router(
        [
            Mount(DSP_PATH, Router(below_base, redirect_slashes=False)),
            catalogue.version_route(addresses),
            *beside,
            Route("/health", _alive, methods=["GET"]),
        ],
        redirect_slashes=False,
    )


class Front:
    """Finds the owner of an address and hands over to the protocol's routes."""

    def __init__(
        self,
        addresses: Addresses,
        is_hosted: Callable[[str], bool],
        protocol: App,
        document_of: did.DocumentOf,
        card_of: did.CardOf,
        history_of: did.HistoryOf,
    ) -> None:
        self._addresses = addresses
        self._is_hosted = is_hosted
        self._protocol = protocol
        self._documents = Starlette(routes=did.routes(addresses, document_of, card_of, history_of))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if did.is_shown_here(path):
            await self._documents(scope, receive, send)
            return
        slug, rest = _split(path)
        owner = self._addresses.owner_of(slug)
        try:
            if owner is None or not self._is_hosted(owner) or "\0" in rest:  # PostgreSQL cannot even be asked for it
                raise HTTPException(404)
            # With `app` in the scope the router raises what it would otherwise answer as plain text.
            await self._protocol({**scope, "app": self, "owner": owner, "path": rest, "root_path": ""}, receive, send)
        except HTTPException as refused:
            await _refusal(rest, refused)(scope, receive, send)


def _split(path: str) -> tuple[str | None, str]:
    """Return (slug or None, the rest without a slash at the end): peers add slashes, a redirect would lose a POST."""
    slug = None
    if path.startswith("/o/"):
        slug, _, path = path[3:].partition("/")
        path = f"/{path}"
    return slug, path.rstrip("/") or "/"


def _refusal(path: str, refused: HTTPException) -> Response:
    """Return the typed error for an address (404) or a method (405) that no route takes."""
    allowed = (refused.headers or {}).get("Allow", "")
    problem: Problem = WrongMethod(allowed=allowed) if refused.status_code == 405 else NotFound()
    headers = {"Allow": allowed} if allowed else None
    if not path.startswith(DSP_PATH):
        return Response(render(problem), problem.status, headers, media_type="application/problem+json")
    below = path.removeprefix(DSP_PATH)
    if below.startswith("/negotiations"):
        body = refusals.negotiation_error(problem)
    elif below.startswith("/transfers"):
        body = refusals.transfer_error(problem)
    else:
        body = refusals.catalog_error(problem)
    return Response(body, problem.status, headers, media_type="application/json")


async def _alive(request: Request) -> Response:
    return PlainTextResponse("ok")
