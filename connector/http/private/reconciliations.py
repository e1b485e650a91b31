"""After a restoration: how the processes of the backup stand with the partners."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from connector.http.private.asking import Asking, NextCursor, Node, Owner, PageQuery, Shape
from connector.http.private.effects import TaggedRoute
from connector.services import reconcile
from connector.store import restores

router = APIRouter(route_class=TaggedRoute)
Outcome = Literal["waiting", "agrees", "moved", "differs", "unknown", "untold"]


class Restore(Shape):
    """The latest restoration."""

    n: Annotated[int, Field(description="How often this database was restored.")]
    backup: str
    taken_at: Annotated[datetime, Field(description="Instant of the backup: what came later was forgotten.")]
    restored_at: datetime


class Reconciliation(Shape):
    """How one process stands with the partner."""

    process: str
    kind: Literal["negotiation", "transfer"]
    peer: str
    outcome: Annotated[
        Outcome,
        Field(description="Not compared yet; the same; we followed; not the same; unknown to the partner; not told."),
    ]
    state: Annotated[str, Field(description="Ours.")]
    peer_state: str | None
    text: Annotated[str, Field(description="How it stands and what to do, in the language of the request.")]
    updated_at: datetime


class Reconciliations(Shape):
    """The latest restoration, and a page of processes by their identifier."""

    restore: Restore | None
    items: list[Reconciliation]
    next_cursor: NextCursor = None


class ReconciliationQuery(PageQuery):
    """Which processes."""

    outcome: Annotated[Outcome | None, Field(description="Only those that stand so.")] = None


@router.get("/reconciliations", tags=["journal"])
async def list_reconciliations(
    node: Node, owner: Owner, asker: Asking, query: Annotated[ReconciliationQuery, Query()]
) -> Reconciliations:
    """List how processes of a restored backup stand with the partners; nothing when the node was never restored."""
    page = await node.reconciliations.page(owner, outcome=query.outcome, **query.rows(node))
    last = await node.reconciliations.last()
    return Reconciliations(
        restore=None if last is None else _restore(last),
        items=[_shown(row, asker.language) for row in page.items],
        next_cursor=page.following,
    )


def _restore(one: restores.Restore) -> Restore:
    return Restore(n=one.n, backup=one.backup, taken_at=one.taken_at, restored_at=one.restored_at)


def _shown(row: restores.Reconciliation, language: str) -> Reconciliation:
    return Reconciliation(
        process=row.process,
        kind=row.kind,  # type: ignore[arg-type]
        peer=row.peer,
        outcome=row.outcome,  # type: ignore[arg-type]
        state=row.state,
        peer_state=row.peer_state,
        text=reconcile.told(row)[language],
        updated_at=row.updated_at,
    )
