"""Checks the conclusion that a FINALIZED event carries, in the transaction that takes the event.

FINALIZED ends a negotiation as soon as it is acknowledged: a consumer that has countersigned takes it only with the
provider's sealed word that this very contract is concluded. Without it, two seals prove nothing.
"""

from collections.abc import Mapping

from connector.identity.errors import SealsRefused
from connector.protocol import negotiation as n
from connector.protocol.errors import Busy
from connector.protocol.machine import Role
from connector.protocol.wire import Message
from connector.services.peer_seals import UNREACHED, PeerSeals
from connector.services.sealing import ConclusionRefused
from connector.store import contracts
from connector.store.db import Store, Tx
from connector.store.negotiations import Negotiation
from contracts.checks import check_unstamped, signatory
from contracts.conclusion import check_conclusion
from contracts.jws import kept, read_sealed
from contracts.refused import ContractError

Keys = Mapping[str, str]
"""Seal keys of a partner: `kid` and SHA-256 of the certificate."""


class KeyNotAtHand(Exception):
    """A conclusion is sealed with this key, and the contract names another: the partner is asked for its keys."""

    def __init__(self, kid: str) -> None:
        super().__init__(kid)
        self.kid = kid


class Concluding:
    """Asked for each message that is taken."""

    def __init__(self, store: Store, seals: PeerSeals) -> None:
        self._store = store
        self._seals = seals

    def require(self, tx: Tx, negotiation: Negotiation, message: Message, asked: Keys | None) -> None:
        """Raise ConclusionRefused for a FINALIZED event that must not be taken.

        `asked`: what the partner's keys are when it was asked. Without that, KeyNotAtHand may be raised.
        """
        if message.kind != n.FINALIZE or negotiation.role is not Role.CONSUMER:
            return
        found = contracts.find(tx, negotiation.owner, negotiation.pid)
        if found is None or found.status != "sealed-by-both" or found.jws is None:
            return
        conclusion = getattr(message, "conclusion", None)
        if conclusion is None:
            raise ConclusionRefused()
        try:
            contract, sealed = kept(found.jws), read_sealed(conclusion)
            check_unstamped(sealed)
            kid = str(sealed.signatures[0].header["kid"])
            if asked is None and kid != signatory(contract.document, "provider").kid:
                raise KeyNotAtHand(kid)
            check_conclusion(sealed, contract, now=self._store.clock.now(), keys=asked)
        except ContractError as error:
            raise ConclusionRefused({"fr": error.say("fr"), "en": error.say("en")}) from error

    async def ask(self, owner: str, peer: str, kid: str) -> Keys:
        """Return the seal keys of a peer: as they are known if `kid` is one of them, else as they are at this moment.

        None are returned of a list that is not taken. Raises Busy while it cannot be read: the event comes again.
        """
        try:
            history = await self._seals.naming(owner, peer, kid)
        except UNREACHED as error:
            raise Busy("Your seal keys cannot be read now.") from error
        except SealsRefused:
            return {}
        return {one.kid: one.certificate_sha256 for one in history.usable} if history else {}
