"""The page on how policies are read says what happens: its examples are executed, in order."""

import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "connector/docs/explanation/reading-policies.md"


def test_every_example_on_the_page_is_so() -> None:
    examples = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(examples) == 6
    known: dict[str, Any] = {}
    for example in examples:
        exec(compile(example, str(PAGE), "exec"), known)
