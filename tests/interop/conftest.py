"""One EDC of each release and one node on each store, started when a test first wants them, shared by all of this room
and ended with its last test: an EDC takes a third of a core while nobody speaks to it.

Logs and the wire journal stay in `.interop/`, a folder for each session, the last five.
"""

import os
import shutil
import time
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from tests.interop.data import DataServer
from tests.interop.edc_peer import RELEASES, Edc
from tests.interop.ours import Ours
from tests.interop.pairs import SIZE_BYTES, Pair, Stage
from tests.interop.wire import Journal
from tests.tools.rooms import shared

HERE = Path(__file__).resolve().parent
KEPT = HERE.parents[1] / ".interop"
KEPT_SESSIONS = 5
STORES = ("sqlite", "postgres")
THAT_KEEPS = "0.15.1"
"""The release whose PostgreSQL stores can be resolved."""


@pytest.fixture(scope="session")
def kept() -> Path:
    """Return the folder in which this session's logs and journal stay."""
    KEPT.mkdir(exist_ok=True)
    for old in sorted(KEPT.iterdir())[: 1 - KEPT_SESSIONS]:
        shutil.rmtree(old, ignore_errors=True)
    folder = KEPT / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    folder.mkdir()
    return folder


@pytest.fixture
def stage(kept: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Stage:
    """Everybody; nobody is running at first."""

    def make(stack: ExitStack) -> Stage:
        journal, data = Journal(kept / "wire.jsonl"), DataServer()
        content = Random(1).randbytes(SIZE_BYTES)
        data.contents |= {"content": content, "slow": Random(2).randbytes(SIZE_BYTES)}
        stage = Stage(tmp_path_factory.mktemp("interop"), kept, journal, data, content)
        stack.callback(data.close)
        stack.callback(stage.close)
        for release in RELEASES:
            stage.edcs[release] = Edc(release, kept, journal)
        stage.edcs["forgetful"] = Edc(RELEASES[0], kept, journal, name="edc-forgetful")
        stage.edcs["lasting"] = Edc(
            THAT_KEEPS, kept, journal, name="edc-lasting", database=lambda: stage.create_database("edc")
        )
        return stage

    stage = shared(request, HERE, "stage", make)
    stage.create_database = lambda name: request.getfixturevalue("postgres").create_database(name)
    return stage


@pytest.fixture(params=RELEASES)
def edc(request: pytest.FixtureRequest, stage: Stage) -> Edc:
    """An EDC in memory of each release, with its datasets."""
    return stage.edc(request.param)


@pytest.fixture(params=[STORES[0], pytest.param(STORES[1], marks=pytest.mark.postgres)])
def ours(request: pytest.FixtureRequest, stage: Stage) -> Ours:
    """A node of ours on each store, with its datasets."""
    return stage.ours(request.param)


@pytest.fixture
def pair(edc: Edc, ours: Ours, stage: Stage) -> Pair:
    """Both, and what they have agreed."""
    return Pair(edc, ours, stage)


@pytest.fixture(autouse=True)
def in_the_journal(request: pytest.FixtureRequest, stage: Stage) -> None:
    """Say in the journal which test begins."""
    stage.journal.begin(request.node.name)
