"""The rules of tests/tools/house.py, on small houses made for the purpose."""

import subprocess
from pathlib import Path

import pytest

from tests.tools import house

PYPROJECT = """
[build-system]
requires = ["setuptools>=75"]
[project]
dependencies = ["click>=8"]
[project.optional-dependencies]
dev = ["Import_Linter>=2"]
"""
SOUND = {
    "pyproject.toml": PYPROJECT,
    "deploy/build.lock": "setuptools==80.0\n",
    "deploy/requirements.lock": "click==8.1\n",
    "tests/requirements.lock": "click==8.1\nimport-linter==2.1\n",
    "policies/__init__.py": '"""Policies."""\n',
}


def _faults(root: Path, **changed: str) -> list[str]:
    """Return the faults of the sound house with some files changed; `__` in a name stands for a slash."""
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    for name, text in {**SOUND, **changed}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return list(house.faults(root))


def _function(lines: int, essay: str = "") -> str:
    return '"""Essay."""\n\n\ndef long() -> None:\n' + essay + "    pass\n" * (lines - 1)


def test_a_sound_house_has_no_faults(tmp_path: Path) -> None:
    assert _faults(tmp_path) == []


def test_a_function_of_fifty_lines_is_the_longest(tmp_path: Path) -> None:
    essay = '    """Say.\n\n    More.\n    """\n    # why\n\n'
    assert _faults(tmp_path, **{"policies/a.py": _function(50, essay)}) == []
    assert _faults(tmp_path, **{"policies/a.py": _function(51, essay)}) == [
        "policies/a.py:4: long has 51 lines of code, more than 50"
    ]


def test_a_module_that_a_program_writes_may_be_long(tmp_path: Path) -> None:
    written = '"""A. Written by tests/tools/a.py."""\n' + "\n" * 500
    assert _faults(tmp_path, **{"policies/a.py": written}) == []


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("stray.txt", "", "stray.txt: has no place at the top of the house"),
        ("policies/a.py", "x = 1\n", "policies/a.py:1: a module begins with a docstring that says what it is for"),
        ("policies/a.py", '"""A."""\n' + "\n" * 500, "policies/a.py:500: 501 lines, more than 500"),
        (
            "policies/a.py",
            '"""A."""\nlog.info("told", extra={**more, "message": 1})\n',
            "policies/a.py:2: a log line has a 'message' of its own: whoever writes this one gets KeyError",
        ),
        ("contracts/a.py", '"""A."""\n', "contracts: has no __init__.py with a docstring"),
        ("tests/a/__init__.py", "", "tests/a/__init__.py:1: tests are no packages"),
        ("tests/a.py", "\n# TO" + "DO later", "tests/a.py:2: a promise for later: TO" + "DO"),
        ("tests/a.md", "see /ro" + "ot/notes", "tests/a.md:1: a path of one machine: /ro" + "ot/"),
        ("tests/a.md", "on py" + "pi.org", "tests/a.md:1: an address of a registry: py" + "pi.org"),
        ("deploy/a.lock", "--index-url=x\n", "deploy/a.lock:1: a lock names no address"),
        (
            "tests/requirements.lock",
            "click==8.1\n",
            "tests/requirements.lock:1: Import_Linter>=2 is not locked; run make lock",
        ),
    ],
)
def test_a_broken_rule_is_named_with_its_place(tmp_path: Path, name: str, text: str, fault: str) -> None:
    assert _faults(tmp_path, **{name: text}) == [fault]


def test_what_git_ignores_is_not_read(tmp_path: Path) -> None:
    assert _faults(tmp_path, **{".gitignore": "stray.txt\n", "stray.txt": ""}) == []


def test_a_word_that_only_contains_a_promise_is_allowed(tmp_path: Path) -> None:
    assert _faults(tmp_path, **{"tests/a.md": "MASTO" + "DONTE, https://example.org/work/1, ./work/"}) == []
