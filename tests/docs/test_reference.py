"""What the reference pages list is what the code has."""

import asyncio
from pathlib import Path

import pytest

from connector.app import build_app
from connector.dataplane.errors import FetchFailed
from connector.problems import Problem
from connector.settings import Settings, load
from connector.store import backoff
from connector.worker import PATIENCE, _pause_s
from tests.docs import written

REFERENCE = Path(__file__).parents[2] / "connector/docs/reference"
JOBS = (REFERENCE / "jobs.md").read_text("utf-8")


def test_writing_the_settings_again_changes_nothing() -> None:
    assert (REFERENCE / "settings.md").read_text("utf-8") == written.settings_page(), "python -m tests.docs.written"


def test_writing_the_problems_again_changes_nothing() -> None:
    assert (REFERENCE / "problems.md").read_text("utf-8") == written.problems_page(), "python -m tests.docs.written"


def test_writing_what_the_doctor_may_find_again_changes_nothing() -> None:
    assert (REFERENCE / "doctor.md").read_text("utf-8") == written.doctor_page(), "python -m tests.docs.written"


def test_writing_the_territory_profile_again_changes_nothing() -> None:
    page = (REFERENCE / "territory-profile.md").read_text("utf-8")
    assert page == written.profile_page(), "python -m tests.docs.written"


def test_writing_what_may_be_found_in_a_policy_again_changes_nothing() -> None:
    assert (REFERENCE / "policy-findings.md").read_text("utf-8") == written.findings_page(), (
        "python -m tests.docs.written"
    )


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_has_a_row_with_its_sort_default_and_meaning(name: str) -> None:
    row = next(line for line in written.settings_page().splitlines() if line.startswith(f"| `{name}`<br>"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert len(cells) == 4
    assert all(cells)


def test_every_kind_of_problem_is_found_wherever_it_is_defined() -> None:
    found = written.kinds(Problem)
    assert {Problem, FetchFailed} <= set(found)
    assert {one.__module__.split(".")[1] for one in found} >= {"http", "services", "dataplane", "identity", "store"}


def test_every_kind_of_job_is_on_the_page(tmp_path: Path) -> None:
    async def kinds() -> set[str]:
        node = await build_app(load(environ={}, data_dir=tmp_path, public_port=0, private_port=0))
        try:
            return set(node.jobs.handlers)
        finally:
            await node.close()

    on_page = {line.split("`")[1] for line in JOBS.split("## States")[0].splitlines() if line.startswith("| `")}
    assert on_page == asyncio.run(kinds())


def test_the_delays_on_the_page_are_those_of_the_code() -> None:
    text = " ".join(JOBS.split())
    first = [backoff.peer_delay_s(n, 0) for n in range(1, 7)]
    caps = [backoff.peer_delay_s(99, age_s) for age_s in (0, 601, 3601)]
    assert first == [0.5, 1, 2, 4, 8, 15]
    assert "0.5, 1, 2, 4, 8, then 15 s during the first ten minutes" in text
    assert [f"{cap:g} s" for cap in caps] == ["15 s", "60 s", "300 s"]
    assert [backoff.failure_delay_s(n) for n in (1, 2, 3, 20)] == [1, 2, 4, 300]
    assert f"after {backoff.MAX_FAILURES} failures it is dead" in text
    assert f"a lease of {backoff.LEASE_S:g} s that it prolongs every {backoff.HEARTBEAT_S:g} s" in text
    assert f"polled every {backoff.SAFETY_POLL_S:g} s" in text
    assert f"taken over {backoff.LEASE_S + backoff.SAFETY_POLL_S:g} s later at most" in text
    assert f"up to {PATIENCE} times" in text
    assert [_pause_s("urn:p", n) for n in (0, 1, 2, 3, PATIENCE - 1)] == [0.3, 0.6, 1.2, 2, 2]
    later = {_pause_s("urn:p", n) for n in range(PATIENCE, 100)}
    assert len(later) == 100 - PATIENCE
    assert 15 <= min(later) < 16 < 29 < max(later) <= 30
    assert "after 0.3, 0.6, 1.2, then 2 s; from the ninth attempt on after 15 to 30 s" in text
    assert Settings.model_fields["give_up_after_s"].default == 7 * 86400
