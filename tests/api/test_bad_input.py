"""Bad input: each a problem document that names the fault, nothing changed, never a 5xx."""

import socket
from typing import Any

import httpx
import pytest

from tests.harness.threaded import Running

OPEN = {"permission": [{"action": "use"}]}
SOURCE = {"kind": "file", "path": "lampadaires.csv"}
JSON = "application/json"

RAW = {
    "not JSON": (b"nothing", "malformed-request", ""),
    "not UTF-8": (b'{"title": "\xff"}', "malformed-request", ""),
    "not an object": (b"[]", "malformed-request", ""),
    "a bare number": (b"1", "malformed-request", ""),
    "a duplicate key": (b'{"title": "a", "title": "b"}', "malformed-request", "/title"),
    "a duplicate key inside": (b'{"source": {"kind": 1, "kind": 2}}', "malformed-request", "/source/kind"),
    "NaN": (b'{"title": NaN}', "malformed-request", "/title"),
    "an infinite number": (b'{"title": 1e999}', "malformed-request", "/title"),
    "a null character": (b'{"title": "\\u0000"}', "malformed-request", "/title"),
    "half a character": (b'{"title": "\\ud800"}', "malformed-request", "/title"),
    "too deep": (b'{"a":' * 1000 + b"1" + b"}" * 1000, "malformed-request", None),
    "an endless number": (b'{"title": ' + b"9" * 5000 + b"}", "malformed-request", None),
}

SHAPES: dict[str, tuple[str, str, Any, str]] = {
    "no title": ("POST", "/datasets", {"source": SOURCE}, "/title"),
    "an empty title": ("POST", "/datasets", {"title": "", "source": SOURCE}, "/title"),
    "a title of blanks": ("POST", "/datasets", {"title": "  ", "source": SOURCE}, "/title"),
    "a number for a title": ("POST", "/datasets", {"title": 3, "source": SOURCE}, "/title"),
    "an unknown name": ("POST", "/datasets", {"title": "x", "source": SOURCE, "titre": "x"}, "/titre"),
    "unknown metadata": ("POST", "/datasets", {"title": "x", "source": SOURCE, "metadata": {"x": 1}}, "/metadata"),
    "a list for a source": ("POST", "/datasets", {"title": "x", "source": []}, "/source"),
    "a path upwards": ("POST", "/datasets", {"title": "x", "source": {"path": "../pupitre.db"}}, "/source/path"),
    "a path elsewhere": ("POST", "/datasets", {"title": "x", "source": {"path": "/etc/passwd"}}, "/source/path"),
    "a folder": ("POST", "/datasets", {"title": "x", "source": {"path": "."}}, "/source/path"),
    "no path": ("POST", "/datasets", {"title": "x", "source": {"kind": "file"}}, "/source"),
    "a name without an end": ("POST", "/datasets", {"title": "x", "source": {"path": "a" * 9000}}, "/source/path"),
    "no rule": ("POST", "/offers", {"dataset": "urn:test:lampadaires", "policy": {}}, "/policy"),
    "an unknown mode": ("POST", "/offers", {"dataset": "urn:x", "policy": OPEN, "mode": "perhaps"}, "/mode"),
    "an unknown operator": (
        "POST",
        "/offers",
        {
            "dataset": "urn:test:lampadaires",
            "policy": {
                "permission": [
                    {
                        "action": "use",
                        "constraint": [{"leftOperand": "odrl:dateTime", "operator": "near", "rightOperand": "x"}],
                    }
                ]
            },
        },
        "/policy/permission/0/constraint/0/operator",
    ),
    "no DID": ("POST", "/peers", {"did": "elsewhere"}, "/did"),
    "another method of DID": ("POST", "/peers", {"did": "did:key:z6Mk"}, "/did"),
    "a bad short name": ("POST", "/participants", {"owner": "../x", "name": "x"}, "/owner"),
    "a wait without end": ("GET", "/negotiations/x?wait=1000", None, "/wait"),
    "a limit of nothing": ("GET", "/negotiations?limit=0", None, "/limit"),
    "a limit of too much": ("GET", "/negotiations?limit=501", None, "/limit"),
    "an unknown role": ("GET", "/negotiations?role=notary", None, "/role"),
    "an unknown filter": ("GET", "/negotiations?colour=red", None, "/colour"),
    "an invented cursor": ("GET", "/negotiations?cursor=invented", None, "/cursor"),
    "another list's cursor": ("GET", "/negotiations?cursor=WyJhIl0", None, "/cursor"),
    "a cursor without an instant": ("GET", "/negotiations?cursor=WyJhIiwiYiJd", None, "/cursor"),
    "a cursor with an instant of no zone": ("GET", "/agreements?cursor=WyIyMDI2LTAxLTAxIiwiYiJd", None, "/cursor"),
    "a null in the query": ("GET", "/negotiations?peer=%00", None, ""),
    "a null in the path": ("GET", "/negotiations/a%00b", None, ""),
}


@pytest.fixture(scope="module")
def http(consumer: Running, provider: Running) -> Any:
    with httpx.Client(base_url=f"{provider.url}/api/v1", timeout=30) as client:
        client.headers = httpx.Headers({"authorization": f"Bearer {provider.key}", "accept-language": "en"})
        yield client


@pytest.mark.parametrize("fault", RAW)
def test_a_body_has_one_meaning_or_is_refused(http: httpx.Client, fault: str) -> None:
    raw, code, pointer = RAW[fault]
    answer = http.post("/datasets", content=raw, headers={"content-type": JSON})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.headers["content-type"] == "application/problem+json"
    if pointer is not None:
        assert answer.json().get("pointer", "") == pointer


@pytest.mark.parametrize("fault", SHAPES)
def test_what_does_not_fit_is_named_by_its_pointer(http: httpx.Client, fault: str) -> None:
    method, path, body, pointer = SHAPES[fault]
    answer = http.request(method, path, json=body)
    assert answer.status_code == 400, answer.text
    assert answer.json().get("pointer", "") == pointer


@pytest.mark.parametrize("fault", SHAPES)
def test_a_refusal_changes_nothing(http: httpx.Client, fault: str) -> None:
    def everything() -> list[Any]:
        return [http.get(path).json() for path in ("/datasets", "/offers", "/peers", "/participants")]

    before = everything()
    method, path, body, _ = SHAPES[fault]
    http.request(method, path, json=body)
    assert everything() == before


def test_a_body_that_is_not_announced_as_json_is_refused(http: httpx.Client) -> None:
    answer = http.post("/peers", content=b'{"did": "x"}', headers={"content-type": "text/plain"})
    assert (answer.status_code, answer.json()["code"]) == (415, "not-json")


def test_ten_megabytes_are_refused(http: httpx.Client) -> None:
    answer = http.post("/peers", content=b" " * 10_000_000, headers={"content-type": JSON})
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_ten_megabytes_without_a_length_are_refused(http: httpx.Client) -> None:
    answer = http.post("/peers", content=(b" " * 100_000 for _ in range(100)), headers={"content-type": JSON})
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_an_address_that_is_not_there_is_said_so(http: httpx.Client) -> None:
    answer = http.get("/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "no-such-address")


def test_a_method_that_an_address_does_not_know_is_said_so(http: httpx.Client) -> None:
    answer = http.patch("/status")
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert answer.headers["allow"] == "GET"


def test_a_slow_body_is_cut(slow: Running) -> None:
    head = (
        f"POST /api/v1/peers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {slow.key}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    with socket.create_connection(("127.0.0.1", slow.node.settings.private_port), timeout=20) as connection:
        connection.sendall(head.encode())
        answer = b"".join(iter(lambda: connection.recv(10_000), b""))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"/docs/reference/problems#slow-request" in answer


def test_an_oversized_header_is_refused(provider: Running) -> None:
    with socket.create_connection(("127.0.0.1", provider.node.settings.private_port), timeout=20) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 100_000 + b"\r\n\r\n")
        answer = connection.recv(100)
    assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))


def test_a_peer_that_does_not_answer_is_not_our_failure(http: httpx.Client) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        did = f"did:web:127.0.0.1%3A{closed.getsockname()[1]}"
        answer = http.post("/peers", json={"did": did})
    assert answer.status_code == 424
    assert answer.json()["remedy"]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "fr"),
        ("fr", "fr"),
        ("en", "en"),
        ("en-GB,fr;q=0.5", "en"),
        ("de, en;q=0.3, fr;q=0.7", "fr"),
        ("de", "fr"),
        ("en;q=0", "fr"),
        ("english", "fr"),
        ("en;q=x", "en"),
    ],
)
def test_problems_are_said_in_the_language_that_is_asked_for(
    provider: Running, accepted: str | None, language: str
) -> None:
    headers = {} if accepted is None else {"accept-language": accepted}
    with httpx.Client() as client:
        answer = client.get(f"{provider.url}/api/v1/peers", headers=headers)
    assert answer.headers["content-language"] == language
    titles = {"fr": "Identité non établie.", "en": "The caller's identity is not established."}
    assert answer.json()["title"] == titles[language]
    assert answer.json()["remedy"]


def test_without_a_wish_problems_are_said_in_the_nodes_language(slow: Running) -> None:
    with httpx.Client() as client:
        assert client.get(f"{slow.url}/api/v1/peers").headers["content-language"] == "en"
