"""Agreements of DSP 2025-1: a provider draws one up, a consumer checks the one it gets.

An agreement is the offer with names, a target and a date. Its rules are those of the offer, word for word: other
connectors compare the two and refuse any difference, even a title. Which offer it is, and whether it may be agreed to,
was decided before.
"""

import copy
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import policies
from contracts.errors import (
    BadTimestamp,
    MissingTimestamp,
    NotAnAgreement,
    OtherTerms,
    WrongAssignee,
    WrongAssigner,
    WrongTarget,
)
from policies.members import member_name
from policies.model import Policy, Reference, Value
from policies.operands.date_time import UNCERTAINTY, span, written
from policies.strict_json import Json

CLOCK_TOLERANCE = timedelta(minutes=5)

_OURS = frozenset({"@id", "@type", "@context", "assigner", "assignee", "target", "timestamp"})


def draw_up(
    offer: Mapping[str, Json], *, agreement_id: str, assigner: str, assignee: str, target: str, at: datetime
) -> dict[str, Json]:
    """Return the agreement on an offer in DSP form, ready to be sent (DSP 2025-1 ContractAgreementMessage).

    `assigner` and `assignee` are the DIDs of provider and consumer; `at`, an aware instant, is the moment of conclusion
    and is written in whole seconds of UTC. Rules and everything else in the offer are copied as they stand. Raises
    PolicyError if the offer cannot be read, ValueError if `at` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("the moment of an agreement has a time zone")
    terms = {name: copy.deepcopy(value) for name, value in offer.items() if member_name(name) not in _OURS}
    agreement = {
        "@id": agreement_id,
        "@type": "Agreement",
        "target": target,
        "assigner": assigner,
        "assignee": assignee,
        "timestamp": written(at.astimezone(UTC).replace(microsecond=0)),
        **terms,
    }
    read(text_of(agreement))
    return agreement


def text_of(agreement: Mapping[str, Json]) -> str:
    """Return the text of an agreement, as a message and a contract of ours have it."""
    return json.dumps(agreement, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=32)
def read(text: str) -> Policy:
    """Return the agreement in a text. Raises PolicyError.

    Remembered: who draws one up, or checks one, then seals it.
    """
    return policies.load(text)


def check(
    agreement: str,
    *,
    requested: Mapping[str, Json],
    assigner: str,
    assignee: str,
    target: str,
    now: datetime,
    not_before: datetime | None = None,
) -> None:
    """Verify that a received agreement is the one that was negotiated; return nothing, or raise AgreementError.

    `agreement` is its text. `requested` is the offer that we asked for, or the last that we were offered; `assigner`
    the peer, `assignee` our own participant; `not_before` the moment at which the negotiation began, if the date shall
    not lie before it. Clocks may differ by five minutes. Each failure has a class and a code of its own.
    """
    # 1. It is an agreement, it can be read, and it has a name.
    received = _read(agreement)
    # 2. The peer gives it: the participant that was authenticated, not one that the text names.
    _compare(WrongAssigner, received.assigners, assigner, "/assigner")
    # 3. It is given to us.
    _compare(WrongAssignee, received.assignees, assignee, "/assignee")
    # 4. It is about the dataset that was asked for.
    _compare(WrongTarget, received.targets, target, "/target")
    # 5. It says when it was concluded, and that can be true.
    _check_timestamp(received.timestamp, now, not_before)
    # 6. It grants, forbids and obliges what was asked for or offered, no more and no less.
    if not policies.same_terms(received, requested):
        raise OtherTerms()


def has_terms_of(agreement: Mapping[str, Json], offer: Mapping[str, Json]) -> bool:
    """True when an agreement grants, forbids and obliges what an offer does. Raises PolicyError.

    One that we drew up does so word for word, which is told without reading either as a policy.
    """
    if "@context" not in agreement and "@context" not in offer and _worded(agreement) == _worded(offer):
        return True
    return policies.same_terms(agreement, offer)


def _worded(policy: Mapping[str, Json]) -> str:
    terms = {name: value for name, value in policy.items() if member_name(name) not in _OURS}
    return json.dumps(terms, sort_keys=True)


def is_older(agreement: Mapping[str, Json], than: Mapping[str, Json]) -> bool:
    """Return whether an agreement says that it was concluded before another; False where one of them does not say."""
    first, second = (one.get("timestamp") for one in (agreement, than))
    if not isinstance(first, str) or not isinstance(second, str):
        return False
    before, after = span(Value(first)), span(Value(second))
    return before is not None and after is not None and before.start < after.start


def _read(agreement: str) -> Policy:
    try:
        received = read(agreement)
    except policies.PolicyError as error:
        raise NotAnAgreement(actual=str(error), pointer=error.pointer) from error
    if received.kinds != ("Agreement",):
        raise NotAnAgreement(needed="Agreement", actual=", ".join(received.kinds), pointer="/@type")
    if received.uid is None:
        raise NotAnAgreement(needed="@id", pointer="/@id")
    return received


def _compare(
    failure: type[WrongAssigner | WrongAssignee | WrongTarget],
    references: tuple[Reference, ...],
    expected: str,
    pointer: str,
) -> None:
    """Refuse anything but the one plain name that is expected."""
    if len(references) != 1 or not references[0].is_plain or references[0].iri != expected:
        found = ", ".join(reference.iri or "?" for reference in references)
        raise failure(needed=expected, actual=found, pointer=pointer)


def _check_timestamp(timestamp: str | None, now: datetime, not_before: datetime | None) -> None:
    if timestamp is None:
        raise MissingTimestamp(pointer="/timestamp")
    moment = span(Value(timestamp))
    if moment is None or "T" not in timestamp:
        raise BadTimestamp(actual=timestamp, pointer="/timestamp")
    # the schema allows a time without zone, which may be meant 14 hours to either side
    tolerance = CLOCK_TOLERANCE + (UNCERTAINTY if moment.loose else timedelta())
    if moment.start - now > tolerance:
        raise BadTimestamp(needed=f"≤ {written(now)}", actual=timestamp, pointer="/timestamp")
    if not_before is not None and not_before - moment.start > tolerance:
        raise BadTimestamp(needed=f"≥ {written(not_before)}", actual=timestamp, pointer="/timestamp")
