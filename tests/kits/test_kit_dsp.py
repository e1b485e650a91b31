"""The official conformance kit of the Dataspace Protocol against our node, on both stores.

The node under test is `serve.py`: the application itself with the laboratory's identity and scripted decisions.
The kit's exit status alone proves nothing, so its closing line and its report are read, and each test's outcome is
compared with `dsp/expected.tsv`. The node seals, the kit does not: so each agreement of ours awaits the job that looks
whether the kit can seal, and what was finalised becomes one-sided evidence.
"""

import csv
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from tests.tools import postgres
from tests.tools.ports import free_port

HERE = Path(__file__).parent
KIT = HERE / "dsp"
READY_WITHIN_S = 30
KIT_WITHIN_S = 240
SEALED_WITHIN_S = 60

pytestmark = [pytest.mark.kit, pytest.mark.slow]


@dataclass(frozen=True)
class Node:
    """A node that waits for the kit."""

    root: str
    triggers: str
    participant: str


@dataclass(frozen=True)
class KitRun:
    """What the kit said: everything, and the outcome of each of its tests by name."""

    closing: list[str]
    outcomes: dict[str, str]
    causes: list[str]
    document: dict[str, Any]
    """The node's DID document."""
    ended: list[dict[str, Any]]
    """The node's negotiations that came to their end, with what it sealed of each."""

    def __repr__(self) -> str:
        return "\n".join(["the kit", *self.causes])


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KitRun]:
    """Run the whole kit once against a node on each store."""
    folder = tmp_path_factory.mktemp(f"kit-{request.param}")
    with ExitStack() as stack:
        options = ["--data", str(folder / "node")]
        if request.param == "postgres":
            options += ["--database", stack.enter_context(postgres.server()).create_database("kit")]
        node = stack.enter_context(_serve(folder, options))
        yield _run_kit(node, folder / "report.tsv")


def test_kit_closes_with_every_active_test_passed(run: KitRun) -> None:
    assert run.closing == ["passed 65, failed 0, skipped 2"], run


def test_only_the_tests_that_the_kit_itself_disables_are_absent(run: KitRun) -> None:
    rows = csv.reader((KIT / "expected.tsv").read_text("utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    expected = {name: outcome for outcome, name, _title in rows}
    assert run.outcomes == expected, run


def test_the_node_under_test_seals(run: KitRun) -> None:
    """It names a seal key and where it takes evidence, and has sealed what was finalised, in both roles."""
    assert run.document["assertionMethod"]
    assert "ContractSealing" in {service["type"] for service in run.document["service"]}
    sealed = {(one["role"], one["state"], one["contract"]) for one in run.ended}
    finalised = {("provider", "FINALIZED", "unilateral"), ("consumer", "FINALIZED", "unilateral")}
    assert sealed == finalised | {("provider", "TERMINATED", None), ("consumer", "TERMINATED", None)}, run.ended


@contextmanager
def _serve(folder: Path, options: list[str]) -> Iterator[Node]:
    """Yield a node in a process of its own once it says that it listens; stop it afterwards."""
    port, trigger_port = free_port(), free_port()
    command = [sys.executable, HERE / "serve.py", "--port", str(port), "--trigger-port", str(trigger_port), *options]
    with (folder / "node.log").open("w+") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout is not None
            participant = _participant_once_ready(process, process.stdout)
            if participant is None:
                log.seek(0)
                pytest.fail(f"the node did not say `ready` within {READY_WITHIN_S} s\n{log.read()}")
            yield Node(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{trigger_port}/tck", participant)
        finally:
            process.terminate()
            process.communicate(timeout=READY_WITHIN_S)


def _participant_once_ready(process: subprocess.Popen[str], said: IO[str]) -> str | None:
    """Read the node's lines up to `ready`; return its participant id, or None if it never got there."""
    limit = threading.Timer(READY_WITHIN_S, process.kill)
    limit.start()
    participant = None
    try:
        for line in said:
            word, _, rest = line.strip().partition(" ")
            participant = rest if word == "participant" else participant
            if word == "ready":
                return participant
        return None
    finally:
        limit.cancel()


def _run_kit(node: Node, report: Path) -> KitRun:
    """Run the kit against the node; print its closing lines and return what it reports."""
    where = {
        "--root": node.root,
        "--dsp": f"{node.root}/dsp/2025-1",
        "--participant": node.participant,
        "--negotiations": f"{node.triggers}/negotiations/requests",
        "--transfers": f"{node.triggers}/transfers/requests",
        "--callback": f"http://127.0.0.1:{free_port()}",
        "--report": str(report),
    }
    command = [str(KIT / "run"), *(part for option in where.items() for part in option)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=KIT_WITHIN_S, check=False)
    print(*done.stdout.splitlines()[-1:], sep="\n")
    assert report.exists(), done.stdout[-4000:] + done.stderr
    lines = report.read_text("utf-8").splitlines()
    rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE, restval=""))
    return KitRun(
        closing=re.findall(r"^(passed \d+, failed \d+, skipped \d+), [\d.]+ s$", done.stdout, re.MULTILINE),
        outcomes={row["test"]: row["status"] for row in rows},
        causes=[f"{row['title']}: {row['cause']}" for row in rows if row["cause"]],
        document=httpx.get(f"{node.root}/.well-known/did.json").json(),
        ended=_sealed(node),
    )


def _sealed(node: Node) -> list[dict[str, Any]]:
    """Return what the node has sealed, once it is done: it seals after the last message of a negotiation."""
    ends = time.monotonic() + SEALED_WITHIN_S
    while True:
        told: list[dict[str, Any]] = httpx.get(f"{node.triggers}/sealed").json()
        if all(one["contract"] for one in told if one["state"] == "FINALIZED") or time.monotonic() > ends:
            return told
        time.sleep(0.1)
