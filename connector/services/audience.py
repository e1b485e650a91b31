"""Who would see a dataset: each partner that an owner knows, under each offer in force, and why not.

Every phase is judged as the node would judge it for that partner, by the same functions: what the catalogue shows, what
may be agreed, started and delivered. An offer is judged as the agreement that it would become on its very terms, with
nothing used of it yet. Nobody is asked, and nothing is recorded.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from connector.services import cursors, facts, permits
from connector.services.cursors import Page
from connector.services.permits import Phase, Verdict
from connector.store import datasets, peers
from connector.store.datasets import StoredOffer
from connector.store.db import Tx
from connector.store.peers import BLOCKED, QUARANTINED, Peer

MOST_JUDGED = 2_000
"""How many pairs of a partner and an offer one page holds at most: with many offers it holds fewer partners."""
MOST_REASONS = 20

Language = Literal["fr", "en"]


@dataclass(frozen=True, slots=True)
class Judged:
    """What an offer would mean for one partner at an instant."""

    offer: StoredOffer
    verdicts: Mapping[Phase, Verdict]

    @property
    def is_seen(self) -> bool:
        return self.verdicts["catalogue"].is_permitted

    @property
    def is_agreed(self) -> bool:
        """True when a request for it would be agreed to with nobody deciding."""
        return self.is_seen and self.offer.mode == "automatic" and self.verdicts["negotiation"].is_permitted

    @property
    def valid_until(self) -> datetime | None:
        """The first instant at which time alone changes an answer, None if it never does."""
        return min((until for one in self.verdicts.values() if (until := one.valid_until)), default=None)

    def reasons(self, language: Language) -> list[str]:
        """Return why a phase does not permit, that of the first one which does not; empty when all do."""
        refused = next((one for one in self.verdicts.values() if not one.is_permitted), None)
        return refused.reasons(language)[:MOST_REASONS] if refused else []


@dataclass(frozen=True, slots=True)
class Member:
    """A partner, and whether it would see the dataset."""

    peer: Peer
    judged: list[Judged]
    is_published: bool

    @property
    def is_held(self) -> bool:
        """True when nothing at all is shown to this partner."""
        return self.peer.status in (BLOCKED, QUARANTINED)

    @property
    def sees(self) -> bool:
        return self.is_published and not self.is_held and any(one.is_seen for one in self.judged)

    @property
    def is_agreed(self) -> bool:
        """True when asking for the very terms of an offer would be agreed to at once."""
        return self.sees and any(one.is_agreed for one in self.judged)

    def why(self, language: Language) -> str:
        """Return in a sentence why it would, or would not."""
        if not self.is_published:
            return _WHY["unpublished"][language]
        if self.is_held:
            return _WHY[self.peer.status][language]
        seen = [one.offer.id for one in self.judged if one.is_seen]
        return f"{_WHY['seen'][language]} {', '.join(seen)}." if seen else _WHY["refused"][language]


_WHY: dict[str, dict[Language, str]] = {
    "unpublished": {
        "fr": "Le jeu de données n’est pas publié : personne ne le voit.",
        "en": "The dataset is not published: nobody sees it.",
    },
    BLOCKED: {"fr": "Ce partenaire est bloqué.", "en": "This partner is blocked."},
    QUARANTINED: {
        "fr": "Ce partenaire est en quarantaine : sa clé a changé.",
        "en": "This partner is in quarantine: its key has changed.",
    },
    "seen": {"fr": "Le catalogue lui montre :", "en": "The catalogue shows it:"},
    "refused": {
        "fr": "Aucune des conditions proposées ne lui est ouverte.",
        "en": "None of the offers is open to it.",
    },
}


def page(
    tx: Tx,
    owner: str,
    dataset_id: str,
    *,
    cursor: str | None,
    limit: int,
    at: datetime | None = None,
    instead: StoredOffer | None = None,
) -> Page[Member]:
    """Return the partners in the order of their DID, judged at an instant or now. Raises NotFound, BadCursor.

    `instead` is an offer that nobody has made yet: it is judged alone, and as if making it had published the dataset.
    """
    after = cursors.read_key(cursor)
    dataset = datasets.load(tx, owner, dataset_id)
    offers = datasets.offers_of(tx, owner, [dataset_id]) if instead is None else [instead]
    shown = max(1, min(limit, MOST_JUDGED // max(1, len(offers))))
    rows = peers.page(tx, owner, after=after, limit=shown + 1)
    is_published = instead is not None or dataset.status == "published"
    texts = [(offer, json.dumps(offer.policy)) for offer in offers]
    members = [Member(row, [_judged(tx, row, *one, at or tx.now) for one in texts], is_published) for row in rows]
    return cursors.paged(members, shown, lambda member: (member.peer.did,))


def _judged(tx: Tx, peer: Peer, offer: StoredOffer, text: str, at: datetime) -> Judged:
    known = facts.known(tx, offer.owner, peer.did, offer.dataset, text)
    asked = (text, offer.dataset, peer.did, at)
    verdicts = {phase: permits.terms(*asked, phase, known=known) for phase in permits.PHASES}
    return Judged(offer, verdicts)
