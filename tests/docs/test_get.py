"""The pages on having a dataset in one call: their programs run on two real nodes, their list is that of the code."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.app import ROOT
from connector.cli import exits
from connector.cli.get import EXITS
from connector.sdk import Unfinished
from tests.harness.nodes import BY, publish
from tests.harness.threaded import Running, in_thread

HOW_TO = Path(__file__).parents[2] / "connector/docs/how-to"
PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CONTENT = b"id,x,y\n1,2,3\n"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with in_thread(tmp_path_factory.mktemp("pages") / "provider") as running:
        running.do(publish(running.node, "points"))
        yield running


@pytest.fixture(scope="module")
def consumer(tmp_path_factory: pytest.TempPathFactory, provider: Running) -> Iterator[Running]:
    with in_thread(tmp_path_factory.mktemp("pages") / "consumer") as running:
        running.do(running.node.introduce.add(ROOT, provider.did, "SDE", by=BY))
        yield running


def test_the_programs_of_the_page_have_the_dataset(
    consumer: Running, provider: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PUPITRE_URL", consumer.url)
    monkeypatch.setenv("PUPITRE_KEY", consumer.key)
    programs = PROGRAM.findall((HOW_TO / "python.md").read_text("utf-8"))
    printed = []
    for program in programs:
        text = program.replace("did:web:donnees.sde.example", provider.did).replace(
            "urn:exemple:points", "urn:test:points"
        )
        exec(compile(text, "python.md", "exec"), {"__name__": "page"})
        printed.append(capsys.readouterr().out)
    first, second = printed
    assert first.startswith("Vous pouvez utiliser ce jeu de données.\n")
    assert f"{len(CONTENT)} sur {len(CONTENT)}" in second
    for said, name in ((first, "points.csv"), (second, "encore.csv")):
        path = Path(said.splitlines()[-1].split()[0])
        assert (path.name, path.read_bytes()) == (name, CONTENT)


def test_every_reason_to_stop_is_on_the_page_with_its_exit_code() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", (HOW_TO / "get.md").read_text("utf-8"), re.MULTILINE)
    assert {code: int(number) for code, number in rows} == {
        code: EXITS.get(code, exits.PROBLEM) for code in Unfinished.TEXTS
    }
