"""What every store of usage counts must do: `for rule in RULES: rule(adapter)` with a fresh, empty adapter each.

An adapter that keeps counts in a database runs each rule in whatever way it is used there (one transaction per call, or
several calls in one); `concurrently` needs one that several threads may call at once.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from policies.state import UsageState


def what_nobody_used_counts_zero(usage: UsageState) -> None:
    assert usage.used("c") == 0


def ranks_follow_one_another(usage: UsageState) -> None:
    ranks = []
    for _ in range(3):
        held = usage.reserve(["c"])
        ranks.append(held.ranks["c"])
        usage.commit(held)
    assert ranks == [1, 2, 3]
    assert usage.used("c") == 3


def a_place_that_is_held_counts(usage: UsageState) -> None:
    first, second = usage.reserve(["c"]), usage.reserve(["c"])
    assert (first.ranks["c"], second.ranks["c"]) == (1, 2)
    assert usage.used("c") == 2


def a_place_given_back_is_free_again(usage: UsageState) -> None:
    usage.commit(usage.reserve(["c"]))
    usage.release(usage.reserve(["c"]))
    assert usage.used("c") == 1
    assert usage.reserve(["c"]).ranks["c"] == 2


def several_counters_are_taken_together(usage: UsageState) -> None:
    usage.commit(usage.reserve(["c"]))
    both = usage.reserve(["c", "d"])
    assert dict(both.ranks) == {"c": 2, "d": 1}
    usage.release(both)
    assert (usage.used("c"), usage.used("d")) == (1, 0)


def a_counter_named_twice_is_taken_once(usage: UsageState) -> None:
    usage.commit(usage.reserve(["c", "c"]))
    assert usage.used("c") == 1


def a_reservation_ends_once(usage: UsageState) -> None:
    held = usage.reserve(["c"])
    usage.commit(held)
    for end in (usage.commit, usage.release):
        with pytest.raises(KeyError):
            end(held)
    assert usage.used("c") == 1


def of_no_counter_nothing_is_taken(usage: UsageState) -> None:
    held = usage.reserve([])
    assert not held.ranks
    usage.commit(held)


RULES: tuple[Callable[[UsageState], None], ...] = (
    what_nobody_used_counts_zero,
    ranks_follow_one_another,
    a_place_that_is_held_counts,
    a_place_given_back_is_free_again,
    several_counters_are_taken_together,
    a_counter_named_twice_is_taken_once,
    a_reservation_ends_once,
    of_no_counter_nothing_is_taken,
)


def concurrently(usage: UsageState, callers: int = 16, uses: int = 50) -> None:
    """Let several threads take, keep and give back places: each rank among those kept is taken once, none is lost."""
    start = Barrier(callers)

    def call(number: int) -> list[int]:
        start.wait(timeout=60)
        kept = []
        for use in range(uses):
            held = usage.reserve(["c"])
            if (number + use) % 5 == 0:
                usage.release(held)
            else:
                usage.commit(held)
                kept.append(held.ranks["c"])
        return kept

    with ThreadPoolExecutor(callers) as threads:
        kept = [rank for ranks in threads.map(call, range(callers)) for rank in ranks]
    assert usage.used("c") == len(kept)
    assert max(kept) <= len(kept) + callers
