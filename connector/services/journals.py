"""All journals of a participant, verified: every chain, every checkpoint, and each held against the other.

It goes page by page, so that a journal of any size is verified without holding up the node. First the checkpoints: each
has its number, its seal by a key of the participant, its link to the one before it, and the entries that it covers are
there with the hashes that it sealed. Then the chains of all entries. What is wrong is named; one fault hides no other.

A seal by a revoked key is wrong where the revocation had been announced before it: to seal with that key was forbidden
then. One that people announced later, and dated before the seal, takes nothing from what the node sealed in good faith;
whether it is to be believed, they know.

What cannot be seen from here: that the last checkpoints were removed together with what they covered. Whoever keeps a
copy of one sees it, and the restoration of a backup, which does the same, is told by the checkpoint that follows it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from connector.services import cursors
from connector.services.cursors import Page
from connector.services.hosts import Hosts
from connector.services.seal_case import said_of
from connector.store import checkpoints, journal
from connector.store.checkpoints import Checkpoint, Head
from connector.store.db import Store, Tx
from connector.store.journal import Place
from contracts.canonical import read_canonical, sha256
from contracts.checkpoint import check_checkpoint, check_follows, head_digest
from contracts.jws import Sealed, read_sealed
from contracts.refused import ContractError, OtherCheckpoint
from contracts.seals import sealed_at

Kind = Literal[
    "broken-chain",
    "entry-missing",
    "entry-changed",
    "checkpoint-missing",
    "checkpoint-unsealed",
    "checkpoint-refused",
    "checkpoint-key-revoked",
    "checkpoint-heads",
]
MOST_CHECKPOINTS = 10
"""How many checkpoints one page verifies at most: each may cover thousands of journals."""
_CHUNK = 100
_REVOKED = "seal-key-revoked"
"""The entry in a participant's own journal with which a key of it is revoked."""
_SAID: Mapping[Kind, Mapping[str, str]] = {
    "broken-chain": {
        "fr": "Journal {process}, entrée {n} : elle a été modifiée, ou celle d’avant manque.",
        "en": "Journal {process}, entry {n}: it was changed, or the one before it is missing.",
    },
    "entry-missing": {
        "fr": "Journal {process} : l’entrée {n}, scellée par le point de contrôle {checkpoint}, n’y est plus.",
        "en": "Journal {process}: entry {n}, sealed by checkpoint {checkpoint}, is not there any more.",
    },
    "entry-changed": {
        "fr": "Journal {process} : l’entrée {n}, ou une entrée d’avant, n’est plus celle que le point de contrôle "
        "{checkpoint} a scellée.",
        "en": "Journal {process}: entry {n}, or one before it, is not the one any more that checkpoint {checkpoint} "
        "sealed.",
    },
    "checkpoint-missing": {
        "fr": "Le point de contrôle {checkpoint} manque{why}.",
        "en": "Checkpoint {checkpoint} is missing{why}.",
    },
    "checkpoint-unsealed": {
        "fr": "Le point de contrôle {checkpoint} n’a pas de cachet, alors qu’un autre le suit.",
        "en": "Checkpoint {checkpoint} has no seal, although another one follows it.",
    },
    "checkpoint-refused": {
        "fr": "Point de contrôle {checkpoint} : {why}",
        "en": "Checkpoint {checkpoint}: {why}",
    },
    "checkpoint-key-revoked": {
        "fr": "Point de contrôle {checkpoint} : la clé {why} était révoquée, et annoncée telle, quand il a été scellé.",
        "en": "Checkpoint {checkpoint}: the key {why} was revoked, and announced so, when it was sealed.",
    },
    "checkpoint-heads": {
        "fr": "Point de contrôle {checkpoint} : la liste conservée des entrées qu’il couvre n’est pas celle qu’il a "
        "scellée.",
        "en": "Checkpoint {checkpoint}: the list that is kept of the entries that it covers is not the one it sealed.",
    },
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong: what, and where."""

    kind: Kind
    process: str | None = None
    n: int | None = None
    checkpoint: int | None = None
    why: Mapping[str, str] | None = None

    def say(self, language: str) -> str:
        """Return it as a sentence."""
        why = (self.why or {}).get(language, "")
        return _SAID[self.kind][language].format(process=self.process, n=self.n, checkpoint=self.checkpoint, why=why)


@dataclass(frozen=True, slots=True)
class Verified:
    """What one page of the verification came to."""

    entries: int
    journals: int
    checkpoints: int
    faults: list[Fault]
    following: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the journals are sealed: by which checkpoint last, when, and whether there will be more."""

    number: int | None
    sealed_at: datetime | None
    can_seal: bool


class Journals:
    """Verifies the journals of a participant."""

    def __init__(self, store: Store, hosts: Hosts) -> None:
        self._store = store
        self._hosts = hosts

    async def standing(self, owner: str) -> Standing:
        """Return how far the journals are sealed."""
        last = await self._store.read(lambda tx: checkpoints.last_sealed(tx, owner))
        number, at = (None, None) if last is None else (last.number, last.sealed_at)
        return Standing(number, at, bool(self._hosts.seals.shown(owner)))

    async def checkpoints(self, owner: str, *, cursor: str | None, limit: int) -> Page[Checkpoint]:
        """Return checkpoints in the order of their numbers."""
        after = _number(*cursors.read(cursor, 1)) if cursor else 0
        rows = await self._store.read(lambda tx: checkpoints.page(tx, owner, after, limit + 1))
        return cursors.paged(rows, limit, lambda row: (str(row.number),))

    async def verify(self, owner: str, *, cursor: str | None, limit: int) -> Verified:
        """Verify what follows: checkpoint after checkpoint, then entry after entry; `cursor` None: from the start.

        Raises BadCursor.
        """
        phase, process, n = cursors.read(cursor, 3) if cursor else ("checkpoints", "", "0")
        place = Place(process, _number(n))
        if phase == "entries":
            return await self._store.read(lambda tx: _entries(tx, owner, place, limit))
        if phase != "checkpoints":
            raise cursors.BadCursor
        keys = _Keys(self._hosts, owner)
        return await self._store.read(lambda tx: _checkpoints(tx, owner, place.n, min(limit, MOST_CHECKPOINTS), keys))


class _Keys:
    """The seal keys of a participant, whichever it has or had."""

    def __init__(self, hosts: Hosts, owner: str) -> None:
        history = hosts.seals.history(owner)
        listed = history.keys if history else ()
        self.did = hosts.owners[owner].did
        self.certificates = {one.kid: one.certificate_sha256 for one in listed}
        self.revoked = {one.kid: one.revoked_at for one in listed if one.revoked_at is not None}

    def announced(self, tx: Tx, owner: str) -> dict[str, datetime]:
        """Return when the revocation of each key was announced, as the participant's own journal tells."""
        if not self.revoked:
            return {}
        told = [one for one in journal.since(tx, owner, self.did) if one.kind == _REVOKED]
        return {f"{self.did}#{one.entry['key']}": one.at for one in told}


def _entries(tx: Tx, owner: str, after: Place, limit: int) -> Verified:
    found = journal.examine(tx, owner, after, limit)
    faults = [Fault("broken-chain", place.process, place.n) for place in found.broken]
    following = cursors.write("entries", found.last.process, str(found.last.n)) if found.entries == limit else None
    return Verified(found.entries, found.journals, 0, faults, following)


def _checkpoints(tx: Tx, owner: str, after: int, limit: int, keys: _Keys) -> Verified:
    """Verify some checkpoints; the one before them was verified by the page before."""
    rows, last = checkpoints.page(tx, owner, after, limit), checkpoints.last(tx, owner)
    before = checkpoints.page(tx, owner, after - 1, 1) if after else []
    faults: list[Fault] = []
    announced = keys.announced(tx, owner)
    number, previous = after, _read(before[0]) if before else None
    for row in rows:
        if row.number != number + 1:
            faults.append(_missing(number + 1, row.number - 1))
            previous = None
        faults += _examine(row, previous, keys, announced, is_last=row == last)
        faults += _hold(tx, row)
        number, previous = row.number, _read(row)
    following = (
        cursors.write("checkpoints", "", str(number)) if len(rows) == limit else cursors.write("entries", "", "0")
    )
    return Verified(0, 0, len(rows), faults, following)


def _missing(first: int, last: int) -> Fault:
    until = {"fr": f", et les suivants jusqu’au {last}", "en": f", and those after it up to {last}"}
    return Fault("checkpoint-missing", checkpoint=first, why=until if last > first else None)


def _examine(
    row: Checkpoint, previous: Sealed | None, keys: _Keys, announced: Mapping[str, datetime], *, is_last: bool
) -> list[Fault]:
    """Verify the seal of a checkpoint, and that it follows the one before, where that can be read."""
    number = row.number
    if row.jws is None:  # the last one may be about to be sealed
        return [] if is_last else [Fault("checkpoint-unsealed", checkpoint=number)]
    try:
        sealed = check_checkpoint(row.jws, by=keys.did, keys=keys.certificates)
        if sealed.payload != row.document.encode():
            raise OtherCheckpoint(needed=sha256(row.document), actual=sealed.sha256, pointer="/payload")
        if sealed.document["number"] != number:
            raise OtherCheckpoint(needed=str(number), actual=str(sealed.document["number"]), pointer="/number")
        if previous is not None or number == 1:
            check_follows(sealed, previous)
    except ContractError as error:
        return [Fault("checkpoint-refused", checkpoint=number, why=said_of(error))]
    kid = sealed.signatures[0].header["kid"]
    at = sealed_at(sealed.signatures[0])
    if kid in keys.revoked and keys.revoked[kid] <= at and announced.get(kid, at) < at:
        return [Fault("checkpoint-key-revoked", checkpoint=number, why={"fr": kid, "en": kid})]
    return []


def _hold(tx: Tx, row: Checkpoint) -> list[Fault]:
    """Verify that the entries which a checkpoint covers are there, with the hashes that it sealed."""
    named = _digests(row)
    kept = {head_digest(one.process, one.n, one.hash): one for one in checkpoints.heads(tx, row.owner, row.number)}
    faults = [] if kept.keys() == named else [Fault("checkpoint-heads", checkpoint=row.number)]
    heads = [one for digest, one in kept.items() if digest in named]
    for start in range(0, len(heads), _CHUNK):
        faults += _compare(tx, row, heads[start : start + _CHUNK])
    return faults


def _compare(tx: Tx, row: Checkpoint, heads: Sequence[Head]) -> Iterator[Fault]:
    found = checkpoints.hashes(tx, row.owner, heads)
    for one in heads:
        present = found.get((one.process, one.n))
        if present != one.hash:
            kind: Kind = "entry-missing" if present is None else "entry-changed"
            yield Fault(kind, one.process, one.n, row.number)


def _digests(row: Checkpoint) -> set[str]:
    """Return the entries that a checkpoint names, as its seal covers them; none when it cannot be read."""
    sealed = _read(row)
    try:
        document = read_canonical(row.document.encode()) if sealed is None else sealed.document
    except ContractError:
        return set()
    heads = document.get("heads")
    return {one for one in heads if isinstance(one, str)} if isinstance(heads, list) else set()


def _read(row: Checkpoint) -> Sealed | None:
    try:
        return None if row.jws is None else read_sealed(row.jws)
    except ContractError:
        return None


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise cursors.BadCursor
    return int(text)
