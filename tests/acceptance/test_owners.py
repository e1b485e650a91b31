"""Two participants hosted by one node are as far apart as two nodes.

They negotiate and exchange bytes with each other and with a third. Every public route is then tried with the process of
another owner and by another caller: the answer is that of a process that never was, and nothing changes.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from starlette.routing import BaseRoute, Mount, Route

from connector.app import ROOT, Node
from connector.dataplane.transfers import http_pull
from connector.http.public import mirror
from connector.http.public.front import protocol_app
from connector.http.public.wire import Wire
from connector.ids import new_id
from connector.store import agreements
from connector.store.transfers import Transfer
from tests.harness import nodes, samples
from tests.harness.dump import Dump, everything, until_quiet
from tests.harness.speaker import Heard, JsonObject, Speaker, speakers

METROPOLE = "metropole"
DATASET = "urn:test:lampadaires"
CONTENT = {ROOT: b"commune,1\n", METROPOLE: b"metropole,1\n"}
NOWHERE = "urn:uuid:11111111-1111-4111-8111-111111111111"

WITH_A_PID = {("POST", path) for path in samples.LATER_PATHS} | {
    ("GET", "/negotiations/{pid}"),
    ("GET", "/transfers/{pid}"),
}
FIRST = {("POST", path) for path in samples.FIRST_PATHS}
CATALOGUE = {("POST", "/catalog/request"), ("GET", "/catalog/datasets/{dataset_id:path}")}
PUBLIC = {("GET", "/.well-known/dspace-version"), ("GET", "/health")}
BESIDE = {("POST", "/pupitre/1/mirror")}  # answers about the caller alone: tests/doctor/test_mirror.py


@asynccontextmanager
async def territory(folder: Path) -> AsyncIterator[tuple[Node, Node]]:
    """Yield a node that hosts two participants, and a third participant's node."""
    async with nodes.running(folder / "shared") as shared, nodes.running(folder / "third") as third:
        await shared.hosts.add(METROPOLE, "Métropole")
        for owner, content in CONTENT.items():
            await nodes.publish(shared, owner=owner, file=f"{owner}.csv", content=content)
        await nodes.publish(third)
        yield shared, third


async def exchange(consumer: Node, owner: str, provider: Node, other: str) -> tuple[Transfer, bytes]:
    """Negotiate, transfer and pull; return the consumer's transfer and the bytes."""
    did = provider.addresses.did(other)
    if await consumer.introduce.standing(owner, did) is None:
        await consumer.introduce.add(owner, did, by=nodes.BY)
    negotiation = await nodes.ask(consumer, did, DATASET, owner=owner)
    final = await nodes.until_negotiation(consumer, negotiation.pid, "FINALIZED", owner=owner)
    transfer = await consumer.transfer.request(owner, final.agreement or "", by=nodes.BY)
    started = await nodes.until_transfer(consumer, transfer.pid, "STARTED", owner=owner)
    pull = http_pull.read(started.data_address or {})
    assert pull is not None
    async with aiohttp.ClientSession() as session, session.get(pull.endpoint, headers=bearing(pull)) as answer:
        assert answer.status == 200
        return started, await answer.read()


def bearing(pull: http_pull.Pull) -> dict[str, str]:
    return {"Authorization": pull.authorization or ""}


@pytest.mark.parametrize(("asking", "asked"), [(ROOT, METROPOLE), (METROPOLE, ROOT)])
def test_two_participants_of_one_node_negotiate_and_exchange_with_each_other(
    tmp_path: Path, asking: str, asked: str
) -> None:
    async def play() -> None:
        async with territory(tmp_path) as (shared, _):
            started, received = await exchange(shared, asking, shared, asked)
            assert received == CONTENT[asked]
            mine, theirs = shared.addresses.did(asking), shared.addresses.did(asked)
            ours = await shared.store.read(lambda tx: agreements.load(tx, asking, started.agreement))
            same = await shared.store.read(lambda tx: agreements.load(tx, asked, started.agreement))
            assert (ours.peer, same.peer) == (theirs, mine)
            assert ours.document == same.document

    asyncio.run(play())


def test_each_participant_of_one_node_exchanges_with_a_third_both_ways(tmp_path: Path) -> None:
    async def play() -> None:
        async with territory(tmp_path) as (shared, third):
            for owner, content in CONTENT.items():
                _, received = await exchange(third, ROOT, shared, owner)
                assert hashlib.sha256(received).digest() == hashlib.sha256(content).digest()
                _, received = await exchange(shared, owner, third, ROOT)
                assert received == b"id,x,y\n1,2,3\n"

    asyncio.run(play())


# Every route, by another caller and at another owner's address


def routes(node: Node) -> set[tuple[str, str]]:
    """Return (method, path below the DSP base or the root) of every route of the protocol."""
    wire = Wire(node.identity, node.inbox, 1 << 20, 1.0)
    router = protocol_app(
        wire,
        node.addresses,
        node.negotiate,
        node.transfer,
        node.catalogue,
        mirror.route(node.mirror, node.identity.verify),
    )
    return {
        (method, route.path) for route in _flat(router.routes) for method in (route.methods or ()) if method != "HEAD"
    }


def _flat(found: list[BaseRoute]) -> Iterator[Route]:
    for route in found:
        if isinstance(route, Mount):
            yield from _flat(list(route.routes))
        else:
            assert isinstance(route, Route), route
            yield route


def test_every_route_is_one_that_the_cross_owner_tests_know(tmp_path: Path) -> None:
    async def play() -> None:
        async with nodes.running(tmp_path) as node:
            assert routes(node) == WITH_A_PID | FIRST | CATALOGUE | PUBLIC | BESIDE

    asyncio.run(play())


@dataclass(frozen=True)
class Stage:
    """Processes of two owners with one counterpart, and people who are party to none of them."""

    shared: Node
    third: Node
    counterpart: Speaker
    """Party to all processes of both owners."""
    strangers: list[Speaker]
    """A neighbour on the counterpart's own node, and both participants of the shared node."""
    pids: dict[str, dict[str, tuple[str, str]]]
    """owner → (negotiation, transfer, offered, …) → (the owner's pid, the counterpart's pid)."""
    pulls: dict[str, http_pull.Pull]

    def intrusions(self, family: str) -> Iterator[tuple[Speaker, str, tuple[str, str]]]:
        """Yield (speaker, owner addressed, pids): each legitimate but for one thing."""
        voisine, metropole, root = self.strangers
        for name in (f"provided-{family}", f"consumed-{family}"):
            of_root, of_metropole = self.pids[ROOT][name], self.pids[METROPOLE][name]
            yield self.counterpart, METROPOLE, of_root
            yield self.counterpart, ROOT, of_metropole
            yield voisine, ROOT, of_root
            yield voisine, METROPOLE, of_metropole
            yield metropole, ROOT, of_root
            yield root, METROPOLE, of_metropole
            yield self.counterpart, ROOT, (of_root[0], NOWHERE)  # his process, but not the one he says it is

    async def state(self) -> tuple[Dump, Dump]:
        await until_quiet(self.shared, self.third)
        return await everything(self.shared), await everything(self.third)


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    async with territory(folder) as (shared, third):
        await third.hosts.add("voisine", "Commune voisine")
        await nodes.publish(third, "relu", mode="manual")
        pids: dict[str, dict[str, tuple[str, str]]] = {}
        pulls: dict[str, http_pull.Pull] = {}
        for owner in (ROOT, METROPOLE):
            await nodes.publish(shared, f"relu-{owner}", owner=owner, mode="manual")
            provided, _ = await exchange(third, ROOT, shared, owner)
            consumed, _ = await exchange(shared, owner, third, ROOT)
            pull = http_pull.read(provided.data_address or {})
            assert pull is not None
            pulls[owner] = pull
            asked = await nodes.ask(third, shared.addresses.did(owner), f"urn:test:relu-{owner}")
            asked = await nodes.until_negotiation(third, asked.pid, "REQUESTED")
            asking = await nodes.ask(shared, third.addresses.did(ROOT), "urn:test:relu", owner=owner)
            asking = await nodes.until_negotiation(shared, asking.pid, "REQUESTED", owner=owner)
            pids[owner] = {
                "provided-negotiations": (asked.peer_pid or "", asked.pid),
                "consumed-negotiations": (asking.pid, asking.peer_pid or ""),
                "provided-transfers": (provided.peer_pid or "", provided.pid),
                "consumed-transfers": (consumed.pid, consumed.peer_pid or ""),
            }
        async with speakers((third, ROOT), (third, "voisine"), (shared, METROPOLE), (shared, ROOT)) as (first, *others):
            yield Stage(shared, third, first, others, pids, pulls)


async def say(speaker: Speaker, stage: Stage, owner: str, method: str, path: str, pids: tuple[str, str]) -> Heard:
    """Send what the path takes about a process, as its provider's and as its consumer's pid in turn."""
    ours, theirs = pids
    body: JsonObject | None = None
    if method == "POST":
        is_consumer = pids in (
            one for of in stage.pids.values() for name, one in of.items() if name.startswith("consumed")
        )
        body = samples.later(path, *((ours, theirs) if is_consumer else (theirs, ours)))
    return await speaker.say(method, path.replace("{pid}", ours), body, to=stage.shared, owner=owner)


def test_a_process_of_another_owner_or_caller_is_not_found_by_any_route_and_nothing_changes(tmp_path: Path) -> None:
    async def play() -> None:
        async with stage(tmp_path) as on:
            before = await on.state()
            tried = 0
            for method, path in sorted(WITH_A_PID):
                for speaker, owner, pids in on.intrusions(path.split("/")[1]):
                    if method == "GET" and pids[1] == NOWHERE:
                        continue
                    heard = await say(speaker, on, owner, method, path, pids)
                    never = await say(speaker, on, owner, method, path, (NOWHERE, NOWHERE))
                    assert heard.status == 404, (method, path, speaker.did, owner, heard.text)
                    # An answer may repeat what the caller itself said, and differs in nothing else.
                    said = pids if method == "POST" else pids[:1]
                    text = heard.text
                    for pid in said:
                        text = text.replace(pid, NOWHERE)
                    assert text == never.text
                    assert heard.body["code"] == "not-found"
                    tried += 1
            assert tried >= 12 * len(WITH_A_PID)
            assert await on.state() == before

    asyncio.run(play())


def test_the_true_counterpart_finds_at_the_same_addresses_what_others_do_not(tmp_path: Path) -> None:
    async def play() -> None:
        async with stage(tmp_path) as on:
            for owner, processes in on.pids.items():
                for name, pids in processes.items():
                    path = f"/{name.split('-')[1]}/{{pid}}"
                    shown = await say(on.counterpart, on, owner, "GET", path, pids)
                    assert (shown.status, shown.body["@id"]) == (200, pids[0])
                    ended = await say(on.counterpart, on, owner, "POST", path + "/termination", pids)
                    assert ended.status == 200, ended.text

    asyncio.run(play())


def test_an_agreement_or_offer_of_another_owner_or_caller_opens_nothing(tmp_path: Path) -> None:
    async def play() -> None:
        async with stage(tmp_path) as on:
            theirs = {
                owner: await on.shared.store.read(lambda tx, o=owner: agreements.page(tx, o)) for owner in CONTENT
            }
            offers = {owner: await nodes.offer_of(on.shared, f"urn:test:relu-{owner}", owner) for owner in CONTENT}
            voisine = next(speaker for speaker in on.strangers if speaker.owner == "voisine")
            before = await on.state()
            for speaker, owner, whose in (
                (on.counterpart, METROPOLE, ROOT),
                (on.counterpart, ROOT, METROPOLE),
                (voisine, ROOT, ROOT),
                (voisine, METROPOLE, METROPOLE),
            ):
                for agreement in theirs[whose]:
                    body = samples.first("/transfers/request", new_id(), speaker.callback, agreementId=agreement.id)
                    heard = await speaker.say("POST", "/transfers/request", body, to=on.shared, owner=owner)
                    assert (heard.status, heard.body["code"]) == (404, "not-found"), heard.text
                if owner != whose:
                    wanted = samples.offer(offers[whose], f"urn:test:relu-{whose}")
                    body = samples.first("/negotiations/request", new_id(), speaker.callback, offer=wanted)
                    heard = await speaker.say("POST", "/negotiations/request", body, to=on.shared, owner=owner)
                    assert (heard.status, heard.body["code"]) == (404, "not-found"), heard.text
            assert await on.state() == before

    asyncio.run(play())


@pytest.mark.parametrize("path", ["/negotiations/request", "/negotiations/offers"])
def test_a_first_message_with_somebody_elses_pid_opens_a_process_of_its_sender_alone(tmp_path: Path, path: str) -> None:
    """A pid is unique for one peer: another who names it meets no process of others."""

    async def play() -> None:
        async with stage(tmp_path) as on:
            name = "provided-negotiations" if path.endswith("request") else "consumed-negotiations"
            ours, theirs = on.pids[ROOT][name]
            voisine = next(speaker for speaker in on.strangers if speaker.owner == "voisine")
            wanted = samples.offer(await nodes.offer_of(on.shared, f"urn:test:relu-{ROOT}"), f"urn:test:relu-{ROOT}")
            before = await on.state()
            body = samples.first(path, theirs, voisine.callback, offer=wanted)
            heard = await voisine.say("POST", path, body, to=on.shared)
            assert heard.status == 201, heard.text
            assert ours not in heard.text
            after, _ = await on.state()
            assert set(before[0]["negotiations"]) < set(after["negotiations"])
            assert len(after["negotiations"]) == len(before[0]["negotiations"]) + 1

    asyncio.run(play())


def test_a_catalogue_shows_the_datasets_of_its_owner_alone(tmp_path: Path) -> None:
    async def play() -> None:
        async with stage(tmp_path) as on:
            for owner, other in ((ROOT, METROPOLE), (METROPOLE, ROOT)):
                request = {
                    "@context": ["https://w3id.org/dspace/2025/1/context.jsonld"],
                    "@type": "CatalogRequestMessage",
                }
                page = await on.counterpart.say("POST", "/catalog/request", request, to=on.shared, owner=owner)
                listed = {dataset["@id"] for dataset in page.body["dataset"]}
                assert listed == {DATASET, f"urn:test:relu-{owner}"}
                hidden = f"/catalog/datasets/urn:test:relu-{other}"
                heard = await on.counterpart.say("GET", hidden, to=on.shared, owner=owner)
                assert (heard.status, heard.body["@type"], heard.body["code"]) == (404, "CatalogError", "not-found")

    asyncio.run(play())


def test_a_token_for_one_owner_is_worth_nothing_at_another(tmp_path: Path) -> None:
    async def play() -> None:
        async with stage(tmp_path) as on:
            before = await on.state()
            ours, _ = on.pids[ROOT]["provided-negotiations"]
            url = f"{on.shared.addresses.dsp_base(ROOT)}/negotiations/{ours}"
            elsewhere = await on.counterpart.token(on.shared, METROPOLE)
            heard = await on.counterpart.call("GET", url, headers={"Authorization": elsewhere})
            assert heard.status == 401
            assert await on.state() == before

    asyncio.run(play())


def test_a_data_address_opens_for_its_own_token_alone(tmp_path: Path) -> None:
    async def play() -> None:
        async with stage(tmp_path) as on:
            before = await on.state()
            root, metropole = on.pulls[ROOT], on.pulls[METROPOLE]
            for address, token in ((root, metropole), (metropole, root)):
                heard = await on.counterpart.call("GET", address.endpoint, headers=bearing(token))
                never = await on.counterpart.call("GET", address.endpoint + "0", headers=bearing(token))
                assert (heard.status, heard.text) == (404, never.text)
            assert await on.state() == before

    asyncio.run(play())


def test_a_renewal_token_in_another_callers_hands_renews_nothing(tmp_path: Path) -> None:
    async def play() -> None:
        async with stage(tmp_path) as on:
            before = await on.state()
            pull = on.pulls[ROOT]
            assert pull.refresh_endpoint
            form = f"grant_type=refresh_token&refresh_token={pull.refresh_token}".encode()
            unknown = b"grant_type=refresh_token&refresh_token=unknown"
            for speaker in [one for one in on.strangers if (one.node, one.owner) != (on.shared, ROOT)]:
                answers = [
                    await speaker.call(
                        "POST", pull.refresh_endpoint, body, {"Authorization": await speaker.token(on.shared)}
                    )
                    for body in (form, unknown)
                ]
                assert answers[0].status == answers[1].status == 401
                assert answers[0].text == answers[1].text
            assert await on.state() == before

    asyncio.run(play())


@pytest.mark.parametrize("path", ["/health", "/did.json", "/.well-known/dspace-version", "/dsp/2025-1/catalog/request"])
def test_an_owner_who_is_not_hosted_here_is_not_found(tmp_path: Path, path: str) -> None:
    async def play() -> None:
        async with nodes.running(tmp_path) as node, speakers((node, ROOT)) as (speaker,):
            for slug in ("personne", ROOT, "..", "%2e%2e", "METROPOLE"):
                heard = await speaker.call("GET", f"{node.addresses.base_url}/o/{slug}{path}")
                assert heard.status == 404, (slug, heard)

    asyncio.run(play())
