"""What stands beside one-sided evidence in this node: what the record tells that is not in the sealed document.

Who the parties are, as their cards or our people say today; the dataset, if it is ours; the texts whose digests are
sealed, from the journal; whether the agreement has ended. The record says of each that it is not sealed.
"""

from connector.identity import card as cards
from connector.problems import NotFound
from connector.protocol.machine import Role
from connector.services import negotiated
from connector.store import agreements, datasets, journal, peers
from connector.store.contracts import StoredContract
from connector.store.db import Tx
from connector.store.participants import Hosted
from contracts.convention import Beside, Identity
from contracts.document import Dataset

TERMINATED = "contract-terminated"
"""The entry of the journal with which people end a contract."""


def beside(tx: Tx, contract: StoredContract, hosted: Hosted) -> Beside:
    """Return what this node holds beside the evidence that one of its participants has sealed alone."""
    history = journal.since(tx, contract.owner, contract.negotiation)
    told = negotiated.messages(history, hosted.did)
    return Beside(
        at=tx.now,
        ours=_ours(hosted),
        theirs=_theirs(tx, contract),
        dataset=_dataset(tx, contract),
        messages=[one.text for one in told],
        tokens=[one.proof for one in told if one.proof],
        is_ended=is_ended(tx, contract),
        ended_at=next((entry.at for entry in history if entry.kind == TERMINATED), None),
    )


def is_ended(tx: Tx, contract: StoredContract) -> bool:
    """Return whether the agreement of a contract has ended."""
    try:
        return agreements.load(tx, contract.owner, contract.agreement).status == "ended"
    except NotFound:
        return False  # it led to nothing


def _ours(hosted: Hosted) -> Identity:
    return Identity(name=hosted.name) if hosted.card is None else _of_card(cards.read(hosted.card.encode()))


def _theirs(tx: Tx, contract: StoredContract) -> Identity:
    peer = peers.find(tx, contract.owner, contract.peer)
    if peer is None:
        return Identity()
    return Identity(name=peer.name) if peer.card is None else _of_card(cards.stored(peer.card))


def _of_card(card: cards.Card) -> Identity:
    return Identity(
        name=card.legal_name,
        siren=card.siren,
        siret=card.siret,
        function=card.representative_function,
        mandate=card.mandate,
        is_from_card=True,
    )


def _dataset(tx: Tx, contract: StoredContract) -> Dataset | None:
    if contract.role is Role.CONSUMER:
        return None
    try:
        return negotiated.published(datasets.load(tx, contract.owner, contract.dataset))
    except NotFound:
        return None
