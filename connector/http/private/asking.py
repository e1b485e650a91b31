"""Who asks, about whose affairs, and the shapes that every list and every identifier share."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, Header, Path, Request
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from connector.http.private.faults import AdministrationOnly
from connector.http.private.services import Services
from connector.peer.documents import normal_did
from connector.problems import Invalid, NotFound, Problem
from connector.services.deciders import Person
from connector.services.hosts import Caller
from connector.store.period import Period

OWNER_HEADER = "X-Pupitre-Owner"
LONGEST_ID = 2048


@dataclass(frozen=True, slots=True)
class Asker:
    """An authenticated caller, and the language to answer in."""

    caller: Caller
    language: str
    wished_owner: str | None


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


async def _asker(
    request: Request,
    x_pupitre_owner: Annotated[
        str | None,
        Header(
            description="Whose affairs, by short name; for administration keys. Default: the first participant.",
            max_length=63,
        ),
    ] = None,
) -> Asker:
    return Asker(request.state.caller, request.state.language, x_pupitre_owner)


Node = Annotated[Services, Depends(_services)]
Asking = Annotated[Asker, Depends(_asker)]


async def _owner(node: Node, asker: Asking) -> str:
    """Return whose affairs are asked about: a key of an owner reaches that owner only."""
    own = asker.caller.owner
    wished = asker.wished_owner or own or node.addresses.root
    if wished not in node.hosts.owners or own not in (None, wished):
        raise NotFound(wished)
    return wished


async def _key_holder(node: Node, asker: Asking) -> str | None:
    """Return whose keys are asked about: those of an owner, or (None) of the administration."""
    is_of_owner = asker.caller.owner is not None or asker.wished_owner is not None
    return await _owner(node, asker) if is_of_owner else None


async def _decider(asker: Asking) -> Person:
    """Return who decides: the journal names the key that was used, never its secret."""
    return asker.caller.person


async def _administration(asker: Asking) -> Caller:
    if asker.caller.owner is not None:
        raise AdministrationOnly
    return asker.caller


Owner = Annotated[str, Depends(_owner)]
By = Annotated[Person, Depends(_decider)]
KeyHolder = Annotated[str | None, Depends(_key_holder)]
Administration = Annotated[Caller, Depends(_administration)]


def _peer_did(did: str) -> str:
    try:
        return normal_did(did)
    except Problem:
        raise NotFound(did) from None


def checked_did(did: str, pointer: str = "/did") -> str:
    """Return a DID of a request body in its normal form. Raises Invalid."""
    try:
        return normal_did(did)
    except Problem as problem:
        raise Invalid(problem.title, pointer=pointer) from None


_ONE_PART = Path(max_length=3 * LONGEST_ID, description="Identifier, percent-encoded as one part of the path.")
Id = Annotated[str, _ONE_PART, AfterValidator(unquote)]
PeerDid = Annotated[
    str,
    Path(max_length=LONGEST_ID, description="DID of the peer, percent-encoded as one part of the path."),
    AfterValidator(unquote),
    AfterValidator(_peer_did),
]


class Shape(BaseModel):
    """What the API says."""

    model_config = ConfigDict(extra="forbid")


class Wish(BaseModel):
    """What a caller says: exact types, no unknown names."""

    model_config = ConfigDict(extra="forbid", strict=True)


Identifier = Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]
Cursor = Annotated[
    str | None, Field(max_length=8192, description="`next_cursor` of the page before; absent: the first page.")
]
Limit = Annotated[int | None, Field(ge=1, le=500, description="Rows in the page; default: the node's `page_size`.")]
NextCursor = Annotated[str | None, Field(description="Cursor of the next page; null: this is the last one.")]


Since = Annotated[AwareDatetime | None, Field(description="At this instant or later (ISO 8601 with its zone).")]
Until = Annotated[AwareDatetime | None, Field(description="Before this instant (ISO 8601 with its zone).")]
DidFilter = Annotated[str | None, Field(max_length=512, description="DID of the partner.")]


class PageQuery(BaseModel):
    """Which page of a list."""

    model_config = ConfigDict(extra="forbid")

    cursor: Cursor = None
    limit: Limit = None

    def rows(self, node: Services) -> dict[str, Any]:
        """Return the cursor and the limit as the verbs take them."""
        return {"cursor": self.cursor, "limit": self.limit or node.settings.page_size}


class PeriodQuery(PageQuery):
    """Which page of a list, and of which time."""

    since: Since = None
    until: Until = None

    def rows(self, node: Services) -> dict[str, Any]:
        """Return the page and the period as the verbs take them."""
        return {**super().rows(node), "period": Period(self.since, self.until)}
