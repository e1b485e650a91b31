"""What a folder's tests share ends with them, whatever is tested afterwards."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONFTEST = """
from pathlib import Path

import pytest

from tests.tools.rooms import shared

HERE = Path(__file__).parent


def made(stack):
    told = HERE.parent / "told"
    said = lambda word: told.write_text((told.read_text() if told.exists() else "") + word + " ")
    said("begun")
    stack.callback(said, "ended")
    return said


@pytest.fixture
def say(request):
    return shared(request, HERE, "say", made)
"""
USES = "def test_{0}(say):\n    say('{0}')\n"
LOOKS = """
from pathlib import Path


def test_elsewhere():
    told = Path(__file__).parents[1] / "told"
    assert told.read_text() == "begun one two ended "
    told.write_text(told.read_text() + "elsewhere ")
"""


def test_what_a_folder_shares_is_made_once_and_ended_before_the_next_folder(tmp_path: Path) -> None:
    files = {"a/conftest.py": CONFTEST, "a/test_one.py": USES.format("one"), "a/test_two.py": USES.format("two")}
    files |= {"b/test_elsewhere.py": LOOKS, "c/conftest.py": CONFTEST, "c/test_three.py": USES.format("three")}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "--import-mode=importlib", f"--rootdir={tmp_path}", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "told").read_text("utf-8") == "begun one two ended elsewhere begun three ended "
