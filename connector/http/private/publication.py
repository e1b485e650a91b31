"""Datasets, and the offers under which they may be had."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field, JsonValue, model_validator

from connector.http.private.asking import (
    By,
    Id,
    Identifier,
    NextCursor,
    Node,
    Owner,
    PageQuery,
    PeriodQuery,
    Shape,
    Wish,
)
from connector.http.private.effects import Doing, Putting, TaggedRoute
from connector.http.private.faults import SaidFault
from connector.services.deciders import Person
from connector.services.once import version_of
from connector.store import datasets
from connector.store.datasets import StoredDataset, StoredOffer

router = APIRouter(tags=["publication"], route_class=TaggedRoute)
Mode = Literal["automatic", "manual"]
Text = Annotated[str, Field(max_length=20_000)]
Texts = Annotated[list[Annotated[str, Field(max_length=2_000)]], Field(max_length=500)]
_PREFIXES = ("dct:", "dcat:", "odrl:", "dspace:", "xsd:")
_OPEN_POLICY = {"permission": [{"action": "use"}]}


def _prefixed(schema: dict[str, Any]) -> None:
    """Say in the description of the API which further members are allowed."""
    schema |= {"additionalProperties": False, "patternProperties": {f"^(?:{'|'.join(_PREFIXES)})": True}}


class Metadata(Wish):
    """What partners read about a dataset; further members carry a prefix of the protocol (`dct:`, `dcat:`…)."""

    model_config = ConfigDict(extra="allow", strict=True, json_schema_extra=_prefixed)

    description: Text | None = None
    keywords: Texts | None = None
    themes: Texts | None = None
    licence: Text | None = None
    publisher: Text | None = None
    issued: Text | None = None
    modified: Text | None = None
    frequency: Text | None = None
    spatial: Text | None = None
    language: Text | Texts | None = None
    landing_page: Text | None = None
    version: Text | None = None

    @model_validator(mode="after")
    def _known(self) -> "Metadata":
        for name in self.model_extra or {}:
            if not name.startswith(_PREFIXES):
                raise SaidFault({"fr": f"Nom inconnu : {name[:100]}.", "en": f"Unknown name: {name[:100]}."})
        return self


class NewDataset(Wish):
    """A dataset: its title, what partners read about it, and where its bytes are."""

    title: Annotated[str, Field(min_length=1, max_length=1_000, examples=["Points lumineux"])]
    source: Annotated[
        dict[str, JsonValue],
        Field(
            description="Where the bytes are: `kind`, and what that kind needs. "
            "A `file` lies in data_dir/published or in one of source_dirs.",
            examples=[{"kind": "file", "path": "points-lumineux.csv"}],
        ),
    ]
    metadata: Metadata = Metadata()


class Dataset(Shape):
    """A dataset that is published or prepared."""

    id: str
    title: str
    status: Literal["draft", "published", "withdrawn"]
    metadata: dict[str, JsonValue]
    source: Annotated[
        dict[str, JsonValue], Field(description="Address of the bytes, and what was measured: size_bytes, sha256…")
    ]
    version: Annotated[int, Field(description="Grows with every change; the beginning of the ETag.")]
    created_at: datetime | None
    updated_at: datetime | None


class Offer(Shape):
    """Terms under which a dataset may be had."""

    id: str
    dataset: str
    policy: Annotated[dict[str, JsonValue], Field(description="ODRL offer.", examples=[_OPEN_POLICY])]
    mode: Mode
    is_conditional: Annotated[bool, Field(description="True when who may see it depends on who asks or when.")]
    status: Literal["active", "withdrawn"]
    version: Annotated[int, Field(description="Grows with every change; the beginning of the ETag.")]
    created_at: datetime | None
    updated_at: datetime | None


class DatasetDetail(Dataset):
    """A dataset with the offers in force."""

    offers: list[Offer]


class Datasets(Shape):
    """A page of datasets, by identifier."""

    items: list[Dataset]
    next_cursor: NextCursor = None


class Offers(Shape):
    """A page of offers, by identifier."""

    items: list[Offer]
    next_cursor: NextCursor = None


class NewOffer(Wish):
    """Terms under which to offer a dataset; this publishes it."""

    dataset: Identifier
    policy: Annotated[
        dict[str, JsonValue],
        Field(description="ODRL rules: permission, prohibition, obligation.", examples=[_OPEN_POLICY]),
    ]
    mode: Annotated[
        Mode, Field(description="`automatic`: whoever asks on these very terms has them; `manual`: a person decides.")
    ] = "manual"


class DatasetQuery(PeriodQuery):
    """Which datasets, by when they last changed."""

    status: Literal["draft", "published", "withdrawn"] | None = None


class OfferQuery(PageQuery):
    """Which offers."""

    dataset: Identifier | None = None
    status: Literal["active", "withdrawn"] | None = None
    mode: Mode | None = None


@router.get("/datasets")
async def list_datasets(node: Node, owner: Owner, query: Annotated[DatasetQuery, Query()]) -> Datasets:
    """List datasets."""
    page = await node.inspect.datasets(owner, status=query.status, **query.rows(node))
    return Datasets(items=[_dataset(row) for row in page.items], next_cursor=page.following)


@router.post("/datasets", status_code=201)
async def create_dataset(node: Node, owner: Owner, by: By, wish: NewDataset, effect: Doing) -> Dataset:
    """Prepare a dataset, with an identifier of the node's choice. Its bytes are measured now."""
    return await effect.of(lambda: _put(node, owner, by, wish, None), _dataset)


@router.put("/datasets/{dataset_id}")
async def put_dataset(node: Node, owner: Owner, by: By, dataset_id: Id, wish: NewDataset, effect: Putting) -> Dataset:
    """Prepare a dataset under this identifier, or replace its description and bytes."""
    version = version_of(datasets.load, owner, dataset_id)
    return await effect.of(lambda: _put(node, owner, by, wish, dataset_id), _dataset, version)


@router.get("/datasets/{dataset_id}")
async def show_dataset(node: Node, owner: Owner, dataset_id: Id) -> DatasetDetail:
    """Show a dataset with its offers in force."""
    dataset, offers = await node.inspect.dataset(owner, dataset_id)
    return DatasetDetail(**_dataset(dataset).model_dump(), offers=[_offer(row) for row in offers])


@router.post("/datasets/{dataset_id}/withdraw")
async def withdraw_dataset(node: Node, owner: Owner, by: By, dataset_id: Id, effect: Doing) -> Dataset:
    """Take a dataset out of the catalogue; agreements that stand are kept."""
    version = version_of(datasets.load, owner, dataset_id)
    return await effect.of(lambda: node.publish.withdraw_dataset(owner, dataset_id, by=by), _dataset, version)


@router.get("/offers")
async def list_offers(node: Node, owner: Owner, query: Annotated[OfferQuery, Query()]) -> Offers:
    """List offers."""
    equal = {name: getattr(query, name) for name in ("dataset", "status", "mode")}
    page = await node.inspect.offers(owner, **equal, **query.rows(node))
    return Offers(items=[_offer(row) for row in page.items], next_cursor=page.following)


@router.post("/offers", status_code=201)
async def create_offer(node: Node, owner: Owner, by: By, wish: NewOffer, effect: Doing) -> Offer:
    """Offer a dataset, with an identifier of the node's choice."""
    return await effect.of(lambda: _put_offer(node, owner, by, wish, None), _offer)


@router.put("/offers/{offer_id}")
async def put_offer(node: Node, owner: Owner, by: By, offer_id: Id, wish: NewOffer, effect: Putting) -> Offer:
    """Offer a dataset under this identifier, or change the terms; what was agreed before stands."""
    version = version_of(datasets.load_offer, owner, offer_id)
    return await effect.of(lambda: _put_offer(node, owner, by, wish, offer_id), _offer, version)


@router.get("/offers/{offer_id}")
async def show_offer(node: Node, owner: Owner, offer_id: Id) -> Offer:
    """Show an offer."""
    return _offer(await node.inspect.offer(owner, offer_id))


@router.post("/offers/{offer_id}/withdraw")
async def withdraw_offer(node: Node, owner: Owner, by: By, offer_id: Id, effect: Doing) -> Offer:
    """Withdraw an offer; a dataset without any other becomes a draft again."""
    version = version_of(datasets.load_offer, owner, offer_id)
    return await effect.of(lambda: node.publish.withdraw_offer(owner, offer_id, by=by), _offer, version)


async def _put(node: Node, owner: str, by: Person, wish: NewDataset, dataset_id: str | None) -> StoredDataset:
    document = wish.metadata.model_dump(exclude_none=True)
    return await node.publish.put_dataset(
        owner, title=wish.title, source=wish.source, document=document, dataset_id=dataset_id, by=by
    )


async def _put_offer(node: Node, owner: str, by: Person, wish: NewOffer, offer_id: str | None) -> StoredOffer:
    return await node.publish.put_offer(
        owner, dataset=wish.dataset, policy=wish.policy, mode=wish.mode, offer_id=offer_id, by=by
    )


def _dataset(row: StoredDataset) -> Dataset:
    members: dict[str, Any] = {
        name: getattr(row, name) for name in ("id", "title", "status", "source", "version", "created_at", "updated_at")
    }
    return Dataset(**members, metadata=row.document)


def _offer(row: StoredOffer) -> Offer:
    names = ("id", "dataset", "policy", "mode", "status", "version", "created_at", "updated_at")
    members: dict[str, Any] = {name: getattr(row, name) for name in names}
    return Offer(**members, is_conditional=bool(row.is_conditional))
