"""The demonstration that a newcomer starts, in both languages: it ends well, and leaves nothing running."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("language", "told"), [("fr", "identiques"), ("en", "equal")])
def test_the_demonstration_ends_with_equal_checksums(tmp_path: Path, language: str, told: str) -> None:
    environment = {**os.environ, "DEMO_LANG": language, "DEMO_DIR": str(tmp_path / "demo")}
    done = subprocess.run(
        [sys.executable, "-m", "connector.lab.demo"],
        capture_output=True,
        text=True,
        env=environment,
        stdin=subprocess.DEVNULL,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert told in done.stdout
    left = [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(p.info["cmdline"] or [])]
    assert left == []


def test_the_demonstration_says_why_it_failed(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("a file where a folder must be")
    environment = {**os.environ, "DEMO_DIR": str(tmp_path / "demo"), "DEMO_LANG": "en"}
    done = subprocess.run(
        [sys.executable, "-m", "connector.lab.demo"],
        capture_output=True,
        text=True,
        env=environment,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "The demonstration failed" in done.stdout
