"""Webhooks: addresses of the house's own programs to which events are sent, signed, in order, until they are taken."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from connector.http.private.asking import Asking, By, Id, NextCursor, Node, Owner, PageQuery, Shape, Wish
from connector.http.private.effects import Doing, Putting, TaggedRoute
from connector.http.private.events import Kind
from connector.problems import Problem
from connector.services.once import version_of
from connector.services.webhooks import Made, Standing
from connector.store import webhooks

router = APIRouter(tags=["webhooks"], route_class=TaggedRoute)
Status = Literal["active", "failing", "stopped"]


class WebhookProblem(Shape):
    """Why events do not arrive, and what to do, in the caller's language."""

    code: str
    reason: str
    remedy: str


class Gap(Shape):
    """Events that were forgotten before they could be sent: the receiver was told so in their place."""

    after: Annotated[int, Field(description="The last number before them.")]
    before: Annotated[int, Field(description="The first number after them.")]


class Webhook(Shape):
    """An address to which events are sent."""

    id: str
    url: str
    kinds: Annotated[list[str], Field(description="Of which events; empty: of all.")]
    status: Annotated[
        Status,
        Field(description="`failing`: the last attempt failed, another one follows; `stopped`: until `retry`."),
    ]
    after: Annotated[int, Field(description="Number of the last event that was delivered or passed over.")]
    waiting: Annotated[int, Field(description="How many numbers the feed is ahead.")]
    delivered_at: Annotated[datetime | None, Field(description="When the receiver last took something.")]
    failures: Annotated[int, Field(description="How often in a row it did not.")]
    failing_since: datetime | None
    retry_at: Annotated[datetime | None, Field(description="When the next attempt is made.")]
    problem: WebhookProblem | None
    gap: Annotated[Gap | None, Field(description="The latest gap.")]
    overlap_until: Annotated[
        datetime | None, Field(description="Until when the secret before the last rotation signs too.")
    ]
    version: Annotated[
        int, Field(description="Grows with every change that somebody makes; the beginning of the ETag.")
    ]
    created_at: datetime | None
    updated_at: datetime | None


class Webhooks(Shape):
    """A page of webhooks, by identifier."""

    items: list[Webhook]
    next_cursor: NextCursor = None


class CreatedWebhook(Webhook):
    """A webhook with a new secret, which is told here, once: the node does not store it."""

    secret: Annotated[str, Field(description="`whsec_` and base64: what the receiver verifies signatures with.")]


class NewWebhook(Wish):
    """Where events shall be sent."""

    url: Annotated[
        str,
        Field(
            min_length=1,
            max_length=2000,
            description="http(s) address of a program of yours; no secret belongs in it.",
            examples=["https://si.pays-de-demo.example/pupitre"],
        ),
    ]
    kinds: Annotated[
        list[Kind], Field(default_factory=list, max_length=50, description="Of which events; empty: of all.")
    ]
    after: Annotated[
        int | None,
        Field(ge=0, lt=2**62, description="Begin after this event. Default: now; of a change: where it is."),
    ] = None


class SecretRotation(Wish):
    """How a secret is replaced."""

    overlap_hours: Annotated[
        int, Field(ge=0, le=30 * 24, description="How long deliveries are signed with both secrets, in hours.")
    ] = 24


class WebhookTest(Shape):
    """How the receiver answered just now."""

    is_taken: Annotated[bool, Field(description="True for any 2xx.")]
    status: Annotated[int | None, Field(description="HTTP status; null: no answer came.")]
    milliseconds: float
    problem: WebhookProblem | None


class WebhookQuery(PageQuery):
    """Which webhooks."""

    status: Status | None = None


@router.get("/webhooks")
async def list_webhooks(node: Node, owner: Owner, asker: Asking, query: Annotated[WebhookQuery, Query()]) -> Webhooks:
    """List webhooks."""
    page = await node.webhooks.page(owner, status=query.status, **query.rows(node))
    return Webhooks(items=[_shown(one, asker.language) for one in page.items], next_cursor=page.following)


@router.post("/webhooks", status_code=201)
async def create_webhook(
    node: Node, owner: Owner, asker: Asking, by: By, wish: NewWebhook, effect: Doing
) -> CreatedWebhook:
    """Have events sent to an address. The secret that signs them is told once."""
    return await effect.of(
        lambda: node.webhooks.create(owner, wish.url, wish.kinds, wish.after, by=by),
        lambda made: _created(made, asker.language),
    )


@router.get("/webhooks/{webhook_id}")
async def show_webhook(node: Node, owner: Owner, asker: Asking, webhook_id: Id) -> Webhook:
    """Show a webhook: how far it is, and what keeps events from it."""
    return _shown(await node.webhooks.show(owner, webhook_id), asker.language)


@router.put("/webhooks/{webhook_id}")
async def change_webhook(
    node: Node, owner: Owner, asker: Asking, by: By, webhook_id: Id, wish: NewWebhook, effect: Putting
) -> Webhook:
    """Change the address, the kinds, and perhaps the place in the feed; what waits is tried at once."""
    return await effect.of(
        lambda: node.webhooks.change(owner, webhook_id, wish.url, wish.kinds, wish.after, by=by),
        lambda standing: _shown(standing, asker.language),
        version_of(webhooks.load, owner, webhook_id),
    )


@router.delete("/webhooks/{webhook_id}", status_code=204)
async def delete_webhook(node: Node, owner: Owner, by: By, webhook_id: Id, effect: Putting) -> None:
    """Send nothing there any more. Its journal stays."""
    version = version_of(webhooks.load, owner, webhook_id)
    await effect.of(lambda: node.webhooks.delete(owner, webhook_id, by=by), lambda done: done, version)


@router.post("/webhooks/{webhook_id}/rotate", status_code=201)
async def rotate_webhook(
    node: Node,
    owner: Owner,
    asker: Asking,
    by: By,
    webhook_id: Id,
    effect: Doing,
    wish: SecretRotation | None = None,
) -> CreatedWebhook:
    """Replace the secret; the one before signs beside it for a while, so that nothing is lost meanwhile."""
    overlap = timedelta(hours=(wish or SecretRotation()).overlap_hours)
    return await effect.of(
        lambda: node.webhooks.rotate(owner, webhook_id, overlap=overlap, by=by),
        lambda made: _created(made, asker.language),
        version_of(webhooks.load, owner, webhook_id),
    )


@router.post("/webhooks/{webhook_id}/retry")
async def retry_webhook(node: Node, owner: Owner, asker: Asking, by: By, webhook_id: Id, effect: Doing) -> Webhook:
    """Go on at once from the first event that was not delivered, also after it was stopped."""
    return await effect.of(
        lambda: node.webhooks.retry(owner, webhook_id, by=by),
        lambda standing: _shown(standing, asker.language),
        version_of(webhooks.load, owner, webhook_id),
    )


@router.post("/webhooks/{webhook_id}/test")
async def test_webhook(node: Node, owner: Owner, asker: Asking, webhook_id: Id) -> WebhookTest:
    """Send a `webhook.test` now and say how the receiver answers; what waits stays where it is."""
    tried = await node.webhooks.test(owner, webhook_id)
    return WebhookTest(
        is_taken=tried.problem is None,
        status=tried.status,
        milliseconds=round(tried.milliseconds, 3),
        problem=_told(tried.problem, asker.language) if tried.problem else None,
    )


def _shown(standing: Standing, language: str) -> Webhook:
    return Webhook(**_members(standing, language))


def _created(made: Made, language: str) -> CreatedWebhook:
    return CreatedWebhook(**_members(made.standing, language), secret=made.secret)


def _members(standing: Standing, language: str) -> dict[str, Any]:
    row = standing.webhook
    names = ("id", "url", "kinds", "status", "delivered_at", "failures", "failing_since", "retry_at", "overlap_until")
    ends = ("version", "created_at", "updated_at")
    problem = row.problem
    return {
        **{name: getattr(row, name) for name in (*names, *ends)},
        "after": row.after_n,
        "waiting": max(0, standing.latest - row.after_n),
        "problem": problem
        and WebhookProblem(
            code=problem["code"], reason=problem["reason"][language], remedy=problem["remedy"][language]
        ),
        "gap": None if row.gap_after is None else Gap(after=row.gap_after, before=row.gap_before or 0),
    }


def _told(problem: Problem, language: str) -> WebhookProblem:
    return WebhookProblem(code=problem.code, reason=problem.say(language), remedy=problem.remedy[language])
