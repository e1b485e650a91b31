"""The journal's chain: h_n = SHA-256(h_{n-1} ‖ text_n), computed again from the texts (nothing before the first)."""

import hashlib
import unicodedata
from typing import Any

from pupitre_verify.report import Fault, Report
from pupitre_verify.strict import Unreadable, read_json

PART = "journal.jsonl"
_OF_NOTICES = ("notice-given", "notice-received")


def check_journal(report: Report, raw: bytes) -> list[tuple[str, int, str]]:
    """Verify each line `{"hash", "text"}`: the chain, the numbers, and that all tell of one process.

    Return process, number and hash of each entry.
    """
    last, process, count, chain = "", None, 0, []
    for n, line in enumerate(raw.split(b"\n"), 1):
        if line == b"" and n > 1:
            break
        place = f"ligne/line {n}"
        text, said = _line(place, line)
        last = hashlib.sha256((last + text).encode("utf-8")).hexdigest()
        if said != last:
            raise Fault(PART, place, "la chaîne est rompue ici", "the chain is broken here")
        told = _told(place, text)
        if told.get("n") != n:
            raise Fault(PART, place, "il manque une entrée", "an entry is missing")
        one = (told.get("owner"), told.get("process"))
        if process not in (None, one):
            raise Fault(PART, place, "cette entrée vient d’un autre dossier", "this entry is another process's")
        process, count = one, n
        chain.append((_text_of(place, told, "process"), n, said))
    if raw.count(b"\n") != count or not raw.endswith(b"\n"):
        raise Fault(PART, "", "le journal s’arrête au milieu d’une ligne", "the journal ends amid a line")
    report.holds(
        PART,
        f"chaîne de {count} entrée(s) recalculée ; c’est le journal d’une seule partie",
        f"chain of {count} entries computed again; it is the journal of one party alone",
    )
    return chain


def check_kept_notices(report: Report, raw: bytes, held: set[str]) -> None:
    """Doubt each notice that the journal keeps and the bundle does not hold; `held` are SHA-256 of what it holds."""
    for n, line in enumerate(raw.splitlines(), 1):
        place = f"ligne/line {n}"
        told = _told(place, _line(place, line)[0])
        entry = told.get("entry")
        if told.get("kind") in _OF_NOTICES and isinstance(entry, dict) and entry.get("sha256") not in held:
            report.doubt(
                PART,
                place,
                "le journal garde un avis qui manque au dossier",
                "the journal keeps a notice that the bundle lacks",
            )


def find_proof(report: Report, part: str, raw: bytes, digest: str) -> str | None:
    """Return the token whose digest a sealed document holds, from the entries: with it the partner spoke last."""
    for line in raw.splitlines():
        entry = _told(PART, _line(PART, line)[0]).get("entry")
        proof = entry.get("proof") if isinstance(entry, dict) else None
        if isinstance(proof, str) and hashlib.sha256(proof.encode("utf-8")).hexdigest() == digest:
            report.holds(
                PART,
                "garde le jeton par lequel l’autre partie s’est montrée, tel qu’il est scellé",
                "keeps the token with which the other party showed who it is, as it is sealed",
            )
            return proof
    report.doubt(
        part,
        "/payload/token",
        "le jeton de l’autre partie n’est pas dans le dossier",
        "the other party's token is not in the bundle",
    )
    return None


def _text_of(place: str, told: dict[str, Any], name: str) -> str:
    found = told.get(name)
    if not isinstance(found, str) or not unicodedata.is_normalized("NFC", found):
        raise Fault(PART, place, "cette entrée ne dit pas de quel dossier elle est", "this entry names no process")
    return found


def _line(place: str, line: bytes) -> tuple[str, str]:
    value = _told(place, line)
    text, said = value.get("text"), value.get("hash")
    if set(value) != {"text", "hash"} or not isinstance(text, str) or not isinstance(said, str):
        raise Fault(PART, place, "ligne d’une autre forme", "a line of another form")
    return text, said


def _told(place: str, raw: bytes | str) -> dict[str, Any]:
    try:
        value = read_json(raw)
    except Unreadable as error:
        raise Fault(PART, place, error.fr, error.en) from error
    if not isinstance(value, dict):
        raise Fault(PART, place, "ce n’est pas un objet JSON", "this is not a JSON object")
    return value
