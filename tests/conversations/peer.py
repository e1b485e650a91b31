"""The counterpart of a conversation: a peer that does what its script says, and keeps the state that follows.

It has no rules of its own: it takes what it gets, unless the script says how to answer. What a real peer would hold is
computed from the tables, so that a reader sees both sides.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from connector.peer.client import Answer, Call
from connector.peer.errors import Unreachable
from connector.protocol import messages
from connector.protocol.machine import Role, Table
from connector.protocol.negotiation import NEGOTIATION
from connector.protocol.transfer import TRANSFER
from connector.protocol.wire import DSP_CONTEXT

BASE = "http://127.0.0.1:2001/dsp"
DID = "did:web:peer.example"
HEADER = "Bearer peer"
CONFLICT = b'{"@type":"TransferError","code":"409","reason":["Not in this state"]}'
JSON = {"content-type": "application/json"}
LONG_ENOUGH = 100
"""Turns of the loop after which the node has got a question, and has answered it if it does not wait."""


@dataclass(frozen=True)
class Reply:
    """How one call is answered; `status` None is no answer at all."""

    status: int | None = None
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    is_taken: bool = True
    """Whether the peer processes the message."""


@dataclass
class Peer:
    """The scripted side; a `peer.client.Transport` for the node."""

    tell: Callable[[str, str, Any], None]
    """Writes one line of the conversation: who to whom, the first words, a body."""
    base: str = BASE
    pid: str = "urn:peer:1"
    node_pid: str | None = None
    role: Role = Role.CONSUMER
    table: Table = NEGOTIATION
    state: str = ""
    replies: deque[Reply] = field(default_factory=deque)
    heard: dict[str, Any] = field(default_factory=dict)
    """The last message of the node, for what quotes it."""
    documents: dict[str, Reply] = field(default_factory=dict)
    """What it shows at an address, by path."""
    is_reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while an answer of the node is on its way: a peer takes the node's next message after it."""
    asks: Callable[[], Awaitable[None]] | None = None
    """What it asks in the moment of its next answer; the question arrives first."""
    knows_repetition: bool = True
    taken: set[str] = field(default_factory=set)
    _asking: asyncio.Future[None] | None = None

    def start_over(self, role: Role, table: Table) -> None:
        """Begin another process."""
        number = int(self.pid.rsplit(":", 1)[1])
        self.pid, self.node_pid, self.role, self.table, self.state = f"urn:peer:{number + 1}", None, role, table, ""

    @property
    def pids(self) -> dict[str, str]:
        """Both identifiers, as messages carry them."""
        ours, theirs = ("consumerPid", "providerPid") if self.role is Role.CONSUMER else ("providerPid", "consumerPid")
        return {ours: self.pid, **({theirs: self.node_pid} if self.node_pid else {})}

    async def send(self, call: Call, *, limit_bytes: int, timeout_s: float) -> Answer:
        """Answer a call of the node (see Transport)."""
        async with self.is_reading:
            answer = self._answer(call)
        if self.asks is not None:
            self._asking, self.asks = asyncio.ensure_future(self.asks()), None
            for _ in range(LONG_ENOUGH):
                await asyncio.sleep(0)
        return answer

    def _answer(self, call: Call) -> Answer:
        path = call.url.removeprefix(self.base) if call.url.startswith(self.base + "/") else call.url
        message = json.loads(call.body) if call.body else None
        self.tell("node → peer", f"{call.method} {path}", message)
        reply = self._reply_to(call, path, message)
        if reply.status is None:
            self.tell("peer → node", "nothing" if reply.is_taken else "nothing; it never arrived", None)
            raise Unreachable("closed", "peer.example")
        shown = json.loads(reply.body) if reply.body and reply.body.startswith(b"{") else None
        words = reply.body.decode() if reply.body and shown is None else ""
        self.tell("peer → node", f"{reply.status} {words}".strip(), shown)
        return Answer(reply.status, {**JSON, **reply.headers}, reply.body or b"")

    def _reply_to(self, call: Call, path: str, message: dict[str, Any] | None) -> Reply:
        scripted = self.replies.popleft() if self.replies else None
        kind = kind_of(message or {})
        if kind not in KINDS:
            shown = Reply(200, self._shown()) if self.node_pid else Reply(404)
            return scripted or self.documents.get(path, shown)
        is_first = "callbackAddress" in (message or {})
        if not self.knows_repetition and (message or {}).get("@id") in self.taken:
            return Reply(409, CONFLICT)
        if scripted is None or scripted.is_taken:
            self._take(message or {})
        if scripted is not None and (scripted.status is None or scripted.status >= 300 or scripted.body):
            return scripted
        if not is_first:
            return scripted or Reply(200)
        return Reply(scripted.status if scripted else 201, self._shown())

    def _take(self, message: dict[str, Any]) -> None:
        kind = kind_of(message)
        self.heard = message
        self.taken.add(message["@id"])
        if self.node_pid is None:
            self.start_over(
                Role.CONSUMER if kind == "ContractOfferMessage" else Role.PROVIDER,
                TRANSFER if kind.startswith("Transfer") else NEGOTIATION,
            )
            self.node_pid = message["providerPid" if self.role is Role.CONSUMER else "consumerPid"]
        self.moved(kind, self.role.other)

    def moved(self, kind: str, by: Role) -> None:
        """Follow a message that was answered with success."""
        self.state = self.table.step(self.state or self.table.initial, kind, by) or self.state

    def _shown(self) -> bytes:
        name = "ContractNegotiation" if self.table is NEGOTIATION else "TransferProcess"
        return json.dumps(
            {"@context": [DSP_CONTEXT], "@type": name, "@id": self.pid, **self.pids, "state": self.state}
        ).encode()


def kind_of(message: dict[str, Any]) -> str:
    """Return the name under which the tables know a message."""
    event = f":{message['eventType']}" if "eventType" in message else ""
    return f"{message.get('@type', '')}{event}"


KINDS = frozenset(messages.BY_KIND)
