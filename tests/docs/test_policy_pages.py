"""The pages on rules of use: their commands are run in order, their programs too, and what they print is said there."""

import re
from pathlib import Path

import pytest

import policies
from tests.docs.test_operations import page_steps, play

HOW_TO = Path(__file__).parents[2] / "connector/docs/how-to"
PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("page", ["policy-templates.md", "examine-rules.md"])
def test_the_commands_print_what_the_page_says(page: str, tmp_path: Path) -> None:
    found = page_steps(page)
    assert len(found) >= 4
    play(tmp_path, "true", found, "true")


def test_the_program_on_templates_runs() -> None:
    programs = PROGRAM.findall((HOW_TO / "policy-templates.md").read_text("utf-8"))
    assert len(programs) == 1
    exec(compile(programs[0], "policy-templates.md", "exec"), {"__name__": "page"})


def test_every_template_is_told_on_its_page() -> None:
    page = (HOW_TO / "policy-templates.md").read_text("utf-8")
    assert re.findall(r"^- `([a-z-]+)` : ", page, re.MULTILINE) == [one.name for one in policies.templates()]
