"""The pages hold together: links lead somewhere, commands and files exist, lists say what the code says."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import pytest

from connector.cli.root import cli
from connector.http.private.processes import Why
from connector.identity import did_web, replays
from connector.peer import discovery
from connector.services import exchange
from connector.words import ENTRIES

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "connector/docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
BY_OTHERS = {"reference/protocol.md", "reference/api.md", "reference/cli.md"}
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```\w*\n.*?^```$", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
IN_REPOSITORY = re.compile(r"`((?:connector|policies|contracts|tests|deploy)/[\w./-]+)`")
TOOLS = ("pupitre", "brume", "syndicat")


def text_of(page: str) -> str:
    return (DOCS / page).read_text("utf-8")


def anchors(page: str) -> set[str]:
    """Return the names of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def commands(page: str) -> Iterator[list[str]]:
    """Yield the words of each command line of ours in the page's shell blocks."""
    for block in SHELL.findall(text_of(page)):
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r"\s(?:&&|\|\|?|&)\s|\s\d?>>?\s|\$\(", line):
                part = re.sub(r"^(?:\w+=\S+\s+|attendre \S+ |attendre \"[^\"]*\" )+", "", part.strip())
                if part.split(" ", 1)[0] in TOOLS:
                    yield shlex.split(part.rstrip(")"), comments=True)


def check_command(words: list[str]) -> None:
    """Fail unless the command exists and knows each option. The values are not looked at."""
    command: click.Command = cli
    rest = words[1:]
    context = click.Context(cli)
    while True:
        _, rest, _ = command.make_parser(context).parse_args(list(rest))
        if not isinstance(command, click.Group):
            assert not rest, f"{words}: {rest}"
            return
        assert rest, f"{words}: a command is missing"
        found = command.get_command(context, rest[0])
        assert found is not None, f"{words}: {rest[0]}"
        command, rest = found, rest[1:]
        context = click.Context(command, parent=context)


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_page_and_a_heading(page: str) -> None:
    for target in LINK.findall(FENCED.sub("", text_of(page))):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        path = (DOCS / page).parent / name if name else DOCS / page
        assert path.is_file(), target
        assert not anchor or anchor in anchors(path.resolve().relative_to(DOCS).as_posix()), target


def test_every_page_is_on_the_map() -> None:
    on_map = {target.split("#")[0] for target in LINK.findall(text_of("index.md"))}
    assert on_map - {""} == set(PAGES) - {"index.md"}


@pytest.mark.parametrize("page", sorted(set(PAGES) - BY_OTHERS))
def test_a_page_says_in_the_other_language_what_it_is(page: str) -> None:
    if page.startswith("decisions/"):
        assert re.match(r"# \d{4} ", text_of(page))
        assert all(f"**{part}.**" in text_of(page) for part in ("Context", "Options", "Outcome", "Price"))
    else:
        is_english = page.startswith(("explanation/", "reference/"))
        assert f"\n> **{'En français' if is_english else 'In English'}.** " in text_of(page)


@pytest.mark.parametrize("page", [page for page in PAGES if SHELL.search(text_of(page))])
def test_every_command_on_a_page_exists(page: str) -> None:
    found = list(commands(page))
    assert found or not re.search(r"(?<![\w/-])pupitre ", "".join(SHELL.findall(text_of(page))))
    for words in found:
        check_command(words)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z][a-z-]+)$", text_of(page), re.MULTILINE)) <= targets


def test_a_command_that_does_not_exist_is_noticed() -> None:
    check_command(["pupitre", "--config", "node.toml", "negotiations", "show", "X", "--json"])
    with pytest.raises(AssertionError):
        check_command(["pupitre", "negotiation", "show", "X"])
    with pytest.raises(click.NoSuchOption):
        check_command(["pupitre", "negotiations", "refuse", "X", "--because", "Y"])


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    for name in IN_REPOSITORY.findall(text_of(page)):
        assert (ROOT / name).exists() or name.endswith("/NOM.py"), name


def test_the_walk_on_the_page_is_the_walk_that_is_traced() -> None:
    tree = ast.parse((ROOT / "tests/walk/test_walk.py").read_text("utf-8"))
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    hops = next(ast.literal_eval(one.value) for one in assigned if ast.unparse(one.targets[0]) == "HOPS")
    rows = re.findall(r"^\| \d?\s*\| `([^`]+)` \| `([^`]+)` \|", text_of("explanation/the-walk.md"), re.MULTILINE)
    assert rows == hops


def test_every_reason_to_stand_still_is_explained() -> None:
    codes = get_args(Why.model_fields["code"].annotation)
    rows = re.findall(r"^\| `([a-z-]+)` \|", text_of("how-to/why-is-it-stuck.md"), re.MULTILINE)
    assert sorted(rows) == sorted(codes)


def test_every_kind_of_entry_of_the_journal_is_explained() -> None:
    rows = set(re.findall(r"^\| `([a-z-]+)` \|", text_of("explanation/the-journal.md"), re.MULTILINE))
    written = set()
    for path in (ROOT / "connector").rglob("*.py"):
        written |= set(
            re.findall(
                r"(?:journal\.append|self\._tell|self\._take_over|self\._keep|self\._gone_on|_tell_dataset|_tell_offer|_tell_peer|_tell_decision|_tell_attestation)\([^\"]*\"([a-z-]+)\"",
                path.read_text("utf-8"),
            )
        )
    assert rows == written == set(ENTRIES)


def test_the_numbers_on_identity_are_those_of_the_code() -> None:
    text = " ".join(text_of("explanation/identity.md").split())
    assert f"It lives {did_web.LIFETIME_S} seconds." in text
    assert f"with {did_web.LEEWAY_S} s of tolerance" in text
    assert did_web.MAX_LIFETIME_S == 5 * 60
    assert did_web.MAX_HEADER_BYTES == 16 << 10
    assert discovery.DOCUMENT_TTL.total_seconds() == 5 * 60
    assert f"at most once in {discovery.REFETCH_AFTER.seconds} s per DID" in text
    assert replays.MAX_PER_ISSUER > 0


def test_the_looks_after_a_crossing_are_those_of_the_code() -> None:
    text = " ".join(text_of("decisions/0007-what-gave-way-is-remembered.md").split())
    first_s, second_s = exchange.LOOKS_S
    assert f"after {first_s:g} s, when its answer should be there, and after {second_s:g} s" in text
    assert f"({did_web.LIFETIME_S} s of life, {did_web.LEEWAY_S} s of tolerance, the time of a call)" in text
