"""`POST /pupitre/1/mirror`: a partner asks what its own public documents look like from here.

The first address beneath `/pupitre/1`, our own prefix: what nodes of this kind say to one another beside the protocol.
The request has no body, since there is nothing that a caller may choose. What is looked at: services/mirror.py.
"""

from collections.abc import Awaitable, Callable

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connector.dataplane.errors import render
from connector.http.public.wire import answering, json_response, owner_of
from connector.identity.scheme import Participant
from connector.problems import Problem
from connector.services.mirror import PATH, Mirror, Reflection

Verify = Callable[[str | None, str], Awaitable[Participant]]
"""`verify(authorization, owner)`; raises Unauthorized."""


def route(mirror: Mirror, verify: Verify) -> Route:
    """Return the route, below the prefix of each hosted participant."""

    async def look(request: Request) -> Response:
        owner = owner_of(request)
        caller = await verify(request.headers.get("authorization"), owner)
        reflection = await mirror.look(owner, caller)
        return json_response(render_reflection(reflection), headers={"Cache-Control": "no-store"})

    return Route(PATH, answering(look, _error), methods=["POST"])


def render_reflection(reflection: Reflection) -> bytes:
    """Return the answer."""
    images = [
        {"document": name, "url": image.url, "seen": image.word, "status": image.status, "sha256": image.sha256}
        for name, image in reflection.images.items()
    ]
    return orjson.dumps({"at": reflection.at, "documents": images})


def _error(request: Request, problem: Problem) -> bytes:
    return render(problem)
