"""How the node is, for a person. Health and metrics, which need no key, are in supervision.py."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from connector.http.private.asking import Asking, Node, Owner, Shape
from connector.http.private.effects import TaggedRoute
from connector.http.private.participants import Participant, participant

router = APIRouter(tags=["node"], route_class=TaggedRoute)


class JobCounts(Shape):
    """Jobs of the whole node."""

    due: int
    delayed: int
    running: int
    dead: int


class Status(Shape):
    """How the node is, seen by one participant."""

    version: str
    public_url: str
    participant: Participant
    protocol_url: Annotated[str, Field(description="Base address of the participant's protocol, for partners.")]
    datasets: Annotated[dict[str, int], Field(description="How many, by status.")]
    negotiations: Annotated[dict[str, int], Field(description="How many, by state.")]
    transfers: Annotated[dict[str, int], Field(description="How many, by state.")]
    seal_problems: Annotated[
        list[str], Field(description="Why what must be sealed waits, and what to do, in the caller's language.")
    ]
    jobs: Annotated[JobCounts | None, Field(description="Of the whole node; null for the key of one participant.")]


@router.get("/status")
async def show_status(node: Node, owner: Owner, asker: Asking) -> Status:
    """Show how the node is."""
    numbers = await node.inspect.numbers()
    counts = numbers.jobs
    is_administration = asker.caller.owner is None
    jobs = JobCounts(due=counts.due, delayed=counts.delayed, running=counts.running, dead=counts.dead)
    return Status(
        version=node.version,
        public_url=node.settings.base_url,
        participant=participant(node.hosts.owners[owner]),
        protocol_url=node.addresses.dsp_base(owner),
        datasets=_of(owner, numbers.datasets),
        negotiations=_of(owner, numbers.negotiations),
        transfers=_of(owner, numbers.transfers),
        seal_problems=[one.say(asker.language) for one in await node.hosts.seals.closed(owner)],
        jobs=jobs if is_administration else None,
    )


def _of(owner: str, rows: Iterable[tuple[str, str, int]]) -> dict[str, int]:
    return {name: number for whose, name, number in rows if whose == owner}
