"""Who may ask: no key, no answer; a key opens one participant's affairs, and what is another's is not there."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from connector.http.private.roles import MAY
from connector.sdk import ApiProblem, Client, calls
from connector.services.roles import ROLES
from tests.harness.threaded import Running
from tests.tools import reference

BODIES: dict[str, Any] = {
    "put_dataset": {"title": "x", "source": {"kind": "file", "path": "feux.csv"}},
    "put_offer": {"dataset": "urn:test:feux", "policy": {"permission": [{"action": "use"}]}},
    "create_offer": {"dataset": "urn:test:feux", "policy": {"permission": [{"action": "use"}]}},
    "accept_key": {"fingerprint": "x" * 43},
    "accept_card": {"digest": "x"},
    "set_framework": {"reference": "x", "proof_clause": "x"},
    "preview_audience": {"policy": {"permission": [{"action": "use"}]}},
    "attest_peer": {"kind": "category", "about": "Collectivite", "said_by": "Le DSI"},
    "withdraw_attestation": {"said_by": "Le DSI", "reason": "x"},
    "import_certificate": {"certificate": "x"},
    "terminate_contract": {"reason": "Fini", "said_by": "Le DSI"},
    "revoke_seal_key": {"reason": "x"},
    "change_webhook": {"url": "https://si.example/"},
    "counter_negotiation": {"policy": {"permission": [{"action": "use"}]}},
}
OPERATIONS = [(operation["operationId"], method, path) for method, path, operation in reference.operations()]
NAMED = [one for one in OPERATIONS if "{" in one[2] and one[0] != "put_dataset"]

OF_OWNERS = [one for one in OPERATIONS if "participant" not in one[0]]


def _ids(values: list[tuple[str, str, str]]) -> list[str]:
    return [one[0] for one in values]


def _path(path: str, seeded: Any) -> str:
    """Return the address with the first participant's own identifiers in it."""
    is_transfer = path.startswith("/api/v1/transfers")
    names = {"process": seeded.pid, **vars(seeded)} | ({"pid": seeded.transfer} if is_transfer else {})
    return re.sub(r"{(\w+)}", lambda found: quote(names[found[1]], safe=""), path)


HTTP = httpx.Client(timeout=30)


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    with HTTP:
        yield


def _ask(running: Running, method: str, path: str, name: str = "", **headers: str) -> httpx.Response:
    return HTTP.request(method, running.url + path, json=BODIES.get(name), headers=headers)


@pytest.mark.parametrize("operation", OPERATIONS, ids=_ids(OPERATIONS))
@pytest.mark.parametrize("authorization", [None, "Bearer pk_wrong", "Basic cGs6", "Bearer", "pk_bare"])
def test_every_address_refuses_a_caller_without_a_valid_key(
    consumer: Running, seeded: Any, operation: tuple[str, str, str], authorization: str | None
) -> None:
    name, method, path = operation
    headers = {} if authorization is None else {"authorization": authorization}
    answer = _ask(consumer, method, _path(path, seeded), name, **headers)
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthorized"
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("operation", NAMED, ids=_ids(NAMED))
def test_what_belongs_to_another_participant_is_not_there(
    consumer: Running, seeded: Any, second_keys: dict[str, str], operation: tuple[str, str, str]
) -> None:
    name, method, path = operation
    key = second_keys[MAY[name][0]]
    answer = _ask(consumer, method, _path(path, seeded), name, authorization=f"Bearer {key}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize("operation", OPERATIONS, ids=_ids(OPERATIONS))
def test_a_participants_key_cannot_name_another_participant(
    consumer: Running, seeded: Any, second_keys: dict[str, str], operation: tuple[str, str, str]
) -> None:
    name, method, path = operation
    key = second_keys[(*MAY[name], "auditor")[0]]
    headers = {"authorization": f"Bearer {key}", "x-pupitre-owner": "root"}
    answer = _ask(consumer, method, _path(path, seeded), name, **headers)
    assert answer.status_code == (403 if "participant" in name else 404)


@pytest.mark.parametrize("operation", OF_OWNERS, ids=_ids(OF_OWNERS))
def test_an_administration_key_finds_no_participant_that_is_not_hosted(
    consumer: Running, seeded: Any, operation: tuple[str, str, str]
) -> None:
    name, method, path = operation
    headers = {"authorization": f"Bearer {consumer.key}", "x-pupitre-owner": "nobody"}
    assert _ask(consumer, method, _path(path, seeded), name, **headers).status_code == 404


def test_lists_show_only_ones_own(consumer: Running, seeded: Any, second_keys: dict[str, str]) -> None:
    with Client(consumer.url, second_keys["auditor"]) as client:
        pages: list[Any] = [
            client.list_datasets(),
            client.list_offers(),
            client.list_peers(),
            client.list_negotiations(),
            client.list_agreements(),
            client.list_contracts(),
            client.list_transfers(),
            client.list_jobs(),
        ]
        assert [one for page in pages for one in page["items"] if one.get("id") != "urn:test:same"] == []
        assert {key["owner"] for key in client.each(calls.list_keys())} == {"sde-demo"}
        assert client.show_status()["negotiations"] == {}


def test_putting_a_dataset_under_anothers_identifier_makes_ones_own(
    consumer: Running, api: Client, seeded: Any, second_keys: dict[str, str]
) -> None:
    source = {"kind": "file", "path": "feux.csv"}
    api.put_dataset("urn:test:same", "À la métropole", source)
    with Client(consumer.url, second_keys["steward"]) as second:
        second.put_dataset("urn:test:same", "Au syndicat", source)
        second.withdraw_dataset("urn:test:same")
    found = api.show_dataset("urn:test:same")
    assert (found["title"], found["status"]) == ("À la métropole", "draft")


def test_bodies_reach_no_other_participants_things(consumer: Running, seeded: Any, second_keys: dict[str, str]) -> None:
    asked = [
        ("steward", calls.create_offer(seeded.dataset_id, {"permission": [{"action": "use"}]})),
        ("developer", calls.request_transfer(seeded.agreement_id)),
        ("steward", calls.request_access(seeded.did, "urn:test:lampadaires")),
        ("steward", calls.propose_offer(seeded.did, seeded.offer_id)),
    ]
    for role, call in asked:
        with Client(consumer.url, second_keys[role]) as client:
            with pytest.raises(ApiProblem) as refused:
                client.send(call)
            assert (refused.value.status, refused.value.code) == (404, "not-found")


@pytest.mark.parametrize("role", ROLES)
def test_only_the_administration_sees_and_adds_participants(
    consumer: Running, second_keys: dict[str, str], role: str
) -> None:
    with Client(consumer.url, second_keys[role]) as client:
        for action in (client.list_participants, lambda: client.add_participant("x", "X")):
            with pytest.raises(ApiProblem) as refused:
                action()
            assert (refused.value.status, refused.value.code) == (403, "administration-only")


def test_a_revoked_key_opens_nothing_from_then_on(consumer: Running, api: Client) -> None:
    made = api.issue_key("passing", "auditor")
    assert made["secret"].startswith("pk_")
    with Client(consumer.url, made["secret"]) as client:
        client.show_status()
        api.revoke_key(made["id"])
        with pytest.raises(ApiProblem) as refused:
            client.show_status()
    assert refused.value.code == "unauthorized"
    assert "secret" not in next(key for key in api.each(calls.list_keys()) if key["id"] == made["id"])


def test_an_administration_key_makes_keys_for_a_participant(consumer: Running) -> None:
    with Client(consumer.url, consumer.key, owner="sde-demo") as administration:
        made = administration.issue_key("portal", "auditor")
        assert made["owner"] == "sde-demo"
        with Client(consumer.url, made["secret"]) as client:
            assert client.show_status()["participant"]["owner"] == "sde-demo"
            assert client.show_status()["jobs"] is None
        administration.revoke_key(made["id"])
