"""What becomes of contracts after their conclusion: we end them, and take what partners hand in about them.

A partner hands in a sealed document about an agreement. It is checked outside any transaction, against the contract as
both sealed it and the seal keys that are pinned with the partner; what was taken before changes nothing. What we hand
in ourselves is in tell.py.
"""

import logging
from typing import ClassVar

from connector.identity.scheme import Participant
from connector.identity.seal_history import SealHistory
from connector.identity.timestamps import TimeStampRefused
from connector.problems import Conflict, NotFound, Problem
from connector.protocol.errors import Busy
from connector.services import deciders, exchange, notices, stamping, turned_away
from connector.services.deciders import Decider
from connector.services.exchange import PEER_FAILURES
from connector.services.notices import TooManyNotices
from connector.services.peer_seals import PeerSeals
from connector.services.seal_case import said_of
from connector.services.stamping import Stamping
from connector.store import agreements, contracts, journal, negotiations
from connector.store.contracts import OPEN, StoredContract
from connector.store.db import Store, Tx
from contracts.canonical import sha256
from contracts.checks import check_unstamped
from contracts.jws import CONCLUSION, CONTRACT, NOTICE, Sealed, read_sealed
from contracts.notice import check_notice
from contracts.refused import ContractError, HeaderRefused, OtherNotice, WrongSealKey

log = logging.getLogger("pupitre.services")


class EvidenceRefused(Problem):
    """What a partner hands in about a contract must be sealed by that partner, and about this very contract."""

    code = "evidence-refused"
    status = 400
    title: ClassVar[dict[str, str]] = {
        "fr": "Cette pièce n’est pas recevable pour la convention.",
        "en": "This evidence is not acceptable for the contract.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Corrigez ce que le détail nomme. La convention et ce qui en a déjà été notifié restent inchangés.",
        "en": "Correct what the detail names. The contract, and what was notified of it before, are unchanged.",
    }

    def __init__(self, error: ContractError) -> None:
        super().__init__(said_of(error))
        self.why = error.code


class Evidence:
    """The contracts that were concluded."""

    def __init__(self, store: Store, seals: PeerSeals, stamps: Stamping) -> None:
        self._store = store
        self._seals = seals
        self._stamps = stamps

    # --- a person acts ------------------------------------------------------------------------------------------------

    async def terminate(
        self, owner: str, name: str, code: str, reason: str, *, by: Decider, said_by: str = ""
    ) -> StoredContract:
        """End a contract, named by its own, its agreement's or its negotiation's identifier. Ended already: no change.

        From now on no byte leaves under it; the partner is told by a sealed notice, with code and reason. `said_by`, a
        person by name or function, stays in our journal. Raises NotFound; Conflict before both sides have concluded it.
        """

        def unit(tx: Tx) -> StoredContract:
            contract = self._claimed(tx, owner, contracts.named(tx, owner, name).negotiation)
            if contract.status not in ("concluded", "unilateral"):
                fr = f"Cette convention n’est pas conclue ({contract.status})."
                raise Conflict({"fr": fr, "en": f"This contract is not concluded ({contract.status})."})
            if agreements.load(tx, owner, contract.agreement).status == "ended":
                return contract
            entry = {"contract": contract.id, "agreement": contract.agreement, "code": code, "reason": reason}
            decided = {**({"said_by": said_by} if said_by else {}), deciders.MEMBER: deciders.told(by)}
            journal.append(tx, owner, contract.negotiation, "contract-terminated", {**entry, **decided})
            notices.end(tx, contract)
            if contract.status == "concluded":
                notices.order(tx, contract, "termination", by=by, code=code, reason=reason)
            return contract

        return await self._store.write(unit)

    # --- a partner speaks ---------------------------------------------------------------------------------------------

    async def receive(self, owner: str, caller: Participant, agreement: str, text: str) -> bool:
        """Take a sealed document about an agreement; False when it was taken before.

        It is a notice, or the contract or its conclusion with time-stamps. Raises NotFound, Busy while the conclusion
        is awaited, EvidenceRefused, TimeStampRefused, TooManyNotices.
        """
        contract = await self._store.read(lambda tx: contracts.of_agreement(tx, owner, caller.did, agreement))
        if contract is None or contract.status == "unilateral":
            raise NotFound(agreement)
        if contract.status in OPEN:
            raise Busy("The conclusion of this contract is awaited.")
        try:
            return await self._taken(contract, text)
        except (EvidenceRefused, TimeStampRefused, TooManyNotices) as problem:
            why = getattr(problem, "why", problem.code)
            log.warning("evidence is refused", extra={"owner": owner, "peer": caller.did, "problem": why})
            await turned_away.note_evidence(self._store, contract, sha256(text), why)
            raise

    async def _taken(self, contract: StoredContract, text: str) -> bool:
        """Check what the partner hands in, and keep it; False when it is known. Raises as `receive`."""
        try:
            sealed = await self._checked(contract, text)
        except ContractError as error:
            raise EvidenceRefused(error) from error

        def unit(tx: Tx) -> bool:
            held = self._claimed(tx, contract.owner, contract.negotiation)
            exchange.heard(tx, contract.owner, contract.peer)
            is_notice = sealed.signatures[0].header["cty"] == NOTICE
            return (notices.took if is_notice else stamping.take)(tx, held, sealed)

        return await self._store.write(unit, about=contract.negotiation)

    def _claimed(self, tx: Tx, owner: str, negotiation: str) -> StoredContract:
        """Return a contract for a change, its negotiation locked: the journal of that one grows. Raises NotFound."""
        negotiations.load(tx, owner, negotiation)
        found = contracts.find(tx, owner, negotiation)
        if found is None:
            raise NotFound(negotiation)
        return found

    async def _checked(self, contract: StoredContract, text: str) -> Sealed:
        """Return what was handed in.

        1. It has the form of a sealed document, and is of a kind that is taken.
           A contract or a conclusion must be ours, word for word, and each time-stamp on it good: nothing else follows.
           A notice bears none: nobody has sealed it, and a false one would spoil the evidence for whoever reads it.
        2. Its key is the partner's, and was not revoked.
        3. It is about this contract, names its partner as author, and is sealed by that key.
        Raises ContractError, TimeStampRefused; Busy while the keys of the partner cannot be read.
        """
        sealed = read_sealed(text)  # 1
        header = sealed.signatures[0].header
        if header["cty"] in (CONTRACT, CONCLUSION):
            self._stamps.check(contract, sealed)
            return sealed
        if header["cty"] != NOTICE:
            raise HeaderRefused(needed=NOTICE, actual=header["cty"][:80], pointer="/signatures/0/protected/cty")
        check_unstamped(sealed)
        history = await self._history(contract, header["kid"])  # 2
        known = history.named(header["kid"])
        if known is not None and known.revoked_at is not None:
            revoked = f"{known.kid} ({known.revoked_at:%FT%TZ})"
            raise WrongSealKey(actual=revoked, pointer="/signatures/0/protected/kid")
        if sealed.document.get("by") != contract.peer:  # 3
            raise OtherNotice(needed=contract.peer, actual=str(sealed.document.get("by"))[:200], pointer="/by")
        keys = {one.kid: one.certificate_sha256 for one in history.usable}
        return check_notice(text, read_sealed(contract.jws or ""), now=self._store.clock.now(), keys=keys)

    async def _history(self, contract: StoredContract, kid: str) -> SealHistory:
        """Return the seal keys of the partner, asked for anew when this one is not among them. Raises Busy."""
        try:
            history = await self._seals.naming(contract.owner, contract.peer, kid)
        except PEER_FAILURES as error:
            raise Busy("Your seal keys cannot be read now.") from error
        if history is None:
            raise WrongSealKey(actual=kid[:200], pointer="/signatures/0/protected/kid")
        return history
