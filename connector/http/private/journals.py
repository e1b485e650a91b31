"""All journals of a participant at once: their verification, page by page, and the checkpoints that seal them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from connector.http.private.asking import Asking, NextCursor, Node, Owner, PageQuery, Shape
from connector.http.private.effects import TaggedRoute
from connector.services.journals import Fault as FaultRow
from connector.services.journals import Kind
from connector.store.checkpoints import Checkpoint as Row
from contracts.canonical import sha256

router = APIRouter(tags=["journals"], route_class=TaggedRoute)


class JournalFault(Shape):
    """Something in the journals, or in their checkpoints, that is not what was written or sealed."""

    kind: Annotated[Kind, Field(description="Stable word for programs.")]
    process: Annotated[str | None, Field(description="Whose journal.")]
    n: Annotated[int | None, Field(description="Number of the entry.")]
    checkpoint: Annotated[int | None, Field(description="Number of the checkpoint.")]
    text: Annotated[str, Field(description="What is wrong and where, in the caller's language.")]


class JournalsVerification(Shape):
    """A page of the verification: first the checkpoints, then the chains. All holds if no page has faults."""

    items: Annotated[list[JournalFault], Field(description="The faults that were found on this page.")]
    entries: Annotated[int, Field(description="Entries whose chain was computed again on this page.")]
    journals: Annotated[int, Field(description="Journals that begin on this page.")]
    checkpoints: Annotated[int, Field(description="Checkpoints that were verified on this page.")]
    last_checkpoint: Annotated[int | None, Field(description="Number of the last one sealed; null: there is none.")]
    last_sealed_at: Annotated[datetime | None, Field(description="When it was sealed; what came after is not sealed.")]
    can_seal: Annotated[bool, Field(description="False: no seal key may sign now, so there will be no checkpoint.")]
    next_cursor: NextCursor = None


class Checkpoint(Shape):
    """A checkpoint of the journals."""

    number: int
    sha256: Annotated[str, Field(description="Of what is sealed.")]
    created_at: datetime
    kid: Annotated[str | None, Field(description="The key that sealed it; null: it waits for its seal.")]
    jws: Annotated[str | None, Field(description="The sealed text, to be kept elsewhere.")]


class Checkpoints(Shape):
    """A page of checkpoints, by number."""

    items: list[Checkpoint]
    next_cursor: NextCursor = None


@router.get("/journals/verification")
async def verify_journals(
    node: Node, owner: Owner, asker: Asking, query: Annotated[PageQuery, Query()]
) -> JournalsVerification:
    """Verify all journals: the checkpoints, the entries that they seal, then every chain. Follow the cursor."""
    found, standing = await node.journals.verify(owner, **query.rows(node)), await node.journals.standing(owner)
    return JournalsVerification(
        items=[_fault(one, asker.language) for one in found.faults],
        entries=found.entries,
        journals=found.journals,
        checkpoints=found.checkpoints,
        last_checkpoint=standing.number,
        last_sealed_at=standing.sealed_at,
        can_seal=standing.can_seal,
        next_cursor=found.following,
    )


@router.get("/journals/checkpoints")
async def list_checkpoints(node: Node, owner: Owner, query: Annotated[PageQuery, Query()]) -> Checkpoints:
    """List the checkpoints of the journals. Who keeps their texts elsewhere can show later that none was taken away."""
    page = await node.journals.checkpoints(owner, **query.rows(node))
    return Checkpoints(items=[_checkpoint(row) for row in page.items], next_cursor=page.following)


def _fault(one: FaultRow, language: str) -> JournalFault:
    return JournalFault(kind=one.kind, process=one.process, n=one.n, checkpoint=one.checkpoint, text=one.say(language))


def _checkpoint(row: Row) -> Checkpoint:
    return Checkpoint(
        number=row.number, sha256=sha256(row.document), created_at=row.created_at, kid=row.kid, jws=row.jws
    )
