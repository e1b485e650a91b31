"""The tutorial works: its commands are run in order, and what they print is what the page says.

The page's ports are replaced by free ones, in its commands and in its results. A `text` block after a `sh` block holds
lines that must come in that order; `…` stands for whatever changes from one time to the next, and runs of spaces are
one.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.tools.ports import free_port

PAGE = Path(__file__).parents[2] / "connector/docs/tutorial.md"
PORT = re.compile(r"^(?:PORT_\w+=\d+\s*)+$", re.MULTILINE)
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
END_OF_STEP = "-- end of step --"
WITHIN_S = 240

pytestmark = pytest.mark.slow


@dataclass
class Step:
    """Commands, and the lines that they must print."""

    commands: str
    expected: list[str] = field(default_factory=list)


def with_free_ports(text: str) -> str:
    """Return the page with other ports wherever one of its own stands."""
    own = re.findall(r"=(\d+)", " ".join(PORT.findall(text)))
    assert len(set(own)) == 4
    for port in own:
        text = re.sub(rf"(?<!\d){port}(?!\d)", f"<{port}>", text)
    for port in own:
        text = text.replace(f"<{port}>", str(free_port()))
    return text


def steps(text: str) -> Iterator[Step]:
    step: Step | None = None
    for kind, body in BLOCK.findall(text):
        if kind == "text" and step is not None:
            step.expected = body.splitlines()
            continue
        if step is not None:
            yield step
        step = Step(body)
    assert step is not None
    yield step


def run(commands: list[str], folder: Path) -> tuple[int, str, str]:
    """Run the steps in one shell; return its status, what it printed and what it complained of."""
    tools = folder / "bin"
    tools.mkdir()
    pupitre = tools / "pupitre"
    pupitre.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m connector.cli "$@"\n')
    pupitre.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PUPITRE_", "LC_"))}
    environment |= {"PATH": f"{tools}:{os.environ['PATH']}", "LANG": "C.UTF-8", "PYTHONPATH": str(PAGE.parents[2])}
    script = "".join(f"{step}\necho '{END_OF_STEP}'\n" for step in commands)
    with (folder / "printed").open("w+") as printed, (folder / "complained").open("w+") as complained:
        shell = subprocess.Popen(
            ["bash", "-eu", "-c", script],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=complained,
            start_new_session=True,
        )
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                shell.wait(WITHIN_S)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)  # nodes that a failed step left behind
        status = shell.wait()
        printed.seek(0)
        complained.seek(0)
        return status, printed.read(), complained.read()


def missing(expected: list[str], printed: str) -> str | None:
    """Return the first expected line that does not come, or not in its place."""
    lines = iter(" ".join(line.split()) for line in printed.splitlines())
    for wanted in expected:
        pattern = ".*".join(re.escape(" ".join(part.split())) for part in wanted.split("…"))
        pattern = pattern.replace(r"\ .*", r" ?.*").replace(r".*\ ", ".* ?")
        if not any(re.fullmatch(pattern, line) for line in lines):
            return wanted
    return None


def test_the_tutorial_works_as_it_is_written(tmp_path: Path) -> None:
    page = list(steps(with_free_ports(PAGE.read_text("utf-8"))))
    assert len(page) >= 15
    status, printed, complained = run([step.commands for step in page], tmp_path)
    outputs = printed.split(END_OF_STEP + "\n")
    logs = "".join(log.read_text("utf-8")[-2000:] for log in tmp_path.glob("*.log"))
    told = f"{outputs[-1]}\n{complained}\n{logs}"
    assert len(outputs) - 1 == len(page), f"this step failed:\n{page[len(outputs) - 1].commands}\n{told}"
    assert status == 0, told
    for step, output in zip(page, outputs, strict=False):
        line = missing(step.expected, output)
        assert line is None, f"{step.commands}\nprinted\n{output}\nwithout\n{line}"


def test_a_line_that_does_not_come_is_noticed() -> None:
    printed = "one   two\nthree 12 four\n"
    assert missing(["one two", "three … four"], printed) is None
    assert missing(["three … four", "one two"], printed) == "one two"
    assert missing(["one two three"], printed) == "one two three"
