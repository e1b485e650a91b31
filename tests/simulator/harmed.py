"""Three nodes: an honest one, a partner that means harm, and another partner of the honest one, whom it must spare.

A meeting is one negotiation between the first two, in which the partner commits a misdeed. It is judged when nothing
moves any more, on the honest side alone: see harm.py. A neighbourhood lets many meetings follow one another, because
building nodes costs more than talking.
"""

import asyncio
import inspect
import json
import logging
import random
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from connector.app import ROOT, Node
from connector.clock import VirtualClock
from connector.peer.client import Answer, Call
from connector.peer.errors import Unreachable
from connector.problems import Problem
from connector.protocol import negotiation as n
from connector.protocol.machine import Role
from connector.store import contracts, negotiations, participants, peers
from connector.store.db import Tx
from connector.store.negotiations import Negotiation
from connector.store.tables import jobs as jobs_table
from tests.harness import nodes
from tests.harness.sealing import give_card, open_keys
from tests.simulator import network, virtual
from tests.simulator.harm import WHO, Listener, Meeting, Past, books_of, judge, of_others, transfers_of
from tests.simulator.harmful import ERRAND_S, Earlier, Elsewhere, Harmful, Misdeed, calls_of, without
from tests.simulator.network import Host, Network
from tests.simulator.places import Place

PATIENCE_S = 3600.0
"""After how long a meeting in which the honest node still has something to do counts as stuck."""
BUSY_S, SLOWLY_S = 30.0, 20.0
"""How long a meeting is looked at closely, and how often it is after that."""
SOON = timedelta(hours=6)
"""What is to be done later than that (the end of a contract is told of) does not keep a meeting going."""
LONG_BEFORE = 1 << 40
"""The seed of what came before: no identifier of a meeting is drawn again."""
NAMES = ("honest", "harmful", "bystander")


class Stuck(Exception):
    """The honest node does not come to rest."""


def neighbours(folder: Path) -> dict[str, Place]:
    """Return where the three live."""
    return {name: Place(name, f"127.0.0.1:{1001 + number}", folder / name) for number, name in enumerate(NAMES)}


@dataclass
class Neighbourhood:
    """The three, and what happens between them; the bystander sleeps."""

    folder: Path
    seed: int
    has_own_signers: bool = True

    def __post_init__(self) -> None:
        self.chance = random.Random(f"harm {self.seed}")
        self.clock = VirtualClock()
        self.net = Network(self.clock)
        self.places = neighbours(self.folder)
        self.by_host = {place.host: place for place in self.places.values()}
        self.net.serve = self._serve
        self.pasts: dict[Role, Past] = {}
        self.of_others: object = None
        """What the honest node held of the bystander at the beginning."""
        self.key = ""
        """With which the honest node's people look at what came of it."""
        self.met: Counter[str] = Counter()
        """How often each misdeed changed something."""
        self._misdeeds: Sequence[Misdeed] = ()
        self._done: Counter[str] = Counter()
        self._until = self.clock.now()
        self.harmful: Harmful
        self.meeting: Meeting

    def node(self, name: str) -> Node:
        found = self.places[name].node
        assert found is not None
        return found

    @property
    def honest(self) -> Node:
        return self.node("honest")

    async def begin(self) -> None:
        """Wake the first two, and learn what was concluded before."""
        for name in ("honest", "harmful"):
            WHO.set(name)
            self.places[name].has_own_signers = self.has_own_signers
            await self.places[name].wake(self.clock, self.net)
        WHO.set("")
        found = await self.honest.store.read(_earlier)
        own, other = self.places["harmful"].did, self.places["bystander"].did
        self.pasts = {role: Past(found[own, role], found[other, role], other) for role in Role}
        self.of_others = await self.honest.store.read(lambda tx: of_others(tx, self.pasts))
        _, self.key = await self.honest.hosts.issue_key(ROOT, "test", "steward")

    async def unseal(self) -> None:
        """Have the partner show no card, and the honest node know none: nothing is sealed by both."""
        node, did = self.node("harmful"), self.places["harmful"].did

        def forget(tx: Tx) -> None:
            participants.set_card(tx, ROOT, None)  # type: ignore[arg-type]

        def unpin(tx: Tx) -> None:
            peer = peers.claim(tx, ROOT, did)
            peer.card = None
            peers.put(tx, peer)

        await node.store.write(forget)
        await node.hosts.load()
        await self.honest.store.write(unpin)

    async def ask_honest(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Have the honest node do something, heard by whoever listens to it."""

        async def done() -> Any:
            WHO.set("honest")
            return await work

        return await self.places["honest"].spawn(done())

    # --- what is carried ----------------------------------------------------------------------------------------------

    async def _serve(self, host: Host, call: Call) -> Answer:
        place = self.by_host[host]
        if place.node is None:
            raise Unreachable("refused", host)
        if place.name == "honest":
            return await self._spoken(call)
        return self._answered(call, await self._heard(place, call))

    async def _heard(self, place: Place, call: Call) -> Answer:
        async def heard() -> Answer:
            WHO.set(place.name)
            assert place.node is not None
            return await network.call_app(place.node.public, call)

        answer: Answer = await place.spawn(heard())
        return answer

    async def _spoken(self, call: Call) -> Answer:
        """Deliver what the partner's node says, or what is made of it."""
        calls, kind = [call], kind_of(call)
        if kind.startswith("Contract"):
            message = json.loads(call.body or b"{}")
            self.harmful.heard.append((call.url, message))
            for misdeed in self._due(kind)[:1]:
                spoken = replace(call, headers=without(call.headers, "Authorization"))
                calls = calls_of(spoken, misdeed.does(self.harmful, json.loads(call.body or b"{}")))
                self._note(misdeed, [(one.url, one.body) for one in calls] != [(call.url, call.body)])
        return await self._deliver(calls)

    async def _deliver(self, calls: Iterable[Call]) -> Answer:
        """Have the honest node hear each of the calls; return its last answer. Who has no token gets one of its own."""
        answer = Answer(503, {}, b"")
        for call in calls:
            headers = {**call.headers, "Content-Length": str(len(call.body or b""))}
            if "Authorization" not in headers:
                headers["Authorization"] = await self.node("harmful").identity.token_for(
                    ROOT, self.places["honest"].did
                )
            answer = await self._heard(self.places["honest"], Call(call.method, call.url, headers, call.body))
            self.meeting.answers.append((call, answer))
            self._tell("→", call, answer)
        return answer

    def _answered(self, call: Call, answer: Answer) -> Answer:
        """Return what the partner answers, or what is made of it."""
        for misdeed in self._due(_document_of(call) if call.method == "GET" else f"answer {kind_of(call)}"):
            made = misdeed.does(self.harmful, answer)
            self._note(misdeed, made != answer)
            answer = made
        self._tell("←", call, answer)
        return answer

    def _due(self, at: str) -> list[Misdeed]:
        is_over = self.clock.now() >= self._until and not at.startswith("/")
        places = {at, "any message"} if at.startswith("Contract") else {at}
        return [one for one in self._misdeeds if not is_over and one.at in places and self._done[one.name] < one.times]

    def _note(self, misdeed: Misdeed, has_effect: bool) -> None:
        self._done[misdeed.name] += has_effect
        self.met[misdeed.name] += has_effect

    def _tell(self, way: str, call: Call, answer: Answer) -> None:
        said, heard = (call.body or b"")[:160], answer.body[:160]
        self.meeting.told.append(
            f"{self.clock.now():%H:%M:%S} {way} {call.method} {call.url[21:200]} {said!r}: {answer.status} {heard!r}"
        )

    # --- a meeting ----------------------------------------------------------------------------------------------------

    async def meet(self, role: Role, plot: str, misdeed: Misdeed) -> list[str]:
        """Let one negotiation happen, the honest node in this role; return what is wrong with that node after it."""
        past, known = self.pasts[role], await self._pids()
        self.meeting = meeting = Meeting(role, plot, transfers=len(await transfers_of(self)))
        self.harmful = Harmful(self.places["harmful"], self.places["honest"], past.own, past.foreign, self.chance)
        self._misdeeds, self._done = (misdeed, *misdeed.also), Counter()
        await self._prepare(misdeed)
        self._until = self.clock.now() + timedelta(seconds=ERRAND_S)
        self.net.problems.clear()
        with _listening(meeting.listener):
            try:
                await self._happen(meeting, misdeed, known)
                return await judge(self, meeting)
            except Stuck as stuck:
                return [str(stuck)]
            finally:
                self._misdeeds = ()

    async def _prepare(self, misdeed: Misdeed) -> None:
        """Have what is known of the partner's documents grow old, and its keys change, where they are lied about."""
        if misdeed.at.startswith("/"):
            self.clock.advance(timedelta(minutes=10))
        if misdeed.rotates:
            await self.node("harmful").seals.rotate(ROOT, by=nodes.BY)
            open_keys(self.node("harmful"))

    async def _happen(self, meeting: Meeting, misdeed: Misdeed, known: set[str]) -> None:
        """Let both sides begin, act and come to rest; then people end what has not come to its end."""
        await self._open(meeting)
        if meeting.plot == "impatient":
            for _ in range(self.chance.randrange(120)):
                await asyncio.sleep(0)
            await self._end(await self._pids() - known)
        await self._settle(known)
        if misdeed.at == "afterwards":
            await self._act(meeting, misdeed, known)
        meeting.pids = await self._pids() - known
        await self._end(meeting.pids)
        await self._settle(known)

    async def _act(self, meeting: Meeting, misdeed: Misdeed, known: set[str]) -> None:
        """Have the partner act on what was concluded before."""
        meeting.books = await self.honest.store.read(lambda tx: books_of(tx, self.pasts))
        meeting.expected = misdeed.answers
        heard = len(meeting.answers)
        said = misdeed.does(self.harmful)
        done: list[Elsewhere] = await said if inspect.isawaitable(said) else said
        await self._deliver(calls_of(Call("POST", f"http://{self.places['honest'].host}/", {}), list(done)))
        meeting.after = [answer for _, answer in meeting.answers[heard:]]
        self._note(misdeed, bool(done))
        await self._settle(known)

    async def _pids(self) -> set[str]:
        rows = await self.honest.store.read(lambda tx: negotiations.page(tx, ROOT, limit=10_000))
        return {row.pid for row in rows}

    async def _open(self, meeting: Meeting) -> None:
        """Have the one who begins ask or offer."""
        is_offered = meeting.plot == "offered"
        honest_begins = meeting.role is (Role.PROVIDER if is_offered else Role.CONSUMER)
        who, whom = ("honest", "harmful") if honest_begins else ("harmful", "honest")
        node, peer = self.node(who), self.places[whom].did
        mode = "automatic" if meeting.plot in ("automatic", "impatient") else "manual"

        async def begin() -> None:
            WHO.set(who)
            if is_offered:
                await node.negotiate.offer(ROOT, peer, f"urn:offer:{mode}:{who}", by=nodes.BY)
                return
            names = {"@id": f"urn:offer:{mode}:{whom}", "@type": "Offer", "target": f"urn:test:{mode}:{whom}"}
            await node.negotiate.request(ROOT, peer, {**names, "assigner": peer, **nodes.OPEN}, by=nodes.BY)

        await self.places[who].spawn(begin())

    async def _settle(self, known: set[str]) -> None:
        """Let time pass until the honest node has nothing left to do, and its people have decided. Raises Stuck."""
        begun = self.clock.now()
        while True:
            passed_s = (self.clock.now() - begun).total_seconds()
            ours = await self._jobs("honest")
            theirs = await self._jobs("harmful") if passed_s < ERRAND_S else []
            if self.net.is_quiet and not ours and not theirs:
                if not await self._decide(known):
                    return
            elif passed_s > PATIENCE_S:
                raise Stuck(f"the honest node does not come to rest: {ours}")
            await self.net.pause(0.2 if passed_s < BUSY_S else SLOWLY_S)

    async def _jobs(self, name: str) -> list[str]:
        soon = self.clock.now() + SOON
        query = select(jobs_table).where(jobs_table.c.status == "waiting", jobs_table.c.run_at < soon)
        return await self.node(name).store.read(lambda tx: [str(row) for row in tx.connection.execute(query)])

    async def _decide(self, known: set[str]) -> bool:
        """Have people on both sides say yes where they are asked; return whether anybody was."""
        is_asked = False
        for pid in sorted(await self._pids() - known):
            if _awaits_person(await self.row(pid)):
                is_asked |= await self._told(self.honest.negotiate.accept(ROOT, pid, by=nodes.BY))
        node = self.node("harmful")
        for row in await node.store.read(lambda tx: negotiations.page(tx, ROOT, limit=1)):
            if _awaits_person(row):
                await self.places["harmful"].spawn(node.negotiate.accept(ROOT, row.pid, by=nodes.BY))
                is_asked = True
        return is_asked

    async def _told(self, work: Awaitable[Any]) -> bool:
        """Have a person of the honest node's act; False when the node says why not."""

        async def act() -> bool:
            try:
                await work
            except Problem as problem:
                self.meeting.told.append(f"a person is told: {problem.code} {problem}")
                return False
            return True

        return bool(await self.ask_honest(act()))

    async def row(self, pid: str) -> Negotiation:
        """Return a negotiation as the honest node keeps it."""
        return await self.honest.store.read(lambda tx: negotiations.peek(tx, ROOT, pid))

    async def _end(self, pids: set[str]) -> None:
        """Have the honest node's people end what has not come to its end."""
        for pid in sorted(pids):
            if (await self.row(pid)).state not in (n.FINALIZED, n.TERMINATED):
                await self._told(self.honest.negotiate.terminate(ROOT, pid, "over", "C’est assez.", by=nodes.BY))


def _awaits_person(row: Negotiation) -> bool:
    is_turn = (row.role, row.state) in ((Role.PROVIDER, n.REQUESTED), (Role.CONSUMER, n.OFFERED))
    return is_turn and row.pending is None and row.intent is None and row.problem is None


def _earlier(tx: Tx) -> dict[tuple[str, Role], Earlier]:
    """Return what was concluded with whom, by the honest node's role."""
    found = {}
    for listed in contracts.page(tx, ROOT, limit=20):
        row, contract = negotiations.peek(tx, ROOT, listed.negotiation), contracts.named(tx, ROOT, listed.negotiation)
        found[listed.peer, listed.role] = Earlier(
            ours=row.pid,
            theirs=row.peer_pid or "",
            agreement=contract.agreement,
            contract=contract.id or "",
            jws=contract.jws or "",
            conclusion=contract.conclusion or "",
        )
    return found


@contextmanager
def _listening(listener: Listener) -> Any:
    """Hear what is written to the log, which is shown to nobody."""
    root = logging.getLogger()
    root.addHandler(listener)
    try:
        yield
    finally:
        root.removeHandler(listener)


def kind_of(call: Call) -> str:
    """Return which message a call carries; empty for none."""
    try:
        message = json.loads(call.body or b"") if call.method == "POST" else {}
    except ValueError:
        return ""
    event = message.get("eventType")
    return f"{message.get('@type')}:{event}" if event else str(message.get("@type", ""))


def _document_of(call: Call) -> str:
    """Return what a call asks for: `state` of a negotiation, or the name of a document."""
    return "state" if "/negotiations/" in call.url else "/" + call.url.rpartition("/")[2]


# --- how they come to live here ---------------------------------------------------------------------------------------


def make_template(folder: Path) -> None:
    """Write the folders of the three, who know each other; the honest one has concluded with both, in both roles."""

    async def make(clock: VirtualClock) -> None:
        net, places = Network(clock), neighbours(folder)
        by_host = {place.host: place for place in places.values()}

        async def serve(host: Host, call: Call) -> Answer:
            node = by_host[host].node
            assert node is not None
            return await network.call_app(node.public, call)

        net.serve = serve
        found = {name: await _settled(place, clock, net) for name, place in places.items()}
        for name in NAMES[1:]:
            await _conclude_both_ways(found["honest"], found[name])
        for place in places.values():
            for task in place.tasks:
                task.cancel()
            await asyncio.gather(*place.tasks, return_exceptions=True)
            await found[place.name].close()

    folder.mkdir(parents=True, exist_ok=True)
    with virtual.simulated(LONG_BEFORE):
        asyncio.run(make(VirtualClock()))


async def _settled(place: Place, clock: VirtualClock, net: Network) -> Node:
    node = await place.wake(clock, net)
    await node.hosts.add(ROOT, place.name)
    open_keys(node)
    await give_card(node, "provider" if place.name == "honest" else "consumer")
    for mode in ("automatic", "manual"):
        name = f"{mode}:{place.name}"
        await nodes.publish(node, name, offer_id=f"urn:offer:{name}", mode=mode, file=f"{mode}.csv")
    return node


async def _conclude_both_ways(honest: Node, other: Node) -> None:
    await nodes.acquaint(honest, other)
    await nodes.acquaint(other, honest)
    for consumer, provider in ((honest, other), (other, honest)):
        name = provider.hosts.owners[ROOT].name
        asked = await nodes.ask(consumer, provider.addresses.did(ROOT), f"urn:test:automatic:{name}")
        row = await nodes.until_negotiation(consumer, asked.pid, n.FINALIZED)
        await nodes.until_negotiation(provider, row.peer_pid or "", n.FINALIZED)


def play(
    folder: Path,
    seed: int,
    scene: Callable[[Neighbourhood], Awaitable[None]],
    *,
    has_own_signers: bool = True,
) -> Neighbourhood:
    """Play meetings in a fresh neighbourhood, made from the template in the folder."""
    home = folder / f"harm-{seed}"
    shutil.copytree(folder / "template", home)
    here = Neighbourhood(home, seed, has_own_signers)

    async def main() -> None:
        here.clock.advance(timedelta(days=1))
        await here.begin()
        try:
            await scene(here)
        finally:
            for place in here.places.values():
                if place.node is not None:
                    place.crash()
            await asyncio.sleep(0)

    try:
        with virtual.simulated(seed):
            virtual.run(main(), here.clock)
    finally:
        shutil.rmtree(home)
    return here
