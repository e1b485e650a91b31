"""What the private listener serves: health, metrics, the documentation, and the management API.

The API is built when it is first asked for, in a thread: its library takes longer to load than all the rest of the
node, and a node must take its partners' messages as soon as it can.
"""

import asyncio

from starlette.routing import Router

from connector.http.private import documents, pages
from connector.http.private.faults import NoSuchAddress
from connector.http.private.services import Services
from connector.http.private.supervision import Supervision
from connector.http.public.answers import App, Receive, Scope, Send


class PrivateListener:
    """The application of the private listener."""

    def __init__(self, services: Services) -> None:
        self._services = services
        routes = [*Supervision(services).routes(), *pages.routes()]
        self._open = Router(routes, redirect_slashes=False, default=self._unknown)
        self._api: App | None = None
        self._building = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/api/"):
            await (await self._ready_api())(scope, receive, send)
            return
        await self._open(scope, receive, send)

    async def _ready_api(self) -> App:
        async with self._building:
            if self._api is None:
                self._api = await asyncio.to_thread(_build, self._services)
        return self._api

    async def _unknown(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        language = documents.language_of(headers, self._services.settings.language)
        status, answer, body = documents.render(NoSuchAddress(), language)
        encoded = [(name.encode(), value.encode()) for name, value in answer.items()]
        await send({"type": "http.response.start", "status": status, "headers": encoded})
        await send({"type": "http.response.body", "body": body})


def _build(services: Services) -> App:
    from connector.http.private.api import create_api

    return create_api(services)
