"""One-sided evidence as programs read it: sections like those of a contract, and how far each thing is proved.

The record of record.py is read for it, as for the pages: what these say in sentences is told here in parts.
"""

from dataclasses import dataclass
from typing import Literal

from contracts.canonical import Json
from contracts.convention.proof import ROLES
from contracts.convention.record import Recorded
from contracts.refused import BadDocument
from contracts.terms import told_terms, told_validity
from contracts.texts import given, line

State = Literal["sealed", "unsealed", "missing"]


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that the evidence is made of, or lacks."""

    code: str
    state: State
    by: str = ""
    """The role of who sealed it; of a seal that is missing, whose it would be."""
    of: int = 0
    """How many digests are sealed in it."""
    kept: int = 0
    """Of how many this node still holds what they are the digests of."""


def told_sections(record: Recorded) -> dict[str, Json]:
    """Return what a contract calls `parties`, `dataset`, `terms` and `validity`, as far as they are known.

    An agreement that cannot be told in sentences leaves out the last two.
    """
    told: dict[str, Json] = {"parties": {role: _party(record, role) for role in ROLES}, "dataset": {}}
    try:
        told["dataset"] = _dataset(record)
        told["terms"] = told_terms(record.policy)
        told["validity"] = told_validity(record.policy)
    except BadDocument:  # the agreement of another connector, which may lack its date, or more
        pass
    return told


def told_pieces(record: Recorded) -> tuple[Piece, ...]:
    """Return what is sealed, what this node tells beside it, and what is missing."""
    document, by = record.document, record.role
    digests = [each["sha256"] for each in document["messages"]]
    tokens = [document["token"]] if "token" in document else []
    return (
        Piece("agreement", "sealed", by),
        Piece("messages", "sealed", by, len(digests), _kept(record, digests)),
        Piece("token", "sealed", by, 1, _kept(record, tokens)) if tokens else Piece("token", "missing"),
        Piece("names", "unsealed"),
        Piece("title", "unsealed" if _is_titled(record) else "missing"),
        Piece("seal", "missing", record.others_role),
        *(() if record.seal.is_timestamped else (Piece("time-stamp", "missing"),)),
        Piece("clauses", "missing"),
    )


def _dataset(record: Recorded) -> dict[str, Json]:
    return given(title=line(record.dataset.title))


def _is_titled(record: Recorded) -> bool:
    try:
        return bool(_dataset(record))
    except BadDocument:
        return False


def _party(record: Recorded, role: str) -> dict[str, Json]:
    did, known = record.of(role)
    source = "card" if known.is_from_card else "node" if known.name else "none"
    name, function, mandate = line(known.name), line(known.function), line(known.mandate or "")
    return {
        "did": did,
        **given(legalName=name, siren=known.siren, siret=known.siret),
        "representative": given(function=function, mandate=mandate),
        "source": source,
    }


def _kept(record: Recorded, digests: list[str]) -> int:
    return sum(each in record.beside.by_sha256 for each in digests)
