"""A day of two nodes, in virtual time: their memory, their tables and their journals after it (see day.py)."""

import json
import subprocess
import sys
from typing import Any

import pytest

MOST_GROWTH_BYTES = 20 << 20
BOUNDED = ("jobs", "peer_health", "replicas", "replays", "idempotency_keys", "grants", "inbox")
"""Tables that hold what is under way, and nothing that is over."""
MOST_ROWS = 20

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def day() -> dict[str, Any]:
    """What the day came to, played in a process of its own."""
    ran = subprocess.run([sys.executable, "-m", "tests.simulator.day"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-4000:]
    found: dict[str, Any] = json.loads(ran.stdout)
    hours = found["hours"]
    print(f"{sum(found['states'].values())} processes, {found['reads']} reads, {found['renewals']} renewals")
    print(f"memory at hours 2 and 24: {hours[1]['rss_bytes'] >> 10} and {hours[-1]['rss_bytes'] >> 10} KiB")
    return found


def test_a_day_happened(day: dict[str, Any]) -> None:
    """Enough of everything that the other tests speak of."""
    assert [one["hour"] for one in day["hours"]] == list(range(1, 25))
    assert sum(day["states"].values()) > 300
    assert day["reads"] > 200
    assert day["renewals"] > 50
    assert day["stopped"] > 10  # by the end of an agreement
    assert day["restarts"] >= 12
    assert day["unanswered"] > 100  # while a node was away


def test_memory_does_not_grow(day: dict[str, Any]) -> None:
    """Resident memory after garbage was collected, from hour 2, when all caches are warm, to hour 24."""
    hours = day["hours"]
    assert hours[-1]["rss_bytes"] - hours[1]["rss_bytes"] < MOST_GROWTH_BYTES


def test_nothing_is_left_to_do_and_nothing_was_given_up(day: dict[str, Any]) -> None:
    assert day["dead_jobs"] == []
    assert day["open_jobs"] == []
    assert day["problems"] == []


def test_both_sides_stand_where_the_other_stands(day: dict[str, Any]) -> None:
    assert day["differing"] == []
    assert set(day["refused"]) <= {"peer-403"}  # the offer had ended while the provider was away


def test_every_chain_of_the_journal_holds(day: dict[str, Any]) -> None:
    assert day["broken_chains"] == []


def test_what_is_over_leaves_the_tables(day: dict[str, Any]) -> None:
    for name in ("consumer", "provider"):
        at = {one["hour"]: one["rows"][name] for one in day["hours"] if name in one["rows"]}
        for table in BOUNDED:
            assert at[24][table] <= MOST_ROWS, (table, [rows[table] for rows in at.values()])
        # Events are kept for six hours and up to the next sweep: what came later took the place of what came before.
        assert max(rows["events"] for rows in at.values()) < 2 * at[5]["events"]
    assert (day["old_events"], day["stale_grants"]) == (0, 0)


def test_tokens_that_have_expired_are_forgotten(day: dict[str, Any]) -> None:
    assert max(number for one in day["hours"] for number in one["replays"].values()) < 1_000
