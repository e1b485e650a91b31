"""The job `seal`: puts our seal on what a negotiation waits for, and lets its message go.

What is sealed is read in one transaction, checked and signed outside any, since a signer may be slow or fail, and
stored by another one (seal_records.py) that looks again whether it is still wanted; only then the message becomes
pending. A contract is stored before it is signed, so that a signer that is tried again signs the same document. One
seal for a negotiation and role: the schema refuses a second.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import contracts as agreeing
from connector.identity.addresses import Addresses
from connector.identity.errors import NoSealKey
from connector.ids import new_id
from connector.peer.errors import AnswerTooLarge, BadAnswer, DidUnresolved, PeerAddressRefused, Unreachable
from connector.protocol import negotiation as n
from connector.protocol.machine import Role
from connector.services import exchange, negotiated, seal_records
from connector.services.deciders import CARRIED_THROUGH
from connector.services.exchange import Answer, Line
from connector.services.negotiated import Side, Sides
from connector.services.seal_alone import seal_alone
from connector.services.seal_case import Case, Partners, Signers, Waiting, document_of, mark_of, said_of
from connector.services.seal_records import Document
from connector.services.sealing import JOB, ended, is_on_the_table
from connector.store import contracts, negotiations, peers
from connector.store.contracts import StoredContract
from connector.store.db import Store, Tx
from connector.store.jobs import Job, Postpone
from connector.store.negotiations import Negotiation
from contracts.canonical import canonical
from contracts.checks import check_contract, check_countersigned
from contracts.conclusion import conclude
from contracts.document import Negotiated, draw_up_contract
from contracts.jws import CONCLUSION, CONTRACT, read_sealed
from contracts.refused import ContractError, IncompleteCard, OtherAgreement
from contracts.seals import countersign, seal
from contracts.signer import Signer
from policies import PolicyError

COUNTERSIGN_WITHIN = timedelta(days=7)
"""How long the consumer has to put its seal: as long as a silent partner is waited for."""
REDRAWN_AFTER = timedelta(hours=1)
"""After how long a contract that could not be signed is drawn up anew: keys and cards may have changed."""
_NOT_NOW = (Unreachable, PeerAddressRefused, AnswerTooLarge, BadAnswer, DidUnresolved)
_OTHER_TERMS = {
    "fr": "D’autres conditions ont déjà été scellées dans cette négociation : demandez de nouveau l’accès.",
    "en": "Other terms were sealed in this negotiation already: ask for access again.",
}

log = logging.getLogger("pupitre.services")


class Seal:
    """Carries out what waits for a seal."""

    def __init__(
        self,
        store: Store,
        addresses: Addresses,
        line: Line[Negotiation],
        signers: Signers,
        partners: Partners,
        card_of: Callable[[str], str | None],
    ) -> None:
        """`card_of`: an owner's party card, as partners get it."""
        self._store = store
        self._addresses = addresses
        self._line = line
        self._signers = signers
        self._partners = partners
        self._card_of = card_of

    async def __call__(self, job: Job) -> datetime | None:
        """Seal what a negotiation waits for. Raises what the signer raises: the job is tried again."""
        case = await self._store.read(lambda tx: self._case(tx, job))
        match case:
            case Case(wanted=Answer(kind=n.AGREEMENT)):
                return await self._seal_agreement(job, case)
            case Case(wanted=Answer(kind=n.VERIFICATION)):
                return await self._seal_verification(job, case)
            case Case():
                did = self._addresses.did(job.owner)
                await seal_alone(self._store, did, self._signers, job, case)
                return None
            case _:
                return await self._seal_conclusion(job, case)

    def _case(self, tx: Tx, job: Job) -> Waiting:
        """Return what waits for a seal; what a conclusion says is in the contract, which both have sealed."""
        owner, pid = job.owner, job.key
        negotiation, contract = negotiations.peek(tx, owner, pid), contracts.find(tx, owner, pid)
        wanted = exchange.withheld(negotiation, JOB)
        if wanted is not None and wanted.kind == n.FINALIZE:
            return Waiting(negotiation, wanted, contract)
        history = negotiated.entries(tx, owner, pid)
        return Case(
            negotiation=negotiation,
            wanted=wanted,
            contract=contract,
            has_seal=negotiation.role is Role.PROVIDER and contracts.is_sealed(tx, contract),
            peer=peers.find(tx, owner, negotiation.peer),
            told=negotiated.messages(history, self._addresses.did(owner)),
            dataset=negotiated.dataset(tx, negotiation),
            approval=negotiated.approved(history, wanted.by if wanted else CARRIED_THROUGH, tx.now),
        )

    # --- the provider seals the agreement -----------------------------------------------------------------------------

    async def _seal_agreement(self, job: Job, case: Case) -> datetime | None:
        if case.has_seal:  # what is there is about other terms, and there will be no second one
            return await self._refuse(job, case, "sealed-other-terms", _OTHER_TERMS)
        theirs, card = await self._peer(case), self._card_of(job.owner)
        if theirs is None or card is None:
            await self._store.write(lambda tx: seal_records.release_unsealed(tx, self._line, job))
            return None
        signer = self._signers(job.owner)
        try:
            ours = negotiated.side(card, signer.kid, signer.chain[0])
            document = self._drawn_up(case, Sides(ours, theirs, Role.PROVIDER))
        except (ContractError, PolicyError) as error:
            return await self._refuse(job, case, error.code, said_of(error))
        version = case.negotiation.version
        if not await self._store.write(lambda tx: seal_records.keep_draft(tx, job, version, document)):
            return self._now()
        sealed = await seal(document.text.encode(), signer, media_type=CONTRACT, at=self._now(), approval=case.approval)
        mark = mark_of(sealed, 0)
        await self._store.write(lambda tx: seal_records.agreement_sealed(tx, self._line, job, document, mark))
        return None

    def _drawn_up(self, case: Case, sides: Sides) -> Document:
        """Return the contract to seal: the one that was drawn up before while it is good, else a new one."""
        known, now = case.contract, self._now()
        if known is not None and known.document and self._is_good(known, case.negotiation, sides):
            return document_of(known.document.encode(), known.cards)
        earlier, _ = negotiated.before_agreement(case.told)
        what = negotiated.negotiated(
            case.negotiation, sides, earlier, self._agreement(case.negotiation, now), case.dataset
        )
        last = now + COUNTERSIGN_WITHIN
        drawn_up = draw_up_contract(what, contract_id=new_id(), at=now, countersign_before=last)
        return document_of(canonical(drawn_up), sides.cards)

    def _is_good(self, known: StoredContract, negotiation: Negotiation, sides: Sides) -> bool:
        """True when a contract that was drawn up and not sealed is recent, and about these terms and these keys."""
        is_recent = known.status == "sealing" and self._now() - known.created_at < REDRAWN_AFTER
        return is_recent and is_on_the_table(known, negotiation) and _names_seals_of(known, sides)

    def _agreement(self, negotiation: Negotiation, now: datetime) -> str:
        """Return the text of the agreement, as it will stand in its message."""
        agreement = agreeing.draw_up(
            json.loads(negotiation.offer),
            agreement_id=new_id(),
            assigner=self._addresses.did(negotiation.owner),
            assignee=negotiation.peer,
            target=negotiation.dataset,
            at=now,
        )
        return json.dumps(agreement, ensure_ascii=False, separators=(",", ":"))

    # --- the consumer countersigns ------------------------------------------------------------------------------------

    async def _seal_verification(self, job: Job, case: Case) -> datetime | None:
        known = case.contract
        if known is None or known.jws is None or case.wanted is None:
            return None
        received, now = known.jws, self._now()
        try:
            theirs = read_sealed(received)
            document = theirs.document
            signer = self._signer_named(job.owner, document["parties"]["consumer"]["seal"]["kid"])
            sides = await self._sides(case, signer, document["parties"]["provider"]["seal"]["kid"])
            what = self._negotiated(case, sides)
            sealed = check_contract(theirs, what, now=now, not_before=case.negotiation.created_at)
        except (KeyError, TypeError) as error:
            return await self._refuse(job, case, "not-a-contract", {"fr": str(error), "en": str(error)})
        except (ContractError, PolicyError) as error:
            return await self._refuse(job, case, error.code, said_of(error))
        both = await countersign(sealed, signer, at=now, approval=case.approval)
        marks = (replace(mark_of(both, 0), jws=received), mark_of(both, 1))
        found = document_of(sealed.payload, sides.cards)
        await self._store.write(
            lambda tx: seal_records.verification_sealed(tx, self._line, job, received, found, marks)
        )
        return None

    async def _sides(self, case: Case, signer: Signer, kid: str) -> Sides:
        """Return both parties as the consumer knows them. Raises IncompleteCard."""
        theirs, card = await self._peer(case, kid), self._card_of(case.negotiation.owner)
        if theirs is None or card is None:
            raise IncompleteCard(needed="card")
        return Sides(negotiated.side(card, signer.kid, signer.chain[0]), theirs, Role.CONSUMER)

    def _negotiated(self, case: Case, sides: Sides) -> Negotiated:
        """Return what a received contract must say, as we know it. Raises OtherAgreement."""
        earlier, agreement = negotiated.before_agreement(case.told)
        if agreement is None:
            raise OtherAgreement(needed="agreement")
        return negotiated.negotiated(case.negotiation, sides, earlier, agreement, case.dataset)

    # --- the provider concludes ---------------------------------------------------------------------------------------

    async def _seal_conclusion(self, job: Job, case: Waiting) -> datetime | None:
        known = case.contract
        if known is None or known.jws is None or known.countersigned is None:
            return None
        now = self._now()
        try:
            sealed = check_countersigned(known.countersigned, known.jws, now=now)
        except ContractError as error:
            return await self._refuse(job, case, error.code, said_of(error))
        signer = self._signer_named(job.owner, sealed.document["parties"]["provider"]["seal"]["kid"])
        conclusion = await seal(canonical(conclude(sealed, at=now)), signer, media_type=CONCLUSION, at=now)
        document, mark = document_of(sealed.payload), mark_of(sealed, 1)
        await self._store.write(
            lambda tx: seal_records.conclusion_sealed(tx, self._line, job, document, mark, conclusion.text)
        )
        return None

    # --- what they share ----------------------------------------------------------------------------------------------

    def _now(self) -> datetime:
        return self._store.clock.now()

    def _signer_named(self, owner: str, kid: str) -> Signer:
        """Return who signs with the key that a contract names, or with the present one: the check then says so."""
        try:
            return self._signers(owner, kid)
        except NoSealKey:
            return self._signers(owner)

    async def _peer(self, case: Case, kid: str | None = None) -> Side | None:
        """Return the partner as a contract names it, with the key `kid` or its newest; None when it cannot seal.

        Raises Postpone while it cannot be asked: what it can do is never taken for what it cannot.
        """
        negotiation = case.negotiation
        try:
            history = await self._partners.seals_of(negotiation.owner, negotiation.peer, case.peer)
            if history is not None and kid is not None and history.named(kid) is None:
                history = await self._partners.seals_anew(negotiation.owner, negotiation.peer)
            usable = history.usable if history else ()
            card = await self._partners.card_of(negotiation.peer, case.peer) if usable else None
        except _NOT_NOW as error:
            raise Postpone(negotiation.peer, str(error)) from error
        if card is None:
            return None
        key = next((one for one in usable if one.kid == kid), usable[-1])
        try:
            return negotiated.side(card, key.kid, key.chain[0])
        except IncompleteCard:
            return None

    async def _refuse(self, job: Job, case: Waiting, code: str, reason: dict[str, str]) -> datetime | None:
        """End the negotiation, for a reason that both sides read."""
        kind, said = case.wanted.kind if case.wanted else "", f"{reason['fr']} · {reason['en']}"
        log.warning("a contract is refused", extra={**exchange.names_of(case.negotiation), "problem": code})
        await self._store.write(lambda tx: seal_records.refused(tx, self._line, job, kind, ended(code, reason), said))
        return None


def _names_seals_of(contract: StoredContract, sides: Sides) -> bool:
    """True when a contract names the keys that both parties seal with now: one may have been replaced meanwhile."""
    named = json.loads(contract.document or "")["parties"]
    both = (("provider", sides.provider), ("consumer", sides.consumer))
    present = {role: {"kid": one.kid, "certificateSha256": one.certificate_sha256} for role, one in both}
    return all(named[role]["seal"] == present[role] for role in present)
