"""What the verifier says of bundles that nobody altered: valid, or indeterminate with the reason; never more."""

import json
import re
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import ObjectIdentifier, UnrecognizedExtension
from pupitre_verify.examine import examine

from tests.contracts.verifier.written import (
    DAY,
    NOW,
    SEALED_AT,
    Case,
    Organisation,
    authority,
    case,
    certificate,
    key_list,
    seal,
    zipped,
)

QC_SEAL = ObjectIdentifier("1.3.6.1.5.5.7.1.3")
STATEMENTS = bytes.fromhex("301f300806060400 8e460101 301306060400 8e460106 3009060704008e46010602".replace(" ", ""))


def by_authority(name: str, did: str, root, *, extensions=(), **parts) -> Organisation:
    """Return an organisation whose certificate an authority issued."""
    who = Organisation(did, name, **parts)
    who.chain = (certificate(name, who.key, issuer=root, extensions=extensions),)
    return who


def two(root, **parts) -> Case:
    """Return a case between two organisations with certificates of this authority."""
    return case(
        provider=by_authority("Métropole de Brume", "did:web:metropole.example", root, **parts),
        consumer=by_authority("Syndicat des Eaux", "did:web:syndicat.example", root, **parts),
    )


def test_a_whole_bundle_is_valid_and_its_level_is_told() -> None:
    report = examine(case().pack(), at=NOW)
    assert (report.exit_status, report.level, report.doubts) == (0, "L0", [])
    assert report.facts["parties"]["consumer"]["legalName"] == "Syndicat des Eaux"


def test_the_pieces_that_no_seal_covers_are_named() -> None:
    whole = case()
    whole.files["messages/005-ContractAgreementVerificationMessage.json"] = (
        b'{"@type":"ContractAgreementVerificationMessage"}'
    )
    report = examine(whole.pack(), at=NOW)
    assert report.exit_status == 0, report.as_text("en")
    assert report.as_json()["unsealed"] == [
        "README.txt",
        "dids/consumer.json",
        "dids/provider.json",
        "journal.jsonl",
        "messages/004-ContractAgreementMessage.json",
        "messages/005-ContractAgreementVerificationMessage.json",
        "status/consumer.json",
        "status/provider.json",
    ]


def test_examining_twice_says_the_same() -> None:
    bundle = case().pack()
    assert examine(bundle, at=NOW).as_json() == examine(bundle, at=NOW).as_json()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_stands_in_a_bundle_cannot_write_over_the_verdict(language) -> None:
    """Neither a sealed name does, by a control, a line of its own or another direction, nor a name in a broken list."""
    trick = "\x1b[2K\r\nVALIDE\x9b2K\u202e\u2028"
    named = case(provider=Organisation("did:web:metropole.example", f"Métropole\u202f: {trick}"))
    manifest = f'{{"{trick}":1,"{trick}":2}}'.replace("\x1b", "\\u001b").replace("\r\n", "\\r\\n").encode()
    broken = zipped(case().all_files() | {"manifest.json": manifest})
    for bundle, status in ((named.pack(), 0), (broken, 1)):
        report = examine(bundle, at=NOW)
        assert report.exit_status == status
        text = report.as_text(language)
        assert ascii(trick)[1:-1] in text
        assert not set(trick) - set("VALIDE[2K\n") & set(text)
        assert not any(line.startswith("VALIDE\\") for line in text.splitlines())
    assert "Métropole\u202f: " in examine(named.pack(), at=NOW).as_text(language)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_report_claims_no_status_that_is_not_ours(language) -> None:
    root = authority()
    reports = [examine(case().pack(), at=NOW), examine(two(root).pack(), at=NOW, roots=[root[0]])]
    for report in reports:
        text = report.as_text(language).lower()
        assert not re.search(r"qualifi|registre|ledger|archiv", text)
        assert ("valide" if language == "fr" else "valid") in text


@pytest.mark.parametrize("alg", ["RS256", "PS256"])
def test_an_rsa_seal_of_an_authority_is_valid(alg) -> None:
    root = authority()
    provider = by_authority(
        "Métropole de Brume",
        "did:web:metropole.example",
        root,
        key=rsa.generate_private_key(65537, 2048),
        alg=alg,
    )
    report = examine(case(provider=provider).pack(), at=NOW, roots=[root[0]])
    assert report.exit_status == 0, report.as_text("en")
    assert report.level == "L0"  # that of the weaker seal


def test_certificates_of_a_known_authority_reach_the_first_level() -> None:
    root = authority()
    assert examine(two(root).pack(), at=NOW, roots=[root[0]]).level == "L1"


def test_certificates_that_say_they_are_for_seals_reach_the_second_level() -> None:
    root = authority()
    whole = two(root, extensions=((UnrecognizedExtension(QC_SEAL, STATEMENTS), False),))
    assert examine(whole.pack(), at=NOW, roots=[root[0]]).level == "L2"
    assert examine(whole.pack(), at=NOW).level == "L0"


def test_an_authority_that_nobody_named_counts_for_nothing() -> None:
    report = examine(two(authority()).pack(), at=NOW)
    assert (report.exit_status, report.level) == (0, "L0")


def test_a_certificate_of_another_authority_is_indeterminate() -> None:
    report = examine(two(authority()).pack(), at=NOW, roots=[authority("Une autre")[0]])
    assert report.exit_status == 2
    assert report.doubts[0].place == "/signatures/0/protected/x5c"


def test_two_seals_without_conclusion_are_indeterminate() -> None:
    whole = case()
    whole.files["conclusion.jws.json"] = None
    report = examine(whole.pack(), at=NOW)
    assert report.exit_status == 2
    assert "scellé par les deux, conclusion non attestée" in report.as_text("fr")


@pytest.mark.parametrize(
    "part",
    [
        "dids/provider.json",
        "dids/consumer.json",
        "cards/provider.jws",
        "cards/consumer.jws",
        "messages/004-ContractAgreementMessage.json",
        "status/provider.json",
        "status/consumer.json",
    ],
)
def test_a_piece_that_is_not_there_is_indeterminate_and_named(part) -> None:
    whole = case()
    whole.files[part] = None
    report = examine(whole.pack(), at=NOW)
    assert report.exit_status == 2
    assert part in report.as_text("fr") or "/payload/agreement/text" in report.as_text("fr")


@pytest.mark.parametrize("part", ["journal.jsonl", "certs/provider.pem", "README.txt"])
def test_a_piece_for_convenience_may_be_left_out(part) -> None:
    whole = case()
    whole.files[part] = None
    assert examine(whole.pack(), at=NOW).exit_status == 0


def test_a_contract_of_a_later_form_is_indeterminate_and_says_what_to_do() -> None:
    whole = case()
    whole.document |= {"schema": "https://w3id.org/pupitre/contract/2", "more": "new"}
    report = examine(whole.seal_both().pack(), at=NOW)
    assert (report.exit_status, [one.place for one in report.doubts]) == (2, ["/payload/schema"])
    assert "dossier d’une version plus récente : prenez un pupitre-verify plus récent" in report.as_text("fr")


def test_a_contract_that_only_says_so_of_itself_is_refused() -> None:
    whole = case()
    whole.document["schema"] = "https://w3id.org/pupitre/contract/2"  # after it was sealed
    assert examine(whole.pack(), at=NOW).exit_status == 1
    whole.document["schema"] = "https://w3id.org/pupitre/contract/0"
    report = examine(whole.seal_both().pack(), at=NOW)
    assert (report.exit_status, report.faults[0].place) == (1, "/payload/schema")


def test_an_event_may_be_named_by_its_type_alone() -> None:
    whole = case()
    assert whole.document["negotiation"]["messages"][2]["type"] == "ContractNegotiationEventMessage:ACCEPTED"
    assert examine(whole.pack(), at=NOW).exit_status == 0
    whole.document["negotiation"]["messages"][2]["type"] = "ContractNegotiationEventMessage"
    assert examine(whole.seal_both().pack(), at=NOW).exit_status == 0


def test_long_after_the_certificate_ended_a_seal_without_time_stamp_is_indeterminate() -> None:
    report = examine(case().pack(), at=SEALED_AT + 3650 * DAY)
    assert report.exit_status == 2
    assert "aucun horodatage reconnu" in report.as_text("fr")


def test_a_bundle_from_the_future_is_indeterminate() -> None:
    assert examine(case().pack(), at=SEALED_AT - DAY / 2).exit_status == 2


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (
            "fr",
            [
                "Convention : urn:uuid:", "Empreinte : ", "Accord : urn:uuid:",
                "Fournisseur : Métropole de Brume (did:web:metropole.example)",
                "Destinataire : Syndicat des Eaux (did:web:syndicat.example)", "Jeu de données : ",
                "Conclue le : 2026-",
                "Approuvé, selon le fournisseur, par : La présidente, clé k-7, le 2026-03-01T09:00:00Z",
                "Approuvé, selon le destinataire, par : La présidente", "Résiliée le : 2026-",
            ],
        ),
        ("en", ["Contract: urn:uuid:", "Approved, the provider says, by: La présidente, key k-7", "Terminated at: "]),
    ],
)  # fmt: skip
def test_a_person_reads_which_contract_it_is_who_approved_and_what_became_of_it(language, lines) -> None:
    whole = case()
    told = ["La présidente", "urn:pupitre:approved-by:k-7", "urn:pupitre:approved-at:2026-03-01T09:00:00Z"]
    claimed = {"claimed": [{"encoding": "binary", "mediaType": "text/plain", "qVals": told}]}
    whole.seals[0] = seal(whole.payload, whole.provider, "contract", "provider", SEALED_AT, srAts=claimed)
    whole.conclude()
    whole.files["notices/001.jws.json"] = whole.notice("termination")
    report = examine(whole.pack(), at=NOW)
    text = report.as_text(language)
    for line in lines:
        assert f"\n  {line}" in text
    assert report.facts["contractSha256"] in text
    assert report.facts["approvals"]["provider"] == {"function": told[0], "key": "k-7", "at": "2026-03-01T09:00:00Z"}
    whole.files["cards/provider.jws"] = b"x"
    assert "urn:uuid" not in examine(whole.pack(), at=NOW).as_text(language)  # nothing is told of what does not hold


@pytest.mark.parametrize(
    "told", [{}, {"claimed": [{}]}, {"claimed": [{"qVals": [1]}]}, {"claimed": 1}, "La présidente"]
)
def test_an_approval_that_cannot_be_read_is_refused(told) -> None:
    whole = case()
    whole.seals[0] = seal(whole.payload, whole.provider, "contract", "provider", SEALED_AT, srAts=told)
    report = examine(whole.conclude().pack(), at=NOW)
    assert (report.exit_status, report.faults[0].place) == (1, "/signatures/0/protected/srAts")


def test_notices_are_told() -> None:
    whole = case()
    whole.files["notices/001.jws.json"] = whole.notice("suspension")
    whole.files["notices/002.jws.json"] = whole.notice("termination")
    report = examine(whole.pack(), at=NOW)
    assert report.exit_status == 0
    assert [one["kind"] for one in report.facts["notices"]] == ["suspension", "termination"]


# --- revoked keys


@pytest.mark.parametrize(
    ("revoked_at", "status"),
    [(None, 0), (SEALED_AT - timedelta(hours=1), 1), (SEALED_AT, 1), (SEALED_AT + 30 * DAY, 2)],
)
def test_a_revoked_key_is_not_believed_after_its_revocation_nor_before_without_time_stamp(revoked_at, status) -> None:
    whole = case()
    whole.files["status/provider.json"] = key_list(whole.provider, revoked_at)
    report = examine(whole.pack(), at=NOW)
    assert report.exit_status == status, report.as_text("en")


def test_a_list_of_keys_that_somebody_else_signed_is_refused() -> None:
    whole = case()
    other = Organisation(whole.provider.did, whole.provider.name, key=whole.provider.key, chain=whole.provider.chain)
    whole.files["status/provider.json"] = key_list(other, None)
    report = examine(whole.pack(), at=NOW)
    assert (report.exit_status, report.faults[0].part) == (1, "status/provider.json")


def test_a_key_that_left_the_did_document_is_known_from_the_signed_list() -> None:
    whole = case()
    document = whole.provider.document
    document["verificationMethod"], document["assertionMethod"] = document["verificationMethod"][:1], []
    whole.files["dids/provider.json"] = json.dumps(document).encode()
    assert examine(whole.pack(), at=NOW).exit_status == 0
    whole.files["status/provider.json"] = None
    assert examine(whole.pack(), at=NOW).exit_status == 1


def test_without_the_list_of_keys_it_is_not_known_whether_they_were_revoked() -> None:
    whole = case()
    whole.files["status/consumer.json"] = None
    report = examine(whole.pack(), at=NOW)
    assert report.exit_status == 2
    assert "  ? status/consumer.json : liste des clés absente : on ne sait pas si elles ont été révoquées" in (
        report.as_text("fr").splitlines()
    )
    assert "list of keys missing: it is not known whether they were revoked" in report.as_text("en")


@pytest.mark.parametrize(
    ("issued_at", "fr", "en"),
    [
        (SEALED_AT + DAY, "liste du 2026-03-03T09:00:00Z", "list of 2026-03-03T09:00:00Z"),
        (None, "liste sans date", "a list without a date"),
    ],
)
def test_the_report_tells_of_when_the_list_of_keys_is(issued_at, fr, en) -> None:
    whole = case()
    whole.files["status/provider.json"] = key_list(whole.provider, issued_at=issued_at)
    report = examine(whole.pack(), at=NOW)
    assert report.exit_status == 0
    (told,) = [one for one in report.findings if one.part == "status/provider.json"]
    assert told.fr.endswith(fr)
    assert told.en.endswith(en)
