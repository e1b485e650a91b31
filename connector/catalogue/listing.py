"""The provider's catalogue as one caller may see it.

A page is a join of texts that were rendered when something changed. Only datasets whose offers depend on who asks or
when are rendered anew, for this caller. What nobody may see does not exist: a dataset without a visible offer is left
out of pages and not found by its identifier.
"""

from collections.abc import Callable
from dataclasses import dataclass

from connector.catalogue import landmarks
from connector.catalogue.landmarks import Landmark
from connector.identity.addresses import Addresses
from connector.problems import NotFound
from connector.protocol import catalog
from connector.protocol.catalog import Distribution, Service
from connector.protocol.pages import Query
from connector.store import datasets
from connector.store.datasets import StoredDataset, StoredOffer
from connector.store.db import Tx

FORMATS = (catalog.HTTP_PULL, catalog.HTTP_PUSH)
"""How every dataset may be had."""

MOST_LOOKED_AT = 20
"""A page looks at this many times its limit at most; what lies beyond is on the next page."""

Visible = Callable[[StoredOffer], bool]


@dataclass(frozen=True, slots=True)
class Page:
    """Rendered datasets, and the identifiers after which the neighbours begin (None: there is none)."""

    texts: list[str]
    following: str | None
    previous: str | None
    landmarks: tuple[Landmark, ...] = ()
    """Where the page begins and ends, when it was asked for by its offset."""


def service_of(addresses: Addresses, owner: str) -> Service:
    """Return the DSP endpoint that serves an owner's datasets."""
    return Service(id=addresses.did(owner) + "#dsp", endpoint_url=addresses.dsp_base(owner))


def render(addresses: Addresses, dataset: StoredDataset, offers: list[StoredOffer]) -> str:
    """Return the DSP form of a dataset with these offers. Raises ValueError without one."""
    size = dataset.source.get("size_bytes")
    distributions = [
        Distribution(
            service_of(addresses, dataset.owner),
            format=name,
            media_type=dataset.source.get("media_type"),
            size_bytes=size if isinstance(size, int) else None,
        )
        for name in FORMATS
    ]
    document = {"title": dataset.title, **dataset.document}
    return catalog.render_dataset(dataset.id, document, {offer.id: offer.policy for offer in offers}, distributions)


def render_for(tx: Tx, addresses: Addresses, owner: str, dataset_id: str, visible: Visible) -> str | None:
    """Return a conditional dataset as one caller sees it, None when no offer is for this caller."""
    offers = [offer for offer in datasets.offers_of(tx, owner, [dataset_id]) if visible(offer)]
    return render(addresses, datasets.load(tx, owner, dataset_id), offers) if offers else None


def page(
    tx: Tx, addresses: Addresses, owner: str, query: Query, visible: Visible, known: Landmark = landmarks.START
) -> Page:
    """Return one page of the catalogue; `known` is a landmark at its offset or before."""
    if query.dataset is not None:
        found = _one_or_none(tx, addresses, owner, query.dataset, visible)
        return Page([found] if found else [], None, None)
    start = query.after if query.after is not None else datasets.id_before(tx, owner, query.offset, known)
    texts: list[str] = []
    last, looked_at, passed, is_more = start, 0, 0, True
    while len(texts) < query.limit and looked_at < MOST_LOOKED_AT * query.limit and is_more:
        wanted = query.limit - len(texts)
        rows = datasets.listed(tx, owner, after=last, limit=wanted + 1)
        is_more = len(rows) > wanted
        for dataset_id, rendered in rows[:wanted]:
            text = rendered or render_for(tx, addresses, owner, dataset_id, visible)
            texts += [text] if text else []
            last = dataset_id
        looked_at += len(rows)
        passed += len(rows[:wanted])
    previous = datasets.id_back(tx, owner, before=start, limit=query.limit) if start else None
    places = ((query.offset, start), (query.offset + passed, last)) if query.after is None and passed else ()
    return Page(texts, last if is_more else None, previous, places)


def one(tx: Tx, addresses: Addresses, owner: str, dataset_id: str, visible: Visible) -> str:
    """Return one dataset as the caller may see it. Raises NotFound."""
    found = _one_or_none(tx, addresses, owner, dataset_id, visible)
    if found is None:
        raise NotFound(dataset_id)
    return found


def _one_or_none(tx: Tx, addresses: Addresses, owner: str, dataset_id: str, visible: Visible) -> str | None:
    try:
        dataset = datasets.load(tx, owner, dataset_id)
    except NotFound:
        return None
    if dataset.status != "published":
        return None
    return dataset.rendered or render_for(tx, addresses, owner, dataset_id, visible)
