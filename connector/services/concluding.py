"""Checks the conclusion that a FINALIZED event carries, before the transaction that takes the event.

FINALIZED ends a negotiation as soon as it is acknowledged: a consumer that has countersigned takes it only with the
provider's sealed word that this very contract is concluded. Without it, two seals prove nothing.
"""

from connector.identity.errors import SealsRefused
from connector.peer.errors import AnswerTooLarge, BadAnswer, DidUnresolved, PeerAddressRefused, Unreachable
from connector.protocol import negotiation as n
from connector.protocol.machine import Role
from connector.services.exchange import Incoming
from connector.services.seal_case import Partners
from connector.services.sealing import ConclusionRefused
from connector.store import contracts, peers
from connector.store.db import Store, Tx
from connector.store.negotiations import Negotiation
from contracts.checks import signatory
from contracts.conclusion import check_conclusion
from contracts.jws import read_sealed
from contracts.refused import ContractError

_NOT_NOW = (Unreachable, PeerAddressRefused, AnswerTooLarge, BadAnswer, DidUnresolved, SealsRefused)


class Concluding:
    """Asked for each FINALIZED event that comes."""

    def __init__(self, store: Store, partners: Partners) -> None:
        self._store = store
        self._partners = partners

    async def check(self, owner: str, pid: str, incoming: Incoming) -> ConclusionRefused | None:
        """Return why the event must not be taken; None when it may, or when no contract was sealed by both."""
        if incoming.message.kind != n.FINALIZE:
            return None
        found = await self._store.read(lambda tx: contracts.find(tx, owner, pid))
        if found is None or found.role is not Role.CONSUMER or found.status != "sealed-by-both" or found.jws is None:
            return None
        conclusion = getattr(incoming.message, "conclusion", None)
        if conclusion is None:
            return ConclusionRefused()
        try:
            contract, sealed = read_sealed(found.jws), read_sealed(conclusion)
            is_named = sealed.signatures[0].header["kid"] == signatory(contract.document, "provider").kid
            keys = {} if is_named else await self._keys(owner, found.peer)
            check_conclusion(sealed, contract, now=self._store.clock.now(), keys=keys)
        except ContractError as error:
            return ConclusionRefused({"fr": error.say("fr"), "en": error.say("en")})
        return None

    async def _keys(self, owner: str, peer: str) -> dict[str, str]:
        """Return the seal keys of the peer that are pinned, beside the one that the contract names."""
        try:
            row = await self._store.read(lambda tx: peers.find(tx, owner, peer))
            history = await self._partners.seals_of(owner, peer, row)
        except _NOT_NOW:
            return {}
        return {one.kid: one.certificate_sha256 for one in history.usable} if history else {}

    def require(self, tx: Tx, negotiation: Negotiation, doubt: ConclusionRefused | None) -> None:
        """Raise the doubt, unless the contract stands elsewhere by now."""
        if doubt is None:
            return
        found = contracts.find(tx, negotiation.owner, negotiation.pid)
        if found is not None and found.status == "sealed-by-both":
            raise doubt
