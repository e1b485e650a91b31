"""Bundles of contracts/: the same parts give the same bytes, the verifier takes them, and so does openssl by hand."""

import asyncio
import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from pupitre_verify.examine import examine

from contracts.bundle import Evidence, pack
from contracts.jws import read_sealed
from contracts.refused import ContractError
from contracts.seals import seal, sealed_at
from tests.contracts.verifier.ours import evidence, sealer
from tests.contracts.verifier.written import Organisation
from tests.harness.contracts import NOW as SEALED_AT

NOW = SEALED_AT + timedelta(days=120)
PROVIDER, CONSUMER = "did:web:metropole.example", "did:web:commune.example"


def parties(alg: str = "ES256") -> tuple[Organisation, Organisation]:
    """Return two organisations; the provider's key fits the algorithm."""
    rsa_key = {} if alg == "ES256" else {"key": rsa.generate_private_key(65537, 2048), "alg": alg}
    return Organisation(PROVIDER, "Métropole d’Exemple", **rsa_key), Organisation(CONSUMER, "Commune d’Exemple")


@pytest.fixture(scope="module")
def whole() -> Evidence:
    return evidence(*parties(), ended=True)


def test_the_verifier_takes_what_contracts_made(whole) -> None:
    report = examine(pack(whole), at=NOW)
    assert report.exit_status == 0, report.as_text("en")
    assert report.facts["notices"][0]["kind"] == "termination"
    assert [one["entry"] for one in report.facts["checkpoints"]] == [1, 2]
    assert "journal.jsonl" not in report.unsealed
    told = {one.part for one in report.findings}
    assert {"journal.jsonl", "messages", "messages/003-ContractAgreementMessage.json", "cards/provider.jws"} <= told


def test_the_same_parts_give_the_same_bytes(whole) -> None:
    assert pack(whole) == pack(replace(whole))


def test_files_are_stored_in_the_order_of_their_names_with_one_date(whole) -> None:
    entries = zipfile.ZipFile(BytesIO(pack(whole))).infolist()
    assert [one.filename for one in entries] == sorted(one.filename for one in entries)
    assert {(one.compress_type, one.date_time) for one in entries} == {(zipfile.ZIP_STORED, (1980, 1, 1, 0, 0, 0))}


@pytest.mark.parametrize("parts", [{}, {"contract": "{}", "unilateral": "{}"}])
def test_a_bundle_holds_a_contract_or_one_sided_evidence(parts) -> None:
    with pytest.raises(ValueError, match="one-sided"):
        pack(Evidence(**parts))


def test_what_is_no_seal_is_not_packed(whole) -> None:
    with pytest.raises(ContractError):
        pack(replace(whole, contract="{}"))


def test_a_contract_without_conclusion_is_packed_and_indeterminate(whole) -> None:
    assert examine(pack(replace(whole, conclusion="")), at=NOW).exit_status == 2


# --- what the page in the bundle says


def commands(readme: str) -> tuple[str, str]:
    """Return the commands of the French half and those of the English half."""
    halves = re.split(r"^-{100}$", readme, flags=re.MULTILINE)
    assert len(halves) == 2
    french, english = ("\n".join(re.findall(r"^    (.*)$", half, re.MULTILINE)) for half in halves)
    return french, english


def resealed(text: str, by: Organisation) -> str:
    """Return the JWS of one party's document with the seal of another organisation in the place of its own."""
    told = read_sealed(text)
    kind, at = told.signatures[0].header["cty"], sealed_at(told.signatures[0])
    return asyncio.run(seal(told.payload, sealer(by), media_type=kind, at=at)).text


def follow(bundle: bytes, folder: Path, **beside: bytes) -> subprocess.CompletedProcess[str]:
    """Do what the page says, in a folder that holds the ZIP file alone (and files beside), with a plain shell."""
    folder.mkdir()
    for name, content in beside.items():
        (folder / name).write_bytes(content)
    (folder / "convention.contract.zip").write_bytes(bundle)
    script, _ = commands(zipfile.ZipFile(BytesIO(bundle)).read("README.txt").decode())
    shell = shutil.which("dash") or "sh"
    return subprocess.run([shell, "-c", script], cwd=folder, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.by_hand
@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256"])
def test_the_page_in_the_bundle_shows_how_to_check_it_by_hand(tmp_path, alg) -> None:
    done = follow(pack(evidence(*parties(alg), ended=True)), tmp_path / "empty")
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert sum("Verified OK" in line for line in lines) == 6  # on the contract, conclusion, notice, checkpoints
    for said in (
        "manifest.json : OK",
        "certs/provider.pem : OK",
        "certs/consumer.pem : OK",
        "cards/provider.jws : OK",
        "cards/consumer.jws : OK",
        "contractSha256 : OK",
        "signatures 1 : OK",
        "signatures 2 : OK",
        "certs/conclusion.pem : OK",
        "notices-001.json : OK",
        "notices-001.json, certs/consumer.pem : OK",
        "messages/001-ContractRequestMessage.json : OK",
        "messages/002-ContractOfferMessage.json : OK",
        "journal.jsonl : OK",
        "checkpoints-001.json (1) : OK",
        "checkpoints-002.json (2) : OK",
        "checkpoints-001.json, certs/provider.pem : OK",
        "checkpoints-002.json, certs/provider.pem : OK",
    ):
        assert said in lines


def test_the_page_claims_a_conclusion_only_where_one_is_in_the_bundle(whole) -> None:
    for evidence_, is_concluded in ((whole, True), (replace(whole, conclusion=""), False)):
        page = zipfile.ZipFile(BytesIO(pack(evidence_))).read("README.txt").decode()
        assert ("a attesté" in page, "The provider attested" in page) == (is_concluded, is_concluded)
        assert ("Aucune conclusion n’est jointe" in page, "No conclusion is attached" in page) == (
            not is_concluded,
            not is_concluded,
        )


@pytest.mark.by_hand
def test_the_page_shows_that_somebody_else_sealed_the_conclusion_a_notice_or_a_checkpoint(tmp_path) -> None:
    """Sealed by a third organisation over the very same words: each seal verifies, and is told to be nobody's here."""
    made = evidence(*parties("ES256"), ended=True)
    stranger = Organisation("did:web:inconnu.example", "Un inconnu")
    forged = replace(
        made,
        conclusion=resealed(made.conclusion, stranger),
        notices=[resealed(made.notices[0], stranger)],
        checkpoints=[resealed(each, stranger) for each in made.checkpoints],
    )
    lines = follow(pack(forged), tmp_path / "empty").stdout.splitlines()
    assert {"contractSha256 : OK", "notices-001.json : OK", "checkpoints-001.json (1) : OK"} <= set(lines)
    by_a_party = re.compile(r"certs/conclusion.pem|(notices|checkpoints)-\d+\.json, ")
    assert not [line for line in lines if by_a_party.match(line)]


def test_no_line_of_the_page_is_longer_than_a_screen_or_begins_with_what_ends_a_word(whole) -> None:
    lines = zipfile.ZipFile(BytesIO(pack(whole))).read("README.txt").decode().splitlines()
    assert max(map(len, lines)) <= 120
    assert not [line for line in lines if line.startswith((":", ";", "»", "?", "!"))]


def test_both_halves_of_the_page_say_the_same(whole) -> None:
    french, english = commands(zipfile.ZipFile(BytesIO(pack(whole))).read("README.txt").decode())
    assert french == english != ""


@pytest.mark.by_hand
@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (b'"payload":"eyJh', b'"payload":"eyJi', "contract.jws.json 1 : Verified OK"),
        (b'\\"kind\\": \\"created\\"', b'\\"kind\\": \\"crafted\\"', "journal.jsonl : OK"),
        (b'\\"process\\": \\"urn:uuid:p', b'\\"process\\": \\"urn:uuid:q', "checkpoints-002.json (2) : OK"),
        (
            b'{"@type": "ContractOfferMessage"',
            b'{"@type": "ContractOfferMassage"',
            "messages/002-ContractOfferMessage.json : OK",
        ),
    ],
)
def test_the_page_shows_what_was_altered(whole, tmp_path, before, after, line) -> None:
    content = zipfile.ZipFile(BytesIO(pack(whole)))
    altered = BytesIO()
    with zipfile.ZipFile(altered, "w") as archive:
        for name in content.namelist():
            archive.writestr(name, content.read(name).replace(before, after))
    lines = follow(altered.getvalue(), tmp_path / "empty").stdout.splitlines()
    assert "cards/consumer.jws : OK" in lines or "payload" in before.decode()
    assert not {"manifest.json : OK", line} & set(lines)
