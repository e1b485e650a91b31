"""Rows of datasets and of their offers.

`rendered` is the DSP form of a dataset with its active offers, made when something changes, so that a page of the
catalogue is a join of texts. It is empty when an offer depends on who asks or when: then the page renders it anew.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Row, bindparam, delete, func, insert, select, update

from connector.problems import NotFound
from connector.store.db import Tx
from connector.store.errors import StaleVersion
from connector.store.period import ALWAYS, Period
from connector.store.prepared import Prepared
from connector.store.tables import datasets, offers

R = TypeVar("R")


@dataclass(slots=True, kw_only=True)
class StoredDataset:
    """A dataset that an owner publishes or prepares."""

    owner: str
    id: str
    title: str
    document: dict[str, Any]
    """Description, keywords, licence and further metadata, plain JSON."""
    source: dict[str, Any]
    """Where the bytes are: `kind` and what that kind of source needs, with size and SHA-256 once measured."""
    rendered: str | None = None
    status: str = "draft"
    version: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class StoredOffer:
    """Conditions under which a dataset is offered; its identifier is stable."""

    owner: str
    id: str
    dataset: str
    policy: dict[str, Any]
    mode: str
    """`automatic`: a request on these very terms is agreed at once; `manual`: a person decides."""
    is_conditional: int = 0
    """1 when who may see it depends on who asks or when."""
    status: str = "active"
    version: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None


_dataset_by_id = Prepared(select(datasets).where(datasets.c.owner == bindparam("o"), datasets.c.id == bindparam("i")))
_offer_by_id = Prepared(select(offers).where(offers.c.owner == bindparam("o"), offers.c.id == bindparam("i")))
_listed = (
    select(datasets.c.id, datasets.c.rendered)
    .where(datasets.c.owner == bindparam("o"), datasets.c.status == "published", datasets.c.id > bindparam("a"))
    .order_by(datasets.c.id)
    .limit(bindparam("n"))
)

_counted = (
    select(datasets.c.id)
    .where(datasets.c.owner == bindparam("o"), datasets.c.status == "published", datasets.c.id > bindparam("a"))
    .order_by(datasets.c.id)
    .offset(bindparam("s"))
    .limit(1)
)
CHANGED = "datasets"
"""Topic of the owners some dataset of whom changed."""


def load(tx: Tx, owner: str, dataset_id: str) -> StoredDataset:
    """Return the dataset, as this unit knows it. Raises NotFound."""
    return _once(tx, _dataset_by_id, _dataset, owner, dataset_id)


def put(tx: Tx, dataset: StoredDataset) -> None:
    """Insert (version 0) or update a dataset. Raises StaleVersion when it changed meanwhile."""
    values = {name: getattr(dataset, name) for name in dataset.__slots__}
    for name in ("document", "source"):
        values[name] = json.dumps(values[name], ensure_ascii=False)
    _put(tx, datasets, dataset, values)
    tx.signal(CHANGED, dataset.owner)


def page(
    tx: Tx, owner: str, *, after: str = "", limit: int = 50, period: Period = ALWAYS, status: str | None = None
) -> list[StoredDataset]:
    """Return datasets that changed in a period, in the order of their identifiers."""
    query = select(datasets).where(datasets.c.owner == owner, datasets.c.id > after)
    query = query.where(*period.of(datasets.c.updated_at))
    if status is not None:
        query = query.where(datasets.c.status == status)
    return [_dataset(row) for row in tx.connection.execute(query.order_by(datasets.c.id).limit(limit))]


def listed(tx: Tx, owner: str, *, after: str, limit: int) -> list[tuple[str, str | None]]:
    """Return (identifier, rendered text) of published datasets after an identifier."""
    rows = tx.connection.execute(_listed, {"o": owner, "a": after, "n": limit})
    return [(row[0], row[1]) for row in rows]


def id_before(tx: Tx, owner: str, offset: int, known: tuple[int, str] = (0, "")) -> str:
    """Return the identifier after which a page at this offset begins; beyond the end, one after all.

    What lies before the offset is counted, from a place that is known: an offset, and the identifier before it.
    """
    if offset <= known[0]:
        return known[1]
    found = tx.connection.execute(_counted, {"o": owner, "a": known[1], "s": offset - known[0] - 1}).scalar()
    return "\U0010ffff" if found is None else str(found)


def id_back(tx: Tx, owner: str, *, before: str, limit: int) -> str:
    """Return the identifier after which the page of `limit` datasets that ends before `before` begins."""
    query = select(datasets.c.id).where(
        datasets.c.owner == owner, datasets.c.status == "published", datasets.c.id <= before
    )
    row = tx.connection.execute(query.order_by(datasets.c.id.desc()).offset(limit).limit(1)).first()
    return row[0] if row else ""


def load_offer(tx: Tx, owner: str, offer_id: str) -> StoredOffer:
    """Return the offer, as this unit knows it. Raises NotFound."""
    return _once(tx, _offer_by_id, _offer, owner, offer_id)


def put_offer(tx: Tx, offer: StoredOffer) -> None:
    """Insert (version 0) or update an offer. Raises StaleVersion when it changed meanwhile."""
    values = {name: getattr(offer, name) for name in offer.__slots__}
    values["policy"] = json.dumps(values["policy"], ensure_ascii=False)
    _put(tx, offers, offer, values)


def offers_of(tx: Tx, owner: str, dataset_ids: Iterable[str], *, status: str | None = "active") -> list[StoredOffer]:
    """Return the offers of some datasets, in the order of their identifiers."""
    query = select(offers).where(offers.c.owner == owner, offers.c.dataset.in_(list(dataset_ids)))
    if status is not None:
        query = query.where(offers.c.status == status)
    return [_offer(row) for row in tx.connection.execute(query.order_by(offers.c.id))]


def page_offers(tx: Tx, owner: str, *, after: str = "", limit: int = 50, **equal: str | None) -> list[StoredOffer]:
    """Return offers in the order of their identifiers; `equal` filters by column."""
    query = select(offers).where(offers.c.owner == owner, offers.c.id > after)
    for name, value in equal.items():
        if value is not None:
            query = query.where(offers.c[name] == value)
    return [_offer(row) for row in tx.connection.execute(query.order_by(offers.c.id).limit(limit))]


def count(tx: Tx) -> list[tuple[str, str, int]]:
    """Return (owner, status, number) of datasets, for the metrics."""
    query = select(datasets.c.owner, datasets.c.status, func.count()).group_by(datasets.c.owner, datasets.c.status)
    return [(row[0], row[1], row[2]) for row in tx.connection.execute(query)]


def discard_draft(tx: Tx, owner: str, dataset_id: str) -> None:
    """Delete a draft that was never published."""
    tx.published.clear()
    columns = datasets.c
    tx.connection.execute(
        delete(datasets).where(columns.owner == owner, columns.id == dataset_id, columns.status == "draft")
    )


def _once(tx: Tx, query: Prepared, read: Callable[[Row[Any]], R], owner: str, name: str) -> R:
    """Return what a query by identifier finds, read once in a unit until something is put. Raises NotFound."""
    if (query, owner, name) not in tx.published:
        row = query.first(tx.connection, {"o": owner, "i": name})
        if row is None:
            raise NotFound(name)
        tx.published[query, owner, name] = read(row)
    found: R = tx.published[query, owner, name]
    return found


def _put(tx: Tx, table: Any, record: StoredDataset | StoredOffer, values: dict[str, Any]) -> None:
    columns = table.c
    tx.published.clear()
    values.update(updated_at=tx.now, created_at=record.created_at or tx.now, version=record.version + 1)
    if record.version == 0:
        tx.connection.execute(insert(table), values)
    else:
        where = (columns.owner == record.owner, columns.id == record.id, columns.version == record.version)
        if tx.connection.execute(update(table).where(*where).values(values)).rowcount != 1:
            raise StaleVersion(record.id)
    record.version += 1
    record.updated_at, record.created_at = tx.now, values["created_at"]


def _dataset(row: Row[Any]) -> StoredDataset:
    values = row._asdict()
    return StoredDataset(
        **{**values, "document": json.loads(values["document"]), "source": json.loads(values["source"])}
    )


def _offer(row: Row[Any]) -> StoredOffer:
    values = row._asdict()
    return StoredOffer(**{**values, "policy": json.loads(values["policy"])})
