"""Checks contracts and puts our seal on them: for the job `seal` (seal.py), which waits for partners and signers.

With a key of this node, and what is known of the partner at hand, the same is done at once, in the unit that decides
(`…_now`, for seal_at_once.py). It stores and sends nothing.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import contracts as agreeing
from connector.clock import Clock
from connector.identity.addresses import Addresses
from connector.identity.errors import NoSealKey
from connector.ids import new_id
from connector.protocol.machine import Role
from connector.services import negotiated
from connector.services.negotiated import Side, Sides
from connector.services.peer_seals import UNREACHED
from connector.services.seal_case import Case, NearSigners, Partners, Signers, document_of, mark_of
from connector.services.seal_records import Concluded, Countersigned, Document, Mark
from connector.services.sealing import is_on_the_table
from connector.store.contracts import StoredContract
from connector.store.jobs import Postpone
from connector.store.negotiations import Negotiation
from contracts.canonical import Json, canonical
from contracts.checks import check_contract, check_countersigned
from contracts.conclusion import conclude
from contracts.document import Negotiated, draw_up_contract, told_framework
from contracts.jws import CONCLUSION, CONTRACT, Sealed, read_sealed
from contracts.refused import BadDocument, IncompleteCard, NoUsableSealKey, OtherAgreement
from contracts.seals import countersign, countersign_now, seal, seal_now
from contracts.signer import NearSigner, Signer

COUNTERSIGN_WITHIN = timedelta(days=7)
"""How long the consumer has to put its seal: as long as a silent partner is waited for."""
REDRAWN_AFTER = timedelta(hours=1)
"""After how long a contract that could not be signed is drawn up anew: keys and cards may have changed."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A contract that the provider sealed and that we may countersign, and with which key."""

    sealed: Sealed
    sides: Sides
    signer: Signer


class Sealer:
    """Checks and seals for all owners."""

    def __init__(
        self,
        clock: Clock,
        addresses: Addresses,
        signers: Signers,
        partners: Partners,
        card_of: Callable[[str], str | None],
    ) -> None:
        """`card_of`: an owner's party card, as partners get it."""
        self._clock = clock
        self._addresses = addresses
        self.signers = signers
        self._partners = partners
        self._card_of = card_of

    # --- the provider draws up ----------------------------------------------------------------------------------------

    async def parties(self, case: Case) -> tuple[Sides, Signer] | None:
        """Return both parties as the provider knows them, and who signs for it; None when one of them cannot seal.

        Raises Postpone, IncompleteCard, NoUsableSealKey.
        """
        theirs, card = await self._peer(case), self._card_of(case.negotiation.owner)
        if theirs is None or card is None:
            return None
        signer = self.signers(case.negotiation.owner)
        return Sides(negotiated.side(card, signer.kid, signer.chain[0]), theirs, Role.PROVIDER), signer

    def sealed_now(self, case: Case, signer: NearSigner) -> tuple[Document, Mark] | None:
        """Return the contract and the provider's seal on it; None where somebody must be asked first.

        Raises ContractError, PolicyError.
        """
        sides = self._sides_at_hand(case, signer)
        if sides is None:
            return None
        (document, cards), now = self._drawn_up(case, sides), self._clock.now()
        sealed = seal_now(document, signer, media_type=CONTRACT, at=now, approval=case.approval)
        return document_of(sealed.payload, document, cards), mark_of(sealed, 0)

    def drawn_up(self, case: Case, sides: Sides) -> Document:
        """Return the contract to seal: the one that was drawn up before while it is good, else a new one."""
        document, cards = self._drawn_up(case, sides)
        return document_of(canonical(document), document, cards)

    def _drawn_up(self, case: Case, sides: Sides) -> tuple[dict[str, Json], str | None]:
        """Return what the contract to seal says, and the cards that it names."""
        known, now = case.contract, self._clock.now()
        if known is not None and known.document and self._is_good(known, case, sides):
            return json.loads(known.document), known.cards
        earlier, _ = negotiated.before_agreement(case.told)
        what = negotiated.negotiated(
            case.negotiation, sides, earlier, self._agreement(case.negotiation, now), case.dataset, case.framework
        )
        last = now + COUNTERSIGN_WITHIN
        return draw_up_contract(what, contract_id=new_id(), at=now, countersign_before=last), sides.cards

    def _is_good(self, known: StoredContract, case: Case, sides: Sides) -> bool:
        """True when a contract that was drawn up and not sealed is recent, and says what would be said now.

        It is about the terms on the table, under the framework agreement and with the keys of today.
        """
        if known.status != "sealing" or self._clock.now() - known.created_at >= REDRAWN_AFTER:
            return False
        document = json.loads(known.document or "{}")
        is_framed_so = document.get("framework") == told_framework(case.framework)
        return is_framed_so and is_on_the_table(known, case.negotiation) and _names_seals_of(known, sides)

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
        return agreeing.text_of(agreement)

    # --- the consumer countersigns ------------------------------------------------------------------------------------

    async def checked(self, case: Case, received: str) -> Checked:
        """Return what the provider sealed, when it says what was negotiated.

        Raises ContractError, PolicyError, Postpone.
        """
        theirs = read_sealed(received)
        signer = self._named(case.negotiation.owner, _kid(theirs, "consumer"))
        sides = await self._known_sides(case, signer, _kid(theirs, "provider"))
        return Checked(self._check(case, theirs, sides), sides, signer)

    async def countersigned(self, case: Case, checked: Checked) -> Countersigned:
        """Return a contract that was checked with our seal beside the provider's. Raises what the signer raises."""
        both = await countersign(checked.sealed, checked.signer, at=self._clock.now(), approval=case.approval)
        return _countersigned(checked.sealed, both, checked.sides)

    def countersigned_now(self, case: Case, received: str, near: NearSigners) -> Countersigned | None:
        """Return the same of what the provider sealed, checked before; None where somebody must be asked first.

        Raises as `checked`.
        """
        theirs = read_sealed(received)
        signer = near(case.negotiation.owner, _kid(theirs, "consumer"))
        sides = None if signer is None else self._sides_at_hand(case, signer, _kid(theirs, "provider"))
        if signer is None or sides is None:
            return None
        sealed = self._check(case, theirs, sides)
        both = countersign_now(sealed, signer, at=self._clock.now(), approval=case.approval)
        return _countersigned(sealed, both, sides)

    def _check(self, case: Case, theirs: Sealed, sides: Sides) -> Sealed:
        """Return the contract when it says what was negotiated. Raises ContractError, PolicyError."""
        what, now = _told(case, sides), self._clock.now()
        return check_contract(theirs, what, now=now, not_before=case.negotiation.created_at)

    async def _known_sides(self, case: Case, signer: Signer, kid: str) -> Sides:
        """Return both parties as the consumer knows them. Raises IncompleteCard."""
        theirs, card = await self._peer(case, kid), self._card_of(case.negotiation.owner)
        if theirs is None or card is None:
            raise IncompleteCard(needed="card")
        return Sides(negotiated.side(card, signer.kid, signer.chain[0]), theirs, Role.CONSUMER)

    # --- the provider concludes ---------------------------------------------------------------------------------------

    def checked_both(self, known: StoredContract, countersigned: str) -> Sealed:
        """Return our contract with the consumer's seal, when that is good. Raises ContractError."""
        return check_countersigned(countersigned, known.jws or "", now=self._clock.now())

    async def concluded(self, owner: str, sealed: Sealed) -> Concluded:
        """Return the sealed conclusion of a contract that both have sealed. Raises what the signer raises."""
        now, signer = self._clock.now(), self._named(owner, _kid(sealed, "provider"))
        conclusion = await seal(canonical(conclude(sealed, at=now)), signer, media_type=CONCLUSION, at=now)
        return Concluded(document_of(sealed.payload, sealed.document), mark_of(sealed, 1), conclusion.text)

    def concluded_now(self, known: StoredContract, countersigned: str, near: NearSigners) -> Concluded | None:
        """Return the same of a contract of ours with the consumer's seal, checked before; None without a near key.

        Raises ContractError.
        """
        sealed, now = self.checked_both(known, countersigned), self._clock.now()
        signer = near(known.owner, _kid(sealed, "provider"))
        if signer is None:
            return None
        conclusion = seal_now(conclude(sealed, at=now), signer, media_type=CONCLUSION, at=now)
        return Concluded(document_of(sealed.payload, sealed.document), mark_of(sealed, 1), conclusion.text)

    # --- what they share ----------------------------------------------------------------------------------------------

    def _named(self, owner: str, kid: str) -> Signer:
        """Return who signs with the key that a contract names, or with the present one: the check then says so."""
        try:
            return self.signers(owner, kid)
        except NoSealKey:
            return self.signers(owner)

    def _sides_at_hand(self, case: Case, signer: Signer, kid: str | None = None) -> Sides | None:
        """Return both parties, the partner with the key `kid` or its newest; None where somebody must be asked first.

        Raises IncompleteCard.
        """
        peer, card = case.peer, self._card_of(case.negotiation.owner)
        history = None if peer is None else self._partners.at_hand(peer)
        if peer is None or peer.card is None or card is None or history is None:
            return None
        key = next((one for one in reversed(history.usable) if kid in (None, one.kid)), None)
        if key is None:
            return None
        ours, theirs = ((signer.kid, signer.chain[0]), (key.kid, key.chain[0]))
        return Sides(negotiated.side(card, *ours), negotiated.side(peer.card, *theirs), case.negotiation.role)

    async def _peer(self, case: Case, kid: str | None = None) -> Side | None:
        """Return the partner as a contract names it, with the key `kid` or its newest; None when it cannot seal.

        Raises Postpone while it cannot be asked: what it can do is never taken for what it cannot. Raises
        NoUsableSealKey.
        """
        negotiation = case.negotiation
        try:
            history = await self._partners.seals_of(negotiation.owner, negotiation.peer, case.peer)
            if history is not None and (not history.usable or (kid is not None and history.named(kid) is None)):
                history = await self._partners.seals_anew(negotiation.owner, negotiation.peer) or history
            usable = history.usable if history else ()
            card = await self._partners.card_of(negotiation.peer, case.peer) if usable else None
        except UNREACHED as error:
            raise Postpone(negotiation.peer, str(error)) from error
        if history is not None and history.keys and not usable:  # what it could do once is not taken back
            raise NoUsableSealKey(actual=history.keys[-1].kid)
        if card is None:
            return None
        key = next((one for one in usable if one.kid == kid), usable[-1])
        try:
            return negotiated.side(card, key.kid, key.chain[0])
        except IncompleteCard:
            return None


def _kid(contract: Sealed, role: str) -> str:
    """Return the key that a document names for a role. Raises BadDocument for what is no contract."""
    try:
        return str(contract.document["parties"][role]["seal"]["kid"])
    except (KeyError, TypeError) as error:
        raise BadDocument(needed="kid", pointer=f"/parties/{role}/seal/kid") from error


def _countersigned(sealed: Sealed, both: Sealed, sides: Sides) -> Countersigned:
    marks = (replace(mark_of(both, 0), jws=sealed.text), mark_of(both, 1))
    return Countersigned(document_of(sealed.payload, sealed.document, sides.cards), marks)


def _told(case: Case, sides: Sides) -> Negotiated:
    """Return what a received contract must say, as we know it. Raises OtherAgreement."""
    earlier, agreement = negotiated.before_agreement(case.told)
    if agreement is None:
        raise OtherAgreement(needed="agreement")
    return negotiated.negotiated(case.negotiation, sides, earlier, agreement, case.dataset, case.framework)


def _names_seals_of(contract: StoredContract, sides: Sides) -> bool:
    """True when a contract names the keys that both parties seal with now: one may have been replaced meanwhile."""
    named = json.loads(contract.document or "")["parties"]
    both = (("provider", sides.provider), ("consumer", sides.consumer))
    present = {role: {"kid": one.kid, "certificateSha256": one.certificate_sha256} for role, one in both}
    return all(named[role]["seal"] == present[role] for role in present)
