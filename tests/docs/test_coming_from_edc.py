"""The page for users of EDC: our lines have the dataset, theirs call what the tests of a real EDC call."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.app import ROOT
from connector.sdk import Client
from tests.harness.nodes import BY
from tests.harness.threaded import Running, in_thread

HERE = Path(__file__).parents[1]
PAGE = (HERE.parent / "connector/docs/how-to/coming-from-edc.md").read_text("utf-8")
BLOCKS = dict(re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
CONTENT = b"id,x,y\n1,2,3\n"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("edc") / "provider"
    with in_thread(folder) as running:
        (folder / "published").mkdir()
        (folder / "published/points.csv").write_bytes(CONTENT)
        yield running


@pytest.fixture(scope="module")
def consumer(tmp_path_factory: pytest.TempPathFactory, provider: Running) -> Iterator[Running]:
    with in_thread(tmp_path_factory.mktemp("edc") / "consumer") as running:
        running.do(running.node.introduce.add(ROOT, provider.did, "SDE", by=BY))
        yield running


def test_our_lines_have_the_dataset(provider: Running, consumer: Running) -> None:
    with Client(provider.url, provider.key) as ours, Client(consumer.url, consumer.key) as theirs:
        names: dict[str, Any] = {"fournisseur": ours, "noeud": theirs, "PARTENAIRE": provider.did}
        for name in ("attendre.py", "pupitre.py", "une_ligne.py"):
            exec(compile(BLOCKS[name], name, "exec"), names)
    assert (names["fichier"]["status"], names["recu"]["is_new_agreement"]) == ("done", False)
    assert Path(names["recu"]["path"]).read_bytes() == CONTENT
    assert names["recu"]["agreement"] == names["convention"]


def test_their_lines_call_what_a_real_edc_is_called_with() -> None:
    """Each address and each member of a body stands in tests/interop/edc_peer.py, which drives one."""
    driven = (HERE / "interop/edc_peer.py").read_text("utf-8")
    texts = [node.value for node in ast.walk(ast.parse(BLOCKS["edc.py"])) if isinstance(node, ast.Constant)]
    addresses = [text for text in texts if isinstance(text, str) and text.startswith("/") and len(text) > 1]
    assert len(addresses) >= 9
    assert [text for text in addresses if text not in driven] == []


def test_both_sides_take_as_many_calls() -> None:
    calls = {
        name: [ast.unparse(node.func) for node in ast.walk(ast.parse(BLOCKS[name])) if isinstance(node, ast.Call)]
        for name in ("edc.py", "pupitre.py")
    }
    assert [len(found) for found in calls.values()] == [10, 10]
