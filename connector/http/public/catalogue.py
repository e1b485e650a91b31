"""The addresses of the catalogue and of the version document (DSP 2025-1, Catalog HTTPS binding, Version)."""

import gzip
import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connector.catalogue.listing import service_of
from connector.http.public.wire import Wire, answering, json_response, owner_of
from connector.identity.addresses import Addresses
from connector.problems import Problem
from connector.protocol import catalog, messages, pages, refusals, version
from connector.services.catalogue import Catalogue

WORTH_COMPRESSING_BYTES = 4 << 10


def routes(wire: Wire, service: Catalogue, addresses: Addresses) -> list[Route]:
    """Return the routes below the DSP base."""

    async def page(request: Request) -> Response:
        owner = owner_of(request)
        caller = await wire.caller(request)
        incoming = await wire.read(request, messages.CatalogRequestMessage)
        assert isinstance(incoming.message, messages.CatalogRequestMessage)
        query = pages.read_query(incoming.message, request.query_params.get("cursor"))
        found = await service.page(owner, caller, query)
        head = catalog.render_head(
            f"{addresses.did(owner)}#catalog", addresses.did(owner), service_of(addresses, owner)
        )
        link = pages.link_header(
            f"{addresses.dsp_base(owner)}/catalog/request",
            following=_cursor(found.following, query.limit),
            previous=_cursor(found.previous, query.limit),
        )
        return _page_response(request, catalog.render_page(head, found.texts), link)

    async def dataset(request: Request) -> Response:
        caller = await wire.caller(request)
        text = await service.dataset(owner_of(request), caller, request.path_params["dataset_id"])
        return json_response(catalog.render_root_dataset(text))

    return [
        Route("/catalog/request", answering(page, _error), methods=["POST"]),
        Route("/catalog/datasets/{dataset_id:path}", answering(dataset, _error), methods=["GET"]),
    ]


def version_route(addresses: Addresses) -> Route:
    """Return the route of the version document: unversioned and unauthenticated."""

    async def serve(request: Request) -> Response:
        return json_response(version.render_versions("/dsp/2025-1", addresses.did(owner_of(request)) + "#dsp"))

    return Route("/.well-known/dspace-version", serve, methods=["GET"])


def _page_response(request: Request, body: bytes, link: str | None) -> Response:
    """Return a page, compressed where that is worth it and the caller takes it (DSP 2025-1 §Catalog: MAY use gzip)."""
    headers = {"Vary": "Accept-Encoding"} | ({"Link": link} if link else {})
    accepted = request.headers.get("accept-encoding", "")
    if len(body) >= WORTH_COMPRESSING_BYTES and re.search(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\b)", accepted):
        body, headers["Content-Encoding"] = gzip.compress(body, 1, mtime=0), "gzip"
    return json_response(body, headers=headers)


def _cursor(after: str | None, limit: int) -> str | None:
    return None if after is None else pages.write_cursor(after, limit)


def _error(request: Request, problem: Problem) -> bytes:
    return refusals.catalog_error(problem)
