"""Runs the judges on many files at once: a JVM costs seconds to start."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
JUDGED_WITHIN_S = 280
"""The first run downloads 40 MB of jars."""

NO_ADDRESSES = {"The authority info access is not present!", "The revocation info access is not present!"}
"""What DSS remarks on any certificate that names no address from which to fetch more."""


@dataclass(frozen=True)
class Verdict:
    """What the judges say about one file."""

    signatures: list[dict[str, Any]]
    pdfa: dict[str, Any] | None

    def of_all(self, member: str) -> list[Any]:
        """Return one member of each signature's report, in order."""
        return [each[member] for each in self.signatures]


def judge(folder: Path, files: list[Path]) -> dict[str, Verdict]:
    """Return the verdict on each file by its name; `folder` holds `anchors/` and `crls/`."""
    command = [HERE / "judge", folder, *files]
    run = subprocess.run(command, capture_output=True, text=True, timeout=JUDGED_WITHIN_S, check=False)
    assert run.returncode == 0, run.stderr
    said = [json.loads(line) for line in run.stdout.splitlines()]
    return {each["file"]: Verdict(each["signatures"], each.get("pdfa")) for each in said}
