"""The page on testing an integration: its tests pass against a real node, its lists are those of the code."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from connector.sdk.testing import script
from tests.harness.threaded import in_thread

PAGE = (Path(__file__).parents[2] / "connector/docs/how-to/test-an-integration.md").read_text("utf-8")
FILES = re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
WORDS = re.findall(r"^\| (`\w+\(.*?\)`(?:, `\w+\(.*?\)`)*) \| (.*?) \|", PAGE, re.MULTILINE)


def test_the_tests_of_the_page_pass(tmp_path: Path) -> None:
    assert [name for name, _ in FILES] == ["conftest.py", "test_integration.py"]
    for name, text in FILES:
        (tmp_path / name).write_text(text, "utf-8")
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    with in_thread(tmp_path / "node") as node:
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "."],
            cwd=tmp_path,
            env={**outside, "PUPITRE_URL": node.url, "PUPITRE_KEY": node.key, "PYTHONPATH": os.getcwd()},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{FILES[1][1].count('def test_')} passed" in ran.stdout


@pytest.mark.parametrize(
    ("direction", "words"), [("on", script.OnArrival), ("sending", script.OnSending)], ids=["on", "sending"]
)
def test_every_word_of_the_script_is_on_the_page(direction: str, words: type) -> None:
    rows = [names for names, after in WORDS if f"`{direction}`" in after or after == "une étape"]
    told = {name for names in rows for name in re.findall(r"`(\w+)\(", names)}
    assert told == {name for name in dir(words) if not name.startswith("_")} - {"then"}


def test_everything_that_may_arrive_is_on_the_page() -> None:
    assert {name for name in script.ELSEWHERE if f"`{name}`" not in PAGE} == set()
