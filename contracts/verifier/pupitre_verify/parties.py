"""The parties of a bundle: whether the keys that sealed are theirs, as several sources say independently."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pupitre_verify.certificates import is_self_made, name_in
from pupitre_verify.identities import KeyList, check_card, check_seal_key, names_key, read_did_document, read_keys
from pupitre_verify.key_lists import Said, said
from pupitre_verify.package import Files
from pupitre_verify.report import Fault, LaterForm, Report
from pupitre_verify.seals import APPROVAL, ORIGIN, Seal
from pupitre_verify.times import day_of

ROLES = ("provider", "consumer")
_COMMITMENTS = {"provider": frozenset({ORIGIN, APPROVAL}), "consumer": frozenset({APPROVAL})}


class Known:
    """What the bundle holds of the parties: DID documents as they were seen, and the signed lists of their keys."""

    def __init__(self, report: Report, files: Files, dids: dict[str, str]) -> None:
        self.dids = dids
        self.documents: dict[str, dict[str, Any]] = {}
        self.read: dict[str, KeyList] = {}
        """The lists of keys, by the name of the file."""
        self.lists: dict[str, Said] = {}
        """By the DID of whose keys they list."""
        for role, did in dids.items():
            part = f"dids/{role}.json"
            if part in files:
                self.documents[role] = read_did_document(part, files[part], did)
                report.holds(part, f"document DID de {did}", f"DID document of {did}")
            else:
                _doubt_missing(report, part)
        for role, did in dids.items():
            if f"status/{role}.json" not in files:
                _doubt_revocations(report, f"status/{role}.json")
            found = [self._read_list(report, files, role, part) for part in parts_of_lists(role) if part in files]
            if known := [one for one in found if one is not None]:
                self.lists[did] = said(*known)

    def _read_list(self, report: Report, files: Files, role: str, part: str) -> KeyList | None:
        did = self.dids[role]
        try:
            self.read[part] = read_keys(part, files[part], did, self.documents.get(role))
        except LaterForm as later:
            report.doubts.append(later.doubt)
            return None
        _tell_list(report, part, did, self.read[part])
        return self.read[part]

    def check_key(self, seal: Seal, role: str) -> None:
        """Verify that the seal's key is the party's: its DID document names it, or its signed list of keys."""
        if seal.did != self.dids[role]:
            raise Fault(
                seal.part,
                f"{seal.place}/protected/kid",
                f"cette clé n’est pas celle de {self.dids[role]}",
                f"this key is not one of {self.dids[role]}",
            )
        document, listed = self.documents.get(role), self.lists.get(seal.did)
        is_listed = listed is not None and listed.names(seal.kid, seal.certificate_sha256)
        if document is not None and (names_key(document, seal.kid) or not is_listed):
            check_seal_key(f"dids/{role}.json", document, seal.kid, seal.chain[0])

    def check_author(self, seal: Seal) -> None:
        """Verify that a seal of which no document can be read is by the key of a party."""
        role = next((role for role, did in self.dids.items() if did == seal.did), None)
        if role is None:
            place = f"{seal.place}/protected/kid"
            raise Fault(seal.part, place, "l’auteur n’est pas une partie", "the author is not one of the parties")
        self.check_key(seal, role)

    def tell_older(self, report: Report, seals: Iterable[Seal]) -> None:
        """Say of which list a party sealed something later: of what was revoked in between, it tells nothing."""
        last = {one.did: one for one in sorted(seals, key=lambda one: one.made_at)}
        for role, did in self.dids.items():
            issued_at = self.lists[did].last.issued_at if did in self.lists else None
            if did in last and issued_at is not None and issued_at < last[did].made_at:
                _tell_older(report, f"status/{role}.json", issued_at, last[did])


def parts_of_lists(role: str) -> tuple[str, str]:
    """Return the files with a party's lists of keys: that of the conclusion, and that of the export."""
    return f"status/{role}-at-conclusion.json", f"status/{role}.json"


def _doubt_missing(report: Report, part: str) -> None:
    report.doubt(part, "", "cette pièce manque au dossier", "the bundle lacks this piece")


def _doubt_revocations(report: Report, part: str) -> None:
    report.doubt(
        part,
        "",
        "liste des clés absente : on ne sait pas si elles ont été révoquées",
        "list of keys missing: it is not known whether they were revoked",
    )


def _tell_list(report: Report, part: str, did: str, listed: KeyList) -> None:
    """Say which list was used, and of when: what was revoked after that instant, it cannot tell."""
    at = listed.issued_at
    fr = f", liste du {at:%Y-%m-%dT%H:%M:%SZ}" if at else ", liste sans date"
    en = f", list of {at:%Y-%m-%dT%H:%M:%SZ}" if at else ", a list without a date"
    report.holds(part, f"clés de {did} et révocations{fr}", f"keys of {did} and revocations{en}")


def _tell_older(report: Report, part: str, issued_at: datetime, seal: Seal) -> None:
    issued, sealed = day_of(issued_at), day_of(seal.made_at)
    report.left_out(
        part,
        f"cette liste, du {issued}, précède le cachet du {sealed} ({seal.part}) : d’une révocation entre les deux, le "
        "dossier ne dit rien",
        f"this list, of {issued}, is older than the seal of {sealed} ({seal.part}): of a revocation between the two, "
        "the bundle tells nothing",
    )


def check_cards(report: Report, files: Files, parties: dict[str, Any], known: Known) -> None:
    """Verify that the party cards are those that the contract names, and what their keys signed besides.

    The card is the one piece of a party's authentication key that the seals cover, by its digest. So a list of keys is
    tied to the contract by the key that signed both: another one in the DID document may be whoever's.
    """
    for role in ROLES:
        part = f"cards/{role}.jws"
        if part not in files:
            _doubt_missing(report, part)
            continue
        party, place = parties[role], f"/payload/parties/{role}"
        try:
            signer = check_card(part, files[part], party, place, known.documents.get(role))
        except LaterForm as later:
            report.doubts.append(later.doubt)
            continue
        report.holds(part, f"carte de {party['legalName']}", f"card of {party['legalName']}")
        for listed in parts_of_lists(role):
            if listed in known.read and known.read[listed].signer != signer:
                _doubt_signer(report, listed)


def _doubt_signer(report: Report, part: str) -> None:
    report.doubt(
        part,
        "/signatures/0/protected/kid",
        "cette liste est signée avec une autre clé que la carte de l’organisme, que les cachets couvrent : rien de "
        "scellé ne la rattache à la partie",
        "this list is signed with another key than the party card, which the seals cover: nothing that is sealed ties "
        "it to the party",
    )


def check_signatory(seal: Seal, role: str, party: dict[str, Any]) -> None:
    """Verify that a seal of the contract has the key, the certificate and the commitment of its role."""
    at = f"{seal.place}/protected"
    if seal.kid != party["seal"]["kid"] or not seal.kid.startswith(f"{party['did']}#"):
        raise Fault(
            seal.part,
            f"{at}/kid",
            f"le document désigne une autre clé pour ce rôle : {party['seal']['kid']}",
            f"the document names another key for this role: {party['seal']['kid']}",
        )
    if seal.certificate_sha256 != party["seal"]["certificateSha256"]:
        raise Fault(
            seal.part,
            f"{at}/x5c/0",
            "le document désigne un autre certificat pour ce rôle",
            "the document names another certificate for this role",
        )
    check_commitment(seal, role)


def check_commitment(seal: Seal, role: str) -> None:
    """Verify that a seal commits to what its role demands."""
    if seal.commitments != _COMMITMENTS[role]:
        raise Fault(
            seal.part,
            f"{seal.place}/protected/srCms",
            "l’engagement n’est pas celui de ce rôle",
            "the commitment is not the one of this role",
        )


def tell_signatory(report: Report, seal: Seal, fr: str, en: str) -> None:
    """Say who sealed, in whose name the certificate is, and who issued it: the reader is to compare the names."""
    leaf = seal.chain[0]
    subject, issuer = name_in(leaf.subject), name_in(leaf.issuer)
    by_fr, by_en = f"délivré par « {issuer} »", f"issued by “{issuer}”"
    if is_self_made(leaf):
        by_fr, by_en = "fait par l’organisme lui-même", "made by the organisation itself"
    report.holds(
        seal.part,
        f"scellé par {fr} ; certificat au nom de « {subject} », {by_fr}",
        f"sealed by {en}; certificate in the name of “{subject}”, {by_en}",
    )


def sirens_of(parties: dict[str, Any]) -> dict[str, str]:
    """Return the SIREN that each party says it has, by its DID: by itself, or as the beginning of its SIRET."""
    said = {one["did"]: one.get("siren") or one.get("siret", "")[:9] for one in parties.values()}
    return {did: siren for did, siren in said.items() if siren}


def check_distinct(seals: tuple[Seal, ...]) -> None:
    """Verify that the seals come from different keys."""
    if seals[0].chain[0].public_key() == seals[1].chain[0].public_key():
        raise Fault(seals[1].part, "/signatures/1", "les deux cachets ont la même clé", "both seals have the same key")
