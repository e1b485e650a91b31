"""The end of a contract is told of beforehand: as often as the settings say, once each, on each side by itself."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from connector.app import ROOT
from connector.protocol.machine import Role
from connector.settings import BadSettings, load
from connector.store import contracts, events
from connector.store.db import Tx
from connector.store.tables import jobs as jobs_table
from tests.harness import nodes
from tests.sealing.pair import Pair
from tests.simulator.network import KIND, Fate

BOTH = (Role.PROVIDER, Role.CONSUMER)


async def concluded(pair: Pair, days: float) -> tuple[str, datetime]:
    """Have a contract concluded that ends in so many days; return the consumer's name of it, and its end."""
    ends_at = (pair.clock.now() + timedelta(days=days)).replace(microsecond=0)
    until = {"@value": f"{ends_at:%Y-%m-%dT%H:%M:%SZ}", "@type": "xsd:dateTime"}
    limit = {"leftOperand": "dateTime", "operator": "lteq", "rightOperand": until}
    policy = {"permission": [{"action": "use", "constraint": [limit]}]}
    await nodes.publish(pair.node(Role.PROVIDER), f"jusqu-a-{days}", policy=policy)
    asked = await nodes.ask(pair.node(Role.CONSUMER), pair.places[Role.PROVIDER].did, f"urn:test:jusqu-a-{days}")

    async def is_concluded() -> bool:
        for role in (Role.CONSUMER, Role.PROVIDER):  # who asked first: the other knows nothing before it is asked
            found = await pair.contract(role, asked.pid)
            if found is None or found.status != "concluded":
                return False
        return True

    await pair.until(is_concluded)
    return asked.pid, ends_at


async def sleep_until(pair: Pair, at: datetime, **settings: Any) -> None:
    """Have both nodes stopped until an instant, then let them do what they have to."""
    await pair.sleep_until(at, **settings)

    async def is_done() -> bool:
        return not any([await due(pair, role) for role in BOTH])

    await pair.until(is_done)


async def due(pair: Pair, role: Role) -> list[Any]:
    """Return the jobs of one side whose time has come."""
    now, query = pair.clock.now(), jobs_table.select().where(jobs_table.c.kind == "expiry")
    found = await pair.node(role).store.read(lambda tx: tx.connection.execute(query).all())
    return [one for one in found if one.run_at <= now]


async def warned(pair: Pair, role: Role, pid: str) -> list[int]:
    """Return how many days were left with each warning, as the journal tells; the events tell the same."""
    contract = await pair.contract(role, pid)
    assert contract is not None
    node = pair.node(role)
    await node.feed.latest(ROOT)
    told = await node.store.read(lambda tx: events.page(tx, ROOT, 0, 500, ("contract.expiring",)))
    of_this = [one for one in told if one.told["contract"] == contract.id]
    assert all((one.subject, one.peer) == (contract.agreement, contract.peer) for one in of_this)
    left = [one["days_left"] for one in await pair.journal(role, pid, "contract-expiring")]
    assert [one.told["days_left"] for one in of_this] == left
    return left


def test_each_side_is_warned_90_30_and_7_days_before(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pid, ends_at = await concluded(pair, 120)
        for before, expected in ((91, []), (90, [90]), (89, [90]), (30, [90, 30]), (7, [90, 30, 7]), (-3, [90, 30, 7])):
            await sleep_until(pair, ends_at - timedelta(days=before))
            for role in BOTH:
                assert await warned(pair, role, pid) == expected, before

    perform(scene)


def test_a_node_that_was_down_warns_once_of_what_it_missed(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pid, ends_at = await concluded(pair, 120)
        await sleep_until(pair, ends_at - timedelta(days=20, hours=5))
        assert await warned(pair, Role.CONSUMER, pid) == [21]
        await sleep_until(pair, ends_at + timedelta(days=1))
        assert await warned(pair, Role.CONSUMER, pid) == [21, 0]

    perform(scene)


def test_what_was_near_when_it_was_concluded_is_not_warned_of(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pid, ends_at = await concluded(pair, 60)
        await sleep_until(pair, ends_at - timedelta(days=40))
        assert await warned(pair, Role.PROVIDER, pid) == []
        await sleep_until(pair, ends_at - timedelta(days=29.5))
        assert await warned(pair, Role.PROVIDER, pid) == [30]

    perform(scene)


def test_the_settings_say_when(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        await sleep_until(pair, pair.clock.now(), expiry_alert_days=(14, 0))
        pid, ends_at = await concluded(pair, 120)
        for before, expected in ((15, []), (14, [14]), (0, [14, 0])):
            await sleep_until(pair, ends_at - timedelta(days=before), expiry_alert_days=(14, 0))
            assert await warned(pair, Role.PROVIDER, pid) == expected, before

    perform(scene)


def test_a_contract_that_was_ended_or_names_no_end_is_not_warned_of(perform: Callable[..., Any]) -> None:
    async def scene(pair: Pair) -> None:
        pid, ends_at = await concluded(pair, 120)
        endless = await pair.ask()
        contract = await pair.contract(Role.CONSUMER, pid)
        assert contract is not None
        await pair.node(Role.CONSUMER).evidence.terminate(ROOT, contract.agreement, "", "Fin", by=nodes.BY)

        async def both_know() -> bool:
            query = contracts.notices
            found = await pair.contract(Role.PROVIDER, pid)
            assert found is not None
            held = await pair.node(Role.PROVIDER).store.read(lambda tx: query(tx, ROOT, found.negotiation))
            return any(one.kind == "termination" for one in held)

        await pair.until(both_know)
        await sleep_until(pair, ends_at - timedelta(days=5))
        for role in BOTH:
            assert await warned(pair, role, pid) == await warned(pair, role, endless) == []

    perform(scene)


def test_after_a_partition_both_sides_show_the_same(perform: Callable[..., Any]) -> None:
    """One side ends the contract, the other is warned of its end; then they hear each other again."""

    async def scene(pair: Pair) -> None:
        pid, ends_at = await concluded(pair, 91)
        pair.net.fate_of = lambda call: Fate(is_lost=True)
        contract = await pair.contract(Role.PROVIDER, pid)
        assert contract is not None
        await pair.node(Role.PROVIDER).evidence.terminate(ROOT, contract.agreement, "", "Fin", by=nodes.BY)
        await sleep_until(pair, ends_at - timedelta(days=90))
        assert [await warned(pair, role, pid) for role in BOTH] == [[], [90]]
        pair.net.fate_of = lambda call: KIND

        async def same() -> bool:
            return (held := [await notices(pair, role, pid) for role in BOTH])[0] == held[1] and len(held[0]) == 2

        await pair.until(same)
        await sleep_until(pair, ends_at - timedelta(days=7))
        assert [await warned(pair, role, pid) for role in BOTH] == [[], [90]]  # what has ended does not end again

    perform(scene)


async def notices(pair: Pair, role: Role, pid: str) -> set[str]:
    """Return the digests of the notices that one side holds."""
    found = await pair.contract(role, pid)
    assert found is not None

    def unit(tx: Tx) -> set[str]:
        return {one.sha256 for one in contracts.notices(tx, ROOT, found.negotiation)}

    return await pair.node(role).store.read(unit)


@pytest.mark.parametrize("days", [(-1,), (3651,), ("bientôt",)])
def test_days_that_cannot_be_are_refused(days: tuple[Any, ...]) -> None:
    with pytest.raises(BadSettings):
        load(environ={}, expiry_alert_days=days)


def test_no_days_are_never() -> None:
    assert load(environ={"PUPITRE_EXPIRY_ALERT_DAYS": ""}).expiry_alert_days == ()
    assert load(environ={"PUPITRE_EXPIRY_ALERT_DAYS": "60, 1"}).expiry_alert_days == (60, 1)
