"""Datasets, and the offers under which they may be had."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, ConfigDict, Field, JsonValue, model_validator

from connector.http.private.asking import (
    Asking,
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
from connector.services import permits, publish
from connector.services.audience import Judged, Language, Member
from connector.services.deciders import Person
from connector.services.once import version_of
from connector.store import datasets
from connector.store.datasets import StoredDataset, StoredOffer
from policies import Issue

router = APIRouter(tags=["publication"], route_class=TaggedRoute)
Mode = Literal["automatic", "manual"]
Effect = Literal["permit", "deny", "not-applicable", "indeterminate"]
Text = Annotated[str, Field(max_length=20_000)]
Texts = Annotated[list[Annotated[str, Field(max_length=2_000)]], Field(max_length=500)]
_PREFIXES = ("dct:", "dcat:", "odrl:", "dspace:", "xsd:")
PREVIEW = "urn:pupitre:preview"
"""The identifier of an offer that nobody has made yet."""
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
    min_cell_count: Annotated[
        int | None,
        Field(
            ge=0,
            le=1_000_000_000,
            description="Of aggregated data: the smallest count that a cell shows, as who publishes declares it. "
            "Partners are not shown it; a rule of use may ask for it (`terri:minCellCount`).",
        ),
    ] = None
    personal: Annotated[
        bool | None,
        Field(
            description="True when the file holds personal data. Nobody gets a contract about it then without saying "
            "the purpose and the legal basis, which its annex on personal data repeats. Partners are not shown it."
        ),
    ] = None

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


class Said(Shape):
    """A sentence in both languages."""

    fr: str
    en: str


class Finding(Shape):
    """What is doubtful in a policy: it may be published, but others may read it in another way."""

    code: Annotated[str, Field(description="A stable word for this kind of finding.")]
    severity: Literal["warning"]
    pointer: Annotated[str, Field(description="Where in the policy (RFC 6901).")]
    message: Said
    remedy: Annotated[Said | None, Field(description="What can be done about it.")]


class OfferDetail(Offer):
    """Terms under which a dataset may be had, and what is doubtful in them."""

    warnings: list[Finding]


class Effects(Shape):
    """What each phase answers to a partner: only `permit` lets anything pass."""

    catalogue: Effect
    negotiation: Effect
    transfer: Effect
    request: Effect


class OpenOffer(Shape):
    """What one offer would mean for one partner."""

    offer: str
    mode: Mode
    effects: Effects
    until: Annotated[datetime | None, Field(description="When time alone changes an answer; null: never.")]
    reasons: Annotated[
        list[str], Field(description="Why the first phase that does not permit does not, in the caller's language.")
    ]


class AudienceMember(Shape):
    """A partner, and whether our catalogue would show it the dataset."""

    did: str
    name: str
    status: Literal["known", "quarantined", "blocked"]
    sees: bool
    agreed: Annotated[bool, Field(description="True when asking for an offer's very terms is agreed to at once.")]
    why: Annotated[str, Field(description="In a sentence, in the caller's language.")]
    offers: list[OpenOffer]


class Audience(Shape):
    """A page of partners, by DID; it holds fewer than asked for when the dataset has many offers."""

    items: list[AudienceMember]
    next_cursor: NextCursor = None


class PreviewedAudience(Audience):
    """A page of partners as they would be under terms that are not offered yet, and what is doubtful in these."""

    warnings: list[Finding]


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


class Terms(Wish):
    """Terms that are not offered yet."""

    policy: Annotated[
        dict[str, JsonValue],
        Field(description="ODRL rules: permission, prohibition, obligation.", examples=[_OPEN_POLICY]),
    ]
    mode: Annotated[
        Mode, Field(description="`automatic`: whoever asks on these very terms has them; `manual`: a person decides.")
    ] = "manual"


class NewOffer(Terms):
    """Terms under which to offer a dataset; this publishes it."""

    dataset: Identifier


class DatasetQuery(PeriodQuery):
    """Which datasets, by when they last changed."""

    status: Literal["draft", "published", "withdrawn"] | None = None


class OfferQuery(PageQuery):
    """Which offers."""

    dataset: Identifier | None = None
    status: Literal["active", "withdrawn"] | None = None
    mode: Mode | None = None


class AudienceQuery(PageQuery):
    """Which page, and of which moment."""

    at: Annotated[AwareDatetime | None, Field(description="As it will be then (ISO 8601 with its zone).")] = None


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


@router.get("/datasets/{dataset_id}/audience")
async def list_audience(
    node: Node, owner: Owner, asker: Asking, dataset_id: Id, query: Annotated[AudienceQuery, Query()]
) -> Audience:
    """List who among the partners would see a dataset in the catalogue, what each offer would allow, and why not."""
    page = await node.inspect.audience(owner, dataset_id, at=query.at, **query.rows(node))
    language: Language = "en" if asker.language == "en" else "fr"
    return Audience(items=[_member(one, language) for one in page.items], next_cursor=page.following)


@router.post("/datasets/{dataset_id}/audience")
async def preview_audience(
    node: Node, owner: Owner, asker: Asking, dataset_id: Id, wish: Terms, query: Annotated[AudienceQuery, Query()]
) -> PreviewedAudience:
    """List who would see a dataset under terms that are not offered yet, and what is doubtful in these. Saves nothing.

    The dataset's other offers are left aside, and making the offer would publish a draft.
    """
    drafted = publish.draft(owner, PREVIEW, dataset_id, wish.policy, wish.mode)
    page = await node.inspect.audience(owner, dataset_id, at=query.at, instead=drafted, **query.rows(node))
    language: Language = "en" if asker.language == "en" else "fr"
    warnings = permits.warnings(drafted, await node.inspect.licence(owner, dataset_id))
    return PreviewedAudience(
        items=[_member(one, language) for one in page.items],
        next_cursor=page.following,
        warnings=[_finding(issue) for issue in warnings],
    )


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
async def create_offer(node: Node, owner: Owner, by: By, wish: NewOffer, effect: Doing) -> OfferDetail:
    """Offer a dataset, with an identifier of the node's choice. What is doubtful in the terms is told with them."""
    shape = partial(_offer_detail, licence=await node.inspect.licence(owner, wish.dataset))
    return await effect.of(lambda: _put_offer(node, owner, by, wish, None), shape)


@router.put("/offers/{offer_id}")
async def put_offer(node: Node, owner: Owner, by: By, offer_id: Id, wish: NewOffer, effect: Putting) -> OfferDetail:
    """Offer a dataset under this identifier, or change the terms; what was agreed before stands."""
    version = version_of(datasets.load_offer, owner, offer_id)
    shape = partial(_offer_detail, licence=await node.inspect.licence(owner, wish.dataset))
    return await effect.of(lambda: _put_offer(node, owner, by, wish, offer_id), shape, version)


@router.get("/offers/{offer_id}")
async def show_offer(node: Node, owner: Owner, offer_id: Id) -> OfferDetail:
    """Show an offer, and what is doubtful in it."""
    offer = await node.inspect.offer(owner, offer_id)
    return _offer_detail(offer, await node.inspect.licence(owner, offer.dataset))


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


def _offer_detail(row: StoredOffer, licence: str | None) -> OfferDetail:
    warnings = [_finding(issue) for issue in permits.warnings(row, licence)]
    return OfferDetail(**_offer(row).model_dump(), warnings=warnings)


def _finding(issue: Issue) -> Finding:
    return Finding(
        code=issue.code,
        severity="warning",
        pointer=f"/policy{issue.pointer}",
        message=Said(fr=issue.message["fr"], en=issue.message["en"]),
        remedy=Said(fr=issue.fix.text["fr"], en=issue.fix.text["en"]) if issue.fix else None,
    )


def _member(member: Member, language: Language) -> AudienceMember:
    peer = member.peer
    return AudienceMember(
        did=peer.did,
        name=peer.name,
        status=peer.status,
        sees=member.sees,
        agreed=member.is_agreed,
        why=member.why(language),
        offers=[_open_offer(one, language) for one in member.judged],
    )


def _open_offer(judged: Judged, language: Language) -> OpenOffer:
    effects: dict[str, Any] = {phase: verdict.effect for phase, verdict in judged.verdicts.items()}
    return OpenOffer(
        offer=judged.offer.id,
        mode="automatic" if judged.offer.mode == "automatic" else "manual",
        effects=Effects(**effects),
        until=judged.valid_until,
        reasons=judged.reasons(language),
    )
