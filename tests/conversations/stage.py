"""The stage of a conversation: one real node on a virtual clock, a scripted peer, and the commands of the script.

    node [script=ACN0101 | mode=manual|automatic] [terms=JSON] [agreement=provider|consumer] [show=all]
                                       a fresh node; `script` answers as in the kit, `mode` is that of its offer;
                                       `show=all` leaves no member of a message out
    peer sends KIND [JSON]             a message of the peer; the JSON changes members, null leaves one out
    peer repeats                       the same bytes once more
    peer sends as new                  the same content under another `@id`
    peer posts PATH [JSON]             any body to any address
    peer gets PATH | peer asks         a document; the state of the present process
    peer asks as it answers            the state, in the moment of its next answer, before the node has got that
    stranger asks | stranger repeats   the same by another participant
    peer answers STATUS [JSON] [with NAME: VALUE]
                                       how the next call is answered
    peer loses the answer | message    the next call is processed and not answered, or never arrives
    peer stands in STATE               what it shows when it is asked
    peer knows no repetition           it answers 409 to what it has processed, as EDC does
    peer shows PATH JSON [with …]      a document of the peer
    peer begins anew [KEY=VALUE …]     another process; `pid`, `base` of the peer's choice
    person VERB [JSON]                 what a person does at the node: requests, declares and requests,
                                       offers, accepts, counters, verifies, terminates, asks for data, starts,
                                       suspends, completes, browses
    wait SECONDS                       virtual time passes
    crash                              the node is killed and built again on its files
    journal                            the journal of the present process, one line an entry
    data                               where and with what the node would pull

Every line of the output is something that went over the wire, or what became of it.
"""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from connector.app import ROOT, Node, build_app
from connector.clock import VirtualClock
from connector.dataplane.transfers import http_pull
from connector.lab.scripted import Scripted
from connector.lab.static_identity import StaticIdentity
from connector.peer.client import Answer, Call
from connector.problems import Problem
from connector.protocol.extensions import RequestCard
from connector.protocol.machine import Role
from connector.protocol.negotiation import NEGOTIATION
from connector.protocol.transfer import TRANSFER
from connector.protocol.wire import DSP_CONTEXT
from connector.services.deciders import Person
from connector.services.exchange import shown_state
from connector.settings import load
from connector.store import agreements, datasets, journal, negotiations, peers, transfers
from connector.store.agreements import StoredAgreement
from connector.store.datasets import StoredDataset
from connector.store.db import Tx
from connector.store.negotiations import Negotiation
from connector.store.peers import Peer as KnownPeer
from connector.store.transfers import Transfer
from contracts.terms import instant
from tests.conversations.names import Names
from tests.conversations.peer import BASE, DID, HEADER, Peer, Reply, kind_of
from tests.harness.sealing import open_keys
from tests.simulator import network
from tests.simulator.virtual import InlineStore

HOST = "http://127.0.0.1:1001"
NODE = f"{HOST}/dsp/2025-1"
NODE_DID = "did:web:127.0.0.1%3A1001"
STRANGER_HEADER = "Bearer stranger"
DATASET, OFFER, AGREEMENT = "urn:data:lamps", "urn:offer:lamps", "urn:agreement:lamps"
USE = {"permission": [{"action": "use"}]}
BY = Person("urn:test:key", "test")
UNTOLD = ("body", "body_sha256", "from", "to", "by", "decided_by", "due_at", "explained")
OF_SEALS = ("contract", "sha256", "seal", "kid", "jws")
"""What differs from one telling to the next."""
KIT = json.loads((Path(__file__).parents[1] / "kits" / "dsp" / "script.json").read_text("utf-8"))
Row = Negotiation | Transfer
TOLD_HEADERS = ("retry-after", "link")

PATHS = {
    "ContractRequestMessage": ("/negotiations/request", "/request"),
    "ContractOfferMessage": ("/negotiations/offers", "/offers"),
    "ContractNegotiationEventMessage:ACCEPTED": ("", "/events"),
    "ContractNegotiationEventMessage:FINALIZED": ("", "/events"),
    "ContractAgreementMessage": ("", "/agreement"),
    "ContractAgreementVerificationMessage": ("", "/agreement/verification"),
    "ContractNegotiationTerminationMessage": ("", "/termination"),
    "TransferRequestMessage": ("/transfers/request", ""),
    "TransferStartMessage": ("", "/start"),
    "TransferSuspensionMessage": ("", "/suspension"),
    "TransferCompletionMessage": ("", "/completion"),
    "TransferTerminationMessage": ("", "/termination"),
}


class Pace:
    """Lets time pass only when a command says so, and tells when everything that follows from it has happened."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.horizon = clock.now()
        self.quiet = asyncio.Event()

    def when_idle(self) -> None:
        alarm = self.clock.next_alarm()
        self.clock.advance_to(min(alarm, self.horizon) if alarm else self.horizon)
        if alarm is None or alarm > self.horizon:
            self.quiet.set()

    async def settle(self, seconds: float = 0.0) -> None:
        """Let the time pass, and everything happen."""
        self.horizon = self.clock.now() + timedelta(seconds=seconds)
        self.quiet.clear()
        await self.quiet.wait()


class Stage:
    """Plays the commands of one conversation, in order."""

    def __init__(self, clock: VirtualClock, pace: Pace) -> None:
        self.clock = clock
        self.pace = pace
        self.lines: list[str] = []
        self.names = Names()
        self.node: Node | None = None
        self.tasks: list[asyncio.Task[Any]] = []
        self._folders: list[Path] = []
        self._clear()

    def _clear(self) -> None:
        self.peer = Peer(self._tell)
        self.pid = ""
        self.is_transfer = False
        self.sent: Call | None = None
        self.count = 0
        self.seen = ""
        self.options: dict[str, str] = {}

    async def play(self, command: str) -> list[str]:
        """Return what one command brings about."""
        self.lines = []
        actor, _, rest = command.partition(" ")
        await getattr(self, f"_{actor}")(rest)
        await self.pace.settle()
        await self._tell_states()
        return folded(self.lines)

    async def close(self) -> None:
        """End the node."""
        await self._stop()
        for folder in self._folders:
            shutil.rmtree(folder)

    # --- what is told -------------------------------------------------------------------------------------------------

    def _tell(self, who: str, words: str, body: Any = None) -> None:
        shown = "" if body is None else "  " + self.names.in_message(body)
        self.lines.append(f"{who}  {self.names.in_text(words)}{shown}")

    async def _tell_states(self) -> None:
        row = await self._row()
        if row is None:
            return
        table = TRANSFER if self.is_transfer else NEGOTIATION
        waits = f", sends {row.pending}" if row.pending else ""
        if row.intent and not waits:
            waits = f", wants to send {row.intent['kind']}"
        problem = f", {row.problem['code']}" if row.problem else ""
        told = f"node: {shown_state(table, row)}{waits}{problem}; peer: {self.peer.state or '-'}"
        if told != self.seen:
            self.lines.append(told)
        self.seen = told

    async def _row(self) -> Row | None:
        if self.node is None:
            return None
        queries: Any = transfers.queries if self.is_transfer else negotiations.queries
        found: list[Row] = await self.node.store.read(lambda tx: queries.page(tx, ROOT, limit=50))
        found = [row for row in found if not row.pid.startswith("urn:seed:")]
        if self.pid:
            return next((row for row in found if row.pid == self.pid), None)
        return found[0] if found else None

    # --- commands: the node -------------------------------------------------------------------------------------------

    async def _node(self, words: str) -> None:
        await self._stop()
        self._clear()
        self.names = Names()
        self.options = _options(words)
        self.names.in_full = self.options.get("show") == "all"
        folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self._folders.append(folder)
        await self._start(folder)
        assert self.node is not None
        await self.node.hosts.add(ROOT, "Node")
        open_keys(self.node)
        await self._seed(self.node)

    async def _start(self, folder: Path) -> None:
        settings = load(environ={}, data_dir=folder, public_url=HOST, public_port=0, private_port=0)
        identity = StaticIdentity(settings, {HEADER: DID, STRANGER_HEADER: "did:web:stranger.example"}, HEADER)
        decisions = Scripted(KIT["negotiations"], KIT["transfers"]) if "script" in self.options else None
        self.node = await build_app(
            settings, clock=self.clock, transport=self.peer, identity=identity, decisions=decisions
        )
        open_keys(self.node)
        self.tasks = [asyncio.ensure_future(self.node.jobs.run())]

    async def _stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        if self.node is not None:
            await self.node.close()
            self.node = None

    async def _crash(self, _: str) -> None:
        assert self.node is not None
        assert isinstance(self.node.store, InlineStore)
        folder = self.node.settings.data_dir
        self.node.store.crash()
        await self._stop()
        await self._start(folder)

    async def _seed(self, node: Node) -> None:
        name = self.options.get("script", DATASET)
        is_kit = "script" in self.options
        dataset = "CAT0101" if name.startswith("ATP") else name
        offer = f"CD123:{dataset}:456" if is_kit else OFFER
        await node.store.write(lambda tx: _put_dataset(tx, dataset))
        terms = json.loads(self.options.get("terms", json.dumps(USE)))
        mode = self.options.get("mode", "manual")
        await node.publish.put_offer(ROOT, dataset=dataset, policy=terms, mode=mode, offer_id=offer, by=BY)
        await node.store.write(lambda tx: peers.put(tx, KnownPeer(owner=ROOT, did=DID, name="P", url=BASE, pinned=[])))
        self.dataset, self.offer = dataset, {"@id": offer, "@type": "Offer", "target": dataset, **terms}
        self.agreement = name if name.startswith("ATP") else AGREEMENT
        if "agreement" in self.options or name.startswith("ATP"):
            is_ours = name.startswith("ATPC") or self.options.get("agreement") == "consumer"
            role = Role.CONSUMER if is_ours else Role.PROVIDER
            self.is_transfer = True
            await node.store.write(lambda tx: _put_agreement(tx, self.agreement, role, dataset, terms))

    # --- commands: the peer -------------------------------------------------------------------------------------------

    async def _peer(self, words: str) -> None:
        verb, _, rest = words.partition(" ")
        await getattr(self, f"_peer_{verb}")(rest)

    async def _peer_sends(self, words: str) -> None:
        kind, _, changes = words.partition(" ")
        if words == "as new":
            message = json.loads((self.sent and self.sent.body) or b"{}")
            await self._deliver({**message, "@id": self._message_id()}, self.sent.url if self.sent else "")
            return
        message = self._message(kind)
        for member, value in json.loads(changes or "{}").items():
            message[member] = value
        message = {member: value for member, value in message.items() if value is not None}
        await self._deliver(message, self._address(kind))

    async def _peer_repeats(self, _: str) -> None:
        assert self.sent is not None
        await self._call(self.sent)

    async def _peer_posts(self, words: str) -> None:
        path, _, body = words.partition(" ")
        await self._call(_call("POST", self._absolute(path), body.encode()))

    async def _peer_gets(self, path: str) -> None:
        await self._call(_call("GET", self._absolute(path)))

    async def _peer_asks(self, words: str) -> None:
        if words:
            self.peer.asks = lambda: self._peer_asks("")
            return
        await self._call(_call("GET", f"{NODE}/{self._root}/{self.peer.node_pid}"))

    async def _stranger(self, words: str) -> None:
        if words == "asks":
            call = _call("GET", f"{NODE}/{self._root}/{self.peer.node_pid}")
        else:
            assert self.sent is not None
            call = self.sent
        headers = {**call.headers, "Authorization": STRANGER_HEADER}
        await self._call(Call(call.method, call.url, headers, call.body), who="stranger")

    async def _peer_answers(self, words: str) -> None:
        words, _, header = words.partition(" with ")
        status, _, body = words.partition(" ")
        name, _, value = header.partition(": ")
        headers = {name.lower(): value} if name else {}
        self.peer.replies.append(Reply(int(status), body.encode() or None, headers, is_taken=int(status) < 300))

    async def _peer_loses(self, words: str) -> None:
        self.peer.replies.append(Reply(is_taken=words == "the answer"))

    async def _peer_stands(self, words: str) -> None:
        self.peer.state = words.removeprefix("in ")

    async def _peer_knows(self, _: str) -> None:
        self.peer.knows_repetition = False

    async def _peer_shows(self, words: str) -> None:
        words, _, header = words.partition(" with ")
        path, _, body = words.partition(" ")
        name, _, value = header.partition(": ")
        self.peer.documents[path] = Reply(200, body.encode(), {name.lower(): value} if name else {})

    async def _peer_begins(self, words: str) -> None:
        self.peer.start_over(self.peer.role, self.peer.table)
        options = _options(words.removeprefix("anew"))
        self.pid, self.seen = "", ""
        self.peer.pid = options.get("pid", self.peer.pid)
        self.peer.base = options.get("base", self.peer.base)

    @property
    def _root(self) -> str:
        return "transfers" if self.is_transfer else "negotiations"

    def _absolute(self, path: str) -> str:
        pid = self.peer.node_pid or ""
        return (HOST if path.startswith("/.") else NODE) + path.replace("<pid>", pid)

    def _address(self, kind: str) -> str:
        first, later = PATHS[kind]
        return f"{NODE}{first}" if self.peer.node_pid is None else f"{NODE}/{self._root}/{self.peer.node_pid}{later}"

    def _message_id(self) -> str:
        self.count += 1
        return f"urn:peer:message:{self.count}"

    def _message(self, kind: str) -> dict[str, Any]:
        """Return the message as an ordinary peer would write it now."""
        name, _, event = kind.partition(":")
        is_first = self.peer.node_pid is None
        self.is_transfer = name.startswith("Transfer")
        if is_first:
            is_offer = name == "ContractOfferMessage"
            self.peer.role = Role.PROVIDER if is_offer else Role.CONSUMER
            self.peer.table = TRANSFER if self.is_transfer else NEGOTIATION
        message: dict[str, Any] = {"@context": [DSP_CONTEXT], "@id": self._message_id(), "@type": name}
        message |= self.peer.pids
        if event:
            message["eventType"] = event
        if is_first:
            message["callbackAddress"] = self.peer.base
        match name:
            case "ContractRequestMessage" | "ContractOfferMessage":
                message["offer"] = self.peer.heard.get("offer", self.offer)
            case "ContractAgreementMessage":
                message["agreement"] = self._agreement()
            case "TransferRequestMessage":
                message |= {"agreementId": self.agreement, "format": "HttpData-PULL"}
            case "TransferStartMessage" if self.peer.role is Role.PROVIDER:
                message["dataAddress"] = {
                    "@type": "DataAddress",
                    "endpointType": "https://w3id.org/idsa/v4.1/HTTP",
                    "endpoint": "http://127.0.0.1:2001/data",
                    "endpointProperties": [{"@type": "EndpointProperty", "name": "authorization", "value": "secret"}],
                }
        return message

    def _agreement(self) -> dict[str, Any]:
        offer = self.peer.heard.get("offer", self.offer)
        rules = {name: value for name, value in offer.items() if name not in ("@id", "@type", "target", "assigner")}
        return {
            "@id": "urn:peer:agreement",
            "@type": "Agreement",
            **rules,
            "assigner": DID,
            "assignee": NODE_DID,
            "target": offer["target"],
            "timestamp": self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    async def _deliver(self, message: dict[str, Any], url: str) -> None:
        await self._call(_call("POST", url, json.dumps(message, ensure_ascii=False).encode()), kind_of(message))

    async def _call(self, call: Call, kind: str = "", who: str = "peer") -> None:
        assert self.node is not None
        if kind:
            self.sent = call
        message = _read(call.body)
        path = call.url.removeprefix(NODE).removeprefix(HOST)
        words = f"{call.method} {path}"
        raw = f" {call.body.decode()[:80]}" if call.body and message is None else ""
        self._tell(f"{who} → node", words + raw, message)
        async with self.peer.is_reading:
            answer = await network.call_app(self.node.public, call)
            self._tell_answer(call, answer, kind, who)

    def _tell_answer(self, call: Call, answer: Answer, kind: str, who: str) -> None:
        extra = "".join(f" {name}: {answer.headers[name]}" for name in TOLD_HEADERS if name in answer.headers)
        told = _read(answer.body)
        self._tell(f"node → {who}", f"{answer.status}{extra}", told)
        if not answer.is_success or not kind:
            return
        if self.peer.node_pid is None and told:
            self.peer.node_pid = told["consumerPid" if self.peer.role is Role.PROVIDER else "providerPid"]
            self.pid = self.peer.node_pid or ""
        self.peer.moved(kind, self.peer.role)

    # --- commands: people, time, records ------------------------------------------------------------------------------

    async def _person(self, words: str) -> None:
        assert self.node is not None
        talk, move = self.node.negotiate, self.node.transfer
        process = move if self.is_transfer else talk
        changes = json.loads(words[words.index("{") :]) if "{" in words else {}
        verb = words.partition(" {")[0]
        pid = self.pid or getattr(await self._row(), "pid", "")
        acts: dict[str, Callable[[], Awaitable[Any]]] = {
            "requests": lambda: talk.request(ROOT, DID, {**self.offer, "assigner": DID, **changes}, by=BY),
            "declares and requests": lambda: talk.request(
                ROOT, DID, {**self.offer, "assigner": DID}, by=BY, card=RequestCard(**changes)
            ),
            "offers": lambda: talk.offer(ROOT, DID, self.offer["@id"], by=BY),
            "accepts": lambda: talk.accept(ROOT, pid, by=BY),
            "counters": lambda: talk.counter(ROOT, pid, changes, by=BY),
            "verifies": lambda: talk.verify(ROOT, pid, by=BY),
            "asks for data": lambda: move.request(ROOT, self.agreement, by=BY),
            "starts": lambda: move.start(ROOT, pid, by=BY),
            "suspends": lambda: move.suspend(ROOT, pid, "pause", "Maintenance.", by=BY),
            "completes": lambda: move.complete(ROOT, pid, by=BY),
            "terminates": lambda: process.terminate(ROOT, pid, "end", "No longer needed.", by=BY),
            "browses": lambda: self._browse(changes),
        }
        try:
            row = await acts[verb]()
        except Problem as problem:
            self.lines.append(f"person: {problem.code}: {self.names.in_text(problem.say('en'))}")
            return
        if verb in ("requests", "offers", "asks for data"):
            self.is_transfer, self.pid = verb == "asks for data", row.pid

    async def _browse(self, changes: dict[str, Any]) -> None:
        assert self.node is not None
        page = await self.node.catalogue.browse(ROOT, DID, **changes)
        titles = ", ".join(one.id for one in page.datasets)
        self.lines.append(f"person: sees {titles}; next {page.following}; previous {page.previous}")

    async def _wait(self, seconds: str) -> None:
        await self.pace.settle(float(seconds))

    async def _journal(self, _: str) -> None:
        row = await self._row()
        assert self.node is not None
        assert row is not None
        pid = row.pid
        for entry in await self.node.store.read(lambda tx: journal.page(tx, ROOT, pid, 0, 200)):
            told = {name: value for name, value in entry.entry.items() if name not in (*UNTOLD, *OF_SEALS)}
            words = " ".join(f"{name}={value}" for name, value in told.items())
            self.lines.append(self.names.in_text(f"{entry.n:2} {entry.kind}: {words}"))

    async def _data(self, _: str) -> None:
        row = await self._row()
        assert isinstance(row, Transfer)
        found = http_pull.read(row.data_address or {})
        self.lines.append(f"node: pulls {found.endpoint} with {found.authorization}" if found else "node: cannot pull")


def folded(lines: list[str]) -> list[str]:
    """Return the lines with rounds that repeat told once."""
    told: list[str] = []
    at = 0
    while at < len(lines):
        size, times = max(
            ((size, _times(lines, at, size)) for size in range(1, 7)), key=lambda found: found[0] * found[1]
        )
        told += lines[at : at + size]
        if times > 1:
            told.append(f"… {times - 1} times more")
        at += size * times
    return told


def _times(lines: list[str], at: int, size: int) -> int:
    """Return how often the lines from a place repeat, one after the other; one is no repetition."""
    times = 1
    while lines[at : at + size] == lines[at + times * size : at + (times + 1) * size]:
        times += 1
    return times if times > 1 or size == 1 else 0


def _options(words: str) -> dict[str, str]:
    """Return KEY=VALUE words; a value may be JSON without spaces."""
    return dict(word.split("=", 1) for word in words.split())


def _call(method: str, url: str, body: bytes | None = None) -> Call:
    return Call(method, url, {"Authorization": HEADER, "Content-Type": "application/json"}, body)


def _read(body: bytes | None) -> Any:
    try:
        found = json.loads(body or b"")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _put_dataset(tx: Tx, name: str) -> None:
    datasets.put(tx, StoredDataset(owner=ROOT, id=name, title="Lamps", document={}, source={"kind": "file"}))


def _put_agreement(tx: Tx, name: str, role: Role, dataset: str, terms: dict[str, Any]) -> None:
    assigner, assignee = (DID, NODE_DID) if role is Role.CONSUMER else (NODE_DID, DID)
    parties = {"assigner": assigner, "assignee": assignee, "timestamp": instant(tx.now)}
    document = json.dumps({"@id": name, "@type": "Agreement", "target": dataset, **parties, **terms})
    negotiation = Negotiation(
        owner=ROOT,
        pid=f"urn:seed:{name}",
        role=role,
        peer=DID,
        peer_pid=f"urn:seed:peer:{name}",
        peer_url=BASE,
        state="FINALIZED",
        dataset=dataset,
        offer_id="urn:seed:offer",
        offer=document,
        offer_by="provider",
        agreement=name,
    )
    negotiations.save(tx, negotiation)
    stored = StoredAgreement(
        owner=ROOT,
        id=name,
        role=role,
        peer=DID,
        negotiation=negotiation.pid,
        dataset=dataset,
        document=document,
        accepted_terms=[],
        status="active",
        created_at=tx.now,
    )
    agreements.add(tx, stored)
