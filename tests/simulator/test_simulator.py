"""Two nodes, real stores, one clock, a network that does its worst, and death at any line: what must hold, holds.

A history is one process under its own seeded schedule; a world lets twelve happen at once (see world.py). A failure
names the world's seed; the same world again, told step by step:

    SIMULATOR_SEED=118 python -m pytest tests/simulator -k replay -s
"""

import asyncio
import logging
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.clock import VirtualClock
from connector.identity.timestamps import Authorities, Stamp, TimeStamper
from connector.problems import Problem
from connector.protocol import machine
from connector.protocol.machine import Role
from connector.protocol.negotiation import NEGOTIATION
from connector.protocol.transfer import TRANSFER
from connector.services import notices
from connector.services.stamping import Stamping
from connector.worker import Worker
from contracts.timestamps import add_token
from tests.simulator import places, virtual, world
from tests.simulator.authority import MISDEEDS
from tests.simulator.hasty import HASTY
from tests.simulator.judgement import CARRIERS, SEALING, Broken
from tests.simulator.world import World

FEW = range(5)
MANY = range(5, 160)
AT_ONCE = 16
"""How many worlds one test plays: far from its time limit on a slow machine, too."""
SEARCHED = range(80, 160)
"""The worlds among which one is looked for that goes wrong without a rule: each rule has one in the first 13."""
EVERY_PAIR = {frozenset(), frozenset({Role.CONSUMER}), frozenset({Role.PROVIDER}), frozenset(Role)}
"""Of nodes that seal with keys of their own and nodes whose signers are far away: who has keys of its own."""
SEED = os.environ.get("SIMULATOR_SEED")
MEMORY = Path("/dev/shm")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder in memory where there is one, with the two nodes from which every world starts."""
    with tempfile.TemporaryDirectory(prefix="simulator", dir=MEMORY if MEMORY.is_dir() else None) as name:
        places.make_template(Path(name) / "template")
        yield Path(name)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Killed nodes complain a lot."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@dataclass
class Tally:
    """What became of the histories of several worlds."""

    histories: int = 0
    differing: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    crashes: Counter[tuple[str, str]] = field(default_factory=Counter)
    crossed: Counter[str] = field(default_factory=Counter)
    stamper: Counter[str] = field(default_factory=Counter)
    """What time-stamping authorities did."""
    own: Counter[frozenset[Role]] = field(default_factory=Counter)
    """How many worlds there were in which these sealed with keys of their own."""
    at_once: Counter[str] = field(default_factory=Counter)
    """How many answers were sealed by the unit that decided them."""

    def add(self, one: World) -> None:
        self.histories += len(one.histories)
        self.differing += [f"{one.seed}.{number}" for number in sorted(one.judgement.differing)]
        self.outcomes.update(one.outcomes)
        self.crashes.update(one.crashes)
        self.crossed.update(one.crossed)
        self.stamper.update(one.authority.did)
        self.own[one.own] += 1
        self.at_once.update(one.at_once)

    def take(self, other: "Tally") -> None:
        """Add what became of other worlds."""
        self.histories += other.histories
        self.differing += other.differing
        self.outcomes.update(other.outcomes)
        self.crashes.update(other.crashes)
        self.crossed.update(other.crossed)
        self.stamper.update(other.stamper)
        self.own.update(other.own)
        self.at_once.update(other.at_once)

    def __str__(self) -> str:
        lines = [f"{number:5} {outcome}" for outcome, number in sorted(self.outcomes.items())]
        told = f"{self.histories} histories, {self.crashes.total()} deaths, {len(self.differing)} visible differences"
        seals = f"seals crossed by an end: {dict(self.crossed)}; time-stamping authorities: {dict(self.stamper)}"
        own = {" and ".join(sorted(roles)) or "none": number for roles, number in self.own.items()}
        at_once = f"keys of their own: {own}; sealed at once: {dict(self.at_once)}"
        return "\n".join([told, *lines, seals, at_once])


def play(folder: Path, seed: int, log: Callable[..., None] = lambda *_: None, *, parted_s: float = 0.0) -> World:
    """Let a world happen; a failure names its seed."""
    one = World(seed, folder / f"world-{seed}", parted_s=parted_s, log=log)
    try:
        one.run(folder / "template")
    except Exception as fault:
        pytest.fail(f"world {seed} (SIMULATOR_SEED={seed} replays it): {fault!r}\n{fault}", pytrace=False)
    return one


def play_all(folder: Path, seeds: range) -> Tally:
    tally = Tally()
    for seed in seeds:
        tally.add(play(folder, seed))
    print(tally)
    return tally


@pytest.fixture(scope="module")
def played() -> dict[int, Tally]:
    """What became of the many worlds that were played so far, by the first seed of each part."""
    return {}


def play_part(folder: Path, played: dict[int, Tally], first: int) -> Tally:
    """Play one part of the many worlds, unless it was played."""
    if first not in played:
        played[first] = play_all(folder, MANY[first - MANY.start :][:AT_ONCE])
    return played[first]


def test_sixty_histories_end_in_one_state_on_both_sides(folder: Path) -> None:
    tally = play_all(folder, FEW)
    assert tally.histories >= 60
    assert tally.differing == []
    assert set(tally.own) == EVERY_PAIR
    assert set(tally.at_once) == set(CARRIERS)


def test_a_seed_replays_to_the_letter(folder: Path) -> None:
    told: list[list[str]] = [[], []]
    for lines in told:
        play(folder, 7, lambda *words, lines=lines: lines.append(" ".join(words)))
    assert len(told[0]) > 100
    assert told[0] == told[1]


def test_ten_minutes_of_partition_lose_nothing(folder: Path) -> None:
    """Nothing passes for ten virtual minutes; what people did meanwhile is settled once the two sides are together."""
    for seed in FEW[:3]:
        one = play(folder, seed, parted_s=600.0)
        assert one.lost > 40  # each side probes the other, every 15 s at last
        assert one.clock.now() > one.parted_until
        assert one.judgement.differing == set()


def _believed(self: Authorities, response: Any, message: bytes, nonce: int | None = None) -> Stamp:
    return Stamp(response.tst_info.gen_time, response.time_stamp_token())


async def _asked_once(self: Stamping, stamper: TimeStamper, missing: list[Any], found: dict[str, str]) -> None:
    with suppress(Problem):
        for one in missing:
            found[one.media_type] = add_token(one.sealed.text, one.place, (await stamper.stamp(one.message)).token)


CARELESS: dict[str, tuple[Any, str, Any]] = {
    "believes every token": (Authorities, "check", _believed),
    "asks once": (Stamping, "_stamp", _asked_once),
    "keeps them to itself": (notices, "wake", lambda tx, contract: None),
}


@pytest.mark.parametrize("way", CARELESS)
def test_a_node_that_is_careless_with_time_stamps_is_found_out(
    folder: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """World 2, where the authority answers wrongly until it recovers, ends well as one of the first (above)."""
    monkeypatch.setattr(*CARELESS[way])
    assert "time-stamp" in _fault(folder, 2)


@pytest.mark.parametrize("way", HASTY)
def test_a_node_that_is_hasty_with_what_it_seals_at_once_is_found_out(
    folder: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a world that ends well when it is not."""
    *replaced, told = HASTY[way]
    for seed in FEW:
        with monkeypatch.context() as hasty:
            hasty.setattr(*replaced)
            said = _fault(folder, seed)
        if told in said:
            assert _fault(folder, seed) == ""
            return
    pytest.fail(f"every world ends well although a node {way}")


if SEED is not None:

    def test_replay(folder: Path) -> None:
        one: World = World(int(SEED or 0), folder / "replay")
        one.log = lambda *words: print(f"{one.clock.now():%H:%M:%S.%f}", *words)
        one.run(folder / "template")
        print(one.outcomes)


class Struck(BaseException):
    """What may strike a test at any line and belongs to no node, as its time limit does."""


def test_a_blow_from_outside_is_named_and_not_the_jobs_that_it_left(folder: Path) -> None:
    """A node whose jobs ended with it stands still: what there is left to do says nothing."""
    one = World(0, folder / "struck")

    async def strike() -> None:
        raise Struck

    one._before_sealing = strike  # type: ignore[method-assign]
    one.own = frozenset()
    with pytest.raises(Broken, match="Struck"):
        one.run(folder / "template")


def test_what_a_turn_of_the_loop_raises_is_raised() -> None:
    """A store's answers are given in such turns: whoever waited for one would wait for ever."""
    clock = VirtualClock()

    def strike() -> None:
        raise Struck

    async def main() -> None:
        asyncio.get_running_loop().call_soon(strike)
        await clock.wait(asyncio.Event(), clock.now() + timedelta(seconds=1))

    with pytest.raises(Struck):
        virtual.run(main(), clock)


@pytest.mark.slow
@pytest.mark.parametrize("first", MANY[::AT_ONCE])
def test_eighteen_hundred_histories_end_in_one_state_on_both_sides(
    folder: Path, played: dict[int, Tally], first: int
) -> None:
    tally = play_part(folder, played, first)
    assert tally.histories >= 12 * len(MANY[first - MANY.start :][:AT_ONCE])


@pytest.mark.slow
@pytest.mark.timeout(3600)  # when it is asked for alone, it plays them all
def test_eighteen_hundred_histories_meet_death_everywhere_and_hardly_ever_differ(
    folder: Path, played: dict[int, Tally]
) -> None:
    whole = Tally()
    for first in MANY[::AT_ONCE]:
        whole.take(play_part(folder, played, first))
    print(whole)
    assert whole.histories >= 1_800
    # What gave way may arrive when its time is almost over; then a person is told that the two sides differ.
    assert len(whole.differing) <= 4
    assert set(_deaths()) - set(whole.crashes) == set()
    assert set(whole.crossed) == {SEALING, *CARRIERS}
    assert set(whole.stamper) == {"stamp", *MISDEEDS}
    assert set(whole.own) == EVERY_PAIR
    assert set(whole.at_once) == set(CARRIERS)


def _deaths() -> Iterator[tuple[str, str]]:
    """Each message of both protocols, at each moment of its delivery; seals and a time-stamp of which nobody knows."""
    yield from ((world.SEAL, world.UNHEARD), (world.STAMP, world.UNREAD))
    moments = ("before it is processed", "after it is processed", "before its answer arrives")
    for table in (NEGOTIATION, TRANSFER):
        for message in {row.message for row in table.rows}:
            yield from ((message, moment) for moment in moments)


async def _never_settled(self: Worker, service: Any, due: Any, *, was_refused: bool = False) -> bool:
    return False


WITHOUT: dict[str, tuple[Any, str, Any]] = {
    "1 implied acknowledgement": (machine, "is_implied_acknowledgement", lambda table, at, now, then: False),
    "2 termination wins": (machine, "termination_wins", lambda table, arrival: False),
    "3 provider holds": (machine, "holds", lambda table, at, arrival, now: False),
    "4 ask before repeating": (Worker, "_is_settled_by_asking", _never_settled),
    "5 same again": (machine, "is_same_again", lambda table, at, arrival: False),
}


@pytest.mark.slow
@pytest.mark.parametrize("rule", WITHOUT)
def test_without_a_rule_the_histories_do_not_end_well(folder: Path, rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A world breaks or differs without the rule, the very one that ends well with it."""
    monkeypatch.setattr(world, "PATIENCE_S", 900.0)
    for seed in SEARCHED:
        with monkeypatch.context() as without:
            without.setattr(*WITHOUT[rule])
            told = _fault(folder, seed)
        if told and not _fault(folder, seed):
            print(f"without rule {rule}, world {seed}: {told}")
            return
    pytest.fail(f"every world ends well without rule {rule}")


def _fault(folder: Path, seed: int) -> str:
    """Return what goes wrong in a world, empty when nothing does."""
    one = World(seed, folder / f"without-{seed}")
    try:
        one.run(folder / "template")
    except Exception as fault:
        return str(fault).splitlines()[0][:160]
    return f"histories {one.judgement.differing} differ" if one.judgement.differing else ""
