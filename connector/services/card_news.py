"""A partner's newer party card, looked for by the node itself when a negotiation ended because the two held different
ones: it is then offered to a person here who has one thing to confirm, and asks again.

Which of the two nodes holds the old card no message says; so each looks at the other's. What is found is kept as a ping
keeps it (introduce.py): nothing is taken note of here.
"""

from datetime import datetime

from connector.problems import NotFound
from connector.services.exchange import PEER_FAILURES
from connector.services.introduce import Introduce
from connector.store.db import Tx
from connector.store.jobs import Job, Postpone
from contracts.refused import OtherCard

JOB = "card"
OTHER_CARD = OtherCard.code


def look(tx: Tx, owner: str, peer: str) -> None:
    """Have a partner's card looked at soon."""
    tx.enqueue(Job(JOB, owner, peer, peer=peer))


class Look:
    """Handles the jobs `card` (key: the partner's DID)."""

    def __init__(self, introduce: Introduce) -> None:
        self._introduce = introduce

    async def __call__(self, job: Job) -> datetime | None:
        """Keep a newer card for a person. Raises Postpone while the partner does not answer."""
        try:
            await self._introduce.look_at_card(job.owner, job.key)
        except NotFound:  # it is no partner of ours, or not any more: nobody took note of a card
            return None
        except PEER_FAILURES as error:
            raise Postpone(job.key, str(error)) from error
        return None
