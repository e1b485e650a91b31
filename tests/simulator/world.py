"""A small world: two nodes with their people, a network that does its worst, crashes at any line, and one seed.

A *history* is one process (a negotiation or a transfer) under a schedule of its own: the people on both sides act on it
at moments drawn from its own random stream, and the fate of every message about it is drawn from that stream too.
A world lets a dozen histories happen at once on the same two nodes, because building nodes costs more than talking, and
because back-off, group commits and crashes are shared in life as well. Crashes belong to the world's stream.

A world is born (two nodes that know each other, a few datasets, one agreement under which transfers are asked for),
suffers, heals, and is judged when nothing moves any more; then people end what can be ended, and it is judged again.
"""

import asyncio
import json
import random
import re
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from connector.app import ROOT, Node
from connector.clock import VirtualClock
from connector.peer.client import Answer, Call
from connector.peer.errors import Unreachable
from connector.problems import Problem
from connector.protocol import negotiation as n
from connector.protocol import transfer as t
from connector.protocol.machine import Role
from connector.store import agreements
from tests.harness import nodes
from tests.simulator import authority, network, virtual
from tests.simulator.authority import Authority
from tests.simulator.judgement import CARRIERS, Broken, History, Judgement, Row, row_of
from tests.simulator.network import Host, Network
from tests.simulator.places import Place, places
from tests.simulator.virtual import InlineStore

PATIENCE_S = 1800.0
"""After how long a healed world that still moves counts as stuck."""
COMMON = frozenset({"question", t.REQUEST, t.START, n.REQUEST})
"""What is on its way so often that death may look the other way most of the time."""
SEAL, UNHEARD = "seal", "once it is put and nobody knows"
"""What a node is killed with when its signer has signed, and that moment."""
STAMP, UNREAD = "time-stamp", "before its answer arrives"
CONFLICT = b'{"code":"409","reason":["Not in this state"]}'
"""What EDC answers to a message that it has processed already."""
COUNTER_TERMS = {"permission": [{"action": "use", "constraint": [
    {"leftOperand": "purpose", "operator": "eq", "rightOperand": "urn:test:planning"}]}]}  # fmt: skip


class SignerAway(Exception):
    """The signer does not answer."""


KINDS = ("automatic", "manual", "manual", "offered", "transfer", "transfer")


@dataclass
class World:
    """One seeded world; `run` returns its histories or raises Broken."""

    seed: int
    folder: Path
    size: int = 12
    parted_s: float = 0.0
    """For how long, from five seconds after the beginning of its suffering, no call passes in either direction."""
    log: Callable[..., None] = lambda *_: None

    def __post_init__(self) -> None:
        self.chance = random.Random(f"world {self.seed}")
        self.clock = VirtualClock()
        self.net = Network(self.clock)
        self.places = places(self.folder)
        self.authority = Authority(self.seed, self.clock, self.net)
        self.judgement = Judgement(self.places, self.authority)
        self.by_host = {place.host: role for role, place in self.places.items()}
        self.strict = self.chance.choice(list(Role)) if self.seed % 4 == 3 else None
        """A side that knows no repetition, as EDC does not: it refuses what it has processed already."""
        self.histories = [self._history(number) for number in range(self.size)]
        self.by_pid: dict[str, History] = {}
        self.is_suffering = False
        self.parted_from = self.parted_until = self.clock.now()
        self.recovering: list[asyncio.Future[None]] = []
        self.crashes: Counter[tuple[str, str]] = Counter()
        """How often a node was killed, by the message that was on its way and the moment."""
        self.outcomes: Counter[str] = Counter()
        self.crossed: Counter[str] = Counter()
        """How many negotiations ended while a seal was on its way, by what carried it, or while it was put."""
        self.impatience = random.Random(f"impatience {self.seed}")
        self.own = _own_signers(self.seed)
        """Who seals with keys of its own."""
        self.at_once: Counter[str] = Counter()
        """How many answers were sealed by the unit that decided them."""
        self.ending: list[asyncio.Future[None]] = []
        """What people do who end a negotiation while a seal is on its way."""
        self.lost = 0
        """How many calls the partition swallowed."""
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
        for role, place in self.places.items():
            place.more = self.authority.settings(role, place.folder)
            place.before_sealing = self._before_sealing
            place.after_sealing = partial(self._after_sealing, place)
            place.has_own_signers = role in self.own
            await self._wake(place)
        self.is_suffering = True
        self.parted_from = self.clock.now() + timedelta(seconds=5)
        self.parted_until = self.parted_from + timedelta(seconds=self.parted_s)
        await asyncio.gather(*(self._live(history) for history in self.histories))
        await asyncio.gather(*self.ending)
        self.is_suffering = False
        await self._until_quiet()
        await self._judge()
        self.authority.has_recovered = True
        await asyncio.gather(*(self._conclude(history) for history in self.histories))
        await self._until_quiet()
        await self._judge()
        for history in self.histories:
            states = sorted({row.state for row in history.rows.values()})
            self.outcomes[f"{history.kind} {' ≠ '.join(states)}"] += 1
            if not history.is_transfer:
                self.crossed.update(await self.judgement.crossings(history))
                self.at_once.update(await self.judgement.sealed_at_once(history))
        for place in self.places.values():
            place.crash()
        await asyncio.sleep(0)

    # --- the network and the crashes ----------------------------------------------------------------------------------

    def _fate_of(self, call: Call) -> network.Fate:
        if _is_to_authority(call):
            return network.draw(self.authority.chance) if self.is_suffering else network.KIND
        if self.parted_from <= self.clock.now() < self.parted_until:
            self.lost += 1
            return network.Fate(is_lost=True)
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
        if host == authority.HOST:
            return await self._stamped(call)
        role = self.by_host[host]
        place = self.places[role]
        kind = _kind_of(call)
        if place.node is None:
            raise Unreachable("refused", host)
        self._may_crash(place.name, kind, "before it is processed")
        if place.node is None:
            raise Unreachable("refused", host)
        self._may_end(call, kind)
        if role is self.strict and not _is_evidence(call) and self._was_processed(role, call):
            return Answer(409, {"content-type": "application/json"}, CONFLICT)
        request = place.spawn(network.call_app(place.node.public, call))
        await asyncio.wait([request])
        if request.cancelled():
            raise Unreachable("closed", host)
        answer: Answer = request.result()
        if answer.is_success and call.method == "POST" and not _is_evidence(call):
            try:
                self._note_success(role, call, answer)
            except Exception as problem:
                self.net.problems.append(problem)
        self.log(f"{self._about(call)} {kind} → {place.name}: {answer.status}")
        self._may_crash(place.name, kind, "after it is processed")
        self._may_crash(self.places[role.other].name, kind, "before its answer arrives")
        return answer

    async def _stamped(self, call: Call) -> Answer:
        """Answer as the authority does; who asked may die before it hears."""
        try:
            return await self.authority.answer(call, in_bad_times=self.is_suffering)
        finally:
            if self.is_suffering and self.authority.chance.random() < 0.1:
                self._crash(self.places[self.authority.asked_by(call)].name, STAMP, UNREAD)

    def _may_end(self, call: Call, kind: str) -> None:
        """Where there is an authority, people end a negotiation now and then while what carries a seal arrives."""
        if not (self.authority.is_there and self.is_suffering and kind in CARRIERS):
            return
        history, role = self._about(call), self.impatience.choice(list(Role))
        if history is not None and role in history.pids and self.impatience.random() < 0.2:
            self.ending.append(asyncio.ensure_future(self._ask_person(history, role, self._end)))

    def _was_processed(self, role: Role, call: Call) -> bool:
        is_first = call.url.endswith(("/negotiations/request", "/negotiations/offers", "/transfers/request"))
        return call.method == "POST" and not is_first and (role, _message(call)["@id"]) in self.judgement.acknowledged

    def _note_success(self, role: Role, call: Call, answer: Answer) -> None:
        message = _message(call)
        ours, theirs = ("consumerPid", "providerPid") if role is Role.CONSUMER else ("providerPid", "consumerPid")
        history = self._history_of(message.get(ours), message[theirs]) or self._adopt(role.other, message)
        self._know(history, role.other, message[theirs])
        self.judgement.acknowledged[role, message["@id"]] = history, call.body or b""
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
        if self.is_suffering and self.chance.random() < (0.008 if kind in COMMON else 0.04):
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

    async def _before_sealing(self) -> None:
        """In bad times a signer is slow, or fails."""
        if not self.is_suffering:
            return
        await self.net.pause(self.chance.choice((0.0, self.chance.expovariate(5), self.chance.uniform(0, 20))))
        if self.chance.random() < 0.15:
            raise SignerAway

    async def _after_sealing(self, place: Place) -> None:
        """A node may die when its seal was put and it has not heard of it yet."""
        self._may_crash(place.name, SEAL, UNHEARD)
        if place.node is None:
            await asyncio.Event().wait()  # the killed node's task ends here

    async def _recover(self, place: Place, after_s: float) -> None:
        await asyncio.gather(*place.tasks, return_exceptions=True)
        await self.net.pause(after_s)
        self.log(f"the {place.name} is back")
        await self._wake(place)

    async def _wake(self, place: Place) -> None:
        node = await place.wake(self.clock, self.net)
        assert isinstance(node.store, InlineStore)

        def after_commit() -> bool:
            if place.node is node and self.is_suffering and self.chance.random() < 0.006:
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
            await self.net.pause(min(pause_s, 7.5))
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
            row = await node.transfer.request(ROOT, await self._agreement(node), by=nodes.BY)
        elif history.kind == "offered":
            row = await node.negotiate.offer(ROOT, peer, "urn:offer:manual", by=nodes.BY)
        else:
            offer = {"@id": f"urn:offer:{history.kind}", "@type": "Offer", "target": f"urn:test:{history.kind}"}
            row = await node.negotiate.request(ROOT, peer, {**offer, **nodes.OPEN, "assigner": peer}, by=nodes.BY)
        if history.pids.setdefault(role, row.pid) == row.pid:
            self.by_pid[row.pid] = history

    async def _agreement(self, node: Node) -> str:
        found = await node.store.read(lambda tx: agreements.page(tx, ROOT, limit=500))
        return found[-1].id

    async def _act(self, history: History, role: Role, node: Node) -> None:
        row = await row_of(history, role, node)
        acts = _acts(history, row, node)
        weights = [1 if name == "terminate" else 6 for name in acts]
        name = history.chance.choices(list(acts), weights)[0]
        self.log(f"{history} the {role} wants to {name} in {row.state}, pending {row.pending}")
        await acts[name]()

    async def _end(self, history: History, role: Role, node: Node) -> None:
        await _acts(history, await row_of(history, role, node), node)["terminate"]()

    async def _conclude(self, history: History) -> None:
        """End what is not ended, as people would: one side accepts, completes or terminates."""
        for _ in range(6):
            role = history.chance.choice([one for one in Role if one in history.pids])
            await self._ask_person(history, role, self._act)
            await self.net.pause(5)

    # --- judgement ----------------------------------------------------------------------------------------------------

    async def _until_quiet(self) -> None:
        """Wait until nothing is on its way and no job is left; for half an hour at most."""
        end = self.clock.now() + timedelta(seconds=PATIENCE_S)
        while (left := await self.judgement.open_jobs()) or not self.net.is_quiet:
            self._require_sound()
            if self.clock.now() > end:
                raise Broken(f"still moving: {left}")
            await self.net.pause(1.0)

    def _require_sound(self) -> None:
        """Raise Broken when a node ended with what none may end with: whatever else is seen follows from it."""
        for problem in (*self.net.problems, *(one for place in self.places.values() for one in place.problems)):
            raise Broken(repr(problem)) from problem

    async def _judge(self) -> None:
        self._require_sound()
        for history in self.histories:
            await self.judgement.judge(history)
        await self.judgement.check_notices()


def _last_entry(node: Node) -> tuple[str, str]:
    """Return the message and the kind of the journal's last entry: about what was committed."""
    assert isinstance(node.store, InlineStore)
    query = "SELECT entry ->> '$.entry.message', kind FROM journal ORDER BY rowid DESC LIMIT 1"
    message, kind = node.store._write_raw.execute(query).fetchone()
    return message, f"after the commit that it was {kind}"


def _is_to_authority(call: Call) -> bool:
    return call.url.startswith(f"http://{authority.HOST}/")


def _is_evidence(call: Call) -> bool:
    """True for what is handed in about a contract: no message of the protocol."""
    return "/evidence/" in call.url


def _message(call: Call) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call.body or b"{}")
    return found


def _kind_of(call: Call) -> str:
    if call.method != "POST":
        return "question"
    if _is_evidence(call):
        return "evidence"
    message = _message(call)
    return f"{message['@type']}:{message['eventType']}" if "eventType" in message else str(message["@type"])


def _own_signers(seed: int) -> frozenset[Role]:
    """Return who seals with keys of its own in a world: each node for itself, from a random stream of its own."""
    chance = random.Random(f"own seals {seed}")
    return frozenset(role for role in Role if chance.random() < 0.5)


def _acts(history: History, row: Row, node: Node) -> dict[str, Callable[[], Awaitable[Any]]]:
    """Return what a person can do on this side; what is not allowed is answered with a problem."""
    pid = row.pid
    if history.is_transfer:
        service = node.transfer
        return {
            "start": lambda: service.start(ROOT, pid, by=nodes.BY),
            "suspend": lambda: service.suspend(ROOT, pid, "pause", "We pause.", by=nodes.BY),
            "complete": lambda: service.complete(ROOT, pid, by=nodes.BY),
            "terminate": lambda: service.terminate(ROOT, pid, "end", "We end it.", by=nodes.BY),
        }
    talk = node.negotiate
    return {
        "accept": lambda: talk.accept(ROOT, pid, by=nodes.BY),
        "counter": lambda: talk.counter(ROOT, pid, COUNTER_TERMS, by=nodes.BY),
        "terminate": lambda: talk.terminate(ROOT, pid, "end", "We end it.", by=nodes.BY),
    }
