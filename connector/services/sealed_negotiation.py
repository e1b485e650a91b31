"""Builds negotiation with what seals its contracts: the two are one verb in two halves, one that may not wait."""

from collections.abc import Sequence
from functools import partial

from connector.identity.addresses import Addresses
from connector.identity.scheme import Scheme
from connector.services import expiry, stamping
from connector.services.concluding import Concluding
from connector.services.decide import Decisions
from connector.services.hosts import Hosts
from connector.services.introduce import Introduce
from connector.services.negotiate import Negotiate
from connector.services.seal import Seal
from connector.services.seal_ahead import Ahead
from connector.services.seal_case import Partners, Signers
from connector.services.sealer import Sealer
from connector.services.sealing import Sealing
from connector.settings import Settings
from connector.store.contracts import StoredContract
from connector.store.db import Store, Tx


def negotiation(
    store: Store,
    addresses: Addresses,
    decisions: Decisions,
    identity: Scheme,
    hosts: Hosts,
    introduce: Introduce,
    settings: Settings,
    signers: Signers | None,
) -> tuple[Negotiate, Seal]:
    """Return contract negotiation, sealed where both sides can, and the job that seals.

    It seals with the participants' own keys unless other signers are given.
    """
    partners = Partners(introduce.seals.of_known, introduce.seals.anew, introduce.card_of)
    concluded = partial(_concluded, asks=settings.timestamp_url is not None, days=settings.expiry_alert_days)
    asked = Sealing(lambda owner: bool(hosts.seals.shown(owner)), concluded)
    concluding = Concluding(store, partners)
    sealer = Sealer(store.clock, addresses, signers or hosts.seals.signer, partners, hosts.signed_card)
    is_near = hosts.seals.is_near if signers is None else _nobody
    ahead = Ahead(store, addresses.did, sealer, is_near)
    negotiate = Negotiate(store, addresses, decisions, identity, asked, concluding, ahead, settings.refusal_detail)
    return negotiate, Seal(store, addresses.did, negotiate.line, sealer, is_near)


def _nobody(owner: str) -> bool:
    """Return whether an owner's key signs at once: none does that is kept elsewhere."""
    return False


def _concluded(tx: Tx, contract: StoredContract, *, asks: bool, days: Sequence[int]) -> None:
    """Begin what follows a conclusion: time-stamps are asked for, and the contract's end is watched."""
    if asks:
        stamping.begin(tx, contract)
    expiry.lay(tx, contract, days)
