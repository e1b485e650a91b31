"""What is sealed after the contract: its conclusion, and the notices of what became of it."""

import hashlib
import re
from typing import Any

from pupitre_verify.package import Files
from pupitre_verify.parties import ROLES, Known, check_commitment
from pupitre_verify.report import Fault, LaterForm, Report
from pupitre_verify.seals import Seal, check_signature, read_jws
from pupitre_verify.shapes import CONCLUSION, NOTICE, SHAPES, check_shape, instant
from pupitre_verify.strict import Unreadable, read_canonical
from pupitre_verify.times import LEEWAY, Stand, check_time

CONCLUSION_PART = "conclusion.jws.json"
MEDIA = "application/vnd.pupitre.{}+json"
_NOTICE_FR = {
    "termination": "résiliation",
    "suspension": "suspension",
    "resumption": "reprise",
    "receipt": "accusé de réception",
}
_NOTICES = re.compile(r"notices/\d{3}\.jws\.json")


def read_document(part: str, payload: bytes, schema: str) -> dict[str, Any]:
    """Return the sealed document, if it is canonical JSON of this form. Raises LaterForm."""
    try:
        document = read_canonical(payload)
    except Unreadable as error:
        raise Fault(part, f"/payload{error.place}", error.fr, error.en) from error
    check_shape(part, document, SHAPES[schema])
    return document


def read_beside(report: Report, seal: Seal, payload: bytes, schema: str, known: Known) -> dict[str, Any] | None:
    """Return the document in a seal that stands beside the contract; None, and a doubt, for one of a later form.

    What that one says is not known here, but the rest of the bundle can be examined. Its signature is checked first,
    and then whether its key is a party's: a document that says so of itself after it was sealed is a false one.
    """
    check_signature(seal)
    try:
        return read_document(seal.part, payload, schema)
    except LaterForm as later:
        known.check_author(seal)
        report.doubts.append(later.doubt)
        return None


def check_conclusion(
    report: Report, files: Files, contract: dict[str, Any], payload: bytes, seals: tuple[Seal, ...], known: Known
) -> Seal | None:
    """Verify what the conclusion says; return its seal. Without one, two seals do not prove that it was concluded.

    It names the contract and its hash, the agreement, and the hash of each of both seals; it is not older than they,
    and of the time of its own seal.
    """
    if CONCLUSION_PART not in files:
        report.doubt(
            CONCLUSION_PART,
            "",
            "scellé par les deux, conclusion non attestée : cette pièce manque au dossier",
            "sealed by both, conclusion not attested: the bundle lacks this piece",
        )
        return None
    part = CONCLUSION_PART
    written, (seal,) = read_jws(part, files[part], MEDIA.format("conclusion"), 1)
    told = read_beside(report, seal, written, CONCLUSION, known)
    if told is None:
        return seal
    check_names_contract(part, told, contract, payload)
    for role, one in zip(ROLES, seals, strict=True):
        if told["signatures"][role] != one.sha256:
            raise Fault(
                part,
                f"/payload/signatures/{role}",
                "la conclusion porte sur un autre cachet",
                "the conclusion is about another seal",
            )
    if any(one.made_at - instant(told["concludedAt"]) > LEEWAY for one in (*seals, seal)):
        raise Fault(
            part,
            "/payload/concludedAt",
            "la conclusion précède un cachet",
            "the conclusion is older than a seal",
        )
    if instant(told["concludedAt"]) - seal.made_at > LEEWAY:
        raise Fault(
            part,
            "/payload/concludedAt",
            "la conclusion est datée d’après son propre cachet",
            "the conclusion is dated after its own seal",
        )
    report.facts["concludedAt"] = told["concludedAt"]
    return seal


def check_names_contract(part: str, told: dict[str, Any], contract: dict[str, Any], payload: bytes) -> None:
    """Verify that a conclusion or a notice is about this contract."""
    wanted = {
        "contract": contract["id"],
        "contractSha256": hashlib.sha256(payload).hexdigest(),
        "agreement": contract["agreement"]["id"],
    }
    for name, value in wanted.items():
        if told[name] != value:
            raise Fault(
                part,
                f"/payload/{name}",
                f"il s’agit d’une autre convention (attendu : {value})",
                f"this is about another contract (expected: {value})",
            )


def check_notices(
    report: Report, files: Files, contract: dict[str, Any], payload: bytes, known: Known, stand: Stand
) -> list[Seal]:
    """Verify every notice: about this contract, sealed by the party that it names. Return their seals."""
    found, told_of = [], []
    for part in sorted(name for name in files if _NOTICES.fullmatch(name)):
        written, (seal,) = read_jws(part, files[part], MEDIA.format("notice"), 1)
        told = read_beside(report, seal, written, NOTICE, known)
        found.append(seal)
        if told is None:
            continue
        check_names_contract(part, told, contract, payload)
        _check_dates(part, told, contract, seal)
        role = next((role for role in ROLES if known.dids[role] == told["by"]), None)
        if role is None:
            raise Fault(part, "/payload/by", "l’auteur n’est pas une partie", "the author is not one of the parties")
        check_one(report, seal, role, known, stand)
        by = contract["parties"][role]["legalName"]
        what = _NOTICE_FR[told["kind"]]
        report.holds(part, f"{what}, par {by}, le {told['at']}", f"{told['kind']}, by {by}, at {told['at']}")
        told_of.append({"kind": told["kind"], "by": told["by"], "at": told["at"]})
    if told_of:
        report.facts["notices"] = told_of
    return found


def _check_dates(part: str, told: dict[str, Any], contract: dict[str, Any], seal: Seal) -> None:
    """Verify that what a notice tells of came after the contract was drawn up, and before the notice was sealed."""
    at = instant(told["at"])
    if instant(contract["createdAt"]) - at > LEEWAY:
        raise Fault(part, "/payload/at", "l’avis précède la convention", "the notice is older than the contract")
    if at - seal.made_at > LEEWAY:
        raise Fault(
            part, "/payload/at", "l’avis est daté d’après son propre cachet", "the notice is dated after its own seal"
        )


def check_one(report: Report, seal: Seal, role: str, known: Known, stand: Stand) -> None:
    """Verify a seal that stands alone: its author's key, its commitment, its signature and its time."""
    check_signature(seal)
    known.check_key(seal, role)
    check_commitment(seal, "provider")
    check_time(report, seal, stand, known.lists)
