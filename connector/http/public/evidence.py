"""`POST /evidence/AGREEMENT`: a partner hands in what came of a contract after its conclusion.

The body is one sealed document about the contract on that agreement, as the JWS text that it is. The caller is
authenticated as on every DSP message; who is not a party to the agreement learns nothing. Handing in the same again is
answered alike and changes nothing: 201 the first time, 200 after. What is taken: services/evidence.py.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connector.dataplane.errors import render
from connector.http.public.wire import Wire, answering, owner_of
from connector.identity.did import EVIDENCE_PATH
from connector.problems import Invalid, Problem
from connector.services.evidence import Evidence


def route(wire: Wire, evidence: Evidence) -> Route:
    """Return the route, below the prefix of each hosted participant."""

    async def take(request: Request) -> Response:
        caller = await wire.caller(request)
        text = _text(await wire.body(request))
        is_new = await evidence.receive(owner_of(request), caller, request.path_params["agreement"], text)
        return Response(status_code=201 if is_new else 200)

    return Route(EVIDENCE_PATH + "/{agreement:path}", answering(take, _error), methods=["POST"])


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Invalid("UTF-8") from error


def _error(request: Request, problem: Problem) -> bytes:
    return render(problem)
