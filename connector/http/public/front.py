"""The front of the public listener: whose address is it, and which room answers.

`/o/SLUG` is taken off the path and becomes `scope["owner"]`, so that every route below is written once. An owner that
is not hosted here is not found. Data addresses were taken out before (data.py), DID documents keep their whole path.
"""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, Router

from connector.http.public import catalogue, did
from connector.http.public.answers import App, Receive, Scope, Send
from connector.http.public.negotiations import NEGOTIATIONS
from connector.http.public.transfers import TRANSFERS
from connector.http.public.wire import Wire
from connector.identity.addresses import Addresses
from connector.services.catalogue import Catalogue
from connector.services.negotiate import Negotiate
from connector.services.transfer import Transfer

DSP_PATH = "/dsp/2025-1"


def protocol_app(
    wire: Wire, addresses: Addresses, negotiate: Negotiate, transfer: Transfer, listing: Catalogue
) -> Router:
    """Return the routes that every hosted participant has, below its own prefix."""
    below_base = [
        *NEGOTIATIONS.routes(wire, negotiate),
        *TRANSFERS.routes(wire, transfer),
        *catalogue.routes(wire, listing, addresses),
    ]
    return Router(
        [
            Mount(DSP_PATH, routes=below_base),
            catalogue.version_route(addresses),
            Route("/health", _alive, methods=["GET"]),
        ],
        redirect_slashes=False,
    )


class Front:
    """Finds the owner of an address and hands over to the protocol's routes."""

    def __init__(
        self, addresses: Addresses, is_hosted: Callable[[str], bool], protocol: App, document_of: did.DocumentOf
    ) -> None:
        self._addresses = addresses
        self._is_hosted = is_hosted
        self._protocol = protocol
        self._documents = Starlette(routes=did.routes(addresses, document_of))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path.endswith("/did.json"):
            await self._documents(scope, receive, send)
            return
        slug, rest = _split(path)
        owner = self._addresses.owner_of(slug)
        if owner is None or not self._is_hosted(owner):
            await PlainTextResponse("Not found", 404)(scope, receive, send)
            return
        await self._protocol({**scope, "owner": owner, "path": rest, "root_path": ""}, receive, send)


def _split(path: str) -> tuple[str | None, str]:
    """Return (slug or None, the rest without a slash at the end): peers add slashes, a redirect would lose a POST."""
    slug = None
    if path.startswith("/o/"):
        slug, _, path = path[3:].partition("/")
        path = f"/{path}"
    return slug, path.rstrip("/") or "/"


async def _alive(request: Request) -> Response:
    return PlainTextResponse("ok")
