"""Two other ODRL engines beside ours, each run as its users run it, on the same small policy.

pyodre (Python) comes from its lock into an environment of its own; it knows instants only and reads the policy at each
question. odrl-manager (TypeScript) comes from npm, or from the folder that ODRL_MANAGER names where npm does not have
it; it needs Node. An engine that cannot be had is not measured, and `Absent` says why.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
KEPT = HERE.parents[1] / ".bench"
RELEASE = "json-odrl-manager@2.0.0"
PATIENCE_S = 300
TARGET = "urn:bench:dataset"
PURPOSE = "urn:bench:purpose"

_PYODRE = """
import json, sys, time
from pyodre.odre import ODRE
asked = json.load(sys.stdin)
text, rounds = json.dumps(asked["policy"]), asked["rounds"]
began = time.perf_counter()
granted = sum(len(ODRE().enforce(text)) for _ in range(rounds))
print(json.dumps({"granted": granted, "per_second": rounds / (time.perf_counter() - began)}))
"""


class Absent(Exception):
    """The engine cannot be had on this machine."""


def pyodre(question: dict[str, Any]) -> float:
    """Return the decisions per second of pyodre. Raises Absent."""
    python = KEPT / "pyodre" / "bin" / "python"
    if not python.exists():
        _run([sys.executable, "-m", "venv", str(python.parents[1])])
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps"]
        _run([str(python), *install, "-r", str(HERE / "pyodre.lock")])
    return _asked([str(python), "-W", "ignore", "-c", _PYODRE], question)


def odrl_manager(question: dict[str, Any]) -> float:
    """Return the decisions per second of odrl-manager. Raises Absent."""
    node = shutil.which("node")
    if node is None:
        raise Absent("node")
    return _asked([node, str(HERE / "odrl_manager.js"), str(_odrl_manager())], question)


def _odrl_manager() -> Path:
    if given := os.environ.get("ODRL_MANAGER"):
        return Path(given) / "dist" / "index.js"
    folder, npm = KEPT / "odrl-manager", shutil.which("npm")
    library = folder / "node_modules" / "json-odrl-manager" / "dist" / "index.js"
    if not library.exists():
        if npm is None:
            raise Absent("npm")
        folder.mkdir(parents=True, exist_ok=True)
        _run([npm, "install", "--silent", "--no-save", "--ignore-scripts", "--prefix", str(folder), RELEASE])
    return library


def _run(command: list[str]) -> str:
    """Run a command to its end and return what it printed. Raises Absent with the last line of its complaint."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_S).stdout
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        raise Absent(str(said).strip().splitlines()[-1]) from error


def _asked(command: list[str], question: dict[str, Any]) -> float:
    """Return the decisions per second; every one of them must have granted the use."""
    done = subprocess.run(
        command, input=json.dumps(question), capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    if answer["granted"] != question["rounds"]:
        raise AssertionError(f"{command[0]} granted {answer['granted']} of {question['rounds']}")
    return float(answer["per_second"])
