"""The documentation as the node serves it, and the problems that lead to it."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import httpx
import pytest

from connector.http.private import documents, pages
from connector.problems import Problem
from connector.sdk import ApiProblem, Client
from tests.docs import written
from tests.harness.threaded import Running, in_thread

DOCS = Path(__file__).parents[2] / "connector/docs"
NAMES = sorted(path.relative_to(DOCS).as_posix().removesuffix(".md") for path in DOCS.rglob("*.md"))
PROBLEMS = written.kinds(Problem)
IDS = [f"{one.__module__}.{one.__name__}" for one in PROBLEMS]


class Reading(HTMLParser):
    """Collects the names, the links and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.tags.add(tag)
        self.names += [told["id"] or ""] if "id" in told else []
        self.links += [told["href"] or ""] if tag == "a" else []


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with in_thread(tmp_path_factory.mktemp("served") / "node") as node:
        yield node


def test_every_page_is_served_without_a_key_and_without_script(running: Running) -> None:
    assert set(NAMES) == pages.names()
    with httpx.Client(base_url=running.url) as http:
        for name in NAMES:
            answer = http.get(f"/docs/{name}")
            assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
            assert "script" not in Reading(answer.text).tags
            assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert http.get("/docs").text == http.get("/docs/").text == http.get("/docs/index.md").text
        assert http.get("/docs/style.css").headers["content-type"].startswith("text/css")


def test_every_link_between_pages_leads_to_a_page_and_a_heading() -> None:
    read = {f"{pages.PREFIX}/{name}": Reading(pages.html(name)) for name in NAMES}
    read[pages.PREFIX] = read[f"{pages.PREFIX}/index"]
    for address, page in read.items():
        assert len(set(page.names)) == len(page.names)
        for link in page.links:
            found = urlsplit(urljoin(address, link))
            if found.scheme:
                continue
            assert found.path in read, (address, link)
            assert not found.fragment or unquote(found.fragment) in read[found.path].names, (address, link)


@pytest.mark.parametrize(
    "path", ["nowhere", "../settings.py", "..%2f..%2fapp.py", "reference", "reference/problems.py"]
)
def test_what_is_no_page_is_not_there(running: Running, path: str) -> None:
    answer = httpx.get(f"{running.url}/docs/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "no-such-address")


# --- problems


@pytest.mark.parametrize("kind", PROBLEMS, ids=IDS)
def test_every_problem_says_what_happened_and_what_to_do_in_both_languages(kind: type[Problem]) -> None:
    for language in ("fr", "en"):
        assert kind.title[language].strip()
        assert kind.remedy[language].strip()
    assert kind.title["fr"] != kind.title["en"]
    assert kind.remedy["fr"] != kind.remedy["en"]
    if kind is not Problem:
        assert kind.title is not Problem.title, "the title of no particular problem"
        assert kind.remedy is not Problem.remedy, "the remedy of no particular problem"


@pytest.mark.parametrize("kind", PROBLEMS, ids=IDS)
def test_the_type_of_every_problem_leads_to_its_heading(kind: type[Problem], running: Running) -> None:
    path, _, fragment = documents.type_of(kind.code).partition("#")
    page = _page(running, path)
    assert fragment in page.names
    assert fragment == kind.code


def test_the_type_of_an_answer_is_a_link_that_can_be_followed(running: Running) -> None:
    answer = httpx.get(f"{running.url}/api/v1/status")
    told = answer.json()
    assert (answer.status_code, told["code"]) == (401, "unauthorized")
    found = httpx.get(urljoin(str(answer.url), told["type"]))
    assert found.status_code == 200
    assert told["title"] in found.text
    assert told["remedy"] in found.text


def test_the_client_reads_the_code_and_where_it_is_explained(running: Running) -> None:
    with Client(running.url, "pk_wrong") as client, pytest.raises(ApiProblem) as refused:
        client.show_status()
    assert refused.value.code == "unauthorized"
    assert refused.value.url == f"{running.url}/docs/reference/problems#unauthorized"
    older: Any = {"type": "urn:pupitre:problem:conflict", "title": "x"}
    assert ApiProblem(409, older).code == "conflict"


def test_no_page_spells_a_problem_type_of_former_versions() -> None:
    for path in DOCS.rglob("*.md"):
        assert not re.search(r"`type` is `urn:", path.read_text("utf-8")), path


_READ: dict[str, Reading] = {}


def _page(running: Running, path: str) -> Reading:
    if path not in _READ:
        answer = httpx.get(running.url + path)
        assert answer.status_code == 200
        _READ[path] = Reading(answer.text)
    return _READ[path]
