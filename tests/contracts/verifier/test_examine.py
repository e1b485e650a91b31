"""What the verifier says of bundles that nobody altered: valid, or indeterminate with the reason; never more."""

import json
import re
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import ObjectIdentifier, UnrecognizedExtension
from cryptography.x509.oid import NameOID
from pupitre_verify.examine import examine

from tests.contracts.verifier.written import (
    DAY,
    NOW,
    SEALED_AT,
    Case,
    Organisation,
    authority,
    canonical,
    case,
    certificate,
    compact,
    journal,
    jws,
    key_list,
    method,
    seal,
    sha256,
    unb64,
    written,
    zipped,
)

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
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
        told = report.as_json_text()
        assert json.loads(told) == report.as_json()
        assert not set("\x1b\r\x9b\u202e\u2028") & set(told)
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


def named(name: str, root, identifier: str = "", **parts) -> Organisation:
    """Return an organisation whose certificate is in this name, with this identifier."""
    who = Organisation("did:web:metropole.example", "Métropole de Brume", **parts)
    said = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, name), x509.NameAttribute(NameOID.COMMON_NAME, "Cachet")]
    if identifier:
        said.append(x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, identifier))
    bare = certificate("Cachet", who.key, issuer=root)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(said))
        .issuer_name(root[0].subject)
        .public_key(who.key.public_key())
        .serial_number(7)
        .not_valid_before(bare.not_valid_before_utc)
        .not_valid_after(bare.not_valid_after_utc)
    )
    who.chain = (builder.sign(root[1], hashes.SHA256()),)
    return who


def test_the_report_names_to_whom_each_certificate_was_issued_and_by_whom() -> None:
    """That an authority vouches for somebody must not be taken for its vouching for this party."""
    root = authority()
    report = examine(case(provider=named("Officine Lambda", root)).pack(), at=NOW, roots=[root[0]])
    text = report.as_text("fr")
    assert (
        "  ✓ contract.jws.json : scellé par Métropole de Brume (did:web:metropole.example#seal-2026) ; certificat au "
        "nom de « Officine Lambda, Cachet », délivré par « Autorité d’essai »"
    ) in text.splitlines()
    assert "certificat au nom de « Syndicat des Eaux », fait par l’organisme lui-même" in text
    assert "issued by “Autorité d’essai”" in report.as_text("en")


@pytest.mark.parametrize(
    ("identifier", "status"),
    [
        ("NTRFR-200000172", 0), ("NTRFR-20000017200017", 0), ("VATFR-12200000172", 0), ("PSDFR-ACPR-1", 0), ("", 0),
        ("NTRFR-110000072", 2), ("NTRFR-11000007200014", 2), ("VATFR-12110000072", 2),
    ],
)  # fmt: skip
def test_a_certificate_that_its_authority_gave_to_another_siren_is_indeterminate(identifier, status) -> None:
    root = authority()
    whole = case(provider=named("Métropole de Brume", root, identifier))
    report = examine(whole.pack(), at=NOW, roots=[root[0]])
    assert report.exit_status == status, report.as_text("fr")
    assert {one.place for one in report.doubts} <= {"/signatures/0/protected/x5c/0"}
    assert examine(whole.pack(), at=NOW).exit_status == 0  # what nobody vouches for says nothing


def _same_party(document) -> None:
    did = document["parties"]["provider"]["did"]
    document["parties"]["consumer"]["did"] = did.replace("metropole", "METROPOLE")


def _stranger_speaks(document) -> None:
    document["negotiation"]["messages"][1]["from"] = "did:web:autre.example"


def _ends_before(document) -> None:
    document["validity"]["until"] = written(SEALED_AT - SECOND)


def _other_siret(document) -> None:
    document["parties"]["consumer"]["siret"] = "11000007200014"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (_same_party, "/payload/parties/consumer/did"),
        (_stranger_speaks, "/payload/negotiation/messages/1/from"),
        (_ends_before, "/payload/validity/until"),
        (_other_siret, "/payload/parties/consumer/siret"),
    ],
)
def test_a_document_that_no_node_would_seal_is_refused_though_both_sealed_it(change, place) -> None:
    whole = case()
    change(whole.document)
    report = examine(whole.seal_both().pack(), at=NOW)
    assert (report.exit_status, report.faults[0].part, report.faults[0].place) == (1, "contract.jws.json", place)


@pytest.mark.parametrize("part", ["notices/001.jws.json", "checkpoints/001.jws.json"])
def test_a_later_piece_that_a_stranger_sealed_is_refused(part) -> None:
    whole = case()
    kind = part.split("s/")[0]
    payload = canonical({"schema": f"https://w3id.org/pupitre/{kind}/2"})
    one = seal(payload, Organisation("did:web:autre.example", "Autre"), kind, "provider", SEALED_AT)
    whole.files[part] = jws(payload, one)
    report = examine(whole.pack(), at=NOW)
    assert (report.exit_status, report.faults[0].place) == (1, "/signatures/0/protected/kid")


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


LATER = "dossier d’une version plus récente : prenez un pupitre-verify plus récent"


def _later_conclusion(whole: Case) -> None:
    whole.conclusion = {"schema": "https://w3id.org/pupitre/conclusion/2", "more": "new"}


def _later_notice(whole: Case) -> None:
    whole.files["notices/001.jws.json"] = whole.notice(schema="https://w3id.org/pupitre/notice/2", more="new")


def _later_checkpoint(whole: Case) -> None:
    later = whole.checkpoint(schema="https://w3id.org/pupitre/checkpoint/2", more="new")
    whole.files["checkpoints/001.jws.json"] = later


def _later_list(whole: Case) -> None:
    whole.files["status/provider.json"] = key_list(whole.provider, schema="https://w3id.org/pupitre/seal-keys/2")


def _later_card(whole: Case) -> None:
    header = {"kid": f"{whole.provider.did}#auth", "typ": "party-card+jws"}
    card = compact({"form": "urn:pupitre:party-card:2", "more": "new"}, whole.provider.auth, header).encode()
    whole.files["cards/provider.jws"] = card
    whole.document["parties"]["provider"]["cardSha256"] = sha256(card)
    whole.seal_both()


LATER_PIECES = {
    "conclusion.jws.json": (_later_conclusion, "/payload/schema"),
    "notices/001.jws.json": (_later_notice, "/payload/schema"),
    "checkpoints/001.jws.json": (_later_checkpoint, "/payload/schema"),
    "status/provider.json": (_later_list, "/schema"),
    "cards/provider.jws": (_later_card, "/form"),
}


@pytest.mark.parametrize("part", LATER_PIECES)
def test_a_piece_of_a_later_form_is_indeterminate_says_what_to_do_and_the_rest_is_examined(part) -> None:
    whole = case()
    change, place = LATER_PIECES[part]
    change(whole)
    report = examine(whole.pack(), at=NOW)
    assert (report.exit_status, [(one.part, one.place) for one in report.doubts]) == (2, [(part, place)])
    assert LATER in report.as_text("fr")
    assert "journal.jsonl" in [one.part for one in report.findings]
    whole.files["journal.jsonl"] = b"x\n"
    assert [one.part for one in examine(whole.pack(), at=NOW).faults] == ["journal.jsonl"]


@pytest.mark.parametrize("number", ["0", "1.5", "02", "x", ""])
def test_a_piece_of_no_form_that_will_ever_be_is_refused(number) -> None:
    whole = case()
    whole.files["notices/001.jws.json"] = whole.notice(schema=f"https://w3id.org/pupitre/notice/{number}")
    report = examine(whole.pack(), at=NOW)
    assert (report.exit_status, report.faults[0].place) == (1, "/payload/schema")


@pytest.mark.parametrize("part", [one for one in LATER_PIECES if one.endswith(".jws.json")])
def test_a_piece_that_only_says_of_itself_that_it_is_later_is_refused(part) -> None:
    whole = case()
    LATER_PIECES[part][0](whole)
    sealed = json.loads(whole.all_files()[part])
    told = json.loads(unb64(sealed["payload"])) | {"more": "newer"}
    whole.files[part] = jws(canonical(told), *sealed["signatures"])
    report = examine(whole.pack(), at=NOW)
    assert (report.exit_status, report.faults[0].part, report.faults[0].place) == (1, part, "/signatures/0/signature")


def test_a_later_conclusion_that_a_stranger_sealed_is_refused() -> None:
    whole = case()
    payload = canonical({"schema": "https://w3id.org/pupitre/conclusion/2"})
    one = seal(payload, Organisation("did:web:autre.example", "Autre"), "conclusion", "provider", SEALED_AT)
    whole.files["conclusion.jws.json"] = jws(payload, one)
    report = examine(whole.pack(), at=NOW)
    assert (report.exit_status, report.faults[0].place) == (1, "/signatures/0/protected/kid")


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


@pytest.mark.parametrize("kind", ["notice-given", "notice-received"])
def test_a_notice_that_the_journal_keeps_and_the_bundle_lacks_is_missed(kind) -> None:
    """Who hands out a bundle may have left out that the contract was ended."""
    whole = case()
    notice = whole.notice("termination")
    payload = unb64(json.loads(notice)["payload"])
    entries = [{"kind": "created"}, {"sha256": sha256(payload), "jws": notice.decode()}]
    whole.files["journal.jsonl"] = journal(entries, kinds=("sent", kind))
    report = examine(whole.pack(), at=NOW)
    assert (report.exit_status, [(one.part, one.place) for one in report.doubts]) == (
        2, [("journal.jsonl", "ligne/line 2")],
    )  # fmt: skip
    whole.files["notices/001.jws.json"] = notice
    assert examine(whole.pack(), at=NOW).exit_status == 0


def test_the_journal_of_another_negotiation_is_refused_whatever_covers_it() -> None:
    whole = case()
    for process, status in (("urn:uuid:p", 0), ("urn:uuid:c", 0), ("urn:uuid:another", 1)):
        whole.files["journal.jsonl"] = journal([{"kind": "created"}], process=process)
        report = examine(whole.pack(), at=NOW)
        assert report.exit_status == status
    assert "ce journal est celui d’une autre négociation" in report.as_text("fr")


# --- revoked keys


@pytest.mark.parametrize(
    ("revoked_at", "issued_at", "status", "told"),
    [
        (None, NOW, 0, "liste du"),
        (SEALED_AT + 30 * DAY, NOW, 2, "aucun horodatage reconnu ne montre que le cachet est antérieur"),
        (SEALED_AT + SECOND, NOW, 2, "aucun horodatage reconnu ne montre que le cachet est antérieur"),
        # dated back, as far as can be seen
        (SEALED_AT, NOW, 2, "dit une liste du 2026-06-01 00:00:00 UTC, postérieure au cachet : rien ne montre si cela"),
        (SEALED_AT - HOUR, SEALED_AT + 3 * HOUR, 2, "ou si la révocation a été antidatée"),
        (SEALED_AT - HOUR, None, 2, "avant ce cachet, dit une liste sans date : rien ne montre"),
        # announced before
        (SEALED_AT - HOUR, SEALED_AT - SECOND, 1, "annoncée telle par une liste du 2026-03-02 08:59:59 UTC, avant"),
        (SEALED_AT - HOUR, SEALED_AT - HOUR, 1, "clé révoquée depuis le 2026-03-02 08:00:00 UTC"),
    ],
)  # fmt: skip
def test_a_revocation_dated_before_the_seal_refutes_it_only_if_it_was_announced_before(
    revoked_at, issued_at, status, told
) -> None:
    whole = case()
    whole.files["status/provider.json"] = key_list(whole.provider, revoked_at, issued_at=issued_at)
    report = examine(whole.pack(), at=NOW)
    assert report.exit_status == status, report.as_text("en")
    assert told in report.as_text("fr")


def test_a_list_of_the_very_second_of_the_seal_was_not_before_it() -> None:
    whole = case()
    whole.files["status/consumer.json"] = key_list(whole.consumer, SEALED_AT, issued_at=whole.made_at(1))
    report = examine(whole.pack(), at=NOW)
    assert (report.exit_status, [one.place for one in report.doubts]) == (2, ["/signatures/1/protected/kid"])


def test_what_the_other_party_revokes_later_takes_nothing_from_ones_own_seal() -> None:
    whole = case()
    whole.files["status/provider.json"] = key_list(whole.provider, SEALED_AT - HOUR)
    doubted = {(one.part, one.place) for one in examine(whole.pack(), at=NOW).doubts}
    kid = "/signatures/0/protected/kid"
    assert doubted == {("contract.jws.json", kid), ("conclusion.jws.json", kid)}


def _another_key(whole: Case) -> bytes:
    return key_list(whole.provider, keys=[{"kid": f"{whole.provider.did}#seal-2027", "certificateSha256": "0" * 64}])


def _another_certificate(whole: Case) -> bytes:
    return key_list(whole.provider, keys=[{"kid": whole.provider.kid, "certificateSha256": "0" * 64}])


def _no_key(whole: Case) -> bytes:
    return key_list(whole.provider, keys=[])


@pytest.mark.parametrize("listed", [_another_key, _another_certificate, _no_key])
def test_a_key_that_its_partys_list_does_not_name_is_indeterminate(listed) -> None:
    """The DID document, which no seal covers, names it: that is not enough."""
    whole = case()
    whole.files["status/provider.json"] = listed(whole)
    report = examine(whole.pack(), at=NOW)
    kid = "/signatures/0/protected/kid"
    assert (report.exit_status, [(one.part, one.place) for one in report.doubts]) == (
        2, [("contract.jws.json", kid), ("conclusion.jws.json", kid)],
    )  # fmt: skip
    assert "la liste des clés de did:web:metropole.example ne nomme pas celle-ci" in report.as_text("fr")


@pytest.mark.parametrize("kid", ["#seal-2026", "did:web:METROPOLE.example#seal-2026"])
def test_a_revoked_key_is_found_however_the_list_writes_its_name(kid) -> None:
    whole = case()
    one = {
        "kid": kid,
        "certificateSha256": whole.document["parties"]["provider"]["seal"]["certificateSha256"],
        "revokedAt": written(SEALED_AT + DAY),
    }
    whole.files["status/provider.json"] = key_list(whole.provider, keys=[one])
    assert "clé révoquée le 2026-03-03 09:00:00 UTC" in examine(whole.pack(), at=NOW).as_text("fr")


def test_a_list_that_names_a_key_twice_is_refused() -> None:
    whole = case()
    one = {
        "kid": whole.provider.kid,
        "certificateSha256": whole.document["parties"]["provider"]["seal"]["certificateSha256"],
    }
    for other in ({"revokedAt": written(SEALED_AT)}, {"kid": "#seal-2026", "certificateSha256": "0" * 64}):
        for listed in ([one | other, one], [one, one | other]):
            whole.files["status/provider.json"] = key_list(whole.provider, keys=listed)
            report = examine(whole.pack(), at=NOW)
            assert (report.exit_status, report.faults[0].part, report.faults[0].place) == (
                1, "status/provider.json", "/keys",
            )  # fmt: skip


def test_a_list_older_than_the_last_seal_is_told_and_takes_nothing() -> None:
    """A partner's list is the one that was pinned when its keys changed last: that it is older is the ordinary case."""
    whole = case()
    issued = SEALED_AT - 60 * DAY
    whole.files["status/provider.json"] = key_list(whole.provider, issued_at=issued)
    report = examine(whole.pack(), at=NOW)
    assert report.exit_status == 0
    assert [one.part for one in report.unexamined] == ["status/provider.json"]
    assert (
        "  – status/provider.json : cette liste, du 2026-01-01 09:00:00 UTC, précède le cachet du "
        "2026-03-02 11:00:00 UTC (conclusion.jws.json) : d’une révocation entre les deux, le dossier ne dit rien"
    ) in report.as_text("fr").splitlines()
    whole.files["status/provider.json"] = key_list(whole.provider, issued_at=whole.made_at(2))
    assert examine(whole.pack(), at=NOW).unexamined == []


def test_a_list_of_keys_that_somebody_else_signed_is_refused() -> None:
    whole = case()
    other = Organisation(whole.provider.did, whole.provider.name, key=whole.provider.key, chain=whole.provider.chain)
    whole.files["status/provider.json"] = key_list(other, None)
    report = examine(whole.pack(), at=NOW)
    assert (report.exit_status, report.faults[0].part) == (1, "status/provider.json")


def test_a_list_signed_with_a_key_that_was_put_into_the_did_document_is_indeterminate() -> None:
    """Whoever holds the bundle may write a DID document with a key of its own, and a list that revokes nothing."""
    whole = case()
    forger = Organisation(whole.provider.did, "Autre", key=whole.provider.key, chain=whole.provider.chain)
    kid = f"{whole.provider.did}#auth-2"
    document = whole.provider.document
    document["verificationMethod"].append(method(whole.provider.did, kid, forger.auth))
    document["capabilityInvocation"].append(kid)
    whole.files["dids/provider.json"] = json.dumps(document).encode()
    assert examine(whole.pack(), at=NOW).exit_status == 0
    whole.files["status/provider.json"] = key_list(forger, signer=kid)
    report = examine(whole.pack(), at=NOW)
    assert (report.exit_status, [one.part for one in report.doubts]) == (2, ["status/provider.json"])
    assert "rien de scellé ne la rattache à la partie" in report.as_text("fr")


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
