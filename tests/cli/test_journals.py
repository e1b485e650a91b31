"""All journals are verified by a command, by the API and by both clients; what is wrong is named in two languages."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from connector.app import ROOT
from connector.cli import exits
from connector.sdk import AsyncClient, Client, calls
from connector.services.checkpoints import JOB, KEY
from connector.store import journal, restores
from connector.store.db import Tx
from connector.store.jobs import Job
from tests.cli.conftest import Office
from tests.harness.threaded import Running, in_thread


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A node with a journal `a` of three entries."""
    with in_thread(tmp_path / "node") as node:
        write(node, *(lambda tx: journal.append(tx, ROOT, "a", "received", {"body": "b"}) for _ in range(3)))
        yield node


def write(running: Running, *units: Any) -> None:
    for unit in units:
        running.do(running.node.store.write(unit))


def seal(running: Running) -> None:
    running.do(running.node.checkpoints(Job(JOB, ROOT, KEY)))


def cut_short(tx: Tx) -> None:
    tx.connection.execute(text("DROP TRIGGER journal_is_not_deleted"))
    tx.connection.execute(text("DELETE FROM journal WHERE process = 'a' AND n = 3"))


def test_whoever_asks_is_told_how_far_the_journals_are_sealed(
    running: Running, waiting_for: Callable[..., Any]
) -> None:
    french, english = Office(running, language="fr"), Office(running)
    assert "Aucun point de contrôle encore : rien n’est scellé." in french.run("journal", "verify").stdout
    seal(running)
    told = french.run("journal", "verify").stdout
    assert "1 points de contrôle" in told
    assert french.run("journal", "checkpoints").stdout.split()[:3] == ["N°", "Date", "Clé"]
    assert "Le dernier, n° 1, a été scellé le" in told
    assert told.endswith("Intact.\n")
    assert "The last one, 1, was sealed on" in english.run("journal", "verify").stdout
    found = english.json("journal", "verify")
    assert (found["is_intact"], found["checkpoints"], found["faults"]) == (True, 1, [])
    assert found["entries"] >= 3
    (point,) = english.json("journal", "checkpoints")
    assert (point["number"], point["kid"]) == (1, f"{running.did}#{running.node.hosts.seals.all(ROOT)[0].name}")
    assert point["sha256"] in english.run("journal", "checkpoints").stdout
    sealed_at = datetime.fromisoformat(found["last_sealed_at"])
    waiting_for(lambda: datetime.now(UTC) - sealed_at, lambda passed: passed >= timedelta(seconds=1))  # later than it
    english.run("keys", "revoke-seal", running.node.hosts.seals.all(ROOT)[0].name, "--reason", "Poste volé")
    assert "Aucune clé de cachet ne peut signer" in french.run("journal", "verify").stdout


def test_what_is_wrong_is_named_and_the_command_fails(running: Running) -> None:
    seal(running)
    write(running, cut_short)
    french = Office(running, language="fr").run("journal", "verify", code=exits.INVALID).stdout
    said = "✗ Journal a : l’entrée 3, scellée par le point de contrôle 1, n’y est plus."
    assert said in french
    assert french.endswith("1 défaut.\n")
    english = Office(running).run("journal", "verify", code=exits.INVALID).stdout
    assert "✗ Journal a: entry 3, sealed by checkpoint 1" in english
    (fault,) = Office(running).json("journal", "verify", code=exits.INVALID)["faults"]
    assert (fault["kind"], fault["process"], fault["n"], fault["checkpoint"]) == ("entry-missing", "a", 3, 1)


def test_both_clients_verify_page_by_page(running: Running) -> None:
    seal(running)
    write(running, cut_short)

    async def ask() -> list[Any]:
        async with AsyncClient(running.url, running.key) as client:
            assert (await client.verify_journals())["checkpoints"] == 1
            assert len((await client.list_checkpoints())["items"]) == 1
            return [one async for one in client.each(calls.verify_journals(limit=1))]

    with Client(running.url, running.key) as client:
        faults = list(client.each(calls.verify_journals(limit=1)))
        assert [one["kind"] for one in faults] == ["entry-missing"]
        assert asyncio.run(ask()) == faults


def test_a_journal_is_shown_with_or_without_the_word(running: Running) -> None:
    office = Office(running)
    shown = office.run("journal", "a").stdout
    assert shown == office.run("journal", "show", "a").stdout
    assert office.run("journal", "a", "--verify").stdout == office.run("journal", "--verify", "a").stdout
    assert "checkpoints" in office.run("journal", "--help").stdout
    office.run("journal", "nowhere", code=exits.PROBLEM)


# --- copies kept elsewhere


def keep(running: Running, path: Path) -> None:
    path.write_text(json.dumps(Office(running).json("journal", "checkpoints")), "utf-8")


def put_back(running: Running) -> None:
    """Take the last checkpoint away, with what it covers, as an older backup does."""

    def unit(tx: Tx) -> None:
        for name in ("journal_is", "checkpoint_seals_are", "checkpoint_heads_are", "checkpoints_are"):
            tx.connection.execute(text(f"DROP TRIGGER {name}_not_deleted"))
        for table in ("checkpoint_seals", "checkpoint_heads", "checkpoints"):
            tx.connection.execute(text(f"DELETE FROM {table} WHERE number = 2"))
        tx.connection.execute(text("DELETE FROM journal WHERE process = 'a' AND n = 4"))

    write(running, unit)


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_copy_tells_a_restoration_from_what_nothing_explains(
    running: Running, tmp_path: Path, is_declared: bool
) -> None:
    office, french, copies = Office(running), Office(running, language="fr"), tmp_path / "copies.json"
    seal(running)
    taken_at = datetime.now(UTC)
    write(running, lambda tx: journal.append(tx, ROOT, "a", "received", {}))
    seal(running)
    keep(running, copies)
    told = office.run("journal", "verify", "--against", str(copies)).stdout
    assert told.count("✓ Your copy of checkpoint") == 2
    put_back(running)
    if is_declared:
        write(running, lambda tx: restores.begin(tx, "backup", taken_at - timedelta(seconds=1), revoke_keys=False))
    write(running, lambda tx: journal.append(tx, ROOT, "a", "received", {"other": 1}))
    seal(running)
    assert office.json("journal", "verify")["faults"] == []
    whole = office.json("journal", "verify", "--against", str(copies), code=0 if is_declared else exits.INVALID)
    outcome = "restored" if is_declared else "unexplained"
    assert [one["outcome"] for one in whole["copies"]] == ["same", outcome]
    shown = french.run("journal", "verify", "--against", str(copies), code=0 if is_declared else exits.INVALID).stdout
    assert ("que le nœud a déclarée sous cachet" in shown) == is_declared
    assert ("aucune restauration déclarée ne l’explique" in shown) != is_declared


@pytest.mark.parametrize(
    "content", [b"", b"[]x", b"{}", b'{"payload":1}', b'[{"jws":"{}"}]', b'{"payload":"e30"}', b"7"]
)
def test_a_file_without_checkpoints_is_refused(running: Running, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "copies.json"
    path.write_bytes(content)
    refused = Office(running, language="fr").run("journal", "verify", "--against", str(path), code=exits.PROBLEM)
    assert "ne contient pas de point de contrôle" in refused.stderr
    nowhere = tmp_path / "nowhere"
    unread = Office(running, language="fr").run("journal", "verify", "--against", str(nowhere), code=exits.PROBLEM)
    assert unread.stderr == f"{nowhere} ne peut pas être lu : ce fichier n’existe pas. Vérifiez son chemin.\n"
