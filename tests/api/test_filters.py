"""Every list is filtered by what can be asked of it, refuses what it does not know, and goes on from its cursor."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.sdk import ApiProblem, Client, calls
from connector.sdk.calls import Call
from tests.harness.threaded import Running
from tests.tools import reference

LISTS = [
    (operation["operationId"], {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"})
    for method, _, operation in reference.operations()
    if method == "get" and operation["operationId"].startswith("list_")
]
IN_TIME = {"list_datasets", "list_negotiations", "list_agreements", "list_contracts", "list_transfers"}
BY_STATE = {"list_negotiations": "state", "list_transfers": "state"} | dict.fromkeys(
    ("list_datasets", "list_offers", "list_peers", "list_agreements", "list_contracts", "list_jobs"), "status"
)


@pytest.mark.parametrize(("name", "filters"), LISTS, ids=[one[0] for one in LISTS])
def test_every_list_is_paged_and_filtered(name: str, filters: set[str]) -> None:
    assert {"cursor", "limit"} <= filters
    if name in BY_STATE:
        assert BY_STATE[name] in filters
    if name in IN_TIME:
        assert {"since", "until"} <= filters


@pytest.mark.parametrize("name", sorted(IN_TIME))
def test_a_period_leaves_out_what_lies_outside(api: Client, seeded: Any, name: str) -> None:
    ask = getattr(calls, name)
    key = "pid" if name in ("list_negotiations", "list_transfers") else "id"
    now = datetime.now(UTC)
    past, ahead = (now - timedelta(days=1)).isoformat(), (now + timedelta(days=1)).isoformat()
    all_of_them = [one[key] for one in api.each(ask())]
    assert all_of_them
    assert [one[key] for one in api.each(ask(since=past, until=ahead))] == all_of_them
    assert list(api.each(ask(since=ahead))) == list(api.each(ask(until=past))) == []


def test_a_period_begins_at_its_first_instant_and_ends_before_its_last(api: Client, seeded: Any) -> None:
    at = api.show_agreement(seeded.agreement_id)["created_at"]
    assert [one["id"] for one in api.each(calls.list_agreements(since=at))][-1] == seeded.agreement_id
    assert seeded.agreement_id not in [one["id"] for one in api.each(calls.list_agreements(until=at))]


FOUND: dict[str, Any] = {
    "a negotiation by its dataset": (lambda s: calls.list_negotiations(dataset="urn:test:lampadaires"), "pid"),
    "a negotiation by its state": (lambda s: calls.list_negotiations(state="FINALIZED", role="consumer"), "pid"),
    "a transfer by its dataset": (lambda s: calls.list_transfers(dataset="urn:test:lampadaires"), "transfer"),
    "an offer by its mode": (lambda s: calls.list_offers(mode="automatic", dataset=s.dataset_id), "offer_id"),
    "a partner by its standing": (lambda s: calls.list_peers(status="known"), "did"),
    "a key that stands": (lambda s: calls.list_keys(revoked=False), "key_id"),
    "a contract by all": (
        lambda s: calls.list_contracts(role="consumer", peer=s.did, dataset="urn:test:lampadaires"),
        "contract_id",
    ),
    "a contract by its agreement": (lambda s: calls.list_contracts(search=s.agreement_id), "contract_id"),
    "an agreement by all": (
        lambda s: calls.list_agreements(role="consumer", status="active", peer=s.did),
        "agreement_id",
    ),
}
EMPTY: dict[str, Call[Any]] = {
    "negotiations": calls.list_negotiations(dataset="urn:test:nothing"),
    "transfers": calls.list_transfers(dataset="urn:test:nothing"),
    "offers": calls.list_offers(mode="manual", dataset="urn:test:feux"),
    "offers withdrawn": calls.list_offers(status="withdrawn", dataset="urn:test:feux"),
    "peers": calls.list_peers(status="blocked"),
    "contracts": calls.list_contracts(search="urn:test:nothing"),
    "jobs of a kind": calls.list_jobs(kind="no-such-kind"),
    "jobs of a partner": calls.list_jobs(peer="did:web:nobody.example"),
}


@pytest.mark.parametrize("what", FOUND)
def test_a_filter_finds_what_it_names(api: Client, seeded: Any, what: str) -> None:
    ask, name = FOUND[what]
    shown = [one.get("pid") or one.get("id") or one.get("did") for one in api.each(ask(seeded))]
    assert vars(seeded)[name if name in vars(seeded) else "pid"] in shown


@pytest.mark.parametrize("what", EMPTY)
def test_a_filter_finds_nothing_else(api: Client, seeded: Any, what: str) -> None:
    assert list(api.each(EMPTY[what])) == []


def test_jobs_are_filtered_by_where_they_stand(api: Client, seeded: Any) -> None:
    everything = {(one["kind"], one["key"], one["status"]) for one in api.each(calls.list_jobs())}
    waiting = {(one["kind"], one["key"], one["status"]) for one in api.each(calls.list_jobs(status="waiting"))}
    assert ("sweep", "hourly", "waiting") in waiting
    assert {status for _, _, status in waiting} == {"waiting"}
    assert {one[:2] for one in waiting} <= {one[:2] for one in everything}


@pytest.mark.parametrize(
    ("call", "pointer"),
    [
        (calls.list_negotiations(state="DONE"), "/state"),
        (calls.list_transfers(state="FINALIZED"), "/state"),
        (calls.list_peers(status="friend"), "/status"),
        (calls.list_contracts(status="signed"), "/status"),
        (calls.list_agreements(since="yesterday"), "/since"),
        (calls.list_agreements(until="2026-01-01T00:00:00"), "/until"),
        (calls.list_datasets(since="2026-01-01"), "/since"),
        (calls.list_offers(mode="perhaps"), "/mode"),
        (calls.list_jobs(status="tired"), "/status"),
    ],
)
def test_a_filter_that_means_nothing_is_refused_with_words(api: Client, call: Call[Any], pointer: str) -> None:
    with pytest.raises(ApiProblem) as refused:
        api.send(call)
    assert (refused.value.status, refused.value.pointer) == (400, pointer)
    assert refused.value.detail not in ("", "This value is refused.")


def test_participants_and_keys_are_paged(consumer: Running, api: Client) -> None:
    for number in range(3):
        api.issue_key(f"page {number}", "auditor")
    for ask, key in ((calls.list_keys, "id"), (calls.list_participants, "owner")):
        whole = [one[key] for one in api.send(ask(limit=500))["items"]]
        assert [one[key] for one in api.each(ask(limit=1))] == whole
        assert len(whole) > 1
    assert api.send(calls.list_participants(limit=1))["items"][0]["is_first"]
