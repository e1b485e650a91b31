"""What the node itself knows for a decision: what is attested of who asks, and declared of what is asked for.

Four conditions of the territory profile rest on it. The category of a partner, the charters that it signed and the
consent of the data protection officer are attested by a named person of the owner's (services/attest.py); the smallest
count in a cell is declared by who publishes the dataset, in its metadata, and the node counts nothing itself. What
nobody has said is not known, and what is not known grants nothing.

It is looked up only for a policy in which one of these words occurs.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from connector.problems import NotFound
from connector.store import attestations, datasets
from connector.store.attestations import Attestation
from connector.store.db import Tx
from policies import profile
from policies.facts import Fact
from policies.profile import NAMESPACE

MIN_CELL_COUNT = "min_cell_count"
"""The member of a dataset's metadata that declares its smallest count in a cell."""
CATEGORY, CHARTER = NAMESPACE + "participantCategory", NAMESPACE + "charterSigned"
CONSENT, CELLS = NAMESPACE + "accordDPO", NAMESPACE + "minCellCount"
ASKED_OF_PARTNERS = ("participantCategory", "charterSigned", "accordDPO")
YES = "true"

Facts = dict[str, Fact]


def are_asked_for(policy: str) -> bool:
    """True when the answer of a policy, given as its text, may depend on what is known here."""
    return _asks_of_partner(policy) or "minCellCount" in policy


def known(tx: Tx, owner: str, party: str, dataset: str, policy: str) -> Facts:
    """Return what is known now for a decision about this party and this dataset, as far as the policy asks."""
    said = attestations.standing(tx, owner, party) if _asks_of_partner(policy) else ()
    return attested(said, dataset) | _declared(tx, owner, dataset, policy)


def moments(tx: Tx, owner: str, party: str, policy: str) -> list[datetime]:
    """Return the instants at which what is attested of a party changed, as far as the policy asks."""
    said = attestations.every(tx, owner, party) if _asks_of_partner(policy) else ()
    return sorted({at for one in said for at in (one.created_at, one.ended_at) if at is not None})


def known_at(tx: Tx, owner: str, party: str, dataset: str, policy: str, at: datetime) -> Facts:
    """Return what was known at an instant; what is declared of the dataset is today's."""
    said = attestations.every(tx, owner, party) if _asks_of_partner(policy) else ()
    stood = (one for one in said if one.created_at and one.created_at <= at and (not one.ended_at or at < one.ended_at))
    return attested(stood, dataset) | _declared(tx, owner, dataset, policy)


def attested(said: Iterable[Attestation], dataset: str) -> Facts:
    """Return the facts that attestations establish for one dataset."""
    found: Facts = {}
    for one in said:
        match one.kind:
            case "category":
                found[CATEGORY] = frozenset(profile.lineage(one.about))
            case "charter":
                signed = found.get(CHARTER, frozenset({YES}))
                assert isinstance(signed, frozenset)
                found[CHARTER] = signed | {one.about} if one.about else signed
            case "dpo" if one.about in ("", dataset):
                found[CONSENT] = True
    return found


def licence(metadata: Mapping[str, Any]) -> str | None:
    """Return the licence that the metadata of a dataset name, as an IRI or a word."""
    named = metadata.get("licence") or metadata.get("dct:license")
    if isinstance(named, Mapping):
        named = named.get("@id", named.get("@value"))
    return named if isinstance(named, str) and named else None


def _declared(tx: Tx, owner: str, dataset: str, policy: str) -> Facts:
    if "minCellCount" not in policy:
        return {}
    try:
        count = datasets.load(tx, owner, dataset).document.get(MIN_CELL_COUNT)
    except NotFound:
        return {}
    return {CELLS: count} if isinstance(count, int) and not isinstance(count, bool) else {}


def _asks_of_partner(policy: str) -> bool:
    return any(name in policy for name in ASKED_OF_PARTNERS)
