"""Two nodes, real stores, one clock, a network that does its worst, and death at any line: what must hold, holds.

A history is one process under its own seeded schedule; a world lets twelve happen at once (see world.py). A failure
names the world's seed; the same world again, told step by step:

    SIMULATOR_SEED=118 python -m pytest tests/simulator -k replay -s
"""

import logging
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.simulator import world
from tests.simulator.world import World

FEW = range(5)
MANY = range(5, 160)
FOR_RULES = range(40)
SEED = os.environ.get("SIMULATOR_SEED")
MEMORY = Path("/dev/shm")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder in memory where there is one, with the two nodes from which every world starts."""
    with tempfile.TemporaryDirectory(prefix="simulator", dir=MEMORY if MEMORY.is_dir() else None) as name:
        world.make_template(Path(name) / "template")
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

    def add(self, one: World) -> None:
        self.histories += len(one.histories)
        self.differing += [f"{one.seed}.{number}" for number in sorted(one.differing)]
        self.outcomes.update(one.outcomes)
        self.crashes.update(one.crashes)

    def __str__(self) -> str:
        lines = [f"{number:5} {outcome}" for outcome, number in sorted(self.outcomes.items())]
        told = f"{self.histories} histories, {self.crashes.total()} deaths, {len(self.differing)} visible differences"
        return "\n".join([told, *lines])


def play(folder: Path, seed: int, log: Callable[..., None] = lambda *_: None) -> World:
    """Let a world happen; a failure names its seed."""
    one = World(seed, folder / f"world-{seed}", log=log)
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


def test_sixty_histories_end_in_one_state_on_both_sides(folder: Path) -> None:
    tally = play_all(folder, FEW)
    assert tally.histories >= 60
    assert tally.differing == []


def test_a_seed_replays_to_the_letter(folder: Path) -> None:
    told: list[list[str]] = [[], []]
    for lines in told:
        play(folder, 7, lambda *words, lines=lines: lines.append(" ".join(words)))  # type: ignore[misc]
    assert len(told[0]) > 100
    assert told[0] == told[1]


if SEED is not None:

    def test_replay(folder: Path) -> None:
        one: World = World(int(SEED or 0), folder / "replay")
        one.log = lambda *words: print(f"{one.clock.now():%H:%M:%S.%f}", *words)
        one.run(folder / "template")
        print(one.outcomes)
