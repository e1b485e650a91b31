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
from connector.services.seal_at_once import AtOnce
from connector.services.seal_case import NearSigners, Partners, Signers
from connector.services.sealer import Sealer
from connector.services.sealing import Sealing
from connector.settings import Settings
from connector.store.contracts import StoredContract
from connector.store.db import Store, Tx
from contracts.signer import NearSigner


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
    seals = introduce.seals
    partners = Partners(seals.of_known, seals.anew, introduce.card_of, seals.at_hand)
    concluded = partial(_concluded, asks=settings.timestamp_url is not None, days=settings.expiry_alert_days)
    asked = Sealing(lambda owner: bool(hosts.seals.shown(owner)), hosts.has_card, concluded)
    concluding = Concluding(store, seals)
    sealer = Sealer(store.clock, addresses, signers or hosts.seals.signer, partners, hosts.signed_card)
    near: NearSigners = hosts.seals.near if signers is None else _nobody
    first = AtOnce(asked, addresses.did, sealer, near).first
    negotiate = Negotiate(store, addresses, decisions, identity, asked, first, concluding, settings.refusal_detail)
    return negotiate, Seal(store, addresses.did, negotiate.line, sealer)


def _nobody(owner: str, kid: str | None = None) -> NearSigner | None:
    """Return who seals for an owner at once: nobody does whose key is kept elsewhere."""
    return None


def _concluded(tx: Tx, contract: StoredContract, *, asks: bool, days: Sequence[int]) -> None:
    """Begin what follows a conclusion: time-stamps are asked for, and the contract's end is watched."""
    if asks:
        stamping.begin(tx, contract)
    expiry.lay(tx, contract, days)
