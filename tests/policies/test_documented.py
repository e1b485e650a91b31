"""The page on decisions: its example runs, and its table names what the library judges."""

import re
from pathlib import Path

from policies.operands import OPERANDS
from policies.vocabulary import short

PAGE = Path(__file__).parents[2] / "connector/docs/explanation/how-a-policy-decides.md"


def test_the_example_runs():
    (example,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    exec(compile(example, PAGE.name, "exec"), {})  # its own assertions are the test


def test_each_operand_is_in_the_table():
    table = PAGE.read_text("utf-8").partition("## What can be judged")[2].partition("## Duties")[0]
    names = {name.removeprefix("odrl:") for name in map(short, OPERANDS)} - {"device", "system"}
    assert names <= set(re.findall(r"`([\w:]+)`", table))
