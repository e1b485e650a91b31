"""Verbs of publication: datasets and the offers under which they may be had.

A dataset is a draft until somebody offers it. Measuring its bytes happens before the transaction; what was measured is
what partners are promised. Every change renders the dataset's catalogue text anew and writes, in a journal of that
dataset or offer, what was decided and by whom, in the same commit.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

import policies
from connector.catalogue import listing
from connector.dataplane.sources import Measured, Source
from connector.identity.addresses import Addresses
from connector.ids import new_id
from connector.problems import Conflict, Invalid, NotFound
from connector.protocol import catalog
from connector.protocol.errors import MalformedMessage
from connector.services import carried, deciders, facts, permits, watch
from connector.services.deciders import Decider
from connector.store import datasets, journal
from connector.store.datasets import StoredDataset, StoredOffer
from connector.store.db import Store, Tx

MODES = ("automatic", "manual")
_OF_SOURCE = ("kind", "size_bytes", "sha256", "media_type")
_NOT_RULES = ("@context", "@id", "@type", "target", "assigner", "assignee")


class OpenSource(Protocol):
    """Opens the source that an address names."""

    def __call__(self, address: Mapping[str, Any]) -> Source: ...


class Publish:
    """Datasets and offers of the hosted participants."""

    def __init__(self, store: Store, addresses: Addresses, open_source: OpenSource) -> None:
        self._store = store
        self._addresses = addresses
        self._open_source = open_source

    async def put_dataset(
        self,
        owner: str,
        *,
        title: str,
        source: Mapping[str, Any],
        document: Mapping[str, Any] | None = None,
        dataset_id: str | None = None,
        by: Decider,
    ) -> StoredDataset:
        """Create a dataset, or replace one's description and bytes, after measuring them.

        Raises Invalid, also for a text that no contract could hold, or SourceRefused and its kind when the bytes cannot
        be published.
        """
        if not title.strip():
            raise Invalid("A title is needed.", pointer="/title")
        drafted = StoredDataset(
            owner=owner, id=dataset_id or new_id(), title=title, document=dict(document or {}), source={}
        )
        carried.check_dataset(drafted)
        opened = self._open_source(source)
        await opened.check()
        measured = await opened.measure()

        def unit(tx: Tx) -> StoredDataset:
            dataset = self._existing(tx, owner, dataset_id) or replace(drafted, document={})
            declared, dataset.title, dataset.document = dataset.document, title, drafted.document
            dataset.source = measured.stored_with(source)
            self._store_rendered(tx, dataset, by)
            _tell_dataset(tx, dataset, "dataset-put", by, **_described(dataset))
            if declared.get(facts.MIN_CELL_COUNT) != dataset.document.get(facts.MIN_CELL_COUNT):
                watch.again(tx, owner, dataset=dataset.id)
            return dataset

        return await self._store.write(unit)

    async def withdraw_dataset(self, owner: str, dataset_id: str, *, by: Decider) -> StoredDataset:
        """Take a dataset out of the catalogue; agreements that stand are kept."""

        def unit(tx: Tx) -> StoredDataset:
            dataset = datasets.load(tx, owner, dataset_id)
            dataset.status = "withdrawn"
            self._store_rendered(tx, dataset, by)
            _tell_dataset(tx, dataset, "dataset-withdrawn", by)
            return dataset

        return await self._store.write(unit)

    async def put_offer(
        self,
        owner: str,
        *,
        dataset: str,
        policy: Mapping[str, Any],
        mode: str,
        offer_id: str | None = None,
        by: Decider,
    ) -> StoredOffer:
        """Offer a dataset under a policy; this publishes it. Raises NotFound, Invalid naming the rule at fault."""
        key = offer_id or new_id()
        drafted = draft(owner, key, dataset, policy, mode)

        def unit(tx: Tx) -> StoredOffer:
            stored = datasets.load(tx, owner, dataset)
            offer = self._existing_offer(tx, owner, key) or replace(drafted)
            if offer.dataset != dataset:
                raise Conflict(f"{key}: {offer.dataset}")
            offer.policy, offer.mode, offer.status = drafted.policy, mode, "active"
            offer.is_conditional = drafted.is_conditional
            datasets.put_offer(tx, offer)
            _tell_offer(tx, offer, "offer-put", by, policy=offer.policy)
            was, stored.status = stored.status, "published"
            self._store_rendered(tx, stored, by)
            if was != "published":
                _tell_dataset(tx, stored, "dataset-published", by, offer=offer.id)
            return offer

        return await self._store.write(unit)

    async def withdraw_offer(self, owner: str, offer_id: str, *, by: Decider) -> StoredOffer:
        """Withdraw an offer; without any other its dataset becomes a draft again."""

        def unit(tx: Tx) -> StoredOffer:
            offer = datasets.load_offer(tx, owner, offer_id)
            offer.status = "withdrawn"
            datasets.put_offer(tx, offer)
            _tell_offer(tx, offer, "offer-withdrawn", by)
            self._store_rendered(tx, datasets.load(tx, owner, offer.dataset), by)
            return offer

        return await self._store.write(unit)

    def _store_rendered(self, tx: Tx, dataset: StoredDataset, by: Decider) -> None:
        """Save a dataset with the text that its page needs; empty when that depends on who asks or when."""
        offers = datasets.offers_of(tx, dataset.owner, [dataset.id])
        is_left_alone = dataset.status == "published" and not offers
        if is_left_alone:
            dataset.status = "draft"
        is_plain = dataset.status == "published" and all(permits.is_seen_by_all(offer, tx.now) for offer in offers)
        dataset.rendered = listing.render(self._addresses, dataset, offers) if is_plain else None
        datasets.put(tx, dataset)
        if is_left_alone:
            _tell_dataset(tx, dataset, "dataset-unpublished", by)

    def _existing(self, tx: Tx, owner: str, dataset_id: str | None) -> StoredDataset | None:
        try:
            return datasets.load(tx, owner, dataset_id) if dataset_id else None
        except NotFound:
            return None

    def _existing_offer(self, tx: Tx, owner: str, offer_id: str) -> StoredOffer | None:
        try:
            return datasets.load_offer(tx, owner, offer_id)
        except NotFound:
            return None


def _tell_dataset(tx: Tx, dataset: StoredDataset, kind: str, by: Decider, **more: Any) -> None:
    """Write in the journal of a dataset; its row was saved by this unit, so that nobody else writes there now."""
    entry = {"status": dataset.status, **more, deciders.MEMBER: deciders.told(by)}
    journal.append(tx, dataset.owner, dataset.id, kind, entry)


def _tell_offer(tx: Tx, offer: StoredOffer, kind: str, by: Decider, **more: Any) -> None:
    """Write in the journal of an offer; its row was saved by this unit."""
    entry = {"dataset": offer.dataset, "mode": offer.mode, "status": offer.status, **more}
    journal.append(tx, offer.owner, offer.id, kind, {**entry, deciders.MEMBER: deciders.told(by)})


def _described(dataset: StoredDataset) -> dict[str, Any]:
    """Return what the journal keeps of a dataset: what partners read, and the bytes by size and SHA-256, not where."""
    source = {name: dataset.source[name] for name in _OF_SOURCE if name in dataset.source}
    return {"title": dataset.title, "document": dataset.document, "source": source}


def draft(owner: str, offer_id: str, dataset: str, policy: Mapping[str, Any], mode: str) -> StoredOffer:
    """Return the offer that these terms would make; nothing is stored. Raises Invalid naming the rule at fault."""
    if mode not in MODES:
        raise Invalid({"fr": "Modes : automatic, manual.", "en": "Modes: automatic, manual."}, pointer="/mode")
    rules = {name: value for name, value in policy.items() if name not in _NOT_RULES}
    _check_policy(offer_id, rules)
    written = {"@id": offer_id, "@type": "Offer", **rules}
    offer = StoredOffer(owner=owner, id=offer_id, dataset=dataset, policy=written, mode=mode)
    offer.is_conditional = int(permits.is_conditional(offer))
    return offer


def _check_policy(offer_id: str, rules: dict[str, Any]) -> None:
    """Refuse a policy that could not be published, decided or agreed. Raises Invalid with the pointer to the fault."""
    try:
        catalog.catalog_offer(offer_id, rules)
        issues = permits.findings(offer_id, rules)
    except MalformedMessage as error:
        raise Invalid(error.detail, pointer=f"/policy{error.pointer}") from error
    except policies.PolicyError as error:
        raise Invalid(str(error), pointer=f"/policy{error.pointer}") from error
    for issue in issues:
        if issue.severity == "error":
            raise Invalid(issue.message, pointer=f"/policy{issue.pointer}")
    carried.check_rules(offer_id, rules)


__all__ = ["MODES", "Measured", "Publish"]
