"""`pupitre contract` on two nodes that seal: find, show, hand out, read, check; the API and the clients beside it."""

import asyncio
import dataclasses
import io
import json
import re
import shlex
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import httpx
import pytest
from pupitre_verify.__main__ import main as pupitre_verify

from connector.app import ROOT
from connector.cli import exits, show
from connector.sdk import AsyncClient, Client
from connector.services import checkpoints, key_lists
from connector.services.contract_bundle import ContractBundles
from connector.store import contracts
from connector.store.db import Tx
from connector.store.jobs import Job
from contracts.convention import Revocation
from contracts.jws import read_sealed
from tests.cli.conftest import Office
from tests.harness.nodes import BY, publish
from tests.harness.sealing import give_card
from tests.harness.threaded import Running, in_thread

PAGES = Path(__file__).parents[2] / "connector/docs/how-to"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECOND, DATASET = "syndicat", "urn:test:lampadaires"


@pytest.fixture(scope="module")
def sealing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Running]]:
    """A provider and a consumer that have cards and know each other."""
    folder = tmp_path_factory.mktemp("contracts")
    with in_thread(folder / "provider") as provider, in_thread(folder / "consumer") as consumer:
        provider.do(publish(provider.node))
        for running, role in ((provider, "provider"), (consumer, "consumer")):
            running.do(give_card(running.node, role))
        consumer.do(consumer.node.introduce.add("root", provider.did, "SDE", by=BY))
        yield provider, consumer


@pytest.fixture(scope="module")
def at_consumer(sealing: tuple[Running, Running]) -> Office:
    return Office(sealing[1])


@pytest.fixture(scope="module")
def concluded(at_consumer: Office) -> dict[str, Any]:
    """A contract that both have sealed and concluded, as the list shows it."""
    asked = at_consumer.json("negotiate", "SDE", DATASET, "--purpose", "Trame noire", "--wait")
    (found,) = at_consumer.json("contract", "list", "--search", asked["agreement"])["items"]
    assert found["status"] == "concluded"
    return dict(found)


def test_contracts_are_found_by_what_people_have_in_hand(at_consumer: Office, concluded: dict[str, Any]) -> None:
    for which in (
        ("--search", concluded["id"]), ("--search", concluded["sha256"]), ("--search", concluded["negotiation"]),
        ("--status", "concluded"), ("--peer", "SDE"), ("--dataset", DATASET), ("--role", "consumer"),
        ("--timestamps", "none"),
    ):  # fmt: skip
        assert concluded in at_consumer.json("contract", "list", *which)["items"], which
    for name in (concluded["id"], concluded["agreement"], concluded["negotiation"]):
        bare = name.removeprefix("urn:uuid:")
        for written in (name, bare, bare.upper()):
            assert concluded in at_consumer.json("contract", "list", "--search", written)["items"], written
            assert at_consumer.json("contract", "show", written)["id"] == concluded["id"], written
    assert concluded in at_consumer.json("contract", "list", "--search", concluded["sha256"].upper())["items"]
    for which in (
        ("--search", "urn:nobody"),
        ("--search", "0" * 64),
        ("--search", str(uuid.uuid4())),
        ("--status", "unused"),
        ("--role", "provider"),
    ):
        assert at_consumer.json("contract", "list", *which)["items"] == [], which
    assert concluded["id"] in at_consumer.run("contract", "list").stdout


def test_a_contract_says_how_far_its_time_stamps_have_come(
    sealing: tuple[Running, Running], concluded: dict[str, Any]
) -> None:
    store, fr, en = sealing[1].node.store, Office(sealing[1], language="fr"), Office(sealing[1], language="en")

    def become(timestamps: Any) -> None:
        def unit(tx: Tx) -> None:
            found = contracts.find(tx, ROOT, concluded["negotiation"])
            assert found is not None
            contracts.save(tx, replace(found, timestamps=timestamps))

        sealing[1].do(store.write(unit))

    for state, said in (
        ("pending", ("horodatage en attente", "time-stamp pending")),
        ("partial", ("horodatage incomplet", "time-stamps incomplete")),
        ("complete", ("horodatée", "time-stamped")),
    ):
        become(state)
        for office, words in zip((fr, en), said, strict=True):
            assert f" · {words}" in " ".join(office.run("contract", "show", concluded["id"]).stdout.split())
            assert words in office.run("contract", "list", "--timestamps", state).stdout
        assert fr.json("contract", "show", concluded["id"])["timestamps"] == state
    become("none")
    assert "horodat" not in fr.run("contract", "list").stdout


def test_a_contract_is_shown_in_the_words_of_an_office(
    sealing: tuple[Running, Running], concluded: dict[str, Any]
) -> None:
    office = Office(sealing[1], language="fr")
    shown = " ".join(office.run("contract", "show", concluded["id"]).stdout.split())
    for words in (
        "conclue", "Métropole d’Exemple (200046977)", "Commune d’Exemple (217500016)",
        "L0 : certificat fait par l’organisme lui-même", "la règle « mode automatique de l’offre »",
        "(offer-mode automatic", concluded["sha256"],
        f"pupitre journal {concluded['negotiation']}", f"Identifiant {concluded['id']}",
        f"Accord {concluded['agreement']}", f"Clé {sealing[1].did}#", "Titulaire", "message envoyé",
    ):  # fmt: skip
        assert words in shown
    assert not {"Sujet", "sent", "decided"} & set(shown.split())
    told = office.json("contract", "show", concluded["agreement"])
    assert {one["kind"] for one in told["decisions"]} == {"sent"}
    assert told["sentences"]
    assert all(one["text"] in shown for one in told["sentences"])
    assert [one["role"] for one in told["seals"]] == ["provider", "consumer"]
    assert told["seals"][0]["approval"]["rule"]
    assert told["seals"][1]["approval"]["key"]
    assert told["decisions"][0]["key"] == told["seals"][1]["approval"]["key"]
    assert told["concluded_at"]
    assert sealing[1].key not in json.dumps(told)


@pytest.mark.parametrize("more", [(), ("--full",)])
def test_a_journal_that_goes_to_a_file_is_whole(
    sealing: tuple[Running, Running], concluded: dict[str, Any], more: tuple[str, ...]
) -> None:
    """Off a terminal no column gives way to a long one: numbers, instants, kinds, deciders and digests stay whole."""
    office = Office(sealing[0])
    process = shown_by(office, concluded["id"])
    header, *lines = office.run("journal", "show", process, *more).stdout.splitlines()
    entries = office.json("journal", process)
    assert {"sealed", "conclusion-sealed"} < {one["kind"] for one in entries}
    assert header.split()[0] == "No."
    assert len(lines) == len(entries)
    for line, one in zip(lines, entries, strict=True):
        by = one["decided_by"]["text"] if one["decided_by"] else ""
        for told in (f"{one['n']} ", show.instant(one["at"]), f" {one['kind']} ", by, one["entry"].get("sha256", "")):
            assert told in line


def test_the_exported_bundle_is_valid_for_the_verifier_on_both_sides(
    sealing: tuple[Running, Running], concluded: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for running, role in zip(sealing, ("provider", "consumer"), strict=True):
        file = tmp_path / f"{role}.contract.zip"
        written = Office(running).json("contract", "export", concluded["id"], "--to", str(file))
        assert written["size_bytes"] == file.stat().st_size
        assert pupitre_verify([str(file), "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        assert (report["verdict"], report["level"]) == ("valid", "L0")
        assert any(one["part"] == "contract.pdf" for one in report["checked"])


def test_a_bundle_holds_the_checkpoints_of_the_contracts_journal(
    sealing: tuple[Running, Running], concluded: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    running, file = sealing[1], tmp_path / "sealed.contract.zip"
    running.do(running.node.checkpoints(Job(checkpoints.JOB, "root", checkpoints.KEY)))
    Office(running).run("contract", "export", concluded["id"], "--no-pdf", "--to", str(file))
    capsys.readouterr()
    assert pupitre_verify([str(file), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    last = Office(running).json("journal", concluded["negotiation"])[-1]["n"]
    assert report["checkpoints"][-1]["entry"] == last
    assert "journal.jsonl" not in report["unsealed"]
    with zipfile.ZipFile(file) as bundle:
        points = [bundle.read(name).decode() for name in bundle.namelist() if name.startswith("checkpoints/")]
    documents = [read_sealed(one).document for one in points]
    assert any(len(one["heads"]) > 1 for one in documents)
    assert concluded["negotiation"] not in json.dumps(documents)  # no journal is named, this one neither


def test_a_file_that_is_there_is_never_written_over(
    at_consumer: Office, concluded: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "kept.zip"
    file.write_text("kept")
    at_consumer.run("contract", "export", concluded["id"], "--no-pdf", "--to", str(file), code=1)
    assert file.read_text() == "kept"


def test_a_file_that_cannot_be_written_is_told_with_what_to_do(
    sealing: tuple[Running, Running], concluded: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "note").touch()
    for language, place, said in (
        ("fr", "nope", f"le dossier {tmp_path / 'nope'} n’existe pas. Créez-le, ou choisissez un autre emplacement."),
        ("en", "nope", f"there is no folder {tmp_path / 'nope'}. Make it, or choose another place."),
        ("fr", "note", "un fichier se trouve là où son chemin veut un dossier. Corrigez ce chemin."),
    ):
        file = tmp_path / place / "x.zip"
        words = ("contract", "export", concluded["id"], "--no-pdf", "--to", str(file))
        told = Office(sealing[1], language=language).run(*words, code=1).stderr
        assert told.startswith(f"{file} ")
        assert told.endswith(f"{said}\n")


def test_the_check_of_a_contract_says_each_step(at_consumer: Office, concluded: dict[str, Any]) -> None:
    shown = at_consumer.run("contract", "verify", concluded["id"]).stdout
    assert shown.startswith(f"valid · {concluded['id']}")
    assert shown.count("✓") == 7
    assert "✗" not in shown


def test_a_check_that_fails_and_one_that_cannot_be_made_end_with_other_codes(
    sealing: tuple[Running, Running], at_consumer: Office, concluded: dict[str, Any]
) -> None:
    """A script must tell a contract that is not valid from a name that nobody knows and from a word too many."""
    store = sealing[1].node.store

    def replaced(conclusion: str) -> str:
        def unit(tx: Tx) -> str:
            found = contracts.find(tx, ROOT, concluded["negotiation"])
            assert found is not None
            assert found.conclusion is not None
            contracts.save(tx, replace(found, conclusion=conclusion))
            return found.conclusion

        return sealing[1].do(store.write(unit))

    whole = replaced('{"signatures":[]}')
    try:
        assert "✗" in at_consumer.run("contract", "verify", concluded["id"], code=exits.INVALID).stdout
    finally:
        replaced(whole)
    at_consumer.run("contract", "verify", str(uuid.uuid4()), code=exits.PROBLEM)
    at_consumer.run("contract", "verify", concluded["id"], "--now", code=exits.USAGE)
    at_consumer.run("contract", "verify", concluded["id"], code=exits.OK)


def test_a_bundle_without_its_pages_says_so(
    sealing: tuple[Running, Running], concluded: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ContractBundles, "_pdf", AsyncMock(return_value=None))
    words = ("contract", "export", concluded["id"], "--to")
    for language, said in (("fr", "sans les pages en PDF"), ("en", "without the pages as a PDF")):
        office = Office(sealing[1], language=language)
        told = office.run(*words, str(tmp_path / f"{language}.zip")).stderr
        assert said in told
        assert f"pupitre contract convention {concluded['id']} --pdf" in told
        assert office.run(*words, str(tmp_path / f"{language}-bare.zip"), "--no-pdf").stderr == ""


def test_a_seal_tells_since_when_its_key_is_revoked(
    sealing: tuple[Running, Running], concluded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(sealing[1], language="fr")
    seals = office.json("contract", "show", concluded["id"])["seals"]
    assert [one["revocation"] for one in seals] == [None, None]
    assert "Révoquée" not in office.run("contract", "show", concluded["id"]).stdout
    known = {seals[0]["kid"]: Revocation(datetime(2026, 3, 2, tzinfo=UTC), "Poste volé")}
    monkeypatch.setattr(key_lists, "revoked", lambda said: known)
    told = [one["revocation"] for one in office.json("contract", "show", concluded["id"])["seals"]]
    assert told == [{"at": "2026-03-02T00:00:00Z", "reason": "Poste volé"}, None]
    shown = office.run("contract", "show", concluded["id"]).stdout
    assert re.search("Révoquée depuis le +2026-03-02.* · Poste volé", shown)


def test_the_convention_is_a_page_or_a_pdf(at_consumer: Office, concluded: dict[str, Any], tmp_path: Path) -> None:
    page, pdf = tmp_path / "convention.html", tmp_path / "convention.pdf"
    said = at_consumer.run("contract", "convention", concluded["id"], "--to", str(page)).stdout
    at_consumer.run("contract", "convention", concluded["id"], "--pdf", "--to", str(pdf))
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert concluded["sha256"] in page.read_text("utf-8")
    assert said.startswith("Agreement · ")
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert b"/ETSI.CAdES.detached" in pdf.read_bytes()


def test_files_are_served_with_headers_that_leave_them_harmless(
    sealing: tuple[Running, Running], concluded: dict[str, Any]
) -> None:
    headers = {"authorization": f"Bearer {sealing[1].key}", "accept-language": "en"}
    with httpx.Client(base_url=f"{sealing[1].url}/api/v1/contracts/{concluded['id']}", headers=headers) as http:
        page, bundle = http.get("/convention"), http.get("/bundle", params={"pdf": False})
        unknown = http.get("/convention", params={"format": "docx"})
    assert page.headers["content-type"].startswith("text/html")
    assert 'lang="en"' in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert bundle.headers["content-type"] == "application/zip"
    assert bundle.headers["content-disposition"].endswith('.contract.zip"')
    assert {one.headers["cache-control"] for one in (page, bundle)} == {"private, no-store"}
    assert (unknown.status_code, unknown.json()["pointer"]) == (400, "/format")


def test_both_clients_hand_on_the_same_files(sealing: tuple[Running, Running], concluded: dict[str, Any]) -> None:
    running, name = sealing[1], concluded["id"]

    async def look() -> tuple[list[str], bytes]:
        async with AsyncClient(running.url, running.key) as client:
            return files(await client.export_contract(name, pdf=False)), await client.show_convention(name)

    def files(content: bytes) -> list[str]:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.namelist()

    with Client(running.url, running.key) as client:
        assert asyncio.run(look()) == (files(client.export_contract(name, pdf=False)), client.show_convention(name))


@pytest.mark.parametrize(("page", "role"), [("audit-contracts", "auditor"), ("hand-out-evidence", "steward")])
def test_every_command_of_a_page_does_what_it_says(
    sealing: tuple[Running, Running],
    concluded: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    page: str,
    role: str,
) -> None:
    """With a key of the role that the page is for, in the words of an office."""
    monkeypatch.chdir(tmp_path)
    names = {"CONVENTION": concluded["id"], "EMPREINTE": concluded["sha256"], "DOSSIER": concluded["negotiation"]}
    carry_out(sealing[1], page, role, "root", names | {"Syndicat de Démo": "SDE"})
    assert {file.suffix for file in tmp_path.iterdir()} == {".zip", ".html"} | (
        {".pdf"} if role == "steward" else set()
    )


def test_every_command_of_the_page_on_partners_that_do_not_seal_does_what_it_says(
    sealing: tuple[Running, Running], unsealed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What checks answers that it cannot tell."""
    monkeypatch.chdir(tmp_path)
    names = {"ACCORD": unsealed["agreement"]}
    carry_out(sealing[1], "partner-that-does-not-seal", "steward", SECOND, names, is_one_sided=True)
    assert {file.name for file in tmp_path.iterdir()} == {"constat.html", "constat.pdf", "constat.contract.zip"}


def test_every_command_of_the_page_on_the_framework_agreement_does_what_it_says(
    sealing: tuple[Running, Running], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("clause.txt").write_text("Les cachets valent écrit.\n", "utf-8")
    Path("accord-signe.pdf").write_bytes(b"%PDF")
    carry_out(sealing[1], "framework-agreement", "steward", "root", {}, least=3)
    office = Office(sealing[1], language="fr")
    assert office.json("peer", "show", "SDE")["framework"] is None
    told = ("peer", "framework", "set", "SDE", "--reference", "Accord-cadre", "--clause-file")
    assert "clause.txt" in office.run(*told, "pas-de-clause.txt", code=1).stderr
    Path("latin.txt").write_bytes("écrit".encode("latin-1"))
    assert "latin.txt n’est pas un texte en UTF-8" in office.run(*told, "latin.txt", code=1).stderr
    Path("vide.txt").write_text(" ")
    assert "/proof_clause" in office.run(*told, "vide.txt", code=1).stderr


def carry_out(
    running: Running,
    page: str,
    role: str,
    owner: str,
    names: dict[str, str],
    *,
    is_one_sided: bool = False,
    least: int = 6,
) -> None:
    """Carry out every command of a page; those that check one-sided evidence answer that they cannot tell."""
    key = Office(running).json("keys", "issue", f"Pour {page}", "--role", role, "--for", owner)["secret"]
    lines = [line for block in BLOCK.findall((PAGES / f"{page}.md").read_text("utf-8")) for line in block.splitlines()]
    assert len(lines) >= least
    office = Office(dataclasses.replace(running, key=key), language="fr")
    for line in lines:
        program, *words = [names.get(word, word) for word in shlex.split(line)]
        if program == "pupitre-verify":
            assert pupitre_verify(words) == (2 if is_one_sided else 0)
            continue
        assert program == "pupitre"
        is_doubtful = is_one_sided and words[:2] == ["contract", "verify"]
        assert office.run(*words, code=exits.INDETERMINATE if is_doubtful else exits.OK).stdout.strip(), line


def test_who_approved_what_is_told_the_same_by_seal_decisions_and_journal(
    sealing: tuple[Running, Running], concluded: dict[str, Any]
) -> None:
    for running, role in zip(sealing, ("provider", "consumer"), strict=True):
        office = Office(running)
        told = office.json("contract", "show", concluded["id"])
        (seal,) = [one for one in told["seals"] if one["role"] == role]
        journal = {entry["n"]: entry for entry in office.json("journal", told["negotiation"])}
        assert told["decisions"]
        assert all(one["what"] != one["kind"] for one in told["decisions"])  # in words
        for one in told["decisions"]:
            entry = journal[one["n"]]
            assert (entry["at"], entry["kind"], entry["decided_by"]["text"]) == (one["at"], one["kind"], one["by"])
        approved = seal["approval"]
        if approved["key"]:
            assert approved["key"] in {one["key"] for one in told["decisions"]}
        else:
            assert approved["rule"].split()[0] in {one["rule"] for one in told["decisions"]}


def test_a_contract_that_is_ended_tells_both_sides_why(
    sealing: tuple[Running, Running],
    waiting_for: Callable[..., Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The partner reads the reason under our seal, not who said so; nothing is delivered any more."""
    provider, consumer = (Office(running) for running in sealing)
    agreement = consumer.json("negotiate", "SDE", DATASET, "--wait")["agreement"]
    why = ("--reason", "Le projet est achevé.", "--said-by", "La directrice")
    consumer.run("contract", "terminate", agreement, "--reason", " ", "--said-by", "La directrice", code=1)
    consumer.run("contract", "terminate", agreement, "--reason", "Fini", code=2)
    ended = consumer.json("contract", "terminate", agreement, *why)
    assert ended["is_ended"]
    (decided,) = [one for one in ended["decisions"] if one["kind"] == "contract-terminated"]
    assert decided["key"]
    assert (decided["what"], decided["said_by"]) == ("end of the contract", "La directrice")

    def notices(office: Office) -> list[str]:
        return [one["kind"] for one in office.json("contract", "show", agreement)["notices"]]

    for office in (consumer, provider):
        waiting_for(lambda office=office: notices(office), lambda seen: sorted(seen) == ["receipt", "termination"])
        shown = office.json("contract", "show", agreement)
        assert shown["is_ended"]
        assert "Le projet est achevé." in [one["reason"] for one in shown["notices"]]
        said = [one["reason_text"] for one in shown["notices"] if one["kind"] == "receipt"]
        assert all(one.startswith("Digest of the notice received: ") for one in said)
        assert "La directrice" not in json.dumps(shown["notices"], ensure_ascii=False)
        assert office.json("contract", "terminate", agreement, *why)["is_ended"]  # again: no change
    assert "La directrice" in consumer.run("journal", shown_by(consumer, agreement)).stdout
    assert "La directrice" not in provider.run("journal", shown_by(provider, agreement)).stdout
    assert "ended" in consumer.run("contract", "show", agreement).stdout
    french = Office(sealing[1], language="fr")
    told = french.run("contract", "show", agreement).stdout
    assert all(words in told for words in ("résiliation", "accusé de réception", "fin de convention décidée"))
    assert not {"receipt", "termination", "contract-terminated"} & set(told.split())
    written = french.run("journal", shown_by(french, agreement)).stdout
    assert all(words in written for words in ("message reçu", "cachet", "avis scellé", "fin de convention décidée"))
    assert "agreement" in consumer.run("transfer", "start", agreement, code=1).stderr
    file = tmp_path / "ended.contract.zip"
    consumer.run("contract", "export", agreement, "--no-pdf", "--to", str(file))
    assert pupitre_verify([str(file), "--json"]) == 0
    assert any(one["part"].startswith("notices/") for one in json.loads(capsys.readouterr().out)["checked"])
    assert consumer.run("contract", "verify", agreement).stdout.count("✓") == 8


def shown_by(office: Office, agreement: str) -> str:
    """Return what a side calls the negotiation of an agreement."""
    return str(office.json("contract", "show", agreement)["negotiation"])


@pytest.fixture(scope="module")
def unsealed(sealing: tuple[Running, Running]) -> dict[str, Any]:
    """One-sided evidence, as the list shows it: a participant without a card is in no contract."""
    provider, consumer = sealing
    consumer.do(consumer.node.hosts.add(SECOND, "Syndicat"))
    consumer.do(consumer.node.introduce.add(SECOND, provider.did, "SDE", by=BY))
    office = Office(consumer, owner=SECOND)
    agreement = office.json("negotiate", "SDE", DATASET, "--wait")["agreement"]
    deadline = time.monotonic() + 60
    while not (found := office.json("contract", "list", "--search", agreement)["items"]):
        assert time.monotonic() < deadline, "no evidence was sealed"
    return dict(found[0])


def test_one_sided_evidence_is_shown_with_what_is_sealed_by_whom_and_what_is_missing(
    sealing: tuple[Running, Running], unsealed: dict[str, Any]
) -> None:
    """In the words of an office, in French and in English: the provider has a card, our own participant has none."""
    agreement, provider, consumer = unsealed["agreement"], *(running.did for running in sealing)
    for language, said in (
        (
            "fr",
            (
                f"Métropole d’Exemple (200046977), {provider} · n’a rien scellé",
                "n’a rien scellé · selon sa fiche d’identité, non scellée ici",
                f"Syndicat, {consumer}:o:{SECOND} · a scellé · nommé ainsi à ce nœud, sans fiche d’identité",
                f"Accord échangé {agreement}",
                "Vous pouvez utiliser ce jeu de données.",
                "ce que vérifie le logiciel du fournisseur n’est pas connu.",
                "texte de l’accord, mot pour mot scellé, destinataire",
                "empreintes des messages échangés : 4, dont 4 texte(s) conservé(s) scellé, destinataire",
                "jeton du partenaire : 1 empreinte, 1 jeton conservé scellé, destinataire",
                "noms et numéros des parties non scellé : ce que ce nœud en sait",
                "cachet du partenaire, sur l’accord ou sur ses messages manque, fournisseur",
                "horodatage d’une autorité manque",
            ),
        ),
        (
            "en",
            (
                f"{provider} · sealed nothing · as its party card says, not sealed here",
                "text of the agreement, word for word sealed, consumer",
                "seal of the partner, on the agreement or its messages missing, provider",
            ),
        ),
    ):
        shown = " ".join(
            Office(sealing[1], language=language, owner=SECOND).run("contract", "show", agreement).stdout.split()
        )
        for words in said:
            assert words in shown, words
    told = Office(sealing[1], owner=SECOND).json("contract", "show", agreement)
    assert [(one["role"], one["source"], one["has_sealed"]) for one in told["parties"]] == [
        ("provider", "card", False), ("consumer", "node", True),
    ]  # fmt: skip
    assert (told["title"], told["parties"][1]["representative"], told["valid_from"] is None) == (None, None, False)
    assert [one["role"] for one in told["seals"]] == ["consumer"]


def test_one_sided_evidence_is_called_so_everywhere(
    sealing: tuple[Running, Running],
    unsealed: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    consumer, found, agreement = sealing[1], unsealed, unsealed["agreement"]
    office = Office(consumer, owner=SECOND)
    assert found["status_text"] == "one-sided: the partner sealed nothing"
    file = tmp_path / "one.contract.zip"
    office.run("contract", "export", agreement, "--to", str(file))
    assert pupitre_verify([str(file), "--lang", "en"]) == 2
    told = capsys.readouterr().out
    assert "one-sided evidence" in told
    assert "unilateral.pdf: holds the one-sided evidence as it is sealed, and has not changed" in told
    assert found["sha256"] in told
    assert "One-sided evidence" in office.run("contract", "verify", agreement, code=exits.INDETERMINATE).stdout
    page, pdf = tmp_path / "constat.html", tmp_path / "constat.pdf"
    said = office.run("contract", "convention", agreement, "--to", str(page)).stdout
    assert said.startswith("Record of an agreement, one-sided evidence · ")
    text = page.read_text("utf-8")
    assert "<p class=kind>Record of an agreement — one-sided evidence</p>" in text
    assert found["sha256"] in text
    written = office.json("contract", "convention", agreement, "--pdf", "--to", str(pdf))
    assert (written["kind"], written["size_bytes"]) == ("one-sided", pdf.stat().st_size)
    assert b"/ETSI.CAdES.detached" in pdf.read_bytes()
    headers = {"authorization": f"Bearer {consumer.key}", "accept-language": "fr", "x-pupitre-owner": SECOND}
    with httpx.Client(base_url=f"{consumer.url}/api/v1/contracts/{agreement}", headers=headers) as http:
        answers = [http.get("/convention", params={"format": form}) for form in ("html", "pdf")]
    name = found["id"].removeprefix("urn:uuid:")
    assert [one.headers["content-disposition"] for one in answers] == [
        f'inline; filename="constat-{name}.html"',
        f'attachment; filename="constat-{name}.pdf"',
    ]
    assert "Constat d’accord — preuve unilatérale" in answers[0].text
    with Client(consumer.url, consumer.key, owner=SECOND) as client:
        assert "Constat d’accord — preuve unilatérale" in client.show_convention(agreement).decode()
