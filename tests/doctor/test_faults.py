"""Every fault, made for real, is named by the doctor, with a cause and a remedy in both languages, and no other is."""

import asyncio
import stat
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from connector.app import ROOT
from connector.doctor.checks import CHECKS, diagnoses
from connector.doctor.diagnosis import EXIT_CODES, Finding, Verdict
from connector.doctor.examine import GENERAL, Report
from connector.identity.keys import Keys
from connector.services.replicas import Replicas
from connector.store.db import open_store
from tests.doctor import faults_far, faults_here
from tests.doctor.scene import Scene
from tests.tools.ports import free_port
from tests.tools.postgres import Postgres

FAULTS = faults_here.FAULTS | faults_far.FAULTS
ON_POSTGRES = {"database-password", "replicas-differ", "replicas-undeclared", "settings-not-in-force"}
NOT_MADE = {"port-forbidden"}
"""Whether a port below 1024 may be taken is a matter of the machine on which the tests run."""
TROUBLE = (Verdict.WARNING, Verdict.FAILURE)
ALSO: dict[str, set[str]] = {
    "folder-unwritable": {"disk-low"},
    "node-unready": {"public-path"},
    "node-outdated": {"public-unreached"},
}
"""What else is true when a fault is made, beside that the node may not run."""


@asynccontextmanager
async def scene_in(folder: Path) -> AsyncIterator[Scene]:
    folder.mkdir(exist_ok=True)
    for parent in (folder, folder.parent):
        parent.chmod(0o755)
    async with AsyncExitStack() as stack:
        yield Scene(folder, stack)


def troubles(report: Report) -> dict[str, Finding]:
    return {finding.diagnosis.code: finding for _, finding in report.findings if finding.verdict in TROUBLE}


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that another account may enter, as the folders of pytest may not."""
    path = tmp_path_factory.mktemp("doctor")
    above = Path(tempfile.gettempdir()).resolve()
    for parent in (path, *(one for one in path.parents if above in one.parents)):
        parent.chmod(stat.S_IMODE(parent.stat().st_mode) | 0o055)
    return path


@pytest.mark.parametrize("code", FAULTS)
def test_a_fault_made_for_real_is_named(code: str, folder: Path) -> None:
    async def play() -> Report:
        async with scene_in(folder) as scene:
            await FAULTS[code](scene)
            return await scene.examine()

    report = asyncio.run(play())
    found = troubles(report)
    assert code in found, [finding.diagnosis.code for _, finding in report.findings]
    assert set(found) - {"node-stopped"} <= {code} | ALSO.get(code, set()), {
        one: finding.cause("en") for one, finding in found.items()
    }
    assert report.exit_code == max(EXIT_CODES[finding.verdict] for finding in found.values())
    for language in ("fr", "en"):
        said = found[code].cause(language), found[code].remedy(language)
        assert all(said)
        assert not any(sign in "".join(said) for sign in "{}")


def test_every_warning_and_failure_is_made_for_real() -> None:
    all_codes = [one.code for check in CHECKS.values() for one in diagnoses(check) if one.verdict in TROUBLE]
    assert set(all_codes) == set(FAULTS) | ON_POSTGRES | NOT_MADE


def test_codes_are_unique_and_every_text_is_in_both_languages() -> None:
    every = [one for check in CHECKS.values() for one in diagnoses(check)] + list(GENERAL)
    assert len({one.code for one in every}) == len(every)
    for one in every:
        assert one.cause["fr"]
        assert one.cause["en"]
        assert bool(one.remedy["fr"]) == bool(one.remedy["en"]) == (one.verdict is not Verdict.OK), one.code


def test_two_sound_nodes_are_found_sound_by_each_check(folder: Path) -> None:
    async def play() -> Report:
        async with scene_in(folder) as scene:
            await faults_far.acquainted(scene)
            await scene.front(scene.settings["public_port"])
            return await scene.examine()

    report = asyncio.run(play())
    assert {check for check, _ in report.findings} == set(CHECKS)
    assert {
        finding.diagnosis.code: finding.cause("en") for _, finding in report.findings if finding.verdict != "ok"
    } == {}
    assert report.exit_code == 0


# --- PostgreSQL


async def on(scene: Scene, url: str, **settings: object) -> None:
    await scene.prepare(database_url=url, **settings)


@pytest.mark.postgres
def test_a_database_of_a_newer_schema_is_named(folder: Path, postgres: Postgres) -> None:
    async def play(url: str) -> Report:
        async with scene_in(folder) as scene:
            await on(scene, url)
            await scene.change(
                lambda tx: tx.connection.execute(text("INSERT INTO schema_version VALUES (9999, 'later', '2030')"))
            )
            return await scene.examine()

    with postgres.fresh_database() as url:
        assert set(troubles(asyncio.run(play(url)))) == {"database-newer", "node-stopped"}


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("account", "name", "code"), [("nobody_here", "", "database-password"), ("pupitre", "_no", "database-absent")]
)
def test_an_account_or_a_database_that_is_not_there_is_named(
    folder: Path, postgres: Postgres, account: str, name: str, code: str
) -> None:
    async def play(url: str) -> Report:
        async with scene_in(folder) as scene:
            await on(scene, url)
            scene.write(database_url=url.replace("//pupitre@", f"//{account}:motdepasse@") + name)
            return await scene.examine()

    with postgres.fresh_database() as url:
        report = asyncio.run(play(url))
        assert set(troubles(report)) == {code, "node-stopped"}
        assert "motdepasse" not in str(report.as_json())


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("common", "second", "codes"),
    [
        ({"replicas": True}, {"page_size": 7}, {"replicas-differ"}),
        ({"replicas": True}, {}, set()),
        ({}, {}, {"replicas-undeclared"}),
    ],
)
def test_replicas_are_compared(
    folder: Path, postgres: Postgres, common: dict[str, object], second: dict[str, object], codes: set[str]
) -> None:
    async def play(url: str) -> Report:
        async with scene_in(folder) as scene:
            await on(scene, url, **common)
            await scene.serve()
            here = dict(scene.settings)
            scene.settings |= {"public_port": free_port(), "private_port": free_port(), **second}
            await scene.serve()
            scene.settings = here
            await scene.front(scene.settings["public_port"])
            return await _once_seen(scene, 2)

    with postgres.fresh_database() as url:
        assert set(troubles(asyncio.run(play(url)))) == codes


@pytest.mark.postgres
def test_settings_that_the_running_node_does_not_have_are_named(folder: Path, postgres: Postgres) -> None:
    async def play(url: str) -> Report:
        async with scene_in(folder) as scene:
            await on(scene, url)
            await scene.serve()
            await scene.front(scene.settings["public_port"])
            scene.write(token_lifetime_s=60)
            return await _once_seen(scene, 1)

    with postgres.fresh_database() as url:
        found = troubles(asyncio.run(play(url)))
        assert set(found) == {"settings-not-in-force"}
        assert "token_lifetime_s" in found["settings-not-in-force"].cause("en")


async def _once_seen(scene: Scene, count: int) -> Report:
    """Examine once so many processes have written that they live."""
    async with asyncio.timeout(30):
        while True:
            report = await scene.examine()
            if report.holdings is not None and len(report.holdings.replicas) == count:
                return report
            await asyncio.sleep(0.05)


@pytest.mark.postgres
def test_a_process_that_starts_with_other_settings_warns_and_leaves_no_row(
    folder: Path, postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    async def play(url: str) -> Report:
        async with scene_in(folder) as scene:
            await on(scene, url, replicas=True)
            await scene.serve()
            await _once_seen(scene, 1)
            loaded = scene.loaded.model_copy(update={"page_size": 9})
            store = await open_store(loaded, _clock())
            other = Replicas(store, _clock(), loaded, "0", Keys(scene.data).thumbprints([ROOT]))
            keeping = asyncio.create_task(other.keep())
            await _once_seen(scene, 2)
            async with asyncio.timeout(30):
                while "page_size" not in caplog.text:
                    await asyncio.sleep(0.02)
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            await store.close()
            return await scene.examine()

    with postgres.fresh_database() as url:
        report = asyncio.run(play(url))
        assert report.holdings is not None
        assert len(report.holdings.replicas) == 1
        assert {"replicas differ in page_size: see pupitre doctor"} <= set(caplog.messages)


def _clock() -> object:
    from connector.clock import SystemClock

    return SystemClock()
