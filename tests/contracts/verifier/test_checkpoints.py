"""Checkpoints in a bundle: they show since when the journal is as it stands, and take nothing from the rest."""

import json
from datetime import timedelta
from typing import Any

import pytest
from pupitre_verify.examine import examine
from pupitre_verify.report import Report

from tests.contracts.verifier.written import (
    DAY,
    NOW,
    SEALED_AT,
    Case,
    Organisation,
    canonical,
    case,
    compact,
    der,
    journal,
    jws,
    pack,
    seal,
    sha256,
    unb64,
    written,
)


@pytest.fixture
def whole() -> Case:
    return case()


def report_of(whole: Case, *checkpoints: bytes, at: Any = NOW) -> Report:
    files = {f"checkpoints/{n:03}.jws.json": one for n, one in enumerate(checkpoints, 1)}
    return examine(pack(whole.all_files() | files), at=at)


def test_a_bundle_without_any_is_valid(whole: Case) -> None:
    report = report_of(whole)
    assert (report.exit_status, report.facts.get("checkpoints")) == (0, None)
    assert "journal.jsonl" in report.unsealed


def test_checkpoints_say_since_when_the_journal_is_as_it_stands(whole: Case) -> None:
    first = whole.checkpoint(4, 1)
    report = report_of(whole, first, whole.checkpoint(5, 2, previous=first, day=3))
    assert report.exit_status == 0, report.as_text("en")
    assert report.facts["checkpoints"] == [
        {"number": 4, "by": whole.provider.did, "entry": 1, "sealedAt": "2026-03-03T09:00:00Z"},
        {"number": 5, "by": whole.provider.did, "entry": 2, "sealedAt": "2026-03-05T09:00:00Z"},
    ]
    assert "était fixé jusqu’à l’entrée 2 le 2026-03-05" in report.as_text("fr")
    assert "was fixed up to entry 1 on 2026-03-03" in report.as_text("en")
    assert "journal.jsonl" not in report.unsealed


def test_a_journal_that_went_on_after_the_last_one_is_not_wholly_sealed(whole: Case) -> None:
    report = report_of(whole, whole.checkpoint(entry=1))
    assert report.exit_status == 0
    assert "journal.jsonl" in report.unsealed


def test_a_restoration_is_told(whole: Case) -> None:
    told = [{"backupAt": written(SEALED_AT), "restoredAt": written(SEALED_AT + DAY)}]
    report = report_of(whole, whole.checkpoint(restorations=told))
    assert report.exit_status == 0
    assert "base restaurée le 2026-03-03T09:00:00Z, d’une sauvegarde du 2026-03-02T09:00:00Z" in report.as_text("fr")


STRANGER = Organisation("did:web:autre.example", "Autre")


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"sealer": STRANGER}, "/signatures/0/protected/kid"),
        ({"by": STRANGER.did, "sealer": STRANGER}, "/payload/by"),
        ({"by": "did:web:syndicat.example"}, "/signatures/0/protected/kid"),
        ({"heads": [sha256("another")]}, "/payload/heads"),
        ({"heads": []}, "/payload/heads"),
        ({"heads": [sha256("a third"), sha256("another")][::-1]}, "/payload/heads"),
        ({"number": 0}, "/payload/number"),
        ({"number": True}, "/payload/number"),
        ({"at": written(SEALED_AT + 2 * DAY)}, "/signatures/0/protected/iat"),
        ({"schema": "https://w3id.org/pupitre/notice/1"}, "/payload/schema"),
        ({"more": "x"}, "/payload/more"),
        ({"restorations": [{"backupAt": "x", "restoredAt": "x"}]}, "/payload/restorations/0/backupAt"),
    ],
)
def test_what_is_no_checkpoint_of_this_journal_is_refused(whole: Case, changed: dict[str, Any], place: str) -> None:
    report = report_of(whole, whole.checkpoint(**changed))
    (fault,) = report.faults
    assert (report.exit_status, fault.part, fault.place) == (1, "checkpoints/001.jws.json", place)


def test_a_journal_written_anew_is_not_the_one_that_was_sealed(whole: Case) -> None:
    point = whole.checkpoint()
    whole.files["journal.jsonl"] = journal([{"kind": "created"}, {"kind": "crafted"}])
    report = report_of(whole, point)
    assert (report.exit_status, report.faults[0].place) == (1, "/payload/heads")
    assert "n’est pas celui qui était tenu alors" in report.as_text("fr")


def test_a_journal_shortened_after_a_checkpoint_is_not_the_one_that_was_sealed(whole: Case) -> None:
    first, second = whole.checkpoint(1, 1), whole.checkpoint(2, 2, day=2)
    whole.files["journal.jsonl"] = whole.all_files()["journal.jsonl"].splitlines(keepends=True)[0]
    report = report_of(whole, first, second)
    assert (report.exit_status, report.faults[0].part) == (1, "checkpoints/002.jws.json")


def test_a_journal_that_was_taken_out_is_missed(whole: Case) -> None:
    point = whole.checkpoint()
    files = whole.all_files() | {"checkpoints/001.jws.json": point}
    del files["journal.jsonl"]
    report = examine(pack(files), at=NOW)
    assert report.exit_status == 2
    assert "checkpoints/001.jws.json" in [one.part for one in report.doubts]


def test_checkpoints_follow_one_another(whole: Case) -> None:
    first = whole.checkpoint(1, 1)
    for second, place in (
        (whole.checkpoint(1, 2, day=2), "/payload/number"),
        (whole.checkpoint(2, 2, day=2), "/payload/previous"),
        (whole.checkpoint(2, 2, previous=whole.checkpoint(1, 1, day=2), day=2), "/payload/previous"),
        (whole.checkpoint(3, 1, day=2), "/payload/heads"),
        (whole.checkpoint(3, 2, day=2, by=whole.consumer.did, sealer=whole.consumer), "/payload/by"),
    ):
        report = report_of(whole, first, second)
        assert (report.exit_status, report.faults[0].part) == (1, "checkpoints/002.jws.json")
        assert report.faults[0].place == place
    assert report_of(whole, first, whole.checkpoint(3, 2, day=2)).exit_status == 0  # the one between covers others


def test_a_certificate_that_ended_takes_the_date_and_nothing_else(whole: Case) -> None:
    later = SEALED_AT + 800 * DAY
    with_one, without = report_of(whole, whole.checkpoint(), at=later), report_of(whole, at=later)
    assert with_one.doubts == without.doubts
    assert with_one.verdict == without.verdict
    assert "cette date n’est que la parole de son auteur" in with_one.as_text("fr")
    assert "journal.jsonl" in with_one.unsealed


def test_a_key_revoked_between_takes_the_date_and_nothing_else(whole: Case) -> None:
    provider = whole.provider
    revoked = {
        "kid": provider.kid,
        "certificateSha256": sha256(der(provider.chain[0])),
        "since": written(SEALED_AT),
        "revokedAt": written(SEALED_AT + timedelta(hours=12)),
        "reason": "Poste volé",
    }
    told = {
        "schema": "https://w3id.org/pupitre/seal-keys/1",
        "did": provider.did,
        "issuedAt": written(NOW),
        "keys": [revoked],
    }
    header = {"kid": f"{provider.did}#auth", "typ": "seal-keys+jws"}
    protected, payload, signature = compact(told, provider.auth, header).split(".")
    listed = {"payload": payload, "signatures": [{"protected": protected, "signature": signature}]}
    whole.files["status/provider.json"] = json.dumps(listed).encode()
    with_one, without = report_of(whole, whole.checkpoint()), report_of(whole)
    assert not with_one.faults
    assert with_one.doubts == without.doubts
    assert "clé révoquée depuis le" in with_one.as_text("fr")


def test_the_seal_of_another_document_is_no_checkpoint(whole: Case) -> None:
    point = json.loads(whole.checkpoint())
    payload = unb64(point["payload"])
    other = jws(payload, seal(payload, whole.provider, "notice", "provider", SEALED_AT + DAY))
    assert report_of(whole, other).faults[0].place == "/signatures/0/protected/cty"
    twice = canonical({**point, "signatures": point["signatures"] * 2})
    assert report_of(whole, twice).faults[0].place == "/signatures"
