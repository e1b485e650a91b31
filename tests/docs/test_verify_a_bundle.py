"""The page on checking an evidence bundle: its commands, in their order, in a folder with what an auditor has."""

import json
import os
import re
import shutil
import subprocess
import sysconfig
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from contracts.bundle import pack
from tests.contracts.verifier.ours import concluded_lately
from tests.contracts.verifier.written import authority

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "connector/docs/how-to/verify-a-bundle.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_commands_of_the_page_install_the_program_and_examine_a_bundle(tmp_path: Path) -> None:
    left_out = shutil.ignore_patterns("*.egg-info", "build", "__pycache__", ".mypy_cache")
    shutil.copytree(ROOT / "contracts/verifier", tmp_path / "contracts/verifier", ignore=left_out)
    (tmp_path / "convention.contract.zip").write_bytes(pack(concluded_lately(datetime.now(UTC))))
    (tmp_path / "autorites.pem").write_bytes(authority()[0].public_bytes(Encoding.PEM))
    # what the program needs, and what builds it, are taken from our environment: nothing is fetched here
    environment = os.environ | {
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "false",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONPATH": sysconfig.get_path("purelib"),
    }
    script = "set -eu\n" + "".join(BLOCK.findall(PAGE.read_text("utf-8")))
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout.count("VALIDE (examiné") == 2
    assert "VALID (as of 2056-01-31T00:00:00Z)" in done.stdout
    assert re.search(r"^pupitre-verify \d+\.\d+\.\d+$", done.stdout, re.MULTILINE)
    assert json.loads((tmp_path / "rapport.json").read_text("utf-8"))["verdict"] == "valid"
