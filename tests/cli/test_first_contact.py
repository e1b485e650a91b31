"""Making oneself known and deciding about others, with the command line of two offices that have never met."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.cli import exits
from connector.identity.keys import Keys
from tests.harness.nodes import publish
from tests.harness.threaded import in_thread
from tests.tools.ports import free_port

Wait = Callable[..., Any]
CARD = ("--legal-name", "Syndicat de Démo", "--representative", "La présidente", "--contact", "Service des données")
MANDATE = ("--mandate", "Délibération 2026-014 du 12 mars 2026")
PORT = free_port()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A node that asks a person before it deals with strangers."""
    with in_thread(tmp_path_factory.mktemp("town") / "town", unknown_peers="inbox") as running:
        running.do(publish(running.node))
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stranger") / "stranger"


@pytest.fixture
def offices(office: Any, town: Any, folder: Path) -> Iterator[tuple[Any, Any]]:
    """The command line of the town, and that of the stranger, whose node starts anew for each test."""
    with in_thread(folder, public_port=PORT) as running:
        yield dataclasses.replace(office, running=town), dataclasses.replace(office, running=running)


def test_a_card_is_written_and_shown(offices: tuple[Any, Any]) -> None:
    _, stranger = offices
    assert "not found" in stranger.run("participant", "card", "show", code=exits.PROBLEM).stderr.lower()
    assert "/siret" in stranger.run("participant", "card", "set", *CARD, "--siret", "1", code=exits.PROBLEM).stderr
    made = stranger.json("participant", "card", "set", *CARD, *MANDATE, "--siret", "243 500 139 00189")
    assert made["mandate"] == MANDATE[1]
    assert (made["siren"], made["siret"], made["version"]) == ("243500139", "24350013900189", 1)
    shown = stranger.run("participant", "card", "show").stdout
    assert MANDATE[1] in shown
    assert "La présidente" in shown
    assert "24350013900189" in shown


def test_an_invitation_is_added_as_it_is_and_a_wrong_one_says_why(offices: tuple[Any, Any]) -> None:
    town, stranger = offices
    line = town.run("peer", "invite").stdout.strip()
    fingerprint = line.rpartition(",")[2]
    wrong = line.replace(fingerprint, "x" * 43)
    told = stranger.run("peer", "add", wrong, code=exits.PROBLEM).stderr
    assert "fingerprint" in told
    assert fingerprint in told
    assert "invitation:" in stranger.run("peer", "add", "https://x.example", code=exits.PROBLEM).stderr
    shown = stranger.run("peer", "add", line, "--name", "Ville").stdout
    assert fingerprint in shown
    assert "First contact" in shown
    assert "No party card" in stranger.run("peer", "ping", "Ville").stdout


def test_a_stranger_is_seen_and_admitted_and_its_request_goes_through(
    offices: tuple[Any, Any], waiting_for: Wait
) -> None:
    town, stranger = offices
    pid = stranger.json("negotiate", "Ville", "urn:test:lampadaires")["pid"]
    (row,) = waiting_for(lambda: town.json("inbox", "list"), bool)
    shown = town.run("inbox", "show", row["did"]).stdout
    assert "Syndicat de Démo" in shown
    assert "urn:test:lampadaires" in shown
    assert "Nobody here has checked this" in shown
    town.run("inbox", "admit", row["did"], "--fingerprint", "x" * 43, code=exits.PROBLEM)
    town.run("inbox", "admit", row["did"], "--fingerprint", row["fingerprint"])
    assert town.run("inbox", "list").stdout == "Nothing.\n"
    assert "admitted" in town.run("inbox", "list", "--all").stdout
    waiting_for(lambda: stranger.json("negotiations", "show", pid), lambda one: one["state"] == "FINALIZED")
    assert "peer-admitted" in town.run("journal", row["did"]).stdout


def test_a_newer_card_is_shown_beside_the_old_one_and_accepted(offices: tuple[Any, Any]) -> None:
    town, stranger = offices
    assert "offers no new card" in town.run("peer", "card", "accept", "Syndicat de Démo", code=exits.PROBLEM).stderr
    stranger.run("participant", "card", "set", *CARD, "--siret", "24350013900189", "--email", "a@demo.example")
    assert "NEW PARTY CARD" in town.run("peer", "ping", "Syndicat de Démo").stdout
    shown = town.run("peer", "card", "show", "Syndicat de Démo").stdout
    assert any("a@demo.example" in line and "≠" in line for line in shown.splitlines())
    town.run("peer", "card", "accept", "Syndicat de Démo")
    assert town.json("peer", "show", "Syndicat de Démo")["card"]["contact_email"] == "a@demo.example"


def test_a_changed_key_is_accepted_by_its_fingerprint(
    offices: tuple[Any, Any], waiting_for: Wait, folder: Path
) -> None:
    town, stranger = offices
    fingerprint = stranger.json("peer", "invite")["fingerprint"]
    assert "its keys are those recorded" in town.run("peer", "ping", "Syndicat de Démo").stdout
    (folder / "keys" / "root" / "auth.pem").unlink()
    new = Keys(folder).create_auth("root").thumbprint
    assert new != fingerprint


def test_a_partner_in_quarantine_is_said_to_be_and_goes_on_once_its_key_is_accepted(
    offices: tuple[Any, Any], waiting_for: Wait
) -> None:
    town, stranger = offices  # started anew, with the new key
    new = stranger.json("peer", "invite")["fingerprint"]

    def speak() -> Any:
        told = stranger.run("catalogue", "Ville", code=exits.PROBLEM).stderr
        return {**town.json("peer", "list")[0], "told": told}

    seen = waiting_for(speak, lambda one: "503" in one["told"])  # documents are read anew after 5 s at most
    assert seen["status"] == "quarantined"
    shown = town.run("peer", "show", "Syndicat de Démo").stdout
    assert "IN QUARANTINE" in shown
    assert new in shown
    town.run("peer", "accept-key", "Syndicat de Démo", code=exits.USAGE)
    town.run("peer", "accept-key", "Syndicat de Démo", "--fingerprint", "x" * 43, code=exits.PROBLEM)
    assert "known" in town.run("peer", "accept-key", "Syndicat de Démo", "--fingerprint", new).stdout
    assert stranger.json("negotiate", "Ville", "urn:test:lampadaires", "--wait")["state"] == "FINALIZED"


def test_a_partner_is_blocked_and_unblocked(offices: tuple[Any, Any]) -> None:
    town, stranger = offices
    assert "blocked" in town.run("peer", "block", "Syndicat de Démo", "--reason", "litige").stdout
    assert "403" in stranger.run("catalogue", "Ville", code=exits.PROBLEM).stderr
    assert "known" in town.run("peer", "unblock", "Syndicat de Démo").stdout
    stranger.run("catalogue", "Ville")


def test_a_stranger_is_refused(office: Any, town: Any, tmp_path: Path, waiting_for: Wait) -> None:
    asked = dataclasses.replace(office, running=town)
    with in_thread(tmp_path / "other") as running:
        other = dataclasses.replace(office, running=running)
        other.run("peer", "add", asked.run("peer", "invite").stdout.strip(), "--name", "Ville")
        pid = other.json("negotiate", "Ville", "urn:test:lampadaires")["pid"]
        (row,) = waiting_for(lambda: asked.json("inbox", "list"), bool)
        assert (
            asked.run("inbox", "refuse", row["did"], "--reason", "inconnu").stdout.strip() == f"Refused: {row['did']}"
        )
        told = waiting_for(lambda: other.json("negotiations", "show", pid)["why"], lambda why: why["code"] == "refused")
        assert "does not deal with yours" in told["text"]
