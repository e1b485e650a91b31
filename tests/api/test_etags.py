"""ETags: a reader is told that nothing changed, an actor acts only on what it has read."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from connector.sdk import Client
from tests.harness.threaded import Running
from tests.tools import reference

SOURCE = {"kind": "file", "path": "feux.csv"}
HTTP = httpx.Client(timeout=30)
GETS = [
    (operation["operationId"], path)
    for method, path, operation in reference.operations()
    if method == "get" and "application/json" in operation["responses"]["200"]["content"]
]


@pytest.fixture(scope="module", autouse=True)
def _closed() -> Iterator[None]:
    with HTTP:
        yield


def ask(running: Running, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    known = {"authorization": f"Bearer {running.key}", **{name.replace("_", "-"): one for name, one in headers.items()}}
    return HTTP.request(method, f"{running.url}/api/v1{path}", json=body, headers=known)


def path_of(path: str, seeded: Any) -> str:
    names = {"process": seeded.pid, **vars(seeded)} | ({"pid": seeded.transfer} if "/transfers" in path else {})
    for name, value in names.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return path.removeprefix("/api/v1")


@pytest.mark.parametrize("operation", GETS, ids=[one[0] for one in GETS])
def test_a_reader_who_has_the_text_gets_304(
    consumer: Running, provider: Running, seeded: Any, operation: tuple[str, str]
) -> None:
    path = path_of(operation[1].replace("{dataset_id}", "urn:test:lampadaires"), seeded)
    if "/catalogue/" not in path:
        path = path_of(operation[1], seeded)
    first = ask(consumer, "GET", path)
    assert first.status_code == 200
    tag = first.headers["etag"]
    again = ask(consumer, "GET", path, if_none_match=f'"other", W/{tag}')
    if again.status_code == 200:  # what it tells has changed meanwhile: instants of jobs, for instance
        assert again.headers["etag"] != tag
        return
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


def test_the_tag_begins_with_the_version_and_follows_the_language(consumer: Running, seeded: Any) -> None:
    path = path_of("/negotiations/{pid}", seeded)
    french, english = (ask(consumer, "GET", path, accept_language=language) for language in ("fr", "en"))
    assert french.headers["etag"].startswith(f'"{french.json()["version"]}-')
    assert french.headers["etag"] != english.headers["etag"]
    assert "Accept-Language" in french.headers["vary"]


def test_a_reader_is_told_when_it_changed(consumer: Running, api: Client, seeded: Any) -> None:
    path = "/datasets/" + quote("urn:test:tag", safe="")
    api.put_dataset("urn:test:tag", "Un", SOURCE)
    tag = ask(consumer, "GET", path).headers["etag"]
    assert ask(consumer, "GET", path, if_none_match=tag).status_code == 304
    api.put_dataset("urn:test:tag", "Deux", SOURCE)
    changed = ask(consumer, "GET", path, if_none_match=tag)
    assert (changed.status_code, changed.json()["title"]) == (200, "Deux")


ACTIONS = {
    "/datasets/{dataset_id}/withdraw": None,
    "/offers/{offer_id}/withdraw": None,
    "/negotiations/{pid}/terminate": {"reason": "x"},
    "/negotiations/{pid}/refuse": {"reason": "x"},
    "/negotiations/{pid}/accept": None,
    "/negotiations/{pid}/verify": None,
    "/negotiations/{pid}/counter": {"policy": {"permission": [{"action": "use"}]}},
    "/transfers/{pid}/suspend": {"reason": "x"},
    "/transfers/{pid}/resume": None,
    "/transfers/{pid}/start": None,
    "/transfers/{pid}/complete": None,
    "/transfers/{pid}/terminate": None,
    "/webhooks/{webhook_id}/rotate": None,
    "/webhooks/{webhook_id}/retry": None,
}


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_on_another_version_is_412_and_changes_nothing(consumer: Running, seeded: Any, action: str) -> None:
    path = path_of(action, seeded)
    thing = path.rpartition("/")[0]
    before = ask(consumer, "GET", thing).json()["version"]
    refused = ask(consumer, "POST", path, ACTIONS[action], if_match=f'"{before + 1}", "{before + 2}-abc"')
    assert (refused.status_code, refused.json()["code"]) == (412, "precondition-failed")
    assert refused.json()["remedy"]
    assert ask(consumer, "GET", thing).json()["version"] == before


def test_an_action_on_the_version_that_was_read_is_carried_out(consumer: Running, api: Client, seeded: Any) -> None:
    path = "/datasets/" + quote("urn:test:tag2", safe="")
    api.put_dataset("urn:test:tag2", "Un", SOURCE)
    tag = ask(consumer, "GET", path).headers["etag"]
    body = {"title": "Deux", "source": SOURCE}
    done = ask(consumer, "PUT", path, body, if_match=tag)
    assert done.status_code == 200
    assert ask(consumer, "PUT", path, body, if_match=tag).status_code == 412
    assert ask(consumer, "PUT", path, body, if_match=done.headers["etag"]).status_code == 200
    assert ask(consumer, "PUT", path, body, if_match="*").status_code == 200


def test_a_put_may_insist_on_being_the_first(consumer: Running, seeded: Any) -> None:
    path, body = "/datasets/" + quote("urn:test:premier", safe=""), {"title": "Un", "source": SOURCE}
    assert ask(consumer, "PUT", path, body, if_match="*").status_code == 412
    assert ask(consumer, "PUT", path, body, if_none_match="*").status_code == 200
    assert ask(consumer, "PUT", path, body, if_none_match="*").status_code == 412


@pytest.mark.parametrize("tag", ["1", '"x"', 'W/"1"', '"1" "2"', '"99999999999"', ""])
def test_an_if_match_that_no_answer_gave_is_refused(consumer: Running, seeded: Any, tag: str) -> None:
    answer = ask(consumer, "POST", path_of("/datasets/{dataset_id}/withdraw", seeded), if_match=tag)
    assert (answer.status_code, answer.json()["pointer"]) == (400, "/if-match")


def test_a_condition_that_could_not_be_kept_is_refused(consumer: Running, seeded: Any) -> None:
    answer = ask(consumer, "POST", "/transfers", {"agreement": seeded.agreement_id}, if_match='"1"')
    assert (answer.status_code, answer.json()["pointer"]) == (400, "/if-match")
