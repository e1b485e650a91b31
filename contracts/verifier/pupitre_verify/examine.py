"""The examination of a bundle, step by step. Nothing is fetched, nothing is written, no clock is read."""

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pupitre_verify.after import MEDIA, check_conclusion, check_notices, check_one, read_document
from pupitre_verify.agreed import CONTRACT, check_agreement, check_document, check_messages
from pupitre_verify.certificates import read_pem
from pupitre_verify.checkpoints import check_checkpoints
from pupitre_verify.journal import PART as JOURNAL
from pupitre_verify.journal import check_journal, check_kept_notices, find_proof
from pupitre_verify.package import MANIFEST, Files, check_manifest, open_bundle
from pupitre_verify.parties import (
    ROLES,
    Known,
    check_cards,
    check_distinct,
    check_signatory,
    parts_of_lists,
    sirens_of,
    tell_signatory,
)
from pupitre_verify.pdf import CONVENTION, RECORD, check_pdf
from pupitre_verify.report import Fault, LaterForm, Report
from pupitre_verify.seals import Seal, check_signature, read_jws
from pupitre_verify.shapes import CONTRACT as CONTRACT_FORM
from pupitre_verify.shapes import UNILATERAL, instant
from pupitre_verify.times import LEEWAY, Stand, check_time, level_of
from pupitre_verify.tokens import check_token, read_partner

UNILATERAL_PART = "unilateral.jws.json"


def examine(bundle: bytes, *, at: datetime, roots: Iterable[x509.Certificate] = ()) -> Report:
    """Return what there is to say of a bundle, at an instant, to somebody who believes these authorities."""
    report = Report(at=f"{at:%Y-%m-%dT%H:%M:%SZ}")
    stand = Stand(at, tuple(roots))
    try:
        files = open_bundle(bundle, report)  # 1. A ZIP file, read with limits.
        kind = check_manifest(files)  # 2. Each file is listed, and each digest is right.
        report.holds("manifest.json", f"{len(files)} fichiers conformes", f"{len(files)} files as listed")
        if kind == "unilateral":
            _examine_one_sided(report, files, stand)
        else:
            _examine_contract(report, files, stand)
    except Fault as fault:
        report.faults.append(fault)
    except LaterForm as later:
        report.doubts.append(later.doubt)
    return report


def _examine_contract(report: Report, files: Files, stand: Stand) -> None:
    # 3. The contract: one payload, exactly two seals, strict headers.
    payload, seals = read_jws(CONTRACT, _file(files, CONTRACT), MEDIA.format("contract"), 2)
    # 4. Each signature was made by the key in its own certificate, over these very bytes.
    for seal in seals:
        check_signature(seal)
    # 5. The payload is canonical JSON of the known form, and agrees with itself.
    document = read_document(CONTRACT, payload, CONTRACT_FORM)
    check_document(CONTRACT, document)
    parties = document["parties"]
    report.facts |= _facts(document, payload)
    # 6. Who sealed: role, DID, key and certificate, as the document, the DID documents and the party cards say.
    known = Known(report, files, {role: parties[role]["did"] for role in ROLES})
    for role, seal in zip(ROLES, seals, strict=True):
        check_signatory(seal, role, parties[role])
        known.check_key(seal, role)
        who = f"{parties[role]['legalName']} ({seal.kid})"
        tell_signatory(report, seal, who, who)
    report.facts["approvals"] = {role: one.approval for role, one in zip(ROLES, seals, strict=True) if one.approval}
    check_distinct(seals)
    check_cards(report, files, parties, known)
    # 7. The time: certificates, time-stamps, revocations, and the order of things.
    for seal in seals:
        check_time(report, seal, stand, known.lists)
    _check_order(document, *seals)
    # 8. The conclusion is of this contract and of these two seals, and the provider sealed it.
    all_seals = [*seals]
    if (conclusion := check_conclusion(report, files, document, payload, seals, known)) is not None:
        check_one(report, conclusion, "provider", known, stand)
        if (concluded_at := report.facts.get("concludedAt")) is not None:
            report.holds(conclusion.part, f"conclue le {concluded_at}", f"concluded at {concluded_at}")
        all_seals.append(conclusion)
    # 9. The messages are those that the seals cover, and carried this agreement.
    sealed = check_messages(report, CONTRACT, files, document)
    # 10. What was notified later.
    notices = check_notices(report, files, document, payload, known, stand)
    all_seals += notices
    report.level = level_of(report, all_seals, stand, sirens_of(parties))
    # 11. The journal's chain, and the days on which its owner sealed where it stood.
    pids = {document["negotiation"][name] for name in ("providerPid", "consumerPid")}
    beside, journal = _check_journal(report, files, known, stand, pids.__contains__)
    check_kept_notices(report, files.get(JOURNAL, b""), {one.payload_sha256 for one in notices})
    all_seals += beside
    known.tell_older(report, all_seals)
    # 12. The certificates that stand beside are those in the seals.
    _check_certificates(files, all_seals)
    # 13. The convention that people read holds this very contract.
    pages = {CONVENTION.part} if check_pdf(report, files, CONVENTION, all_seals) else set()
    # 14. What remains stands in the bundle, but no seal says what it must be.
    report.unsealed = _unsealed(files, all_seals, sealed | journal | pages | {f"cards/{role}.jws" for role in ROLES})


def _check_journal(
    report: Report, files: Files, known: Known, stand: Stand, is_named: Callable[[str], bool]
) -> tuple[list[Seal], set[str]]:
    """Verify the journal and its checkpoints; return their seals, and the journal if they cover all of it.

    `is_named` tells whether what is sealed names a process: the journal of another one shows nothing of this.
    """
    chain = check_journal(report, files[JOURNAL]) if JOURNAL in files else []
    if chain and not is_named(chain[0][0]):
        raise Fault(
            JOURNAL, "", "ce journal est celui d’une autre négociation", "this is the journal of another negotiation"
        )
    seals, is_covered = check_checkpoints(report, files, chain, known, stand)
    return seals, {JOURNAL} if is_covered else set()


def _check_order(document: dict[str, Any], provider: Seal, consumer: Seal) -> None:
    """Verify that drawn up, sealed and countersigned follow one another, the last one in time."""
    if instant(document["createdAt"]) - provider.made_at > LEEWAY:
        raise _wrong_time(provider, "le cachet précède le document", "the seal is older than the document")
    if provider.made_at - consumer.made_at > LEEWAY:
        raise _wrong_time(consumer, "il précède le cachet du fournisseur", "it is older than the provider's seal")
    if consumer.made_at - instant(document["countersignBefore"]) > LEEWAY:
        raise _wrong_time(consumer, "le cachet vient après le délai convenu", "the seal came after the agreed delay")


def _wrong_time(seal: Seal, fr: str, en: str) -> Fault:
    return Fault(seal.part, f"{seal.place}/protected/iat", fr, en)


def _facts(document: dict[str, Any], payload: bytes) -> dict[str, Any]:
    return {
        "contract": document["id"],
        "contractSha256": hashlib.sha256(payload).hexdigest(),
        "agreement": document["agreement"]["id"],
        "dataset": document["dataset"]["id"],
        "parties": {role: {name: document["parties"][role][name] for name in ("did", "legalName")} for role in ROLES},
    }


def _check_certificates(files: Files, seals: list[Seal]) -> None:
    """Verify that every certificate in certs/ is one that a seal carries, and that nothing else is written there."""
    carried = {one for seal in seals for one in seal.chain}
    for part in sorted(name for name in files if name.startswith("certs/")):
        try:
            listed = read_pem(files[part])
        except ValueError as error:
            raise Fault(part, "", "certificat illisible", "this certificate cannot be read") from error
        if not set(listed) <= carried:
            raise Fault(part, "", "ce certificat n’est dans aucun cachet", "no seal carries this certificate")
        if b"".join(one.public_bytes(Encoding.PEM) for one in listed) != files[part]:
            raise Fault(part, "", "autre chose que des certificats", "something else than certificates")


def _unsealed(files: Files, seals: list[Seal], named: set[str]) -> tuple[str, ...]:
    """Return, in order, the files that are neither sealed, nor named by a seal, nor held against one."""
    covered = named | {seal.part for seal in seals} | {MANIFEST}
    return tuple(name for name in sorted(files.keys() - covered) if not name.startswith("certs/"))


# --- the evidence that one party alone keeps


def _examine_one_sided(report: Report, files: Files, stand: Stand) -> None:
    # 3. One payload, one seal, strict headers; its key signed these bytes; canonical JSON of the known form.
    payload, (seal,) = read_jws(UNILATERAL_PART, _file(files, UNILATERAL_PART), MEDIA.format("unilateral"), 1)
    check_signature(seal)
    document = read_document(UNILATERAL_PART, payload, UNILATERAL)
    check_agreement(UNILATERAL_PART, document["agreement"])
    report.facts |= {
        "unilateral": document["id"],
        "unilateralSha256": hashlib.sha256(payload).hexdigest(),
        "agreement": document["agreement"]["id"],
        "by": document["by"],
        "peer": document["peer"],
    }
    # 4. Its author's key, commitment and time.
    role = document["role"]
    known = Known(report, files, {role: document["by"]})
    check_one(report, seal, role, known, stand)
    tell_signatory(report, seal, f"{document['by']} seul", f"{document['by']} alone")
    # 5. The messages, the journal, the certificates, the pages that people read.
    messages = check_messages(report, UNILATERAL_PART, files, document)
    told = b"\n".join(files[name] for name in messages)
    beside, journal = _check_journal(report, files, known, stand, lambda process: process.encode() in told)
    known.tell_older(report, [seal, *beside])
    _check_certificates(files, [seal, *beside])
    pages = {RECORD.part} if check_pdf(report, files, RECORD, [seal, *beside]) else set()
    report.unsealed = _unsealed(files, [seal, *beside], messages | journal | pages)
    # 6. The token with which the other party spoke, and whether a key of its DID document signed it.
    _check_partner(report, files, document)
    # 7. What stands there that nothing sealed names, and the other party sealed nothing.
    for name in sorted(files):
        if name.startswith("cards/") or (name.startswith("status/") and name not in parts_of_lists(role)):
            report.left_out(
                name,
                "non examinée : rien de ce qui est scellé ne la désigne dans une preuve unilatérale",
                "not examined: nothing that is sealed names it in one-sided evidence",
            )
    report.doubt(
        UNILATERAL_PART,
        "",
        f"preuve unilatérale : {document['peer']} n’a rien scellé",
        f"one-sided evidence: {document['peer']} sealed nothing",
    )
    report.level = level_of(report, [seal], stand, {})


def _check_partner(report: Report, files: Files, document: dict[str, Any]) -> None:
    part = f"dids/{next(role for role in ROLES if role != document['role'])}.json"
    shown = read_partner(report, files, part, document["peer"])
    if "token" not in document:
        return
    token = find_proof(report, UNILATERAL_PART, files.get(JOURNAL, b""), document["token"])
    if token is not None:
        check_token(report, UNILATERAL_PART, document, token, (part, shown))


def _file(files: Files, name: str) -> bytes:
    if name not in files:
        raise Fault(name, "", "cette pièce manque au dossier", "the bundle lacks this piece")
    return files[name]
