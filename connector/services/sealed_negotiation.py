"""Builds negotiation with what seals its contracts: the two are one verb in two halves, one that may not wait."""

from connector.identity.addresses import Addresses
from connector.identity.scheme import Scheme
from connector.services import stamping
from connector.services.concluding import Concluding
from connector.services.decide import Decisions
from connector.services.hosts import Hosts
from connector.services.introduce import Introduce
from connector.services.negotiate import Negotiate
from connector.services.seal import Seal
from connector.services.seal_case import Partners, Signers
from connector.services.sealing import Sealing
from connector.settings import Settings
from connector.store.db import Store


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
    partners = Partners(introduce.seals.of, introduce.seals.anew, introduce.card_of)
    stamps = stamping.JOB if settings.timestamp_url else None
    asked = Sealing(lambda owner: bool(hosts.seals.shown(owner)), stamps)
    concluding = Concluding(store, partners)
    negotiate = Negotiate(store, addresses, decisions, identity, asked, concluding, settings.refusal_detail)
    seal = Seal(store, addresses, negotiate.line, signers or hosts.seals.signer, partners, hosts.signed_card)
    return negotiate, seal
