"""Two nodes, one clock, one seed: whatever the network and crashes do, both sides end agreed and nothing is lost.

A history is one process under its own seeded schedule; a world plays twelve at once (see world.py). A seed that fails
is printed and replayed by `SEED=7 pytest tests/simulator -k replayed`. The last tests take one of the five rules away
and show that these very checks notice.
"""

import logging
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.protocol import machine
from connector.worker import Worker
from tests.simulator import world

FEW = range(5)
MANY = range(5, 130)
"""125 worlds of twelve histories."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two young nodes that know each other, to be copied into each world."""
    folder = tmp_path_factory.mktemp("world") / "template"
    world.make_template(folder)
    return folder


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A world is full of failures that are meant; its log is of use in a replay only."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def play(seeds: Any, template: Path, folder: Path, *, may_differ: bool = True) -> Counter[str]:
    """Play worlds; return how their histories ended, and how many nodes were killed.

    The world itself holds that no two sides differ unseen; that they differ and a person sees it remains possible, in
    a few histories out of thousands.
    """
    ended: Counter[str] = Counter()
    for seed in seeds:
        made = world.World(seed, folder / f"world-{seed}")
        try:
            made.run(template)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        assert may_differ or not made.differing, f"seed {seed}: histories that ended in two states: {made.differing}"
        ended += made.outcomes
        ended["seen to differ"] += len(made.differing)
        ended["crashes"] += sum(made.crashes.values())
    return ended


def test_sixty_histories_end_agreed(template: Path, tmp_path: Path) -> None:
    ended = play(FEW, template, tmp_path, may_differ=False)
    assert ended.total() - ended["crashes"] - ended["seen to differ"] == 12 * len(FEW)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_fifteen_hundred_histories_end_agreed(template: Path, tmp_path: Path) -> None:
    ended = play(MANY, template, tmp_path)
    assert ended.total() - ended["crashes"] - ended["seen to differ"] == 12 * len(MANY)
    assert ended["crashes"] > 100
    assert ended["seen to differ"] <= 5
    print(f"worlds {MANY.start} to {MANY.stop - 1}: {dict(ended)}")


@pytest.mark.parametrize("seed", [int(seed) for seed in os.environ.get("SEED", "0").split(",")])
def test_a_seed_is_replayed(template: Path, tmp_path: Path, seed: int) -> None:
    play([seed], template, tmp_path)


async def _never_asks(worker: Worker, service: object, due: object) -> bool:
    return False


RULES: dict[str, tuple[Any, str, Any, int]] = {
    "1 implied acknowledgement": (machine, "is_implied_acknowledgement", lambda *_: False, 3),
    "2 termination wins": (machine, "termination_wins", lambda *_: False, 0),
    "3 the provider holds": (machine, "holds", lambda *_: False, 5),
    "4 ask before repeating": (Worker, "_is_settled_by_asking", _never_asks, 23),
    "5 same again": (machine, "is_same_again", lambda *_: False, 7),
}


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
def test_without_a_rule_a_world_breaks(
    rule: str, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name, instead, seed = RULES[rule]
    play([seed], template, tmp_path / "with", may_differ=False)
    monkeypatch.setattr(owner, name, instead)
    with pytest.raises(AssertionError, match=f"seed {seed}"):
        play([seed], template, tmp_path / "without", may_differ=False)
