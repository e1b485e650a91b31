"""A node whose seal keys do not open: it starts, says so wherever a person looks, and what must be sealed waits."""

import asyncio
import json
import logging
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from connector.cli.root import cli
from connector.clock import VirtualClock
from connector.identity.errors import SealKeyLocked
from connector.services.seal_lock import LOOK_AGAIN, patient
from connector.store.jobs import Job
from tests.harness.threaded import Running, in_thread

OTHER = "une tout autre phrase de passe, assez longue"
NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)


def said(running: Running, *words: str) -> str:
    """Return what a command prints, in French."""
    result = CliRunner().invoke(cli, ["--url", running.url, "--key", running.key, "--lang", "fr", *words])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_wrong_passphrase_is_told_at_the_start_and_wherever_a_person_looks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with in_thread(tmp_path) as running:
        assert httpx.get(f"{running.url}/health/ready").json()["seal_keys_closed"] == 0
        assert "s’ouvre" not in said(running, "status")
    assert not any(one.levelno >= logging.ERROR for one in caplog.records)
    with caplog.at_level(logging.ERROR), in_thread(tmp_path, seal_passphrase=OTHER) as running:
        answer = httpx.get(f"{running.url}/health/ready")
        assert (answer.status_code, answer.json()["status"], answer.json()["seal_keys_closed"]) == (200, "ready", 1)
        assert "pupitre_seal_keys_closed 1" in httpx.get(f"{running.url}/metrics").text
        (line,) = [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]
        for text in (line, said(running, "status"), said(running, "keys", "show")):
            assert "La phrase de passe des réglages (seal_passphrase) n’est pas celle qui a chiffré" in text
            assert "--abandon-old-key" in text
            assert OTHER not in text
        assert json.loads(said(running, "status", "--json"))["seal_problems"]


def test_work_that_needs_the_key_waits_and_never_dies_of_it() -> None:
    async def handler(job: Job) -> datetime | None:
        raise SealKeyLocked

    clock = VirtualClock(NOW)
    again_at = asyncio.run(patient(handler, clock)(Job("seal", "root", "urn:x")))
    assert again_at == NOW + LOOK_AGAIN
