"""What the plugin of continuous integration does to a run."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("body", "status"), [("pass", 0), ("pytest.skip('no reason')", 1)])
def test_a_skipped_test_fails_the_run_and_is_named(tmp_path: Path, body: str, status: int) -> None:
    (tmp_path / "test_it.py").write_text(f"import pytest\n\n\ndef test_it():\n    {body}\n", "utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.tools.nothing_skipped",
        f"--rootdir={tmp_path}",
        str(tmp_path),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status
    assert ("SKIPPED, which fails here: test_it.py::test_it" in done.stdout) is bool(status)
