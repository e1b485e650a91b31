"""Verbs of contracts that exist: find them, show them, read them as a convention.

Nothing here changes one. A contract goes by its own identifier, by that of its agreement or of its negotiation. What a
partner sent and this node has not checked yet is not shown: a contract is read once its document is ours. The bundle is
contract_bundle.py's, the checks are contract_checks.py's.
"""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from connector.problems import Conflict
from connector.services import cursors, deciders, key_lists, one_sided
from connector.services.cursors import Page
from connector.services.deciders import Decider
from connector.services.hosts import Hosts
from connector.services.key_lists import Said
from connector.store import contracts, journal
from connector.store.contracts import OPEN, StoredContract, StoredNotice
from connector.store.db import Store, Tx
from connector.store.period import ALWAYS, Period
from contracts.convention import (
    Beside,
    Convention,
    MissingPdfExtra,
    Piece,
    as_pdf,
    draw_up_convention,
    draw_up_record,
    read_record,
    seal_pdf,
    told_pieces,
    told_sections,
)
from contracts.convention.proof import Notice, Revoked, Seal, read_proof
from contracts.levels import Level
from contracts.signer import Signer
from policies.errors import Language


class NotSealedYet(Conflict):
    """Nothing is sealed yet, so there is nothing to show, hand out or check."""

    code = "contract-not-sealed"
    title: ClassVar[dict[str, str]] = {
        "fr": "Cette convention ne porte pas encore les cachets qu’il faut.",
        "en": "This contract does not bear the seals yet that it takes.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Voyez où en est la demande d’accès (« pupitre negotiations show ») et recommencez.",
        "en": "See how the access request stands (“pupitre negotiations show”) and try again.",
    }


class NoPdf(Conflict):
    """This node was installed without what writes a PDF."""

    code = "pdf-extra-missing"
    title: ClassVar[dict[str, str]] = {
        "fr": "Ce nœud a été installé sans de quoi écrire un PDF.",
        "en": "This node was installed without what writes a PDF.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Lisez la page en HTML, ou installez l’option « pdf » (pip install 'pupitre[pdf]').",
        "en": "Read the page as HTML, or install the extra “pdf” (pip install 'pupitre[pdf]').",
    }


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided on our side: which entry of the journal tells of it, and who or which rule decided."""

    n: int
    at: datetime
    kind: str
    by: Decider
    message: str = ""
    """The kind of the message that was decided; empty: it is none."""
    said_by: str = ""
    """The person who said so, where a person was to be named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A contract with all that is known of it."""

    contract: StoredContract
    is_ended: bool
    """Whether the agreement has ended."""
    decided: list[Decided]
    document: dict[str, Any] | None
    """The sealed document; None until it is drawn up or, as received, checked.

    Of one-sided evidence, its sections as a contract has them, with what this node knows beside what it sealed.
    """
    seals: tuple[Seal, ...] = ()
    level: Level | None = None
    """The lowest of the seals."""
    concluded_at: str = ""
    notices: tuple[Notice, ...] = ()
    pieces: tuple[Piece, ...] = ()
    """Of one-sided evidence: what is sealed, what stands beside it, what is missing."""
    revoked: Revoked = field(default_factory=dict)
    """The seal keys of either party that are revoked, as far as this node knows."""


class Contracts:
    """The contracts of all owners."""

    def __init__(self, store: Store, hosts: Hosts, *, asks_timestamps: bool = False) -> None:
        """`asks_timestamps`: whether an authority is asked to time-stamp what is concluded."""
        self._store = store
        self._hosts = hosts
        self._seals = hosts.seals
        self._asks_timestamps = asks_timestamps

    async def page(
        self,
        owner: str,
        *,
        cursor: str | None,
        limit: int,
        period: Period = ALWAYS,
        search: str | None = None,
        **equal: str | None,
    ) -> Page[StoredContract]:
        """Return contracts drawn up in a period, the newest first; `equal` filters by column. Raises BadCursor."""
        after = cursors.read_instant(cursor)
        rows = await self._store.read(
            lambda tx: contracts.page(tx, owner, after=after, limit=limit + 1, period=period, search=search, **equal)
        )
        return cursors.paged(rows, limit, lambda row: (row.created_at.isoformat(), row.negotiation))

    async def show(self, owner: str, name: str) -> Shown:
        """Return a contract with its seals, and who decided what. Raises NotFound."""

        def unit(tx: Tx) -> tuple[StoredContract, list[StoredNotice], Beside | None, bool, list[Decided], Revoked]:
            found = contracts.named(tx, owner, name)
            told = contracts.notices(tx, owner, found.negotiation)
            is_alone = found.status == "unilateral"
            beside = one_sided.beside(tx, found, self._hosts.owners[owner]) if is_alone else None
            revoked = key_lists.revoked(self._said(tx, found))
            return found, told, beside, one_sided.is_ended(tx, found), list(_decided(tx, found)), revoked

        contract, notices, beside, is_ended, decided, revoked = await self._store.read(unit)
        document = json.loads(contract.document) if contract.document is not None else None
        if document is None or contract.jws is None:
            return Shown(contract=contract, is_ended=is_ended, decided=decided, document=document)
        if beside is not None:
            record = read_record(contract.jws, beside, self._seals.roots())
            return Shown(
                contract=contract,
                is_ended=is_ended,
                decided=decided,
                document=told_sections(record),
                seals=(record.seal,),
                level=record.seal.level,
                pieces=told_pieces(record),
                revoked=revoked,
            )
        proof = read_proof(contract.jws, conclusion_of(contract), [one.jws for one in notices], self._seals.roots())
        return Shown(
            contract=contract,
            is_ended=is_ended,
            decided=decided,
            document=document,
            seals=proof.seals,
            level=proof.level,
            concluded_at=proof.concluded_at,
            notices=proof.notices,
            revoked=revoked,
        )

    async def convention(self, owner: str, name: str, language: Language) -> tuple[str, Convention]:
        """Return a contract as people read it, or the record of one-sided evidence, with its identifier.

        Raises NotFound, NotSealedYet.
        """
        hosted = self._hosts.owners[owner]

        def unit(tx: Tx) -> tuple[StoredContract, list[StoredNotice], Beside | None, Revoked]:
            found = contracts.named(tx, owner, name)
            revoked = key_lists.revoked(self._said(tx, found))
            if found.status == "unilateral":
                return found, [], one_sided.beside(tx, found, hosted), revoked
            return found, contracts.notices(tx, owner, found.negotiation), None, revoked

        contract, notices, beside, revoked = await self._store.read(unit)
        known_as = contract.id or contract.negotiation
        return known_as, self.drawn_up(contract, notices, beside, language, revoked=revoked)

    def _said(self, tx: Tx, contract: StoredContract) -> Said:
        hosted, history = self._hosts.owners[contract.owner], journal.since(tx, contract.owner, contract.negotiation)
        return key_lists.said_by_both(tx, contract, history, hosted.did, self._seals.history(contract.owner))

    async def pdf(self, owner: str, name: str, language: Language) -> tuple[str, Convention, bytes]:
        """Return the convention as a PDF/A-3 with the node's seal. Raises also NoPdf, NoSealKey and the like."""
        known_as, convention = await self.convention(owner, name, language)
        return known_as, convention, await self.drawn(convention, self._seals.signer(owner))

    async def drawn(self, convention: Convention, signer: Signer) -> bytes:
        """Return a convention as a PDF/A-3, sealed. Raises NoPdf, and what the signer raises."""
        now = self._store.clock.now()
        with told_without_pdf():
            pdf = await asyncio.to_thread(as_pdf, convention, at=now)
            return await seal_pdf(pdf, signer, at=now)

    def drawn_up(
        self,
        contract: StoredContract,
        notices: Sequence[StoredNotice],
        beside: Beside | None = None,
        language: Language = "fr",
        *,
        revoked: Revoked | None = None,
    ) -> Convention:
        """Return a contract as people read it, or with what stands beside it the record of one-sided evidence.

        `revoked` are the seal keys of either party that are. Raises NotSealedYet.
        """
        if contract.document is None or contract.jws is None:
            raise NotSealedYet(contract.status)
        if beside is not None:
            return draw_up_record(contract.jws, beside, roots=self._seals.roots(), revoked=revoked, language=language)
        return draw_up_convention(
            contract.jws,
            conclusion=conclusion_of(contract),
            notices=[one.jws for one in notices],
            roots=self._seals.roots(),
            revoked=revoked,
            awaits_timestamps=contract.timestamps == "pending" or (self._asks_timestamps and contract.status in OPEN),
            language=language,
        )


@contextmanager
def told_without_pdf() -> Iterator[None]:
    """Have a missing extra told as a problem. Raises NoPdf."""
    try:
        yield
    except MissingPdfExtra as missing:
        raise NoPdf(missing.needed) from missing


def conclusion_of(contract: StoredContract) -> str | None:
    """Return the conclusion once both sides took it: one that was sealed, but never arrived, concluded nothing."""
    return contract.conclusion if contract.status == "concluded" else None


def _decided(tx: Tx, contract: StoredContract) -> Iterator[Decided]:
    for entry in journal.since(tx, contract.owner, contract.negotiation):
        by = deciders.of_entry(entry.kind, entry.entry)
        if by is not None:
            told = entry.entry
            yield Decided(entry.n, entry.at, entry.kind, by, told.get("message", ""), told.get("said_by", ""))
