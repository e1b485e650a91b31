"""The pages on how policies are read and where they are applied: their examples are executed, in order."""

import re
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "connector/docs/explanation"


@pytest.mark.parametrize(("page", "number"), [("reading-policies.md", 6), ("where-rules-are-applied.md", 4)])
def test_every_example_on_the_page_is_so(page: str, number: int) -> None:
    examples = re.findall(r"^```python\n(.*?)^```$", (FOLDER / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(examples) == number
    known: dict[str, Any] = {}
    for example in examples:
        exec(compile(example, page, "exec"), known)
