"""Catalogue pages and datasets in their DSP form (Catalog Protocol), written and read.

A dataset is rendered once, when something about it changes; a page is a join of such texts. Terms outside the DSP
context vanish when a peer expands our JSON, so further metadata goes under the prefixes that the context defines.
Offers here carry no `target`, their dataset is the target; the consumer adds it when it asks (`addressed`).
What peers write is read with indulgence. Cursors, links and filters are in pages.py.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.protocol import shapes
from connector.protocol.errors import MalformedMessage
from connector.protocol.messages import DSP_CONTEXT, Catalog
from connector.protocol.strict_json import JsonObject

HTTP_PULL = "HttpData-PULL"
HTTP_PUSH = "HttpData-PUSH"

METADATA_TERMS = {
    "title": "dct:title",
    "description": "dct:description",
    "keywords": "dcat:keyword",
    "themes": "dcat:theme",
    "licence": "dct:license",
    "publisher": "dct:publisher",
    "issued": "dct:issued",
    "modified": "dct:modified",
    "frequency": "dct:accrualPeriodicity",
    "spatial": "dct:spatial",
    "language": "dct:language",
    "landing_page": "dcat:landingPage",
    "version": "dcat:version",
}
"""Members of a dataset's document that have a term; members already written with a prefix are copied."""

_PREFIXES = ("dct:", "dcat:", "odrl:", "dspace:", "xsd:")
_REFERENCES = frozenset({"themes", "licence", "publisher", "frequency", "spatial", "language", "landing_page"})
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")


@dataclass(frozen=True, slots=True)
class Service:
    """The DSP endpoint that serves a dataset; `endpoint_url` is the base of the same version as the catalogue."""

    id: str
    endpoint_url: str

    def document(self) -> JsonObject:
        return {"@id": self.id, "@type": "DataService", "endpointURL": self.endpoint_url.rstrip("/")}


@dataclass(frozen=True, slots=True)
class Distribution:
    """One way to get a dataset: the transfer format, and what is known of the bytes."""

    service: Service
    format: str = HTTP_PULL
    media_type: str | None = None
    size_bytes: int | None = None

    def document(self) -> JsonObject:
        members: JsonObject = {"@type": "Distribution", "format": self.format}
        if self.media_type is not None:
            members["dcat:mediaType"] = self.media_type
        if self.size_bytes is not None:
            members["dcat:byteSize"] = self.size_bytes
        return members | {"accessService": self.service.document()}


# Writing


def render_dataset(
    dataset_id: str,
    document: Mapping[str, Any],
    offers: Mapping[str, JsonObject],
    distributions: Sequence[Distribution],
) -> str:
    """Return a dataset as a page carries it; `offers` are policies by their offer's identifier.

    Raises MalformedMessage when an offer has not the shape of one, ValueError without an offer or a distribution:
    the specification requires one of each.
    """
    if not offers or not distributions:
        raise ValueError(f"{dataset_id}: a dataset in a catalogue has an offer and a distribution")
    return _text(
        {"@id": dataset_id, "@type": "Dataset"}
        | _metadata(document)
        | {
            "hasPolicy": [catalog_offer(offer_id, policy) for offer_id, policy in offers.items()],
            "distribution": [one.document() for one in distributions],
        }
    )


def catalog_offer(offer_id: str, policy: Mapping[str, Any]) -> JsonObject:
    """Return a policy as an offer of a catalogue. Raises MalformedMessage when it has not the shape of one."""
    terms = {name: value for name, value in policy.items() if name not in ("@context", "@id", "@type", "target")}
    offer = {"@id": offer_id, "@type": "Offer"} | terms
    shapes.check_catalog_offer(offer)
    return offer


def render_root_dataset(rendered: str) -> bytes:
    """Return the answer to a request for one dataset, from its text in the page."""
    return f'{{"@context":["{DSP_CONTEXT}"],{rendered[1:]}'.encode()


def render_head(catalog_id: str, participant_id: str, service: Service) -> str:
    """Return what all pages of a participant's catalogue begin with."""
    return _text(
        {
            "@context": [DSP_CONTEXT],
            "@id": catalog_id,
            "@type": "Catalog",
            "participantId": participant_id,
            "service": [service.document()],
        }
    )


def render_page(head: str, datasets: Iterable[str]) -> bytes:
    """Return a page of the catalogue: its head and the texts of its datasets, none of them read again."""
    listed = ",".join(datasets)
    return (f'{head[:-1]},"dataset":[{listed}]}}' if listed else head).encode()


def addressed(offer: JsonObject, target: str, assigner: str | None = None) -> JsonObject:
    """Return a catalogue's offer as a negotiation message carries it: with its dataset as `target`."""
    parties = {} if assigner is None else {"assigner": assigner}
    return offer | {"@type": "Offer"} | parties | {"target": target}


def _metadata(document: Mapping[str, Any]) -> JsonObject:
    members: JsonObject = {}
    for name, value in document.items():
        if value in (None, "", [], {}):
            continue
        if name in METADATA_TERMS:
            members[METADATA_TERMS[name]] = _reference(value) if name in _REFERENCES else value
        elif name.startswith(_PREFIXES):
            members[name] = value
    return members


def _reference(value: Any) -> Any:
    if isinstance(value, list):
        return [_reference(item) for item in value]
    return {"@id": value} if isinstance(value, str) and _IRI.fullmatch(value) else value


def _text(document: JsonObject) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


# Reading


@dataclass(frozen=True, slots=True)
class Summary:
    """What a person wants to know of a peer's dataset before asking for it."""

    id: str
    title: str
    description: str
    keywords: tuple[str, ...]
    licence: str
    formats: tuple[str, ...]
    offers: tuple[JsonObject, ...]
    """Offers that can be asked for; those that break the schema are left out."""


def datasets_of(catalog: Catalog) -> list[JsonObject]:
    """Return the datasets of a page that have an identifier; the others cannot be asked for."""
    return [node for node in catalog.dataset or () if isinstance(node.get("@id"), str)]


def summary_of(dataset: JsonObject) -> Summary:
    """Return what a peer's dataset says of itself; every member may be missing or oddly shaped."""
    return Summary(
        id=str(dataset.get("@id", "")),
        title=_first_text(dataset, "dct:title", "edc:name", "name", "@id"),
        description=_first_text(dataset, "dct:description", "edc:description", "description"),
        keywords=tuple(_texts(dataset.get("dcat:keyword"))),
        licence=_first_text(dataset, "dct:license"),
        formats=tuple(dict.fromkeys(_format_of(node) for node in _nodes(dataset.get("distribution")))),
        offers=tuple(usable_offers(dataset)),
    )


def usable_offers(dataset: JsonObject) -> list[JsonObject]:
    """Return the offers that have the shape of one: EDC writes an offer without rules for an empty policy."""
    return [offer for offer in _nodes(dataset.get("hasPolicy")) if _is_offer(offer)]


def _is_offer(offer: JsonObject) -> bool:
    try:
        shapes.check_catalog_offer(offer)
    except MalformedMessage:
        return False
    return True


def _format_of(distribution: JsonObject) -> str:
    return next(_texts(distribution.get("format")), "")


def _nodes(value: Any) -> list[JsonObject]:
    return [node for node in (value if isinstance(value, list) else [value]) if isinstance(node, dict)]


def _first_text(node: JsonObject, *names: str) -> str:
    return next((text for name in names for text in _texts(node.get(name))), "")


def _texts(value: Any) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        text = item.get("@value", item.get("@id")) if isinstance(item, dict) else item
        if isinstance(text, str):
            yield text
