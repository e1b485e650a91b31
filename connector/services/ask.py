"""The verb a person means by "I want this": look a dataset up at a peer and request one of its offers."""

from collections.abc import Mapping
from typing import Any

from connector.problems import Conflict, NotFound
from connector.protocol import catalog
from connector.protocol.extensions import UNDECLARED, RequestCard
from connector.services.catalogue import Catalogue
from connector.services.deciders import Decider
from connector.services.negotiate import Negotiate
from connector.store.negotiations import Negotiation


class SeveralOffers(Conflict):
    """The dataset is offered under several terms: one must be chosen."""

    code = "several-offers"


async def ask(
    catalogue: Catalogue,
    negotiate: Negotiate,
    owner: str,
    peer: str,
    dataset: str,
    *,
    offer_id: str | None = None,
    offer: Mapping[str, Any] | None = None,
    by: Decider,
    card: RequestCard = UNDECLARED,
) -> Negotiation:
    """Request a dataset of a known peer under one of its offers, and declare what for.

    A given `offer` is requested as it is, without asking the peer first; else the one named, or the only one there is.
    Raises NotFound, SeveralOffers, and what the catalogue raises.
    """
    if offer is None:
        summary = await catalogue.look_up(owner, peer, dataset)
        offer = _chosen(list(summary.offers), offer_id)
    return await negotiate.request(owner, peer, catalog.addressed(dict(offer), dataset, peer), by=by, card=card)


def _chosen(offers: list[dict[str, Any]], offer_id: str | None) -> dict[str, Any]:
    if offer_id is not None:
        offers = [offer for offer in offers if offer.get("@id") == offer_id]
    if not offers:
        raise NotFound(offer_id or "")
    if len(offers) > 1:
        raise SeveralOffers(", ".join(str(offer.get("@id")) for offer in offers), pointer="/offer_id")
    return offers[0]
