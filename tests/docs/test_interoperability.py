"""The page on interoperability says what is run: every test that it names exists, and every test is on it."""

import ast
import re
from pathlib import Path

from tests.interop.edc_peer import RELEASES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "connector/docs/reference/interoperability.md").read_text("utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
ROW = re.compile(r"^\| .+ \|$", re.MULTILINE)


def names_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {one.name for one in tree.body if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")}


def section(heading: str) -> str:
    return PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]


def test_every_test_that_the_page_names_exists() -> None:
    named = NAMED.findall(PAGE)
    assert len(named) > 30
    assert [one for one in named if one[1] not in names_in(one[0])] == []


def test_every_test_with_edc_is_on_the_page() -> None:
    files = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "tests/interop").glob("test_*.py"))]
    assert {(path, test) for path in files for test in names_in(path)} == set(NAMED.findall(PAGE))


def test_every_particularity_is_shown_by_a_test_or_a_conversation() -> None:
    rows = ROW.findall(section("What EDC does otherwise"))[2:]
    assert len(rows) > 15
    for row in rows:
        conversations = re.findall(r"`(tests/conversations/\w+\.txt)`", row)
        assert NAMED.findall(row) or conversations, row
        assert all((ROOT / one).is_file() for one in conversations), row


def test_every_conversation_about_edc_is_on_the_page() -> None:
    files = {path.name for path in (ROOT / "tests/conversations").glob("edc_*.txt")}
    assert {name for name in files if f"`tests/conversations/{name}`" not in PAGE} == set()


def test_the_releases_on_the_page_are_those_that_are_run() -> None:
    rows = re.findall(r"^\| (\d[\d.]+) \|", PAGE, re.MULTILINE)
    folders = {path.parent.name for path in (ROOT / "tests/interop/edc").glob("*/pom.xml")}
    assert set(rows) == set(RELEASES) == folders
    for release in RELEASES:
        assert f"<edc.version>{release}</edc.version>" in (ROOT / "tests/interop/edc" / release / "pom.xml").read_text()
