"""The job `seal`: puts our seal on what a negotiation waits for, and lets its message go.

What is sealed is read in one transaction, checked and signed outside any (sealer.py), since a signer may be slow or
fail, and stored by another one (seal_records.py) that looks again whether it is still wanted; only then the message
becomes pending. A contract is stored before it is signed, so that a signer that is tried again signs the same document.
One seal for a negotiation and role: the schema refuses a second. With a key of this node there is mostly nothing left
to do here: see seal_at_once.py.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from connector.identity.errors import SealsRefused
from connector.protocol import negotiation as n
from connector.services import card_news, exchange, seal_records
from connector.services.exchange import Answer, Line
from connector.services.seal_alone import seal_alone
from connector.services.seal_case import Case, Waiting, mark_of, said_of, waiting
from connector.services.seal_records import Document
from connector.services.sealer import Sealer
from connector.services.sealing import ended
from connector.store import negotiations
from connector.store.db import Store, Tx
from connector.store.jobs import Job
from connector.store.negotiations import Negotiation
from contracts.jws import CONTRACT
from contracts.refused import ContractError, NameTaken
from contracts.seals import seal
from contracts.signer import Signer
from policies import PolicyError

_OTHER_TERMS = {
    "fr": "D’autres conditions ont déjà été scellées dans cette négociation : demandez de nouveau l’accès.",
    "en": "Other terms were sealed in this negotiation already: ask for access again.",
}

ASKED_AGAIN = 6
"""How often a partner is asked again for its list of seal keys when what it shows is refused: for a minute."""
T = TypeVar("T")
log = logging.getLogger("pupitre.services")


class Seal:
    """Carries out what waits for a seal."""

    def __init__(
        self,
        store: Store,
        did_of: Callable[[str], str],
        line: Line[Negotiation],
        sealer: Sealer,
    ) -> None:
        """`did_of`: an owner's DID."""
        self._store = store
        self._did_of = did_of
        self._line = line
        self._sealer = sealer

    async def __call__(self, job: Job) -> datetime | None:
        """Seal what a negotiation waits for. Raises what the signer raises: the job is tried again.

        A partner's list of seal keys that is refused may be one that is just being replaced: it is asked for a few
        times, then the negotiation ends for that reason.
        """
        case = await self._store.read(lambda tx: self._case(tx, job))
        try:
            return await self._seal(job, case)
        except SealsRefused as refused:
            if case.wanted is None or job.attempts < ASKED_AGAIN:
                raise
            return await self._refuse(job, case, refused.code, {name: refused.say(name) for name in ("fr", "en")})

    async def _seal(self, job: Job, case: Waiting) -> datetime | None:
        match case:
            case Case(wanted=Answer(kind=n.AGREEMENT)):
                return await self._seal_agreement(job, case)
            case Case(wanted=Answer(kind=n.VERIFICATION)):
                return await self._seal_verification(job, case)
            case Case():
                await seal_alone(self._store, self._did_of(job.owner), self._sealer.signers, job, case)
                return None
            case _:
                return await self._seal_conclusion(job, case)

    async def _write(self, job: Job, unit: Callable[[Tx], T]) -> T:
        return await self._store.write(unit, about=job.key)

    def _case(self, tx: Tx, job: Job) -> Waiting:
        return waiting(tx, negotiations.peek(tx, job.owner, job.key), self._did_of(job.owner))

    async def _seal_agreement(self, job: Job, case: Case) -> datetime | None:
        if case.has_seal:  # what is there is about other terms, and there will be no second one
            return await self._refuse(job, case, "sealed-other-terms", _OTHER_TERMS)
        try:
            parties = await self._sealer.parties(case)
            document = None if parties is None else self._sealer.drawn_up(case, parties[0])
        except (ContractError, PolicyError) as error:
            return await self._refuse(job, case, error.code, said_of(error))
        if parties is None or document is None:
            await self._write(job, lambda tx: seal_records.release_unsealed(tx, self._line, job))
            return None
        is_current = await self._seal_document(job, case, document, parties[1])
        return None if is_current else self._store.clock.now()

    async def _seal_document(self, job: Job, case: Case, document: Document, signer: Signer) -> bool:
        """Seal a contract and let its message go; False when the negotiation is not what it was drawn up from."""
        version = case.negotiation.version
        if not await self._write(job, lambda tx: seal_records.keep_draft(tx, job, version, document)):
            return False
        payload, now = document.text.encode(), self._store.clock.now()
        mark = mark_of(await seal(payload, signer, media_type=CONTRACT, at=now, approval=case.approval), 0)
        await self._write(job, lambda tx: seal_records.agreement_sealed(tx, self._line, job, document, mark))
        return True

    async def _seal_verification(self, job: Job, case: Case) -> datetime | None:
        known = case.contract
        if known is None or known.jws is None or case.wanted is None:
            return None
        try:
            checked = await self._sealer.checked(case, known.jws)
        except (ContractError, PolicyError) as error:
            return await self._refuse(job, case, error.code, said_of(error))
        found = await self._sealer.countersigned(case, checked)
        try:
            await self._write(job, lambda tx: seal_records.verification_sealed(tx, self._line, job, found))
        except NameTaken as error:
            return await self._refuse(job, case, error.code, said_of(error))
        return None

    async def _seal_conclusion(self, job: Job, case: Waiting) -> datetime | None:
        known = case.contract
        if known is None or known.jws is None or known.countersigned is None:
            return None
        try:
            sealed = self._sealer.checked_both(known, known.countersigned)
        except ContractError as error:
            return await self._refuse(job, case, error.code, said_of(error))
        found = await self._sealer.concluded(job.owner, sealed)
        await self._write(job, lambda tx: seal_records.conclusion_sealed(tx, self._line, job, found))
        return None

    async def _refuse(self, job: Job, case: Waiting, code: str, reason: dict[str, str]) -> datetime | None:
        """End the negotiation, for a reason that both sides read."""
        kind, said = case.wanted.kind if case.wanted else "", f"{reason['fr']} · {reason['en']}"
        log.warning("a contract is refused", extra={**exchange.names_of(case.negotiation), "problem": code})

        def unit(tx: Tx) -> None:
            seal_records.refused(tx, self._line, job, kind, ended(code, reason), said)
            if code == card_news.OTHER_CARD:
                card_news.look(tx, job.owner, case.negotiation.peer)

        await self._write(job, unit)
        return None
