"""The demonstration that a newcomer starts, in both languages: it ends well, and leaves nothing running."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.slow


WITHOUT = 'raise ModuleNotFoundError("No module named \'fpdf\'", name="fpdf")\n'


@pytest.mark.parametrize(
    ("language", "equal", "valid", "approved", "convention"),
    [
        (
            "fr",
            "identiques",
            "VALIDE (examiné",
            "Ville de Brume, convention, la clé « Mme Petit, service des données »",
            "convention.pdf",
        ),
        (
            "en",
            "equal",
            "VALID (as of",
            "Ville de Brume, agreement, the key “Mme Petit, service des données”",
            "convention.html",
        ),
    ],
)
def test_the_demonstration_ends_with_equal_checksums_and_valid_evidence(
    tmp_path: Path, language: str, equal: str, valid: str, approved: str, convention: str
) -> None:
    """The second time on an installation that cannot write a PDF, as an installation by the locks alone."""
    environment = {**os.environ, "DEMO_LANG": language, "DEMO_DIR": str(tmp_path / "demo")}
    if convention.endswith("html"):
        (tmp_path / "fpdf.py").write_text(WITHOUT)
        environment["PYTHONPATH"] = str(tmp_path)
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
    for told in (equal, valid, approved, str(tmp_path / "demo" / convention)):
        assert told in done.stdout
    assert (tmp_path / "demo" / convention).stat().st_size > 10_000
    for log in (tmp_path / "demo").glob("*/node.log"):
        assert "Traceback" not in log.read_text(), log.read_text()
    assert [file.name for file in (tmp_path / "demo/auditeur").iterdir()] == ["convention.contract.zip"]
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
