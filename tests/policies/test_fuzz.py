"""A search for texts that break the readers (fuzz.py), long enough to take every branch that it finds at first."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("atheris", reason="atheris: Linux on x86-64 only; elsewhere test_properties.py reads any text")

ROOT = Path(__file__).resolve().parents[2]
RUNS = 10_000 if os.environ.get("CI") == "true" else 1_000


def test_whatever_the_bytes_they_are_read_or_refused(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tests" / "policies" / "fuzz.py"), str(tmp_path / "corpus")]
    options = [f"-runs={RUNS}", "-seed=1", "-max_len=4096", "-timeout=60"]
    done = subprocess.run(
        [*command, *options], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, check=False
    )
    told = done.stderr.decode("utf-8", "replace")
    assert done.returncode == 0, told[-4000:]
    assert f"Done {RUNS} runs" in told
