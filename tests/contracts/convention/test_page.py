"""The HTML page: it needs nothing else, runs nothing, and reads from top to bottom without its stylesheet."""

import base64
import dataclasses
import hashlib
import html
import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from contracts.convention import CONTENT_SECURITY_POLICY, Identity, as_html, draw_up_convention, draw_up_record
from contracts.document import Dataset
from policies import scenarios
from policies.errors import Language
from tests.contracts.convention.samples import one_sided, personal, sample

VOID = {"meta", "br"}


class Page(HTMLParser):
    """What a browser makes of a page: its elements in order, and whether each is closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("style", "title"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def convention_page() -> str:
    made = sample(scenarios.LIGHTING)
    return as_html(draw_up_convention(made.contract, conclusion=made.conclusion))


def record_page(language: Language = "fr") -> str:
    made = one_sided(scenarios.LIGHTING)
    return as_html(draw_up_record(made.sealed, made.beside, language=language))


@pytest.fixture(scope="module", params=[convention_page, record_page], ids=["convention", "record"])
def page(request: pytest.FixtureRequest) -> str:
    """A page of either kind."""
    return str(request.param())


def test_the_page_names_its_language_and_its_subject() -> None:
    page = convention_page()
    english = sample(scenarios.LIGHTING)
    assert Page(page).all("html") == [{"lang": "fr"}]
    assert Page(as_html(draw_up_convention(english.contract, language="en"))).all("html") == [{"lang": "en"}]
    assert "<title>Convention de mise à disposition de données – Points lumineux" in page


def test_the_page_of_one_sided_evidence_names_itself_first() -> None:
    assert "<title>Constat d’accord — preuve unilatérale – Points lumineux" in record_page()
    assert Page(record_page()).text.startswith("Constat d’accord — preuve unilatérale Points lumineux")
    english = Page(record_page("en"))
    assert english.text.startswith("Record of an agreement — one-sided evidence Points lumineux")
    assert english.all("html") == [{"lang": "en"}]


def french_in(page: str) -> list[str]:
    """Return what a page marks as French, as plain text."""
    marked = re.findall(r'<(p|span|h1)[^>]* lang="fr">(.*?)</\1>', page, re.DOTALL)
    return [" ".join(html.unescape(text.replace("<br>", " ")).split()) for _, text in marked]


def test_what_a_party_wrote_is_marked_as_french_and_its_titles_are_quoted_in_english() -> None:
    made = sample(scenarios.FUEL_POVERTY, personalData=personal())
    page = as_html(draw_up_convention(made.contract, conclusion=made.conclusion, language="en"))
    document, marked = made.document, french_in(page)
    wrote = [document["dataset"]["title"], document["jurisdiction"], document["termination"], personal()["retention"]]
    for party in document["parties"].values():
        function = party["representative"]["function"]
        wrote += [party["legalName"], function]
        assert f"representative: “{function}”" in Page(page).text
    assert {" ".join(each.split()) for each in wrote} <= set(marked)
    assert not [each for each in marked if "The recipient" in each or each in document["terms"]["en"]]


def test_an_identifier_is_nobody_s_words() -> None:
    marked = french_in(as_html(draw_up_convention(sample(scenarios.LIGHTING).contract, language="en")))
    assert not [each for each in marked if each.startswith(("did:", "urn:"))]
    beside = dataclasses.replace(one_sided(scenarios.LIGHTING).beside, theirs=Identity())
    record = draw_up_record(one_sided(scenarios.LIGHTING).sealed, beside, language="en")
    assert not [each for each in french_in(as_html(record)) if each.startswith(("did:", "urn:"))]


def test_only_a_cell_with_an_identifier_is_broken_within_words() -> None:
    cells = re.findall(r"<td([^>]*)>(.*?)</td>", convention_page(), re.DOTALL)
    broken = {text for mark, text in cells if "long" in mark}
    assert broken
    assert not [text for text in broken if "Le destinataire" in text or "Le fournisseur" in text]


def test_headings_come_in_order_and_none_is_skipped(page: str) -> None:
    levels = [int(tag[1]) for tag, _ in Page(page).elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_tables_have_a_caption_and_headings_with_a_scope(page: str) -> None:
    read = Page(page)
    tables = len(read.all("table"))
    assert tables == len(read.all("caption")) >= 3
    assert {attributes.get("scope") for attributes in read.all("th")} == {"col", "row"}


def test_nothing_is_fetched_and_nothing_runs(page: str) -> None:
    read = Page(page)
    assert not {"script", "img", "link", "iframe", "form", "object"} & {tag for tag, _ in read.elements}
    assert not [name for _, attributes in read.elements for name in attributes if name.startswith("on")]
    assert not [attributes for _, attributes in read.elements if {"src", "href", "style"} & set(attributes)]
    assert "url(" not in page


def test_the_policy_allows_the_stylesheet_of_the_page_and_nothing_else(page: str) -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY
    sent = [each["content"] for each in Page(page).all("meta") if each.get("http-equiv") == "Content-Security-Policy"]
    assert sent == [CONTENT_SECURITY_POLICY]


def test_everything_that_is_said_is_on_the_page() -> None:
    made = sample(scenarios.LIGHTING)
    text = Page(convention_page()).text
    document = made.document
    for sentence in (*document["terms"]["fr"], document["termination"], document["jurisdiction"]):
        assert " ".join(sentence.split()) in text
    for party in document["parties"].values():
        assert party["legalName"] in text


def test_what_others_wrote_is_text_and_never_markup() -> None:
    hostile = '<script>alert(1)</script>" onload="x'
    made = sample(scenarios.FUEL_POVERTY, termination=hostile, personalData=personal() | {"recipients": hostile})
    made.document["dataset"] |= {"title": hostile, "description": hostile}
    made.document["parties"]["provider"]["legalName"] = hostile
    read = Page(as_html(draw_up_convention(made.contract)))
    assert not read.all("script")
    assert not [attributes for _, attributes in read.elements if "onload" in attributes]
    assert read.text.count(hostile) >= 5


def test_what_others_wrote_is_text_on_a_record_as_well() -> None:
    hostile = '<script>alert(1)</script>" onload="x'
    made = one_sided(scenarios.FUEL_POVERTY)
    made.document["messages"][0]["type"] = hostile
    target = json.loads(made.document["agreement"]["text"])["target"]
    about = Dataset(id=target, title=hostile, description=hostile)
    beside = dataclasses.replace(made.beside, theirs=Identity(name=hostile, function=hostile), dataset=about)
    read = Page(as_html(draw_up_record(made.sealed, beside)))
    assert not read.all("script")
    assert not [attributes for _, attributes in read.elements if "onload" in attributes]
    assert read.text.count(hostile) >= 7
