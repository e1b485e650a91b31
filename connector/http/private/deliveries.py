"""Transfers (livraisons), in both roles, and the reception of their bytes."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field, JsonValue

from connector.dataplane.transfers import http_push
from connector.http.private.asking import Asking, By, Id, Identifier, NextCursor, Node, Owner, Shape, Wish
from connector.http.private.effects import Doing, TaggedRoute
from connector.http.private.processes import (
    LastMessage,
    ProcessQuery,
    ProcessShape,
    Reason,
    WaitQuery,
    Why,
    common,
    detail,
)
from connector.problems import Invalid
from connector.protocol.transfer import TRANSFER
from connector.services.inspect import Looked
from connector.services.once import version_of
from connector.services.redaction import redacted
from connector.store import transfers
from connector.store.db import Tx
from connector.store.fetches import Fetch as FetchRow
from connector.store.pushes import Push as PushRow
from connector.store.transfers import Transfer as TransferRow

router = APIRouter(tags=["transfers"], route_class=TaggedRoute)


TRANSFER_STATES = tuple(TRANSFER.states)


class Transfer(ProcessShape):
    """A transfer."""

    agreement: str
    format: str


class FetchProblem(Shape):
    """Why bytes did not come, and what to do, in the caller's language."""

    code: str
    reason: str
    remedy: str


class Fetch(Shape):
    """How far the bytes of a transfer have been received."""

    transfer: str
    path: Annotated[str, Field(description="The file on the node's machine.")]
    status: Annotated[
        Literal["waiting", "running", "done", "failed"],
        Field(description="`waiting`: for a start, or for the next attempt."),
    ]
    done_bytes: int
    size_bytes: Annotated[int | None, Field(description="As announced; null: not known yet.")]
    sha256: Annotated[str | None, Field(description="As announced; once done, of what was received.")]
    problem: FetchProblem | None
    created_at: datetime
    updated_at: datetime


class Push(Shape):
    """How far the bytes of a transfer have been sent to the address that the consumer gave."""

    status: Annotated[
        Literal["waiting", "running", "done", "failed"],
        Field(description="`waiting`: for the next attempt, or for a start."),
    ]
    sent_bytes: Annotated[int, Field(description="In the present attempt: an upload that was cut begins again.")]
    size_bytes: int | None
    sha256: Annotated[str | None, Field(description="Of what the consumer has accepted.")]
    problem: FetchProblem | None
    begun_at: datetime
    updated_at: datetime


class TransferDetail(Transfer):
    """A transfer with its data address (without tokens), the last messages, and why it stands where it stands."""

    data_address: dict[str, JsonValue] | None
    fetch: Annotated[Fetch | None, Field(description="As consumer: what was received, fetched or pushed to us.")]
    push: Annotated[Push | None, Field(description="As provider: what was pushed.")]
    why: Why
    last_sent: LastMessage | None
    last_received: LastMessage | None


class Transfers(Shape):
    """A page of transfers, the newest first."""

    items: list[Transfer]
    next_cursor: NextCursor = None


class NewTransfer(Wish):
    """Data that we want under an agreement of ours."""

    agreement: Identifier
    format: Annotated[
        Literal["HttpData-PULL", "HttpData-PUSH"],
        Field(description="Who calls whom for the bytes: we the provider (PULL), or the provider us (PUSH)."),
    ] = "HttpData-PULL"
    into: Annotated[
        "NewFetch | None", Field(description="Where what is pushed shall go; of no use in a pull, which is fetched.")
    ] = None


class NewFetch(Wish):
    """Where the bytes shall go."""

    path: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=1_000,
            description="File on the node's machine, relative to data_dir/received/OWNER; "
            "absolute only inside receive_dirs. Default: a name made from the dataset.",
            examples=["points-lumineux.csv"],
        ),
    ] = None
    overwrite: Annotated[bool, Field(description="Replace a file that stands there.")] = False


class TransferQuery(ProcessQuery):
    """Which transfers."""

    state: Literal[TRANSFER_STATES] | None = None  # type: ignore[valid-type]  # the state table says which
    agreement: Identifier | None = None


@router.get("/transfers")
async def list_transfers(node: Node, owner: Owner, query: Annotated[TransferQuery, Query()]) -> Transfers:
    """List transfers."""
    equal = {name: getattr(query, name) for name in ("role", "state", "peer", "dataset", "agreement")}
    page = await node.inspect.transfers(owner, **equal, **query.rows(node))
    return Transfers(items=[_transfer(row) for row in page.items], next_cursor=page.following)


@router.post("/transfers", status_code=201)
async def request_transfer(node: Node, owner: Owner, by: By, wish: NewTransfer, effect: Doing) -> Transfer:
    """Ask for the data of an agreement, as consumer."""
    into = None
    if wish.format == http_push.FORMAT:
        place = wish.into or NewFetch()
        into = node.receive.into(owner, place.path, overwrite=place.overwrite)
    elif wish.into is not None:
        fr, en = "Réservé à HttpData-PUSH.", "For HttpData-PUSH only."
        raise Invalid({"fr": fr, "en": en}, pointer="/into")
    return await effect.of(
        lambda: node.transfer.request(owner, wish.agreement, wish.format, into=into, by=by), _transfer
    )


@router.get("/transfers/{pid}")
async def show_transfer(
    node: Node, owner: Owner, asker: Asking, pid: Id, query: Annotated[WaitQuery, Query()]
) -> TransferDetail:
    """Show a transfer and why it stands where it stands; on demand, once it has changed."""
    looked = await node.waiting.until(
        pid,
        lambda: node.inspect.transfer(owner, pid),
        lambda seen: query.is_answered_by(seen.process),
        query.wait,
    )
    return _detail(looked, asker.language)


@router.post("/transfers/{pid}/start")
async def start_transfer(node: Node, owner: Owner, by: By, pid: Id, effect: Doing) -> Transfer:
    """As provider, open the data; in a transfer that is open, renew its address."""
    return await effect.of(
        lambda: node.transfer.start(owner, pid, by=by),
        _transfer,
        _version(owner, pid),
    )


@router.post("/transfers/{pid}/suspend")
async def suspend_transfer(
    node: Node, owner: Owner, by: By, pid: Id, effect: Doing, wish: Reason | None = None
) -> Transfer:
    """Suspend: no byte leaves from now on."""
    why = wish or Reason()
    return await effect.of(
        lambda: node.transfer.suspend(owner, pid, why.code, why.reason, by=by),
        _transfer,
        _version(owner, pid),
    )


@router.post("/transfers/{pid}/resume")
async def resume_transfer(node: Node, owner: Owner, by: By, pid: Id, effect: Doing) -> Transfer:
    """Resume what was suspended; as consumer, ask for it."""
    return await effect.of(
        lambda: node.transfer.start(owner, pid, by=by),
        _transfer,
        _version(owner, pid),
    )


@router.post("/transfers/{pid}/complete")
async def complete_transfer(node: Node, owner: Owner, by: By, pid: Id, effect: Doing) -> Transfer:
    """Say that all has been had."""
    return await effect.of(
        lambda: node.transfer.complete(owner, pid, by=by),
        _transfer,
        _version(owner, pid),
    )


@router.post("/transfers/{pid}/terminate")
async def terminate_transfer(
    node: Node, owner: Owner, by: By, pid: Id, effect: Doing, wish: Reason | None = None
) -> Transfer:
    """End a transfer, for a reason that the partner is told."""
    why = wish or Reason()
    return await effect.of(
        lambda: node.transfer.terminate(owner, pid, why.code, why.reason, by=by),
        _transfer,
        _version(owner, pid),
    )


@router.post("/transfers/{pid}/fetch", status_code=202)
async def fetch_transfer(
    node: Node, owner: Owner, asker: Asking, pid: Id, effect: Doing, wish: NewFetch | None = None
) -> Fetch:
    """Receive the bytes into a file of the node's machine; after a failure, go on where it stopped."""
    into = wish or NewFetch()
    return await effect.of(
        lambda: node.receive.fetch(owner, pid, into.path, overwrite=into.overwrite),
        lambda row: _fetch(row, asker.language),
    )


@router.get("/transfers/{pid}/fetch")
async def show_fetch(node: Node, owner: Owner, asker: Asking, pid: Id) -> Fetch:
    """Show how far the bytes have been received."""
    return _fetch(await node.receive.progress(owner, pid), asker.language)


def _version(owner: str, pid: str) -> Callable[[Tx], int]:
    return version_of(transfers.load, owner, pid)


def _members(row: TransferRow) -> dict[str, Any]:
    return {**common(TRANSFER, row), "dataset": row.dataset, "agreement": row.agreement, "format": row.format}


def _transfer(row: TransferRow) -> Transfer:
    return Transfer(**_members(row))


def _detail(looked: Looked[TransferRow], language: str) -> TransferDetail:
    row = looked.process
    address = None if row.data_address is None else redacted(row.data_address)
    fetch = None if looked.fetch is None else _fetch(looked.fetch, language)
    push = None if looked.push is None else _push(looked.push, language)
    return TransferDetail(**_members(row), data_address=address, fetch=fetch, push=push, **detail(looked, language))


def _fetch(row: FetchRow, language: str) -> Fetch:
    names = ("transfer", "path", "status", "done_bytes", "size_bytes", "sha256", "created_at", "updated_at")
    return Fetch(**{name: getattr(row, name) for name in names}, problem=_problem(row.problem, language))


def _push(row: PushRow, language: str) -> Push:
    names = ("status", "sent_bytes", "size_bytes", "sha256", "begun_at", "updated_at")
    return Push(**{name: getattr(row, name) for name in names}, problem=_problem(row.problem, language))


def _problem(told: dict[str, Any] | None, language: str) -> FetchProblem | None:
    if told is None:
        return None
    said = {name: told[name].get(language, "") for name in ("reason", "remedy")}
    return FetchProblem(code=told["code"], **said)
