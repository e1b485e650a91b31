"""Verbs that only look: lists, one thing at a time, the journal, and why something does not move.

Every list has a keyset order, a limit and a cursor, and belongs to one owner. Nothing here changes anything, except a
job that a person wants tried again.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from connector.problems import NotFound, Problem
from connector.protocol.machine import Table
from connector.protocol.negotiation import NEGOTIATION
from connector.protocol.transfer import TRANSFER
from connector.services import audience, cursors, explain, facts, terms
from connector.services.audience import Member
from connector.services.cursors import Page
from connector.services.explain import Said, Surroundings, Why
from connector.services.terms import Before
from connector.store import (
    agreements,
    datasets,
    fetches,
    journal,
    negotiations,
    peers,
    pushes,
    queue,
    silence,
    transfers,
    usage,
)
from connector.store.agreements import StoredAgreement
from connector.store.datasets import StoredDataset, StoredOffer
from connector.store.db import Store, Tx
from connector.store.errors import BrokenChain
from connector.store.fetches import Fetch
from connector.store.journal import Entry
from connector.store.negotiations import Negotiation
from connector.store.peers import Peer
from connector.store.period import ALWAYS, Period
from connector.store.processes import Process, Queries
from connector.store.pushes import Push
from connector.store.queue import Counts, JobState
from connector.store.silence import Silence
from connector.store.transfers import Transfer

P = TypeVar("P", bound=Process)
LOOKED_BACK = 30
"""How many entries of a journal are read to say what was said last."""


@dataclass(frozen=True, slots=True)
class Looked(Generic[P]):
    """A process, with what a person asks about it."""

    process: P
    why: Why
    sent: Said | None
    received: Said | None
    fetch: Fetch | None = None
    push: Push | None = None
    before: Before | None = None
    """What the terms on the table of a negotiation are compared with."""


@dataclass(frozen=True, slots=True)
class Known:
    """A peer, and its silence if it does not answer at present."""

    peer: Peer
    silence: Silence | None


@dataclass(frozen=True, slots=True)
class Chain:
    """How a journal stands: how many entries, and what is wrong with it."""

    entries: int
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the node holds: (owner, state or status, number), and the jobs."""

    negotiations: list[tuple[str, str, int]]
    transfers: list[tuple[str, str, int]]
    datasets: list[tuple[str, str, int]]
    jobs: Counts


class Inspect:
    """What there is, and how it stands."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # --- what we publish ----------------------------------------------------------------------------------------------

    async def datasets(
        self, owner: str, *, cursor: str | None, limit: int, period: Period = ALWAYS, status: str | None = None
    ) -> Page[StoredDataset]:
        """Return datasets in the order of their identifiers."""
        after = cursors.read_key(cursor)
        rows = await self._store.read(
            lambda tx: datasets.page(tx, owner, after=after, limit=limit + 1, period=period, status=status)
        )
        return cursors.paged(rows, limit, lambda row: (row.id,))

    async def dataset(self, owner: str, dataset_id: str) -> tuple[StoredDataset, list[StoredOffer]]:
        """Return a dataset and its offers in force. Raises NotFound."""

        def unit(tx: Tx) -> tuple[StoredDataset, list[StoredOffer]]:
            return datasets.load(tx, owner, dataset_id), datasets.offers_of(tx, owner, [dataset_id])

        return await self._store.read(unit)

    async def offers(self, owner: str, *, cursor: str | None, limit: int, **equal: str | None) -> Page[StoredOffer]:
        """Return offers in the order of their identifiers; `equal` filters by column."""
        after = cursors.read_key(cursor)
        rows = await self._store.read(lambda tx: datasets.page_offers(tx, owner, after=after, limit=limit + 1, **equal))
        return cursors.paged(rows, limit, lambda row: (row.id,))

    async def offer(self, owner: str, offer_id: str) -> StoredOffer:
        """Return an offer. Raises NotFound."""
        return await self._store.read(lambda tx: datasets.load_offer(tx, owner, offer_id))

    async def audience(
        self,
        owner: str,
        dataset_id: str,
        *,
        cursor: str | None,
        limit: int,
        at: datetime | None = None,
        instead: StoredOffer | None = None,
    ) -> Page[Member]:
        """Return who among the known peers would see a dataset, and why not; `instead`: under an offer not made yet.

        Raises NotFound.
        """
        return await self._store.read(
            lambda tx: audience.page(tx, owner, dataset_id, cursor=cursor, limit=limit, at=at, instead=instead)
        )

    async def licence(self, owner: str, dataset_id: str) -> str | None:
        """Return the licence that the metadata of a dataset name, None without one or without the dataset."""
        try:
            dataset, _ = await self.dataset(owner, dataset_id)
        except NotFound:
            return None
        return facts.licence(dataset.document)

    # --- whom we know -------------------------------------------------------------------------------------------------

    async def peers(self, owner: str, *, cursor: str | None, limit: int, status: str | None = None) -> Page[Known]:
        """Return peers in the order of their identifiers."""
        after = cursors.read_key(cursor)

        def unit(tx: Tx) -> list[Known]:
            return [_known(tx, row) for row in peers.page(tx, owner, after=after, limit=limit + 1, status=status)]

        return cursors.paged(await self._store.read(unit), limit, lambda row: (row.peer.did,))

    async def peer(self, owner: str, did: str) -> Known:
        """Return a peer. Raises NotFound."""
        return await self._store.read(lambda tx: _known(tx, peers.load(tx, owner, did)))

    # --- processes and agreements -------------------------------------------------------------------------------------

    async def negotiations(
        self, owner: str, *, cursor: str | None, limit: int, period: Period = ALWAYS, **equal: str | None
    ) -> Page[Negotiation]:
        """Return negotiations that began in a period, the newest first; `equal` filters by column."""
        return await self._processes(negotiations.queries, owner, cursor, limit, period, equal)

    async def transfers(
        self, owner: str, *, cursor: str | None, limit: int, period: Period = ALWAYS, **equal: str | None
    ) -> Page[Transfer]:
        """Return transfers that began in a period, the newest first; `equal` filters by column."""
        return await self._processes(transfers.queries, owner, cursor, limit, period, equal)

    async def negotiation(self, owner: str, pid: str) -> Looked[Negotiation]:
        """Return a negotiation with why it stands where it stands. Raises NotFound."""
        return await self._store.read(lambda tx: _looked(tx, NEGOTIATION, negotiations.peek(tx, owner, pid)))

    async def transfer(self, owner: str, pid: str) -> Looked[Transfer]:
        """Return a transfer with why it stands where it stands. Raises NotFound."""
        return await self._store.read(lambda tx: _looked(tx, TRANSFER, transfers.peek(tx, owner, pid)))

    async def agreements(
        self, owner: str, *, cursor: str | None, limit: int, period: Period = ALWAYS, **equal: str | None
    ) -> Page[StoredAgreement]:
        """Return agreements made in a period, the newest first; `equal` filters by column."""
        after = cursors.read_instant(cursor)
        rows = await self._store.read(
            lambda tx: agreements.page(tx, owner, after=after, limit=limit + 1, period=period, **equal)
        )
        return cursors.paged(rows, limit, lambda row: (row.created_at.isoformat(), row.id))

    async def agreement(self, owner: str, agreement_id: str) -> StoredAgreement:
        """Return an agreement. Raises NotFound."""
        return await self._store.read(lambda tx: agreements.load(tx, owner, agreement_id))

    async def used(self, owner: str, agreement_id: str) -> int:
        """Return how often an agreement was used, by the counter of its policy that counted most."""
        counts = await self._store.read(lambda tx: usage.counts(tx, owner, agreement_id))
        return max(counts.values(), default=0)

    # --- journal and jobs ---------------------------------------------------------------------------------------------

    async def journal(self, owner: str, process: str, *, cursor: str | None, limit: int) -> Page[Entry]:
        """Return the entries of a process in order. Raises NotFound for a process without any."""
        after_n = _number(cursor)

        def unit(tx: Tx) -> list[Entry]:
            rows = journal.page(tx, owner, process, after_n, limit + 1)
            if not rows and not journal.latest(tx, owner, process, 1):
                raise NotFound(process)
            return rows

        return cursors.paged(await self._store.read(unit), limit, lambda row: (str(row.n),))

    async def chain(self, owner: str, process: str) -> Chain:
        """Compute the chain of a journal again, and return how it stands. Raises NotFound."""

        def unit(tx: Tx) -> Chain:
            head = journal.latest(tx, owner, process, 1)
            if not head:
                raise NotFound(process)
            try:
                journal.verify(tx, owner, process)
            except BrokenChain as problem:
                return Chain(head[0].n, problem)
            return Chain(head[0].n, None)

        return await self._store.read(unit)

    async def jobs(self, owner: str, *, cursor: str | None, limit: int, **equal: str | None) -> Page[JobState]:
        """Return jobs by kind and key; `equal` filters by status, kind and peer."""
        kind, key = cursors.read(cursor, 2) if cursor else ("", "")
        rows = await self._store.read(lambda tx: queue.listed(tx, owner, (kind, key), limit + 1, **equal))
        return cursors.paged(rows, limit, lambda row: (row.kind, row.key))

    async def retry(self, owner: str, kind: str, key: str) -> None:
        """Run a dead job again. Raises NotFound."""
        await self._store.write(lambda tx: queue.retry(tx, owner, kind, key))

    async def check(self) -> None:
        """Raise Unavailable unless the database answers."""
        await self._store.read(lambda tx: journal.latest(tx, "", "", 1))

    async def numbers(self) -> Numbers:
        """Return what the node holds, over all owners."""

        def unit(tx: Tx) -> Numbers:
            return Numbers(
                negotiations.queries.count_by_state(tx),
                transfers.queries.count_by_state(tx),
                datasets.count(tx),
                queue.count(tx),
            )

        return await self._store.read(unit)

    async def _processes(
        self,
        queries: Queries[P],
        owner: str,
        cursor: str | None,
        limit: int,
        period: Period,
        equal: dict[str, str | None],
    ) -> Page[P]:
        after = cursors.read_instant(cursor)
        rows = await self._store.read(
            lambda tx: queries.page(tx, owner, after=after, limit=limit + 1, period=period, **equal)
        )
        return cursors.paged(rows, limit, lambda row: (row.created_at.isoformat(), row.pid))


def _looked(tx: Tx, table: Table, process: P) -> Looked[P]:
    peer = peers.find(tx, process.owner, process.peer)
    around = Surroundings(
        jobs=queue.about(tx, process.owner, process.pid),
        silence=silence.of_peer(tx.connection, process.owner, process.peer),
        latest=journal.latest(tx, process.owner, process.pid, LOOKED_BACK),
        standing=peer.status if peer else None,
        offers_card=peer is not None and peer.offered_card is not None,
    )
    return Looked(
        process,
        explain.why(table, process, around),
        explain.last_sent(process, around.latest),
        explain.last_received(around.latest),
        _fetch(tx, process) if isinstance(process, Transfer) else None,
        pushes.find(tx, process.owner, process.pid) if isinstance(process, Transfer) else None,
        terms.before(tx, process) if isinstance(process, Negotiation) else None,
    )


def _fetch(tx: Tx, process: Process) -> Fetch | None:
    try:
        return fetches.load(tx, process.owner, process.pid)
    except NotFound:
        return None


def _known(tx: Tx, peer: Peer) -> Known:
    return Known(peer, silence.of_peer(tx.connection, peer.owner, peer.did))


def _number(cursor: str | None) -> int:
    if not cursor:
        return 0
    (text,) = cursors.read(cursor, 1)
    if not text.isdecimal() or len(text) > 9:
        raise cursors.BadCursor
    return int(text)
