"""Rows of checkpoints: the text that is drawn up, the seal that is then put on it, and the entries that it covers.

A checkpoint is written before it is sealed, so that a signer that is tried again seals the same text, and the next one
is drawn up only when this one's seal is stored: one number, one checkpoint. The tables refuse UPDATE and DELETE. What
changed since the last one is found from process to process by the journal's own key: writing an entry costs nothing
more for it, and no mark can be wrong after a restoration or when a clock is set back.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, and_, bindparam, func, insert, select

from connector.store.db import Tx, locking
from connector.store.tables import checkpoint_heads, checkpoint_seals, checkpoints, journal, participants

WALKED = 1_000
"""How many journals one step of `changed` looks at."""


@dataclass(frozen=True, slots=True)
class Head:
    """An entry of a journal that was its last one."""

    process: str
    n: int
    hash: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint, and the seal on it; `jws` is None until it is sealed."""

    owner: str
    number: int
    document: str = field(repr=False)
    restore: int
    """The number of the last restoration of which it, or one before it, tells; 0: of none."""
    created_at: datetime
    kid: str | None = None
    jws: str | None = field(default=None, repr=False)
    sealed_at: datetime | None = None


_SEAL = and_(checkpoint_seals.c.owner == checkpoints.c.owner, checkpoint_seals.c.number == checkpoints.c.number)
_WITH_SEALS = select(
    *checkpoints.c, checkpoint_seals.c.kid, checkpoint_seals.c.jws, checkpoint_seals.c.created_at.label("sealed_at")
).select_from(checkpoints.outerjoin(checkpoint_seals, _SEAL))
_LAST = _WITH_SEALS.where(checkpoints.c.owner == bindparam("of_owner")).order_by(checkpoints.c.number.desc()).limit(1)
_LAST_SEALED = _LAST.where(checkpoint_seals.c.jws.is_not(None))
_PAGE = (
    _WITH_SEALS.where(checkpoints.c.owner == bindparam("of_owner"), checkpoints.c.number > bindparam("after"))
    .order_by(checkpoints.c.number)
    .limit(bindparam("count", type_=Integer))
)
_OWNER = locking(select(participants.c.owner).where(participants.c.owner == bindparam("of_owner")))


def _walk() -> Any:
    """Return the query of `changed`: from one process to the next by the key (owner, process, n), then their heads."""
    of_owner = journal.c.owner == bindparam("of_owner")
    walk = select(func.min(journal.c.process).label("process"))
    walked = walk.where(of_owner, journal.c.process > bindparam("after")).cte("walked", recursive=True)
    following = select(func.min(journal.c.process)).where(of_owner, journal.c.process > walked.c.process)
    walked = walked.union_all(select(following.scalar_subquery()).where(walked.c.process.is_not(None)))
    one = select(walked.c.process).where(walked.c.process.is_not(None)).limit(bindparam("count", type_=Integer))
    found = one.subquery("found")
    last = select(journal).where(of_owner, journal.c.process == found.c.process).order_by(journal.c.n.desc()).limit(1)
    covered = select(func.max(checkpoint_heads.c.n)).where(
        checkpoint_heads.c.owner == bindparam("of_owner"), checkpoint_heads.c.process == found.c.process
    )
    return select(
        found.c.process,
        last.with_only_columns(journal.c.n).scalar_subquery().label("n"),
        last.with_only_columns(journal.c.hash).scalar_subquery().label("hash"),
        covered.scalar_subquery().label("covered"),
    ).order_by(found.c.process)


_CHANGED = _walk()


def changed(tx: Tx, owner: str, after: str) -> tuple[list[Head], str | None]:
    """Return the last entries, not covered yet, of the journals that follow one; and from where to go on, or None.

    It looks at so many journals as one transaction should, by their key, whatever their length.
    """
    rows = tx.connection.execute(_CHANGED, {"of_owner": owner, "after": after, "count": WALKED}).all()
    heads = [Head(row.process, row.n, row.hash) for row in rows if row.covered is None or row.n > row.covered]
    return heads, rows[-1].process if len(rows) == WALKED else None


def claim(tx: Tx, owner: str) -> Checkpoint | None:
    """Return the last checkpoint; nobody else adds one, or a seal, until the commit."""
    tx.connection.execute(_OWNER, {"of_owner": owner})
    return last(tx, owner)


def last(tx: Tx, owner: str) -> Checkpoint | None:
    """Return the last checkpoint, sealed or not yet."""
    row = tx.connection.execute(_LAST, {"of_owner": owner}).first()
    return None if row is None else Checkpoint(**row._mapping)


def last_sealed(tx: Tx, owner: str) -> Checkpoint | None:
    """Return the last checkpoint that is sealed."""
    row = tx.connection.execute(_LAST_SEALED, {"of_owner": owner}).first()
    return None if row is None else Checkpoint(**row._mapping)


def page(tx: Tx, owner: str, after: int = 0, limit: int = 50) -> list[Checkpoint]:
    """Return the checkpoints after a number, in order."""
    rows = tx.connection.execute(_PAGE, {"of_owner": owner, "after": after, "count": limit})
    return [Checkpoint(**row._mapping) for row in rows]


def add(tx: Tx, owner: str, number: int, document: str, heads: Iterable[Head], *, restore: int = 0) -> None:
    """Write a checkpoint that is not sealed yet. The owner is claimed."""
    told = {"owner": owner, "number": number}
    tx.connection.execute(insert(checkpoints), {**told, "document": document, "restore": restore, "created_at": tx.now})
    rows = [{**told, "process": one.process, "n": one.n, "hash": one.hash} for one in heads]
    tx.connection.execute(insert(checkpoint_heads), rows)


def seal(tx: Tx, owner: str, number: int, kid: str, jws: str) -> None:
    """Write the seal on a checkpoint that has none. The owner is claimed."""
    row = {"owner": owner, "number": number, "kid": kid, "jws": jws, "created_at": tx.now}
    tx.connection.execute(insert(checkpoint_seals), row)


def heads(tx: Tx, owner: str, number: int) -> list[Head]:
    """Return the entries that a checkpoint covers, by process."""
    named = checkpoint_heads.c
    query = select(named.process, named.n, named.hash).where(named.owner == owner, named.number == number)
    return [Head(*row) for row in tx.connection.execute(query.order_by(named.process))]


def hashes(tx: Tx, owner: str, wanted: Iterable[Head]) -> dict[tuple[str, int], str]:
    """Return the hashes that the entries of these processes and numbers have now; an entry may be missing."""
    processes, numbers = {one.process for one in wanted}, {one.n for one in wanted}
    query = select(journal.c.process, journal.c.n, journal.c.hash).where(
        journal.c.owner == owner, journal.c.process.in_(processes), journal.c.n.in_(numbers)
    )
    return {(row.process, row.n): row.hash for row in tx.connection.execute(query)}


def covering(tx: Tx, owner: str, process: str) -> list[str]:
    """Return the sealed texts of the checkpoints that cover a journal, in order."""
    of_process = and_(checkpoint_heads.c.owner == owner, checkpoint_heads.c.process == process)
    same = and_(checkpoint_heads.c.owner == checkpoint_seals.c.owner)
    same = and_(same, checkpoint_heads.c.number == checkpoint_seals.c.number)
    query = select(checkpoint_seals.c.jws).select_from(checkpoint_seals.join(checkpoint_heads, same)).where(of_process)
    return list(tx.connection.execute(query.order_by(checkpoint_heads.c.number)).scalars())
