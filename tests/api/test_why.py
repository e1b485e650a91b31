"""Why is it stuck? Each standstill has its word, its sentence in both languages, and what can be done."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connector.peer.errors import Unreachable
from connector.protocol import negotiation as n
from connector.protocol import transfer as t
from connector.protocol.machine import Role
from connector.services import explain
from connector.services.explain import Surroundings
from connector.store.journal import Entry
from connector.store.negotiations import Negotiation
from connector.store.queue import JobState
from connector.store.silence import Silence
from connector.store.transfers import Transfer

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
QUIET = Surroundings((), None, ())
PEER = "did:web:peer.example"


def negotiation(role: Role, state: str, **members: Any) -> Negotiation:
    fixed = {"owner": "root", "pid": "urn:p", "peer": PEER, "peer_url": "", "dataset": "urn:d", "offer_id": "urn:o"}
    return Negotiation(**fixed, offer="{}", offer_by="consumer", role=role, state=state, **members)


def transfer(role: Role, state: str, **members: Any) -> Transfer:
    fixed = {"owner": "root", "pid": "urn:p", "peer": PEER, "peer_url": "", "dataset": "urn:d", "agreement": "urn:a"}
    return Transfer(**fixed, format="HttpData-PULL", role=role, state=state, **members)


def entry(kind: str, message: str, **members: Any) -> Entry:
    return Entry(1, NOW, kind, {"message": message, **members}, None, "", "")


def job(status: str) -> JobState:
    return JobState("negotiation", "urn:p", PEER, LATER, 3, status, "ValueError: x")


UNREACHABLE = {"code": Unreachable.code, "reason": str(Unreachable("refused", "peer.example")), "message": n.REQUEST}
PENDING = {"pending": n.REQUEST, "pending_body": "{}", "pending_at": NOW}

STANDSTILLS: dict[str, tuple[Any, Surroundings, str, tuple[str, ...]]] = {
    "concluded": (negotiation(Role.CONSUMER, n.FINALIZED), QUIET, "ended", ()),
    "terminated": (negotiation(Role.CONSUMER, n.TERMINATED), QUIET, "ended", ()),
    "given up": (
        negotiation(Role.CONSUMER, n.INITIAL, **PENDING),
        Surroundings([job("dead")], None, ()),
        "given-up",
        ("retry", "terminate"),
    ),
    "silent": (
        negotiation(Role.CONSUMER, n.INITIAL, **PENDING, attempts=4, problem=UNREACHABLE),
        Surroundings([job("waiting")], Silence(PEER, 4, NOW, LATER, "x"), ()),
        "peer-silent",
        ("terminate",),
    ),
    "retrying": (
        negotiation(Role.CONSUMER, n.INITIAL, **PENDING, attempts=1, problem=UNREACHABLE),
        Surroundings([job("waiting")], None, ()),
        "retrying",
        ("terminate",),
    ),
    "on its way": (negotiation(Role.CONSUMER, n.INITIAL, **PENDING), QUIET, "on-its-way", ("terminate",)),
    "due later": (
        negotiation(Role.PROVIDER, n.REQUESTED, intent={"kind": n.AGREEMENT, "due_at": LATER.isoformat()}),
        QUIET,
        "due-later",
        ("counter", "accept", "refuse", "terminate"),
    ),
    "diverged": (
        negotiation(Role.CONSUMER, n.AGREED, problem={"code": "divergence", "reason": "x"}),
        QUIET,
        "diverged",
        ("verify", "terminate"),
    ),
    "yielded": (
        negotiation(Role.CONSUMER, n.OFFERED, problem={"code": "yielded", "message": n.REQUEST}),
        QUIET,
        "our-turn",
        ("counter", "accept", "refuse", "terminate"),
    ),
    "refused": (
        negotiation(Role.CONSUMER, n.OFFERED, problem={"code": "peer-400", "reason": "no", "message": n.ACCEPT}),
        QUIET,
        "refused",
        ("counter", "accept", "refuse", "terminate"),
    ),
    "ours to decide": (
        negotiation(Role.PROVIDER, n.REQUESTED),
        QUIET,
        "our-turn",
        ("counter", "accept", "refuse", "terminate"),
    ),
    "theirs to decide": (negotiation(Role.CONSUMER, n.REQUESTED), QUIET, "peer-turn", ("terminate",)),
    "open to us": (
        transfer(Role.CONSUMER, t.STARTED),
        QUIET,
        "running",
        ("complete", "suspend", "terminate", "fetch"),
    ),
    "open to them": (
        transfer(Role.PROVIDER, t.STARTED),
        QUIET,
        "running",
        ("start", "complete", "suspend", "terminate"),
    ),
    "suspended": (transfer(Role.CONSUMER, t.SUSPENDED), QUIET, "our-turn", ("resume", "terminate")),
    "asked for": (transfer(Role.CONSUMER, t.REQUESTED), QUIET, "peer-turn", ("terminate",)),
    "to be opened": (transfer(Role.PROVIDER, t.REQUESTED), QUIET, "our-turn", ("start", "terminate")),
}


@pytest.mark.parametrize("name", STANDSTILLS)
def test_a_standstill_has_its_word_and_what_can_be_done(name: str) -> None:
    process, around, code, actions = STANDSTILLS[name]
    table = n.NEGOTIATION if isinstance(process, Negotiation) else t.TRANSFER
    why = explain.why(table, process, around)
    assert (why.code, why.actions) == (code, actions)
    assert all(why.text[language].endswith(".") for language in ("fr", "en"))


@pytest.mark.parametrize("name", ["silent", "retrying", "due later"])
def test_the_next_attempt_is_told(name: str) -> None:
    process, around, _, _ = STANDSTILLS[name]
    assert explain.why(n.NEGOTIATION, process, around).next_attempt_at == LATER


def test_the_reason_of_our_own_rooms_is_told_in_french() -> None:
    process, around, _, _ = STANDSTILLS["retrying"]
    text = explain.why(n.NEGOTIATION, process, around).text
    assert "Le nœud du partenaire ne répond pas." in text["fr"]
    assert "The partner's node does not answer." in text["en"]


@pytest.mark.parametrize(("kind", "by"), [("sent", "us"), ("received", PEER)])
def test_who_ended_it_and_why_is_told(kind: str, by: str) -> None:
    ended = entry(kind, n.TERMINATION, body='{"code": "refused", "reason": ["Not", "now."]}')
    around = Surroundings((), None, (ended,))
    text = explain.why(n.NEGOTIATION, negotiation(Role.CONSUMER, n.TERMINATED), around).text["en"]
    assert text == f"Terminated by {by}. Reason: refused — Not now."


@pytest.mark.parametrize(
    ("entries", "process", "status"),
    [
        ((), {}, None),
        ((entry("sent", n.REQUEST),), PENDING, "pending"),
        ((entry("acknowledged", n.REQUEST), entry("sent", n.REQUEST)), {}, "acknowledged"),
        ((entry("received", n.AGREEMENT), entry("sent", n.REQUEST)), {}, "acknowledged"),
        ((entry("refused-by-peer", n.REQUEST, reason="no"), entry("sent", n.REQUEST)), {}, "refused"),
        ((entry("received", n.TERMINATION, yielded=n.ACCEPT), entry("sent", n.ACCEPT)), {}, "gave-way"),
    ],
)
def test_what_became_of_our_last_message_is_told(entries: Any, process: Any, status: str | None) -> None:
    said = explain.last_sent(negotiation(Role.CONSUMER, n.INITIAL, **process), entries)
    assert (said.status if said else None) == status


def test_a_message_of_theirs_that_we_refused_is_told() -> None:
    refused = entry("refused", n.OFFER, problem="illegal-transition")
    said = explain.last_received((refused, entry("received", n.AGREEMENT)))
    assert said is not None
    assert (said.message, said.status, said.code) == (n.OFFER, "refused", "illegal-transition")
