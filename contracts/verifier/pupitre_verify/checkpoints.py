"""Checkpoints: the party whose journal it is sealed, on a day, which entry was the last one of it then.

A checkpoint lists the last entries of many journals, each as one digest over process, number and hash: only who holds
a journal can tell which of them is its own. It shows that the journal was not written later than the seal; a bundle
without any is as good as before. So a checkpoint whose date cannot be relied on any more takes nothing from the rest.
"""

import hashlib
import re
from itertools import pairwise
from typing import Any

from pupitre_verify.after import MEDIA, read_beside
from pupitre_verify.journal import PART as JOURNAL
from pupitre_verify.package import Files
from pupitre_verify.parties import Known, check_commitment
from pupitre_verify.report import Doubt, Fault, Report
from pupitre_verify.seals import Seal, read_jws
from pupitre_verify.shapes import CHECKPOINT, instant
from pupitre_verify.strict import write_canonical
from pupitre_verify.times import LEEWAY, Stand, check_time

_PARTS = re.compile(r"checkpoints/\d{3}\.jws\.json")
Chain = list[tuple[str, int, str]]
"""Process, number and hash of each entry of the journal, in order."""


def check_checkpoints(
    report: Report, files: Files, chain: Chain, known: Known, stand: Stand
) -> tuple[list[Seal], bool]:
    """Verify every checkpoint; return their seals, and whether one covers the whole journal.

    1. It has one seal, by a key of a party, and that party is the same for all.
    2. It follows the one before it: its number is higher, and where it is the next it names that one.
    3. An entry of the journal is in it, and none before the one of the checkpoint before.
    4. When it was sealed, and whether that can be relied on.
    """
    entries = {_digest(*one): one[1] for one in chain}
    seals: list[Seal] = []
    before: tuple[dict[str, Any], bytes, Seal, int] | None = None
    relied = 0
    for part in sorted(name for name in files if _PARTS.fullmatch(name)):
        payload, (seal,) = read_jws(part, files[part], MEDIA.format("checkpoint"), 1)
        seals.append(seal)
        told = read_beside(report, seal, payload, CHECKPOINT, known)
        if told is None:
            continue
        _check_author(part, told, seal, known)  # 1
        if before is not None:
            _check_follows(part, told, *before[:3])  # 2
        if not chain:
            report.doubt(
                part, "", "le journal qu’il couvre manque au dossier", "the bundle lacks the journal it covers"
            )
        covered = _covered(part, told, entries, before[3] if before else 0) if chain else 0  # 3
        if chain and _tell(report, seal, told, covered, _unsure(seal, stand, known)):  # 4
            relied = covered
        before = told, payload, seal, covered
    return seals, bool(chain) and relied == len(chain)


def _check_author(part: str, told: dict[str, Any], seal: Seal, known: Known) -> None:
    if any(one >= other for one, other in pairwise(told["heads"])):
        raise Fault(part, "/payload/heads", "empreintes en désordre", "the digests are not in order")
    role = next((role for role, did in known.dids.items() if did == told["by"]), None)
    if role is None:
        raise Fault(part, "/payload/by", "l’auteur n’est pas une partie", "the author is not one of the parties")
    known.check_key(seal, role)
    check_commitment(seal, "provider")
    if instant(told["at"]) - seal.made_at > LEEWAY:
        raise Fault(
            part,
            f"{seal.place}/protected/iat",
            "le cachet précède le point de contrôle",
            "the seal is older than the checkpoint",
        )


def _check_follows(part: str, told: dict[str, Any], last: dict[str, Any], payload: bytes, seal: Seal) -> None:
    if told["by"] != last["by"]:
        raise Fault(part, "/payload/by", "un autre journal que le précédent", "another party’s than the one before")
    if told["number"] <= last["number"]:
        raise Fault(part, "/payload/number", "il ne suit pas le précédent", "it does not follow the one before it")
    named = {"sha256": hashlib.sha256(payload).hexdigest(), "seal": seal.sha256}
    if told["number"] == last["number"] + 1 and told.get("previous") != named:
        raise Fault(part, "/payload/previous", "il en suit un autre", "it follows another one")


def _covered(part: str, told: dict[str, Any], entries: dict[str, int], before: int) -> int:
    """Return the number of the entry that a checkpoint covers."""
    covered = max((entries[one] for one in told["heads"] if one in entries), default=0)
    if covered <= before:
        raise Fault(
            part,
            "/payload/heads",
            "aucune entrée du journal n’y figure : le journal n’est pas celui qui était tenu alors",
            "no entry of the journal is in it: the journal is not the one that was kept then",
        )
    return covered


def _tell(report: Report, seal: Seal, told: dict[str, Any], covered: int, unsure: Fault | Doubt | None) -> bool:
    """Say what a checkpoint shows; return whether its date can be relied on."""
    number, day = told["number"], f"{seal.made_at:%Y-%m-%d %H:%M:%S} UTC"
    fr = f"point de contrôle n° {number} de {seal.did} : {JOURNAL} était fixé jusqu’à l’entrée {covered} le {day}"
    en = f"checkpoint {number} of {seal.did}: {JOURNAL} was fixed up to entry {covered} on {day}"
    for one in told.get("restorations", ()):
        fr += f" ; base restaurée le {one['restoredAt']}, d’une sauvegarde du {one['backupAt']}"
        en += f"; database restored on {one['restoredAt']} from a backup of {one['backupAt']}"
    if unsure is not None:
        fr += f" ; cette date n’est que la parole de son auteur ({unsure.fr})"
        en += f"; that date is its author's word alone ({unsure.en})"
    report.holds(seal.part, fr, en)
    report.facts.setdefault("checkpoints", []).append(
        {"number": number, "by": seal.did, "entry": covered, "sealedAt": f"{seal.made_at:%Y-%m-%dT%H:%M:%SZ}"}
    )
    return unsure is None


def _unsure(seal: Seal, stand: Stand, known: Known) -> Fault | Doubt | None:
    """Return why the date of a seal cannot be relied on, if so."""
    aside = Report()
    try:
        check_time(aside, seal, stand, known.lists)
    except Fault as fault:
        return fault
    return aside.doubts[0] if aside.doubts else None


def _digest(process: str, n: int, hash_: str) -> str:
    return hashlib.sha256(write_canonical({"process": process, "n": n, "hash": hash_})).hexdigest()
