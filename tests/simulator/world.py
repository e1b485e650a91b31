"""A small world: two nodes with their people, a network that does its worst, crashes at any line, and one seed.

A *history* is one process (a negotiation or a transfer) under a schedule of its own: the people on both sides act on it
at moments drawn from its own random stream, and the fate of every message about it is drawn from that stream too.
A world lets a dozen histories happen at once on the same two nodes, because building nodes costs more than talking, and
because back-off, group commits and crashes are shared in life as well. Crashes belong to the world's stream.

A world is born (two nodes that know each other, a few datasets, one agreement under which transfers are asked for),
suffers, heals, and is judged when nothing moves any more; then people end what can be ended, and it is judged again.
"""

import asyncio
import itertools
import json
import random
import re
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from connector.app import ROOT, Node, build_app
from connector.clock import VirtualClock
from connector.peer.client import Answer, Call
from connector.peer.errors import Unreachable
from connector.problems import Problem
from connector.protocol import negotiation as n
from connector.protocol import transfer as t
from connector.protocol.machine import Role
from connector.protocol.wire import digest
from connector.settings import Settings, load
from connector.store import agreements, journal, negotiations, transfers
from connector.store.db import Tx
from connector.store.negotiations import Negotiation
from connector.store.tables import jobs as jobs_table
from connector.store.transfers import Transfer
from tests.harness import nodes
from tests.simulator import network, virtual
from tests.simulator.network import Host, Network
from tests.simulator.virtual import InlineStore

Row = Negotiation | Transfer

SUFFERING_S = 60.0
"""For how long people act and the network does its worst."""
PATIENCE_S = 1800.0
"""After how long a healed world that still moves counts as stuck."""
CONFLICT = b'{"code":"409","reason":["Not in this state"]}'
"""What EDC answers to a message that it has processed already."""
COUNTER_TERMS = {"permission": [{"action": "use", "constraint": [
    {"leftOperand": "purpose", "operator": "eq", "rightOperand": "urn:test:planning"}]}]}  # fmt: skip


class Broken(AssertionError):
    """A world broke one of the promises."""


@dataclass
class Place:
    """Where a node lives: the folder outlives the node."""

    name: str
    host: Host
    folder: Path
    node: Node | None = None
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    """All that would die with the process: jobs, requests under way, calls of people."""
    problems: list[BaseException | None] = field(default_factory=list)
    """What no node may end with."""

    @property
    def did(self) -> str:
        return "did:web:" + self.host.replace(":", "%3A")

    @property
    def settings(self) -> Settings:
        url = f"http://{self.host}"
        return load(environ={}, data_dir=self.folder, public_url=url, public_port=0, private_port=0)

    def spawn(self, work: Any) -> asyncio.Task[Any]:
        """Run something that dies with the node."""
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def _note_end(self, jobs: asyncio.Task[Any]) -> None:
        if not jobs.cancelled() and jobs.exception() is not None:
            self.problems.append(jobs.exception())

    async def wake(self, clock: VirtualClock, net: Network) -> Node:
        """Build the node on what is in its folder, and let its jobs run."""
        node = await build_app(self.settings, clock=clock, transport=net.transport_of(self.host))
        self.node = node
        self.spawn(node.jobs.run()).add_done_callback(self._note_end)
        return node

    def crash(self) -> None:
        """Kill the node: nothing of it runs another line."""
        assert self.node is not None
        store = self.node.store
        assert isinstance(store, InlineStore)
        store.crash()
        for task in self.tasks:
            task.cancel()
        self.node = None


@dataclass(eq=False)
class History:
    """One process under its own schedule."""

    number: int
    kind: str
    chance: random.Random
    asks: Role
    """Who sends the first message."""
    pids: dict[Role, str] = field(default_factory=dict)
    rows: dict[Role, Row] = field(default_factory=dict)

    @property
    def is_transfer(self) -> bool:
        return self.kind == "transfer"

    def __str__(self) -> str:
        return f"[{self.number} {self.kind}]"

    @property
    def offer(self) -> str:
        """The offer's name, for negotiations."""
        return "automatic" if self.kind == "automatic" else "manual"


KINDS = ("automatic", "manual", "manual", "offered", "transfer", "transfer")


def places(folder: Path) -> dict[Role, Place]:
    """Return the two places of a world."""
    return {
        Role.CONSUMER: Place("consumer", "127.0.0.1:1001", folder / "consumer"),
        Role.PROVIDER: Place("provider", "127.0.0.1:1002", folder / "provider"),
    }


def make_template(folder: Path) -> None:
    """Write the folders of two nodes that know each other, with datasets, offers, and one agreement between them."""

    async def make(clock: VirtualClock) -> None:
        net = Network(clock)
        both = places(folder)
        hosts = {place.host: place for place in both.values()}

        async def serve(host: Host, call: Call) -> Answer:
            node = hosts[host].node
            assert node is not None
            return await network.call_app(node.public, call)

        net.serve = serve
        for place in both.values():
            node = await place.wake(clock, net)
            await node.hosts.add(ROOT, place.name)
        provider, consumer = (both[role].node for role in (Role.PROVIDER, Role.CONSUMER))
        assert provider is not None
        assert consumer is not None
        await nodes.publish(provider, "automatic", offer_id="urn:offer:automatic")
        await nodes.publish(provider, "manual", offer_id="urn:offer:manual", mode="manual")
        await nodes.acquaint(consumer, provider)
        await nodes.acquaint(provider, consumer)
        asked = await nodes.ask(consumer, both[Role.PROVIDER].did, "urn:test:automatic")
        await nodes.until_negotiation(consumer, asked.pid, n.FINALIZED)
        theirs = (await _peek(consumer, negotiations.peek, asked.pid)).peer_pid or ""
        await nodes.until_negotiation(provider, theirs, n.FINALIZED)
        for place in both.values():
            node, place.node = place.node, None
            assert node is not None
            for task in place.tasks:
                task.cancel()
            await asyncio.gather(*place.tasks, return_exceptions=True)
            await node.close()

    folder.mkdir(parents=True, exist_ok=True)
    with virtual.simulated(0):
        asyncio.run(make(VirtualClock()))


async def _peek(node: Node, peek: Callable[[Tx, str, str], Any], pid: str) -> Any:
    return await node.store.read(lambda tx: peek(tx, ROOT, pid))


@dataclass
class World:
    """One seeded world; `run` returns its histories or raises Broken."""

    seed: int
    folder: Path
    size: int = 12
    log: Callable[..., None] = lambda *_: None

    def __post_init__(self) -> None:
        self.chance = random.Random(f"world {self.seed}")
        self.clock = VirtualClock()
        self.net = Network(self.clock)
        self.places = places(self.folder)
        self.by_host = {place.host: role for role, place in self.places.items()}
        self.strict = self.chance.choice(list(Role)) if self.seed % 4 == 3 else None
        """A side that knows no repetition, as EDC does not: it refuses what it has processed already."""
        self.histories = [self._history(number) for number in range(self.size)]
        self.by_pid: dict[str, History] = {}
        self.is_suffering = False
        self.recovering: list[asyncio.Future[None]] = []
        self.crashes: Counter[tuple[str, str]] = Counter()
        """How often a node was killed, by the message that was on its way and the moment."""
        self.acknowledged: dict[tuple[Role, str], tuple[History, bytes]] = {}
        """(receiver, message's `@id`) of every success that left a node, with the message."""
        self.outcomes: Counter[str] = Counter()
        self.differing: set[int] = set()
        """Numbers of the histories whose sides stood in two states, which a person saw."""
        self.net.serve = self._serve
        self.net.new_token = self._new_token
        self.net.fate_of = self._fate_of

    def _history(self, number: int) -> History:
        chance = random.Random(f"history {self.seed}.{number}")
        kind = chance.choice(KINDS)
        return History(number, kind, chance, Role.PROVIDER if kind == "offered" else Role.CONSUMER)

    def run(self, template: Path) -> None:
        """Let it happen, heal and judge; judge again after people ended what they could. Raises Broken."""
        shutil.copytree(template, self.folder)
        try:
            with virtual.simulated(self.seed):
                virtual.run(self._happen(), self.clock)
        finally:
            shutil.rmtree(self.folder)

    async def _happen(self) -> None:
        self.clock.advance(timedelta(days=1))
        for place in self.places.values():
            await self._wake(place)
        self.is_suffering = True
        await asyncio.gather(*(self._live(history) for history in self.histories))
        self.is_suffering = False
        await self._until_quiet()
        await self._judge()
        await asyncio.gather(*(self._conclude(history) for history in self.histories))
        await self._until_quiet()
        await self._judge()
        for history in self.histories:
            states = sorted({row.state for row in history.rows.values()})
            self.outcomes[f"{history.kind} {' ≠ '.join(states)}"] += 1
        for place in self.places.values():
            place.crash()
        await asyncio.sleep(0)

    # --- the network and the crashes ----------------------------------------------------------------------------------

    def _fate_of(self, call: Call) -> network.Fate:
        if not self.is_suffering:
            return network.KIND
        history = self._about(call)
        return network.draw(history.chance if history else self.chance)

    def _about(self, call: Call) -> History | None:
        """Return the history of which a call speaks, by a pid in its address or its body."""
        text = call.url + (call.body or b"").decode()
        for pid in re.findall(r"urn:uuid:[0-9a-f-]{36}", text):
            if pid in self.by_pid:
                return self.by_pid[pid]
        return None

    async def _serve(self, host: Host, call: Call) -> Answer:
        role = self.by_host[host]
        place = self.places[role]
        kind = _kind_of(call)
        if place.node is None:
            raise Unreachable("refused", host)
        self._may_crash(place.name, kind, "before it is processed")
        if place.node is None:
            raise Unreachable("refused", host)
        if role is self.strict and self._was_processed(role, call):
            return Answer(409, {"content-type": "application/json"}, CONFLICT)
        request = place.spawn(network.call_app(place.node.public, call))
        await asyncio.wait([request])
        if request.cancelled():
            raise Unreachable("closed", host)
        answer: Answer = request.result()
        if answer.is_success and call.method == "POST":
            try:
                self._note_success(role, call, answer)
            except Exception as problem:
                self.net.problems.append(problem)
        self.log(f"{self._about(call)} {kind} → {place.name}: {answer.status}")
        self._may_crash(place.name, kind, "after it is processed")
        self._may_crash(self.places[role.other].name, kind, "before its answer arrives")
        return answer

    def _was_processed(self, role: Role, call: Call) -> bool:
        is_first = call.url.endswith(("/negotiations/request", "/negotiations/offers", "/transfers/request"))
        return call.method == "POST" and not is_first and (role, _message(call)["@id"]) in self.acknowledged

    def _note_success(self, role: Role, call: Call, answer: Answer) -> None:
        message = _message(call)
        ours, theirs = ("consumerPid", "providerPid") if role is Role.CONSUMER else ("providerPid", "consumerPid")
        history = self._history_of(message.get(ours), message[theirs]) or self._adopt(role.other, message)
        self._know(history, role.other, message[theirs])
        self.acknowledged[role, message["@id"]] = history, call.body or b""
        if answer.status == 201:
            self._know(history, role, json.loads(answer.body)[ours])

    def _history_of(self, *pids: str | None) -> History | None:
        return next((self.by_pid[pid] for pid in pids if pid in self.by_pid), None)

    def _know(self, history: History, role: Role, pid: str) -> None:
        if history.pids.setdefault(role, pid) != pid:
            raise Broken(f"{history}: the {role} has two processes")
        self.by_pid[pid] = history

    def _adopt(self, role: Role, message: dict[str, Any]) -> History:
        """Give a process to the person who began it and whose node was killed before it could say so."""
        is_transfer = message["@type"] == t.REQUEST
        for history in self.histories:
            is_alike = history.is_transfer == is_transfer and history.asks is role
            if is_alike and not history.pids and (is_transfer or message["offer"]["@id"].endswith(history.offer)):
                return history
        stray = History(len(self.histories), "transfer" if is_transfer else "manual", self.chance, role)
        self.histories.append(stray)
        return stray

    async def _new_token(self, sender: Host, receiver: Host) -> str:
        node = self.places[self.by_host[sender]].node
        if node is None:
            raise Unreachable("closed", sender)
        return await node.identity.token_for(ROOT, self.places[self.by_host[receiver]].did)

    def _may_crash(self, name: str, kind: str, moment: str) -> None:
        if self.is_suffering and self.chance.random() < 0.008:
            self._crash(name, kind, moment)

    def _crash(self, name: str, kind: str, moment: str) -> None:
        place = next(place for place in self.places.values() if place.name == name)
        if place.node is None:
            return
        self.crashes[kind, moment] += 1
        self.log(f"the {name} is killed: {kind} {moment}")
        place.crash()
        after_s = self.chance.choice((0.0, self.chance.uniform(0, 20)))
        self.recovering.append(asyncio.ensure_future(self._recover(place, after_s)))

    async def _recover(self, place: Place, after_s: float) -> None:
        await asyncio.gather(*place.tasks, return_exceptions=True)
        await self.net.pause(after_s)
        self.log(f"the {place.name} is back")
        await self._wake(place)

    async def _wake(self, place: Place) -> None:
        node = await place.wake(self.clock, self.net)
        assert isinstance(node.store, InlineStore)

        def after_commit() -> bool:
            if place.node is node and self.is_suffering and self.chance.random() < 0.008:
                self._crash(place.name, *_last_entry(node))
            return place.node is not node

        node.store.after_commit = after_commit

    # --- people -------------------------------------------------------------------------------------------------------

    async def _live(self, history: History) -> None:
        """Begin a history, and let people act on it now and then."""
        chance = history.chance
        await self.net.pause(chance.uniform(0, 10))
        while history.asks not in history.pids:
            await self._ask_person(history, history.asks, self._begin)
            await self.net.pause(0.5)
        for _ in range(chance.randrange(0, 9)):
            pause_s = chance.choice((chance.expovariate(20), chance.expovariate(1), chance.expovariate(0.2)))
            await self.net.pause(min(pause_s, SUFFERING_S / 8))
            both = [role for role in Role if role in history.pids]
            for role in both if chance.random() < 0.3 else both and [chance.choice(both)]:
                await self._ask_person(history, role, self._act)
        await self.net.pause(chance.uniform(0, 20))

    async def _ask_person(
        self, history: History, role: Role, act: Callable[[History, Role, Node], Awaitable[None]]
    ) -> None:
        """Have a person act through the node on that side, if it runs; the person's call dies with the node."""
        place = self.places[role]
        if place.node is None:
            return
        task = place.spawn(act(history, role, place.node))
        await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, Problem):
            raise error

    async def _begin(self, history: History, role: Role, node: Node) -> None:
        peer = self.places[role.other].did
        row: Row
        if history.is_transfer:
            row = await node.transfer.request(ROOT, await self._agreement(node))
        elif history.kind == "offered":
            row = await node.negotiate.offer(ROOT, peer, "urn:offer:manual")
        else:
            offer = {"@id": f"urn:offer:{history.kind}", "@type": "Offer", "target": f"urn:test:{history.kind}"}
            row = await node.negotiate.request(ROOT, peer, {**offer, **nodes.OPEN, "assigner": peer})
        if history.pids.setdefault(role, row.pid) == row.pid:
            self.by_pid[row.pid] = history

    async def _agreement(self, node: Node) -> str:
        found = await node.store.read(lambda tx: agreements.page(tx, ROOT, limit=500))
        return found[-1].id

    async def _act(self, history: History, role: Role, node: Node) -> None:
        row = await self._row(history, role, node)
        acts = _acts(history, row, node)
        weights = [1 if name == "terminate" else 6 for name in acts]
        name = history.chance.choices(list(acts), weights)[0]
        self.log(f"{history} the {role} wants to {name} in {row.state}, pending {row.pending}")
        await acts[name]()

    async def _row(self, history: History, role: Role, node: Node) -> Row:
        peek = transfers.peek if history.is_transfer else negotiations.peek
        row: Row = await _peek(node, peek, history.pids[role])
        return row

    async def _conclude(self, history: History) -> None:
        """End what is not ended, as people would: one side accepts, completes or terminates."""
        for _ in range(6):
            role = history.chance.choice([one for one in Role if one in history.pids])
            await self._ask_person(history, role, self._act)
            await self.net.pause(5)

    # --- judgement ----------------------------------------------------------------------------------------------------

    async def _until_quiet(self) -> None:
        """Wait until nothing is on its way and no job is left; at most two hours."""
        end = self.clock.now() + timedelta(seconds=PATIENCE_S)
        while not (self.net.is_quiet and await self._has_no_jobs()):
            if self.clock.now() > end:
                raise Broken(f"still moving: {await self._open_jobs()}")
            await self.net.pause(1.0)

    async def _has_no_jobs(self) -> bool:
        return not await self._open_jobs()

    async def _open_jobs(self) -> list[Any]:
        found: list[Any] = []
        for place in self.places.values():
            if place.node is None:
                return [place.name]
            found += await place.node.store.read(lambda tx: tx.connection.execute(jobs_table.select()).all())
        return found

    async def _judge(self) -> None:
        for problem in (*self.net.problems, *(one for place in self.places.values() for one in place.problems)):
            raise Broken(repr(problem)) from problem
        for history in self.histories:
            try:
                await self._judge_one(history)
            except Broken as fault:
                raise Broken(f"{history}: {fault}\n{await self._tell(history)}") from None

    async def _tell(self, history: History) -> str:
        """Return both journals of a history, in the order of time."""
        lines = []
        for role, pid in history.pids.items():
            entries = await self._node(role).store.read(lambda tx, pid=pid: journal.page(tx, ROOT, pid, 0, 1000))  # type: ignore[misc]
            for entry in entries:
                told = {name: value for name, value in entry.entry.items() if name not in ("body", "from", "to", "by")}
                lines.append(f"{entry.at:%H:%M:%S.%f} {role:8} {entry.kind:16} {' '.join(map(str, told.values()))}")
        return "\n".join(sorted(lines))

    async def _judge_one(self, history: History) -> None:
        history.rows = {}
        for role in history.pids:
            history.rows[role] = row = await self._row(history, role, self._node(role))
            self._check_at_rest(role, row)
            await self._check_journal(role, row)
        for role in history.pids:
            await self._check_nothing_lost(history, role)
        self._check_agreement_on_state(history)
        if not history.is_transfer:
            await self._check_agreements(history)

    def _node(self, role: Role) -> Node:
        node = self.places[role].node
        assert node is not None
        return node

    def _check_at_rest(self, role: Role, row: Row) -> None:
        if row.pending is not None:
            raise Broken(f"{role}: {row.pending} is pending for ever")
        if row.intent is not None:
            raise Broken(f"{role}: wants to send {row.intent['kind']} for ever")

    def _check_agreement_on_state(self, history: History) -> None:
        if len(history.rows) < 2:
            first = history.rows[history.asks]
            if first.problem is None:
                raise Broken("the first message is lost")
            return
        states = {role: row.state for role, row in history.rows.items()}
        if len(set(states.values())) > 1:
            self.differing.add(history.number)
            if not any(_is_visible(row) for row in history.rows.values()):
                raise Broken(f"undetected: {states}")

    async def _check_journal(self, role: Role, row: Row) -> None:
        node = self._node(role)
        entries = await node.store.read(lambda tx: journal.page(tx, ROOT, row.pid, 0, 1000))
        await node.store.read(lambda tx: journal.verify(tx, ROOT, row.pid))
        received = Counter(entry.message_id for entry in entries if entry.kind == "received")
        if received and max(received.values()) > 1:
            raise Broken(f"{role}: a message took effect twice")
        states = [entry.entry["state"] for entry in entries if "state" in entry.entry]
        ended = {n.FINALIZED, n.TERMINATED, t.COMPLETED}
        for before, after in itertools.pairwise(states):
            if before in ended and after != before:
                raise Broken(f"{role}: left {before} for {after}")
        if states and states[-1] != row.state:
            raise Broken(f"{role}: the journal ends in {states[-1]}, the row in {row.state}")

    async def _check_agreements(self, history: History) -> None:
        documents = {}
        for role, row in history.rows.items():
            found = await self._node(role).store.read(
                lambda tx, pid=row.pid: agreements.page(tx, ROOT, negotiation=pid)  # type: ignore[misc]
            )
            active = [one for one in found if one.status == "active"]
            if row.state == n.FINALIZED and len(active) != 1:
                raise Broken(f"{role}: {len(active)} active agreements")
            if row.state == n.TERMINATED and active:
                raise Broken(f"{role}: an agreement outlives its negotiation")
            documents[role] = [one.document for one in active]
        are_final = all(row.state == n.FINALIZED for row in history.rows.values()) and len(documents) == 2
        if are_final and documents[Role.CONSUMER] != documents[Role.PROVIDER]:
            raise Broken("the agreements differ")

    async def _check_nothing_lost(self, history: History, role: Role) -> None:
        """Every message that was answered with success is in the journal, itself or one with the same content."""
        entries = await self._node(role).store.read(lambda tx: journal.page(tx, ROOT, history.pids[role], 0, 1000))
        received = [entry for entry in entries if entry.kind == "received"]
        ids = {entry.message_id for entry in received}
        digests = {digest(entry.entry["body"].encode()) for entry in received}
        for (receiver, message_id), (about, body) in self.acknowledged.items():
            is_known = message_id in ids or digest(body) in digests
            if (receiver, about) == (role, history) and not is_known:
                raise Broken(f"the {role} acknowledged {message_id} and has lost it")


def _last_entry(node: Node) -> tuple[str, str]:
    """Return the message and the kind of the journal's last entry: about what was committed."""
    assert isinstance(node.store, InlineStore)
    query = "SELECT entry ->> '$.entry.message', kind FROM journal ORDER BY rowid DESC LIMIT 1"
    message, kind = node.store._write_raw.execute(query).fetchone()
    return message, f"after the commit that it was {kind}"


def _message(call: Call) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call.body or b"{}")
    return found


def _kind_of(call: Call) -> str:
    if call.method != "POST":
        return "question"
    message = _message(call)
    return f"{message['@type']}:{message['eventType']}" if "eventType" in message else str(message["@type"])


def _is_visible(row: Row) -> bool:
    """True when a person who looks at this side sees that the two may differ."""
    code: str = (row.problem or {}).get("code", "")
    return code == "divergence" or code.startswith("peer-4")


def _acts(history: History, row: Row, node: Node) -> dict[str, Callable[[], Awaitable[Any]]]:
    """Return what a person can do on this side; what is not allowed is answered with a problem."""
    pid = row.pid
    if history.is_transfer:
        service = node.transfer
        return {
            "start": lambda: service.start(ROOT, pid),
            "suspend": lambda: service.suspend(ROOT, pid, "pause", "We pause."),
            "complete": lambda: service.complete(ROOT, pid),
            "terminate": lambda: service.terminate(ROOT, pid, "end", "We end it."),
        }
    talk = node.negotiate
    return {
        "accept": lambda: talk.accept(ROOT, pid),
        "counter": lambda: talk.counter(ROOT, pid, COUNTER_TERMS),
        "terminate": lambda: talk.terminate(ROOT, pid, "end", "We end it."),
    }
