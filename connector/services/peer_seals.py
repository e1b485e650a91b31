"""Which partners seal contracts, and with which keys.

The list of a partner's seal keys is signed with its authentication key, which a person pinned; so it is pinned when the
partner is met, and a newer one, signed alike, is taken without asking anybody. What was pinned is never let go of: a
partner that once sealed is expected to, whatever its DID document says later.
"""

import logging

from connector.identity.did import authentication_thumbprints, seal_names, sealing_endpoint
from connector.identity.errors import SealsRefused
from connector.identity.seal_history import SealHistory, stored
from connector.peer.discovery import Discovery
from connector.peer.documents import DidDocument, has_document
from connector.peer.errors import AnswerTooLarge, BadAnswer, DidUnresolved, PeerAddressRefused, Unreachable
from connector.problems import Unavailable
from connector.services import key_lists, meet
from connector.store import journal, peers
from connector.store.db import Store, Tx

UNREACHED = (Unreachable, PeerAddressRefused, AnswerTooLarge, BadAnswer, DidUnresolved)
"""Why a partner's documents cannot be had now."""

log = logging.getLogger("pupitre.services")


class PeerSeals:
    """The seal keys of peers."""

    def __init__(self, store: Store, discovery: Discovery) -> None:
        self._store = store
        self._discovery = discovery

    async def of(self, owner: str, did: str) -> SealHistory | None:
        """Return the peer's seal keys: those pinned, else those it shows now, which are pinned. None: it cannot seal.

        When its DID document, which is looked at every five minutes anyway, names other keys than those pinned, its
        list is looked at again. Raises SealsRefused when it says that it seals and its list is not signed by its pinned
        key; or what the peer room raises.
        """
        return await self.of_known(owner, did, await self._store.read(lambda tx: peers.find(tx, owner, did)))

    async def of_known(self, owner: str, did: str, peer: peers.Peer | None) -> SealHistory | None:
        """Return them for a peer whose row was just read; None: the owner does not know it. Raises as `of`."""
        if not has_document(did):
            return None
        if peer is not None and peer.seals is not None:
            return await self._followed(owner, peer, stored(peer.seals))
        return await self._look(owner, peer, await self._discovery.resolve_did(did))

    def at_hand(self, peer: peers.Peer) -> SealHistory | None:
        """Return the peer's pinned keys where its DID document, as it was read last, names the same ones.

        None: the document is not at hand, or tells of a change; `of_known` looks.
        """
        document = self._discovery.known_did(peer.did)
        if peer.seals is None or document is None:
            return None
        known = stored(peer.seals)
        return known if seal_names(document) == {one.kid for one in known.usable} else None

    async def anew(self, owner: str, did: str) -> SealHistory | None:
        """Return the peer's seal keys as it shows them now: for a seal by a key that is not known. Raises as `of`."""
        peer = await self._store.read(lambda tx: peers.find(tx, owner, did))
        return await self._look(owner, peer, await self._discovery.refetch_did(did))

    async def naming(self, owner: str, did: str, kid: str) -> SealHistory | None:
        """Return the peer's seal keys as they are known if `kid` is one of them, else as it shows them now.

        Raises as `of`.
        """
        history = await self.of(owner, did)
        if history is None or history.named(kid) is None:
            history = await self.anew(owner, did) or history
        return history

    async def refresh(self, owner: str, did: str) -> SealsRefused | None:
        """Look at the list of a peer whose seal keys are pinned, whatever its DID document names; return why not taken.

        A key that has left that document may have been revoked since. What is pinned stands where nothing can be had.
        """
        peer = await self._store.read(lambda tx: peers.find(tx, owner, did))
        if peer is None or peer.seals is None:
            return None
        try:
            await self._look(owner, peer, await self._discovery.resolve_did(did))
        except SealsRefused as refused:
            _warn(owner, did, refused)
            return refused
        except (*UNREACHED, Unavailable):
            pass
        return None

    async def endpoint(self, did: str) -> str | None:
        """Return where the peer takes evidence (its service `ContractSealing`). Raises what the peer room raises."""
        return sealing_endpoint(await self._discovery.resolve_did(did))

    async def _followed(self, owner: str, peer: peers.Peer, known: SealHistory) -> SealHistory:
        """Return the peer's list as it is now if its DID document tells of a change, the pinned one if it has none.

        The pinned one, too, when the new one is refused: a person reads that in the log.
        """
        try:
            document = await self._discovery.resolve_did(peer.did)
            if seal_names(document) == {one.kid for one in known.usable}:
                return known
            return await self._look(owner, peer, document) or known
        except SealsRefused as refused:
            _warn(owner, peer.did, refused)
            return known
        except (*UNREACHED, Unavailable):
            return known

    async def document(self, did: str) -> DidDocument:
        """Return the peer's DID document, at most five minutes old. Raises what the peer room raises."""
        return await self._discovery.resolve_did(did)

    async def _look(self, owner: str, peer: peers.Peer | None, document: DidDocument) -> SealHistory | None:
        pinned = frozenset(peer.pinned) if peer is not None else authentication_thumbprints(document)
        known = stored(peer.seals) if peer is not None and peer.seals is not None else None
        found = await meet.fetch_seals(self._discovery, document, pinned, known)
        if peer is not None and found is not None and (known is None or found.keys != known.keys):
            await self._pin(owner, document.did, found)
        return found

    async def _pin(self, owner: str, did: str, found: SealHistory) -> None:
        def unit(tx: Tx) -> None:
            peer = peers.claim(tx, owner, did)
            before = stored(peer.seals) if peer.seals is not None else None
            if before is not None and before.issued_at > found.issued_at:
                raise SealsRefused("older")
            key_lists.keep_pinned(tx, peer)
            peer.seals = found.text
            peers.put(tx, peer)
            key_lists.keep(tx, owner, found)
            told = [{"kid": one.kid, "certificate": one.certificate_sha256} for one in found.keys]
            journal.append(tx, owner, did, "peer-seals-pinned", {"keys": told})

        await self._store.write(unit)


def _warn(owner: str, did: str, refused: SealsRefused) -> None:
    told = {"owner": owner, "peer": did, "problem": refused.code, "reason": refused.reason}
    log.warning("a list of seal keys is refused, the known one stands", extra=told)
