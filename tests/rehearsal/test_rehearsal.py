"""Three organisations on hosts of their own exchange everything that they can, over a road that is slow and breaks.

One story, told in order: they look at each other, agree and refuse, deliver by pull and push, stop and go on, die and
come back, are cut off and find each other again; in the end nothing is lost. TLS everywhere; one member stands behind
Caddy, one behind nginx and on PostgreSQL, one can only reach out by an HTTP proxy (stage.py). What passes between them
is 40 ms late in each direction, and one connection in fifty is reset at a random point (relays.py).

The partition here lasts until both sides have noticed it, with the cable really pulled. Ten minutes of it are played in
virtual time: test_ten_minutes_of_partition_lose_nothing in tests/simulator.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from connector.protocol.wire import DSP_CONTEXT
from connector.sdk import calls
from tests.harness.people import insist
from tests.harness.stages import Kept
from tests.rehearsal.acts import (
    agree,
    ask,
    deliver,
    held_up,
    is_held,
    negotiated,
    nothing_large_passes,
    offer_of,
    until,
)
from tests.rehearsal.members import Member
from tests.rehearsal.stage import LARGE, REVIEWED, SMALL, Stage

pytestmark = [
    pytest.mark.slow,
    pytest.mark.network,
    pytest.mark.proxy,
    pytest.mark.postgres,
    pytest.mark.timeout(900),
]

PUBLISHED = sorted([LARGE, REVIEWED, *SMALL])
PAGE = 4
REASON = "Le service juridique s’y oppose."
ASKED = 4
"""How many requests are on their way when a node is killed."""
LEAST_CONNECTIONS = 100
STILL_BYTES = 300_000
"""More than a few small calls move over the road, and far less than what is held back of a large file."""


def in_every_direction(
    act: Callable[[Member, Member], Coroutine[Any, Any, None]],
) -> Callable[[Stage], Coroutine[Any, Any, None]]:
    """Return what has an act done by each consumer to each provider."""

    async def play(of: Stage) -> None:
        for one, other in of.directions:
            await act(one, other)

    return play


# They look at each other


def test_everybody_reads_the_version_document_and_the_identity_of_everybody(stage: Kept[Stage]) -> None:
    async def look(one: Member, other: Member) -> None:
        status, document = one.read(f"{other.site.url}/.well-known/dspace-version")
        assert status == 200
        (known,) = document["protocolVersions"]
        assert (known["version"], known["path"]) == ("2025-1", "/dsp/2025-1")
        assert (await insist(lambda: one.client.ping_peer(other.did)))["keys_match"]

    stage.run(in_every_direction(look))


def test_who_stands_behind_a_proxy_has_no_other_way_out(stage: Kept[Stage]) -> None:
    async def play(of: Stage) -> None:
        site = of.brume.site
        direct = ["--noproxy", "*", "--resolve", f"{site.host}:443:{site.address}", "--max-time", "20"]
        ran = of.lisiere.place.run("curl", "-sS", *of.lisiere.curl, *direct, f"{site.url}/.well-known/did.json")
        assert ran.returncode == 7, ran.stderr  # no connection

    stage.run(play)


def test_a_catalogue_is_read_page_by_page(stage: Kept[Stage]) -> None:
    async def browse(one: Member, other: Member) -> None:
        found: list[str] = []
        sizes: list[int] = []
        cursor = None
        while not sizes or cursor:
            page = await insist(partial(one.client.browse_catalogue, other.did, cursor=cursor, limit=PAGE))
            found += [dataset["id"] for dataset in page["items"]]
            sizes.append(len(page["items"]))
            cursor = page["next_cursor"]
        assert sizes == [PAGE, PAGE, len(PUBLISHED) - 2 * PAGE]
        assert found == [other.dataset(name) for name in PUBLISHED]

    stage.run(in_every_direction(browse))


def test_a_catalogue_is_filtered_for_a_partner_that_asks_in_the_protocol(stage: Kept[Stage]) -> None:
    async def filter_it(one: Member, other: Member) -> None:
        wanted = other.dataset(SMALL[2])
        url = f"{other.site.url}/dsp/2025-1/catalog/request"
        status, catalogue = one.read(url, to=other.site, body=_filtered("id", "=", wanted))
        assert (status, [dataset["@id"] for dataset in catalogue["dataset"]]) == (200, [wanted])
        status, error = one.read(url, to=other.site, body=_filtered("title", "like", "points%"))
        assert (status, error["@type"], error["code"]) == (400, "CatalogError", "unsupported-filter")

    stage.run(in_every_direction(filter_it))


def _filtered(left: str, operator: str, right: str) -> dict[str, Any]:
    criterion = {"@type": "Criterion", "operandLeft": left, "operator": operator, "operandRight": right}
    spec = {"@type": "QuerySpec", "filterExpression": [criterion]}
    return {"@context": [DSP_CONTEXT], "@type": "CatalogRequestMessage", "filter": [spec]}


# They agree, and refuse


def test_negotiations_and_deliveries_go_through_in_every_direction_at_once(stage: Kept[Stage]) -> None:
    async def exchange(one: Member, other: Member, name: str) -> None:
        delivery = await deliver(one, other, name, f"{other.site.name}-{name}")
        await delivery.is_received()
        await delivery.do("complete", "consumer")
        await delivery.on_both("COMPLETED")

    async def play(of: Stage) -> None:
        async with asyncio.TaskGroup() as group:
            for one, other in of.directions:
                for name in SMALL:
                    group.create_task(exchange(one, other, name))

    stage.run(play)


def test_a_request_that_is_refused_shows_the_reason_on_both_sides(stage: Kept[Stage]) -> None:
    async def refuse(one: Member, other: Member) -> None:
        asked = await negotiated(one, await ask(one, other, REVIEWED), "REQUESTED")
        await insist(lambda: other.client.refuse_negotiation(asked["peer_pid"], REASON, "legal"))
        ours = await negotiated(one, asked["pid"], "TERMINATED")
        theirs = await negotiated(other, asked["peer_pid"], "TERMINATED")
        assert (ours["last_received"]["code"], ours["last_received"]["reason"]) == ("legal", REASON)
        for told in (ours, theirs):
            assert f"legal — {REASON}" in told["why"]["text"]

    stage.run(in_every_direction(refuse))


def test_a_consumer_withdraws_its_request_and_its_reason_is_seen(stage: Kept[Stage]) -> None:
    async def withdraw(one: Member, other: Member) -> None:
        asked = await negotiated(one, await ask(one, other, REVIEWED), "REQUESTED")
        await insist(lambda: one.client.terminate_negotiation(asked["pid"], REASON, "withdrawn"))
        ours = await negotiated(one, asked["pid"], "TERMINATED")
        theirs = await negotiated(other, asked["peer_pid"], "TERMINATED")
        assert (theirs["last_received"]["code"], theirs["last_received"]["reason"]) == ("withdrawn", REASON)
        for told in (ours, theirs):
            assert f"withdrawn — {REASON}" in told["why"]["text"]

    stage.run(in_every_direction(withdraw))


# They deliver


@pytest.mark.parametrize("way", ["pull", "push"])
def test_large_files_arrive_whole_although_the_road_breaks_in_the_middle(stage: Kept[Stage], way: str) -> None:
    async def play(of: Stage) -> None:
        ring = ((of.brume, of.syndicat), (of.syndicat, of.lisiere), (of.lisiere, of.brume))
        for one, other in ring:
            async with held_up(of.hand):
                delivery = await deliver(one, other, LARGE, f"{way}-{LARGE}", push=way == "push")
                await is_held(of.hand)
                await of.hand.do("cut")
                await delivery.is_received()
            if way == "pull":
                await delivery.do("complete", "consumer")
            await delivery.on_both("COMPLETED")

    stage.run(play)


# They stop, and go on


@pytest.mark.parametrize("side", ["provider", "consumer"])
@pytest.mark.parametrize("way", ["pull", "push"])
def test_bytes_stop_when_either_side_suspends_and_arrive_when_it_resumes(
    stage: Kept[Stage], way: str, side: str
) -> None:
    async def play(of: Stage) -> None:
        one, other = (of.syndicat, of.brume) if side == "provider" else (of.lisiere, of.syndicat)
        async with held_up(of.hand):
            delivery = await deliver(one, other, LARGE, f"{way}-{side}-{LARGE}", push=way == "push")
            await is_held(of.hand)
            await delivery.on_both("STARTED")
            await delivery.do("suspend", side, reason=REASON)
            await delivery.on_both("SUSPENDED")
        await nothing_large_passes(of.hand)
        before = await of.hand.do("tell")
        for _ in range(2):  # the road is open all the while
            await insist(lambda: one.client.ping_peer(other.did))
        after = await of.hand.do("tell")
        assert after["passed_bytes"] - before["passed_bytes"] < STILL_BYTES
        assert not delivery.consumer.received(delivery.into).exists()
        await delivery.do("resume", side)
        await delivery.is_received()
        if way == "pull":
            await delivery.do("complete", "consumer")
        await delivery.on_both("COMPLETED")

    stage.run(play)


@pytest.mark.parametrize("side", ["provider", "consumer"])
@pytest.mark.parametrize("way", ["pull", "push"])
def test_bytes_stop_for_good_when_either_side_terminates(stage: Kept[Stage], way: str, side: str) -> None:
    async def play(of: Stage) -> None:
        one, other = (of.brume, of.lisiere) if side == "provider" else (of.syndicat, of.brume)
        async with held_up(of.hand):
            delivery = await deliver(one, other, LARGE, f"never-{way}-{side}", push=way == "push")
            await is_held(of.hand)
            await delivery.on_both("STARTED")
            await delivery.do("terminate", side, reason=REASON)
            await delivery.on_both("TERMINATED")
        await nothing_large_passes(of.hand)
        assert not one.received(delivery.into).exists()
        pid = await delivery.pid_of("consumer" if side == "provider" else "provider")
        told = await delivery.side("consumer" if side == "provider" else "provider").client.show_transfer(pid)
        assert told["last_received"]["reason"] == REASON

    stage.run(play)


# They die, and come back


@pytest.mark.parametrize("who", ["provider", "consumer"])
def test_a_node_killed_in_the_middle_goes_on_when_it_is_back(stage: Kept[Stage], who: str) -> None:
    async def play(of: Stage) -> None:
        one, other = (of.brume, of.syndicat) if who == "provider" else (of.lisiere, of.brume)
        victim = other if who == "provider" else one
        offer = await offer_of(one, other, SMALL[4])
        agreement = await agree(one, other, LARGE)
        async with held_up(of.hand):
            delivery = await deliver(one, other, LARGE, f"killed-{who}-{LARGE}", agreement=agreement)
            await is_held(of.hand)
            asked = [await ask(one, other, SMALL[4], offer) for _ in range(ASKED)]
            victim.kill()
        victim.start()
        await victim.ready()
        for pid in asked:
            await negotiated(one, pid, "FINALIZED")
        await delivery.is_received()
        await delivery.do("complete", "consumer")
        await delivery.on_both("COMPLETED")

    stage.run(play)


# They are cut off, and find each other again


def test_what_is_asked_on_both_sides_of_a_partition_is_done_when_it_is_healed(stage: Kept[Stage]) -> None:
    async def play(of: Stage) -> None:
        brume, syndicat = of.brume, of.syndicat
        reviewed = await negotiated(syndicat, await ask(syndicat, brume, REVIEWED), "REQUESTED")
        open_ones = [await deliver(syndicat, brume, SMALL[5], f"parted-{number}.csv") for number in range(3)]
        for one in open_ones:
            await one.is_received()
            await one.on_both("STARTED")
        suspended, ended, crossed = open_ones
        theirs, ours = await offer_of(syndicat, brume, SMALL[6]), await offer_of(brume, syndicat, SMALL[6])

        of.cable(brume, "down")
        asked = await ask(syndicat, brume, SMALL[6], theirs)
        asked_back = await ask(brume, syndicat, SMALL[6], ours)
        await brume.client.accept_negotiation(reviewed["peer_pid"])
        await suspended.do("suspend", "provider")
        await ended.do("terminate", "consumer")
        await asyncio.gather(crossed.do("suspend", "provider"), crossed.do("complete", "consumer"))
        for one, other in ((syndicat, brume), (brume, syndicat)):
            await until(lambda one=one, other=other: one.client.show_peer(other.did), lambda seen: seen["silent_since"])
        assert (await syndicat.client.show_negotiation(asked))["state"] == "INITIAL"
        await agree(of.lisiere, syndicat, SMALL[6])  # others are not concerned
        of.cable(brume, "up")

        await negotiated(syndicat, asked, "FINALIZED")
        await negotiated(brume, asked_back, "FINALIZED")
        await negotiated(syndicat, reviewed["pid"], "FINALIZED")
        await suspended.on_both("SUSPENDED")
        await ended.on_both("TERMINATED")
        await crossed.on_both("COMPLETED", "SUSPENDED")

    stage.run(play)


# In the end


def test_in_the_end_nothing_is_lost_and_both_sides_tell_the_same(stage: Kept[Stage]) -> None:
    async def play(of: Stage) -> None:
        told = {member: await _told(member) for member in of.members}
        for one, other in of.directions:
            for kind in ("negotiations", "transfers", "agreements"):
                ours = told[one][kind, "consumer", other.did]
                theirs = told[other][kind, "provider", one.did]
                assert ours
                assert ours == theirs
        for member in of.members:
            assert [job async for job in member.client.each(calls.list_jobs(status="dead"))] == []
            assert member.complaints() == []

    stage.run(play)


async def _told(member: Member) -> dict[tuple[str, str, str], list[Any]]:
    """Return what a member tells of its negotiations, transfers and agreements, by role and partner; look into each.

    A process is told by the consumer's pid, the provider's, its state and its agreement.
    """
    told: dict[tuple[str, str, str], list[Any]] = {}
    for kind, listed in (("negotiations", calls.list_negotiations), ("transfers", calls.list_transfers)):
        async for one in member.client.each(listed(limit=100)):
            assert one["pending"] is None, one
            assert (await member.client.verify_journal(one["pid"]))["is_intact"]
            pids = [one["pid"], one["peer_pid"]]
            ordered = pids if one["role"] == "consumer" else pids[::-1]
            said = (*ordered, one["state"], one["agreement"])
            told.setdefault((kind, one["role"], one["peer"]), []).append(said)
    async for one in member.client.each(calls.list_agreements(limit=100)):
        document = (await member.client.show_agreement(one["id"]))["document"]
        told.setdefault(("agreements", one["role"], one["peer"]), []).append((one["id"], one["status"], document))
    return {which: sorted(said, key=lambda one: one[0]) for which, said in told.items()}


def test_the_road_was_as_bad_as_it_should_be(stage: Kept[Stage]) -> None:
    async def play(of: Stage) -> None:
        told = await of.hand.do("tell")
        print(told)
        assert told["connections"] >= LEAST_CONNECTIONS
        assert told["broken"] >= told["connections"] // 50 - 1

    stage.run(play)
