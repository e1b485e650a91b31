"""What there is to seal, and who is asked: what the parts of the job `seal` share."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from connector.identity.seal_history import SealHistory
from connector.protocol import negotiation as n
from connector.protocol.machine import Role
from connector.services import exchange, frameworks, negotiated
from connector.services.deciders import CARRIED_THROUGH
from connector.services.exchange import Answer
from connector.services.negotiated import Told
from connector.services.seal_records import Document, Mark
from connector.services.sealing import JOB
from connector.store import contracts, journal, peers
from connector.store.contracts import StoredContract
from connector.store.db import Tx
from connector.store.negotiations import Negotiation
from connector.store.peers import Peer
from contracts.approval import Approval
from contracts.canonical import sha256
from contracts.document import Dataset, Framework
from contracts.jws import Sealed
from contracts.refused import ContractError
from contracts.signer import NearSigner, Signer
from policies import PolicyError


class Signers(Protocol):
    """Who seals for an owner: with the present key, or with the one that is named. Raises NoSealKey."""

    def __call__(self, owner: str, kid: str | None = None) -> Signer: ...


class NearSigners(Protocol):
    """Who seals for an owner at once, in this process, with the present key or with the one that is named; or None."""

    def __call__(self, owner: str, kid: str | None = None) -> NearSigner | None: ...


@dataclass(frozen=True, slots=True)
class Partners:
    """What is known of partners: their seal keys and their cards, None for who has none."""

    seals_of: Callable[[str, str, Peer | None], Awaitable[SealHistory | None]]
    """Of an owner's partner (its DID), whose row was just read."""
    seals_anew: Callable[[str, str], Awaitable[SealHistory | None]]
    """The keys as the partner shows them at this moment: asked for a seal by a key that is not known."""
    card_of: Callable[[str, Peer | None], Awaitable[str | None]]
    at_hand: Callable[[Peer], SealHistory | None]
    """The pinned keys of a partner, while nobody has to be asked whether they still are its keys."""


@dataclass(frozen=True)
class Waiting:
    """What waits for a seal, as one transaction saw it."""

    negotiation: Negotiation
    wanted: Answer | None
    contract: StoredContract | None


@dataclass(frozen=True)
class Case(Waiting):
    """A contract to be sealed, with all that it is drawn up from or held against."""

    has_seal: bool
    """The provider's seal is there already."""
    peer: Peer | None = field(repr=False)
    told: list[Told] = field(repr=False)
    dataset: Dataset
    approval: Approval

    @property
    def framework(self) -> Framework | None:
        """The framework agreement with the partner that is recorded here."""
        return frameworks.read(self.peer.framework) if self.peer is not None else None


def document_of(payload: bytes, told: Mapping[str, Any], cards: str | None = None) -> Document:
    """Return a contract as it is kept; `told` is what its text says."""
    return Document(told["id"], sha256(payload), told["agreement"]["id"], payload.decode(), cards)


def mark_of(sealed: Sealed, place: int) -> Mark:
    one = sealed.signatures[place]
    role = (Role.PROVIDER, Role.CONSUMER)[place]
    return Mark(role, one.header["kid"], one.sha256, sealed.text)


def said_of(error: ContractError | PolicyError) -> dict[str, str]:
    where = f" ({error.pointer})" if getattr(error, "pointer", "") else ""
    return {language: error.say(language) + where for language in ("fr", "en")}


def waiting(tx: Tx, negotiation: Negotiation, did: str) -> Waiting:
    """Return what waits for a seal; what a conclusion says is in the contract, which both have sealed. `did`: ours."""
    owner, pid = negotiation.owner, negotiation.pid
    wanted = exchange.withheld(negotiation, JOB)
    if wanted is not None and wanted.kind == n.FINALIZE:
        return Waiting(negotiation, wanted, contracts.find(tx, owner, pid))
    return case_of(tx, negotiation, wanted, did)


def case_of(tx: Tx, negotiation: Negotiation, wanted: Answer | None, did: str) -> Case:
    """Return all that a contract is drawn up from or held against, for an answer that is to carry it. `did`: ours."""
    owner, pid = negotiation.owner, negotiation.pid
    contract, history = contracts.find(tx, owner, pid), journal.since(tx, owner, pid)
    return Case(
        negotiation=negotiation,
        wanted=wanted,
        contract=contract,
        has_seal=negotiation.role is Role.PROVIDER and contracts.is_sealed(tx, contract),
        peer=peers.find(tx, owner, negotiation.peer),
        told=negotiated.messages(history, did),
        dataset=negotiated.dataset(tx, negotiation),
        approval=negotiated.approved(history, wanted.by if wanted else CARRIED_THROUGH, tx.now),
    )
