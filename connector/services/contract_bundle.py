"""The evidence bundle of a contract: what this node holds of it, gathered so that it stands without either node.

It holds what was sealed, what led to it and who the parties were. A piece that does not belong to the others is left
out, and the verifier then says that it is missing: a DID document that no longer names the key which signed the party
card, or the token in one-sided evidence, is not the one of then; a list of seal keys signed by another key cannot be
checked with it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from connector.identity import card as cards
from connector.identity import seal_history
from connector.identity.did import authentication_thumbprints
from connector.identity.did_web import is_signed
from connector.identity.errors import CardRefused, MissingSealKey, NoSealKey, SealKeyLocked, SealsRefused
from connector.identity.seal_history import SealHistory
from connector.peer.documents import DidDocument, read_document
from connector.protocol.machine import Role
from connector.services import key_lists, negotiated, one_sided
from connector.services.contract import Contracts, NoPdf, NotSealedYet, conclusion_of
from connector.services.hosts import Hosts
from connector.services.key_lists import Said
from connector.services.negotiated import Told
from connector.services.peer_seals import UNREACHED, PeerSeals
from connector.store import checkpoints, contracts, journal
from connector.store.contracts import StoredContract, StoredNotice
from connector.store.db import Store, Tx
from connector.store.journal import Entry
from contracts.bundle import Evidence, pack
from contracts.canonical import sha256
from contracts.convention import Beside
from contracts.convention.proof import ROLES
from contracts.jws import read_sealed
from contracts.refused import BadDocument
from contracts.seals import Role as Named

_BOTH = 2
_DEEPEST = 16
"""How deep a DID document may be nested that a bundle takes along."""
_ByRole: TypeAlias = dict[Named, str]
_NAMES: Mapping[Role, Named] = {Role.PROVIDER: "provider", Role.CONSUMER: "consumer"}


@dataclass(frozen=True, slots=True)
class Held:
    """What the store holds of a contract, as one transaction saw it."""

    contract: StoredContract
    notices: list[StoredNotice]
    told: list[Told] = field(repr=False)
    journal: list[Entry] = field(repr=False)
    checkpoints: list[str] = field(repr=False)
    """Those of our journals that cover this one."""
    said: Said = field(repr=False)
    """What both parties said of their seal keys, as their pinned keys signed it."""

    @property
    def is_one_sided(self) -> bool:
        return self.contract.status == "unilateral"

    @property
    def jws(self) -> str:
        """What was sealed. Raises NotSealedYet unless both have sealed, or nobody but us is to."""
        found = self.contract
        if found.document is None or found.jws is None:
            raise NotSealedYet(found.status)
        if not self.is_one_sided and len(read_sealed(found.jws).signatures) < _BOTH:
            raise NotSealedYet(found.status)
        return found.jws

    @property
    def token(self) -> str | None:
        """The partner's token whose digest our one-sided evidence holds."""
        digest = json.loads(self.contract.document or "{}").get("token")
        proofs = (one.proof for one in self.told if one.proof and one.sender == self.contract.peer)
        return next((proof for proof in proofs if sha256(proof) == digest), None)


@dataclass(frozen=True, slots=True)
class Bundle:
    """An evidence bundle as a file."""

    name: str
    content: bytes = field(repr=False)


class ContractBundles:
    """Writes evidence bundles."""

    def __init__(self, store: Store, hosts: Hosts, peer_seals: PeerSeals, shown: Contracts) -> None:
        self._store = store
        self._hosts = hosts
        self._peer_seals = peer_seals
        self._shown = shown

    async def of(self, owner: str, name: str, *, with_pdf: bool = True) -> Bundle:
        """Return the bundle of a contract; the pages as a PDF are in it where this node can write and seal them.

        Raises NotFound, NotSealedYet, Unavailable while too many DID documents are being looked at.
        """
        peer = await self._store.read(lambda tx: contracts.named(tx, owner, name).peer)
        await self._peer_seals.refresh(owner, peer)
        held, beside = await self._store.read(lambda tx: self._held(tx, owner, name))
        jws, contract = held.jws, held.contract
        documents, keys, earlier = await self._identities(held)
        evidence = Evidence(
            contract="" if held.is_one_sided else jws,
            unilateral=jws if held.is_one_sided else "",
            conclusion=conclusion_of(contract) or "",
            notices=[one.jws for one in held.notices],
            pdf=await self._pdf(held, beside) if with_pdf else None,
            did_documents=documents,
            cards=_cards(contract),
            seal_keys=keys,
            earlier_seal_keys=earlier,
            messages=[one.text for one in negotiated.evidence(held.told)],
            journal=[(entry.text, entry.hash) for entry in held.journal],
            checkpoints=held.checkpoints,
        )
        return Bundle(f"{(contract.id or '').removeprefix('urn:uuid:')}.contract.zip", pack(evidence))

    def _held(self, tx: Tx, owner: str, name: str) -> tuple[Held, Beside | None]:
        hosted = self._hosts.owners[owner]
        held = hold(tx, owner, name, hosted.did, self._hosts.seals.history(owner))
        return held, one_sided.beside(tx, held.contract, hosted) if held.is_one_sided else None

    async def _pdf(self, held: Held, beside: Beside | None) -> bytes | None:
        """Return the convention or the record as a PDF, sealed with the very key of its JWS; None where we cannot.

        An agreement of another connector may be one that cannot be told in sentences: its bundle has no pages.
        """
        contract = held.contract
        own = 0 if held.is_one_sided else ROLES.index(contract.role.value)
        kid = str(read_sealed(held.jws).signatures[own].header["kid"])
        try:
            pages = self._shown.drawn_up(contract, held.notices, beside, revoked=key_lists.revoked(held.said))
            return await self._shown.drawn(pages, self._hosts.seals.signer(contract.owner, kid))
        except (NoPdf, NoSealKey, MissingSealKey, SealKeyLocked, BadDocument):
            return None

    # --- who the parties are ------------------------------------------------------------------------------------------

    async def _identities(self, held: Held) -> tuple[_ByRole, _ByRole, _ByRole]:
        """Return the DID documents, the lists of seal keys that belong with them, and those of the conclusion.

        Of a party that sealed nothing there is no list.
        """
        contract = held.contract
        own, role, given = self._hosts.owners[contract.owner].did, contract.role, _cards(contract)
        seen = {role: read_document(own, json.dumps(self._hosts.did_document(contract.owner)).encode())}
        listed = {role: self._hosts.seals.signed_history(contract.owner)}
        theirs = await self._of_peer(contract)
        if held.is_one_sided:
            theirs = {one: found for one, found in theirs.items() if _shows(held.token, found)}
        documents = {one: found for one, found in (seen | theirs).items() if _signed(given.get(_NAMES[one]), found)}
        then = {role: held.said[own].then}
        if not held.is_one_sided:
            listed[role.other] = await self._keys_of_peer(held, documents.get(role.other))
            then[role.other] = held.said[contract.peer].then
        told = {_NAMES[one]: json.dumps(found.members, ensure_ascii=False) for one, found in documents.items()}
        earlier = {one: found.text for one, found in then.items() if found is not None}
        return told, _checkable(listed, documents), _checkable(earlier, documents)

    async def _keys_of_peer(self, held: Held, document: DidDocument | None) -> str | None:
        """Return the partner's list of seal keys: the pinned one, else the one that it shows now.

        Nothing is pinned of a partner that nobody added. Without its DID document of then its list proves nothing.
        """
        pinned = held.said[held.contract.peer].now
        if pinned is not None or document is None:
            return None if pinned is None else pinned.text
        try:
            shown = await self._peer_seals.of_known(held.contract.owner, held.contract.peer, None)
        except (*UNREACHED, SealsRefused):
            return None
        return shown.text if shown is not None else None

    async def _of_peer(self, contract: StoredContract) -> dict[Role, DidDocument]:
        try:
            return {contract.role.other: await self._peer_seals.document(contract.peer)}
        except UNREACHED:
            return {}


def hold(tx: Tx, owner: str, name: str, did: str, own: SealHistory | None) -> Held:
    """Return what there is of a contract; `did` and the list `own` are ours. Raises NotFound."""
    contract = contracts.named(tx, owner, name)
    history = journal.since(tx, owner, contract.negotiation)
    return Held(
        contract,
        contracts.notices(tx, owner, contract.negotiation),
        negotiated.messages(history, did),
        history,
        checkpoints.covering(tx, owner, contract.negotiation),
        key_lists.said_by_both(tx, contract, history, did, own),
    )


def _cards(contract: StoredContract) -> dict[Named, str]:
    cards: dict[Named, str] = json.loads(contract.cards) if contract.cards else {}
    return cards


def _signed(card: str | None, document: DidDocument) -> bool:
    """True unless a card is there that no key of the document signed."""
    if card is None:
        return True
    try:
        cards.verify(card.encode(), document, authentication_thumbprints(document))
    except CardRefused:
        return False
    return True


def _shows(token: str | None, document: DidDocument) -> bool:
    """True when a key of the document signed the token, and a verifier can read the document."""
    return token is not None and is_signed(token, document) and _is_plain(dict(document.members), _DEEPEST)


def _is_plain(value: Any, depth: int) -> bool:
    """True when a value holds no number with a fraction and is not nested deeper; verifiers refuse to read others."""
    if isinstance(value, dict | list):
        held = value.values() if isinstance(value, dict) else value
        return depth > 0 and all(_is_plain(one, depth - 1) for one in held)
    return not isinstance(value, float)


def _checkable(listed: Mapping[Role, str | None], documents: Mapping[Role, DidDocument]) -> _ByRole:
    return {_NAMES[one]: text for one, text in listed.items() if text and _is_listed_by(text, documents.get(one))}


def _is_listed_by(text: str, document: DidDocument | None) -> bool:
    """True unless the list of seal keys is signed by a key that the document does not name.

    Whether it came from the future was asked when it was taken: here it is read as of its own instant.
    """
    if document is None:
        return True
    try:
        issued_at, named = seal_history.stored(text).issued_at, authentication_thumbprints(document)
        seal_history.verify(text.encode(), document, named, now=issued_at)
    except SealsRefused:
        return False
    return True
