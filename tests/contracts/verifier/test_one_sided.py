"""One-sided evidence: what the verifier says of it, and of the token with which the other party spoke last."""

import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from pupitre_verify.examine import examine
from pupitre_verify.identities import normal
from pupitre_verify.report import Report

from contracts.bundle import pack as packed
from tests.contracts.verifier import ours
from tests.contracts.verifier.test_bundle import commands, follow, parties
from tests.contracts.verifier.written import (
    NOW,
    SEALED_AT,
    Case,
    Organisation,
    canonical,
    case,
    compact,
    journal,
    jws,
    method,
    pack,
    seal,
    sha256,
    token,
    written,
)
from tests.harness.contracts import NOW as DRAWN_UP_AT

PROVIDER, CONSUMER = "did:web:metropole.example", "did:web:syndicat.example"
THEIRS = "dids/provider.json"
ALONE, TOKEN = ("unilateral.jws.json", ""), ("unilateral.jws.json", "/payload/token")


def bundle(whole: Case, entries: list[dict] | None = None, **changed: Any) -> bytes:
    """Return the evidence that a consumer sealed alone, with these entries in its journal."""
    document = {
        "schema": "https://w3id.org/pupitre/unilateral/1",
        "id": "urn:uuid:44444444-4444-4444-8444-444444444444",
        "createdAt": written(SEALED_AT),
        "role": "consumer",
        "by": whole.consumer.did,
        "peer": whole.provider.did,
        "agreement": whole.document["agreement"],
        "messages": whole.document["negotiation"]["messages"],
    } | changed
    payload = canonical(document)
    files = whole.all_files()
    for name in ("contract.jws.json", "conclusion.jws.json", "certs/provider.pem", "status/provider.json"):
        del files[name]
    if entries is not None:
        files["journal.jsonl"] = journal(entries)
    files["unilateral.jws.json"] = jws(payload, seal(payload, whole.consumer, "unilateral", "provider", SEALED_AT))
    return pack(files, "unilateral")


def spoken(raw: str, whole: Case | None = None) -> Report:
    """Return what is said of evidence that seals the digest of this token and keeps it."""
    entries = [{"kind": "received", "proof": "an.earlier.one"}, {"kind": "received", "proof": raw}]
    return examine(bundle(whole or case(), entries, token=sha256(raw)), at=NOW)


def places(told: list[Any]) -> list[tuple[str, str]]:
    return [(one.part, one.place) for one in told]


def test_one_sided_evidence_is_indeterminate_at_best() -> None:
    report = examine(bundle(case()), at=NOW)
    assert (report.exit_status, places(report.doubts)) == (2, [ALONE]), report.as_text("en")
    assert "preuve unilatérale" in report.as_text("fr")


def escaped(text: str) -> str:
    return "".join(one if one.isascii() else json.dumps(one)[1:-1] for one in text)


def retold(whole: Case, change: Callable[[str], str]) -> bytes:
    """Return evidence whose sealed agreement is escaped, and whose message carries it changed."""
    text, told = escaped(whole.agreement_text), whole.document["agreement"]
    sealed = {"agreement": told | {"text": text, "sha256": sha256(text)}}
    last = max(name for name in whole.all_files() if name.startswith("messages/"))
    carried = whole.all_files()[last].decode().replace(whole.agreement_text, change(whole.agreement_text))
    whole.files[last] = carried.encode()
    return bundle(whole, **sealed)


def test_an_agreement_stands_escaped_only_where_no_document_can_hold_it() -> None:
    def spelled(text: str) -> str:
        return text.replace('"@type"', '"x:t":"e\u0301t\u00e9\U0001f4a7","@type"', 1)

    def composed(text: str) -> str:
        return text.replace('"@type"', '"x:t":"\u00e9t\u00e9\U0001f4a7","@type"', 1)

    for write, is_good in ((spelled, True), (composed, False)):
        whole = case()
        whole.agreement_text = write(whole.agreement_text)
        report = examine(retold(whole, str), at=NOW)
        assert (report.exit_status, bool(report.faults)) == ((2, False) if is_good else (1, True))
        assert ("décomposés" in report.as_text("fr")) is is_good
    whole = case()
    whole.agreement_text = spelled(whole.agreement_text)
    report = examine(retold(whole, lambda text: text.replace("e\u0301t", "e\u0301\u0301t")), at=NOW)
    assert (report.exit_status, report.faults[0].place) == (1, "/agreement")


def test_the_list_of_keys_is_missed_of_who_sealed_and_not_of_the_partner_that_sealed_nothing() -> None:
    whole = case()
    whole.files["status/consumer.json"] = None  # type: ignore[assignment]
    report = examine(bundle(whole), at=NOW)
    assert (report.exit_status, places(report.doubts)) == (2, [("status/consumer.json", ""), ALONE])


def test_pieces_of_a_contract_that_nothing_names_there_are_told_as_not_examined() -> None:
    with zipfile.ZipFile(BytesIO(bundle(case()))) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if name != "manifest.json"}
    report = examine(pack(files | {"status/provider.json": b"whatever"}, "unilateral"), at=NOW)
    assert report.exit_status == 2
    cards = ["cards/consumer.jws", "cards/provider.jws"]
    assert [one.part for one in report.unexamined] == [*cards, "status/provider.json"]
    assert {"cards/consumer.jws", "status/provider.json"} <= set(report.unsealed)


def test_the_journal_of_one_sided_evidence_is_of_the_negotiation_that_its_messages_name() -> None:
    whole = case()
    whole.files["journal.jsonl"] = journal([{"kind": "created"}], process="urn:uuid:another")
    report = examine(bundle(whole), at=NOW)
    assert (report.exit_status, report.faults[0].part) == (1, "journal.jsonl")


def test_messages_of_one_sided_evidence_come_from_the_two() -> None:
    whole = case()
    told = [one | {"from": "did:web:autre.example"} for one in whole.document["negotiation"]["messages"]]
    report = examine(bundle(whole, messages=told), at=NOW)
    assert (report.exit_status, report.faults[0].place) == (1, "/payload/messages/0/from")


def test_one_sided_evidence_that_was_sealed_by_another_is_refused() -> None:
    assert examine(bundle(case(), by="did:web:autre.example"), at=NOW).exit_status == 1


def test_evidence_of_a_later_form_is_indeterminate_and_says_what_to_do() -> None:
    report = examine(bundle(case(), schema="https://w3id.org/pupitre/unilateral/2", more="new"), at=NOW)
    assert (report.exit_status, places(report.doubts)) == (2, [("unilateral.jws.json", "/payload/schema")])
    assert "take a newer pupitre-verify" in report.as_text("en")


# --- the token


@pytest.mark.parametrize("kept", ["a.b.d", None])
def test_a_token_that_the_journal_does_not_keep_is_missed(kept: str | None) -> None:
    entries = [{"from": PROVIDER, **({"proof": kept} if kept else {})}]
    report = examine(bundle(case(), entries, token=sha256("a.b.c")), at=NOW)
    assert (report.exit_status, places(report.doubts)) == (2, [TOKEN, ALONE]), report.as_text("en")
    assert "is not in the bundle" in report.doubts[0].en


def test_a_token_that_a_key_of_the_document_signed_holds_and_the_whole_stays_indeterminate() -> None:
    whole = case()
    report = spoken(token(whole.provider, CONSUMER, SEALED_AT), whole)
    assert (report.exit_status, places(report.doubts)) == (2, [ALONE]), report.as_text("en")
    held = [one for one in report.findings if one.part == THEIRS]
    assert "as it was seen at the export" in held[0].en
    assert f"signed with the key {PROVIDER}#auth" in held[1].en
    assert f"addressed to {CONSUMER} at {written(SEALED_AT)}" in held[1].en
    assert "this document alone says" in held[1].en
    assert "seul ce document le dit" in held[1].fr
    assert THEIRS in report.unsealed


def test_a_bundle_without_the_document_leaves_the_signature_untold() -> None:
    whole = case()
    whole.files[THEIRS] = None  # type: ignore[assignment]
    report = spoken(token(whole.provider, CONSUMER, SEALED_AT), whole)
    assert (report.exit_status, places(report.doubts)) == (2, [(THEIRS, ""), ALONE]), report.as_text("en")
    assert "signature is not established" in report.doubts[0].en


def test_a_token_that_another_key_signed_is_refused_and_the_document_named() -> None:
    whole = case()
    another = ec.generate_private_key(ec.SECP256R1())
    report = spoken(token(whole.provider, CONSUMER, SEALED_AT, key=another), whole)
    assert (report.exit_status, places(report.faults)) == (1, [(THEIRS, "/verificationMethod")])
    assert f"{PROVIDER}#auth" in report.faults[0].fr


def _another_key(document: dict[str, Any]) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    document["verificationMethod"][0] = method(PROVIDER, f"{PROVIDER}#auth", key)


def _another_name(document: dict[str, Any]) -> None:
    document["verificationMethod"][0]["id"] = f"{PROVIDER}#other"


def _of_another(document: dict[str, Any]) -> None:
    document["id"] = "did:web:autre.example"


def _does_not_speak(document: dict[str, Any]) -> None:
    document["capabilityInvocation"] = []


def _another_controller(document: dict[str, Any]) -> None:
    document["verificationMethod"][0]["controller"] = "did:web:autre.example"


def _off_the_curve(document: dict[str, Any]) -> None:
    document["verificationMethod"][0]["publicKeyJwk"]["x"] = "AAAA"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (_another_key, "/verificationMethod"),
        (_another_name, "/verificationMethod"),
        (_of_another, "/id"),
        (_does_not_speak, "/capabilityInvocation"),
        (_another_controller, "/verificationMethod"),
        (_off_the_curve, "/verificationMethod"),
    ],
)
def test_a_document_that_was_changed_is_refused_and_named(change: Any, place: str) -> None:
    whole = case()
    document = whole.provider.document
    change(document)
    whole.files[THEIRS] = json.dumps(document).encode()
    report = spoken(token(whole.provider, CONSUMER, SEALED_AT), whole)
    assert (report.exit_status, places(report.faults)) == (1, [(THEIRS, place)]), report.as_text("en")


@pytest.mark.parametrize("where", [0, 1, 2])
def test_a_token_that_was_changed_in_the_journal_is_not_the_sealed_one(where: int) -> None:
    whole = case()
    genuine = token(whole.provider, CONSUMER, SEALED_AT)
    parts = genuine.split(".")
    parts[where] = parts[where][:9] + ("A" if parts[where][9] != "A" else "B") + parts[where][10:]
    entries = [{"kind": "received", "proof": ".".join(parts)}]
    report = examine(bundle(whole, entries, token=sha256(genuine)), at=NOW)
    assert (report.exit_status, places(report.doubts)) == (2, [TOKEN, ALONE])
    assert not any("signé avec la clé" in one.fr for one in report.findings)


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "did:web:autre.example"},
        {"sub": "did:web:autre.example"},
        {"aud": "did:web:autre.example"},
        {"aud": [CONSUMER]},
        {"aud": None},
        {"iat": int((SEALED_AT + timedelta(minutes=6)).timestamp())},
    ],
)
def test_a_token_of_another_exchange_is_refused(changed: dict[str, Any]) -> None:
    whole = case()
    report = spoken(token(whole.provider, CONSUMER, SEALED_AT, **changed), whole)
    assert (report.exit_status, places(report.faults)) == (1, [TOKEN]), report.as_text("en")


def _odd(whole: Case) -> dict[str, str]:
    told = {"iss": PROVIDER, "sub": PROVIDER, "aud": CONSUMER, "iat": int(SEALED_AT.timestamp())}
    auth, kid = whole.provider.auth, f"{PROVIDER}#auth"
    genuine = token(whole.provider, CONSUMER, SEALED_AT)
    return {
        "no JWT": "Bearer x",
        "not base64url": "a.b.c",
        "four parts": f"{genuine}.x",
        "another algorithm": compact(told, auth, {"kid": kid, "alg": "none"}),
        "an extension": compact(told, auth, {"kid": kid, "crit": ["x"]}),
        "another type": compact(told, auth, {"kid": kid, "typ": "party-card+jws"}),
        "no key named": compact(told, auth, {}),
        "no instant": compact(told | {"iat": "today"}, auth, {"kid": kid}),
        "an instant without a date": compact(told | {"iat": 10**15}, auth, {"kid": kid}),
        "an empty header": f"W10.{genuine.partition('.')[2]}",
        "letters beyond ASCII": f"é{genuine}",
    }


@pytest.mark.parametrize("what", _odd(case()))
def test_a_token_of_another_kind_leaves_its_signature_untold(what: str) -> None:
    whole = case()
    report = spoken(_odd(whole)[what], whole)
    assert (report.exit_status, places(report.doubts)) == (2, [TOKEN, ALONE]), report.as_text("en")
    assert "signature is not established" in report.doubts[0].en


def test_names_are_compared_as_dids_are() -> None:
    whole = case()
    raw = token(whole.provider, CONSUMER.replace("syndicat", "SYNDICAT"), SEALED_AT, iss="did:web:Metropole.example")
    assert spoken(raw, whole).exit_status == 2
    assert [normal(f"did:web:{one}") for one in ("A.example%3a0443:B#C", "%5b::1%5D", "a%3A0")] == [
        "did:web:a.example%3A443:B#C", "did:web:%5B::1%5D", "did:web:a%3A0",
    ]  # fmt: skip
    header = {"kid": "#auth", "typ": "JWT"}
    told = {"iss": PROVIDER, "sub": PROVIDER, "aud": CONSUMER, "iat": int(SEALED_AT.timestamp())}
    report = spoken(compact(told, whole.provider.auth, header), whole)
    assert places(report.doubts) == [ALONE], report.as_text("en")


# --- what the page in the bundle says


def made(alg: str = "ES256", **changed: Any) -> tuple[bytes, Organisation]:
    """Return a bundle as a node makes it, with the token, and who spoke."""
    provider, consumer = parties(alg)
    raw = token(consumer, provider.did, DRAWN_UP_AT, **changed)
    return packed(ours.one_sided(provider, consumer, token=raw)), consumer


def test_the_page_says_what_the_token_shows_and_what_not_where_the_document_is_there() -> None:
    content, _ = made()
    page = zipfile.ZipFile(BytesIO(content)).read("README.txt").decode()
    assert "aucun cachet ne le couvre" in page
    assert "no seal covers it" in page
    french, english = commands(page)
    assert french == english
    provider, consumer = parties()
    without = zipfile.ZipFile(BytesIO(packed(ours.one_sided(provider, consumer)))).read("README.txt").decode()
    assert "dids/consumer.json" not in without
    assert examine(content, at=NOW + timedelta(days=365)).exit_status == 2


@pytest.mark.by_hand
@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_the_page_shows_how_to_check_the_token_by_hand(tmp_path: Any, alg: str) -> None:
    content, consumer = made(alg)
    done = follow(content, tmp_path / "empty")
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert "dids/consumer.json (token) : OK" in lines
    (claims,) = [json.loads(line) for line in lines if line.startswith('{"aud"')]
    assert (claims["iss"], claims["iat"]) == (consumer.did, int(DRAWN_UP_AT.timestamp()))


@pytest.mark.by_hand
def test_the_page_shows_a_token_that_another_key_signed(tmp_path: Any) -> None:
    content, _ = made(key=ec.generate_private_key(ec.SECP256R1()))
    assert "(token)" not in follow(content, tmp_path / "empty").stdout
