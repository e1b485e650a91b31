"""What the addresses of both process protocols do alike: take a message, show a state, refuse in the typed form."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connector.http.public.wire import Endpoint, Wire, answering, json_response, owner_of
from connector.identity.scheme import Participant
from connector.problems import Problem
from connector.protocol import refusals
from connector.protocol.errors import Busy
from connector.protocol.machine import Table
from connector.protocol.messages import ContractNegotiation, Message, TransferProcess, render
from connector.services import exchange
from connector.services.exchange import Incoming, Outcome
from connector.store.processes import Process


class Service(Protocol):
    """The part of a process's service that a peer reaches."""

    async def receive(
        self, owner: str, caller: Participant, incoming: Incoming, pid: str | None = None
    ) -> Outcome[Any]:
        """Take a message."""

    async def show(self, owner: str, caller: Participant, pid: str) -> Any:
        """Return a process to its counterpart."""


@dataclass(frozen=True)
class Addresses:
    """The addresses of one process protocol, below the DSP base."""

    root: str
    messages: dict[str, type[Message]]
    """Path below the root → the message that it expects; paths without `{pid}` take first messages."""
    table: Table
    state: type[ContractNegotiation] | type[TransferProcess]
    render_error: Callable[[Problem, str, str], bytes]

    def routes(self, wire: Wire, service: Service) -> list[Route]:
        """Return the routes: one for each message, and one that shows the state."""

        def taking(model: type[Message]) -> Endpoint:
            async def endpoint(request: Request) -> Response:
                return await self.receive(request, wire, service, model)

            return endpoint

        async def show(request: Request) -> Response:
            caller = await wire.caller(request)
            process = await service.show(owner_of(request), caller, request.path_params["pid"])
            if process.peer_pid is None:
                # The caller's own identifier is in its answer to our first message, which has not reached us yet.
                raise Busy("The answer to our first message is awaited.")
            return json_response(self._state(process))

        posts = [
            Route(self.root + path, answering(taking(model), self._error), methods=["POST"])
            for path, model in self.messages.items()
        ]
        return [*posts, Route(self.root + "/{pid}", answering(show, self._error), methods=["GET"])]

    async def receive(self, request: Request, wire: Wire, service: Service, model: type[Message]) -> Response:
        """Take one message: who speaks, what it says, then the service."""
        caller = await wire.caller(request)
        incoming = await wire.read(request, model)
        request.state.pids = incoming.provider_pid, incoming.consumer_pid
        pid = request.path_params.get("pid")
        if pid is None:
            await wire.inbox.let_in(owner_of(request), caller, incoming)
        outcome = await service.receive(owner_of(request), caller, incoming, pid)
        return Response(status_code=200) if pid else json_response(self._state(outcome.process), 201)

    def _state(self, process: Process) -> bytes:
        consumer_pid, provider_pid = process.consumer_pid or "", process.provider_pid or ""
        state: Any = exchange.shown_state(self.table, process)
        return render(self.state(id=process.pid, consumer_pid=consumer_pid, provider_pid=provider_pid, state=state))

    def _error(self, request: Request, problem: Problem) -> bytes:
        """Return the typed error with the pids that the message told, those of the address where it told none."""
        pid = request.path_params.get("pid", refusals.UNKNOWN_PID)
        provider_pid, consumer_pid = getattr(request.state, "pids", (None, None))
        return self.render_error(problem, provider_pid or pid, consumer_pid or pid)
