"""How the demonstration ends: the contract to be read, who approved it, its evidence checked with no node running."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from connector.sdk.client import Client
from connector.sdk.problems import ApiProblem
from connector.services.deciders import CARRIED_THROUGH

STEWARD = "Mme Petit, service des données"
"""Who decides at the provider's."""
FUNCTION = "Directrice du service des données"
"""What the seal on the contract claims of that person."""
WITHOUT_PDF = "pdf-extra-missing"


def write_convention(client: Client, contract: str, folder: Path) -> Path:
    """Return the file of a contract as people read it: a PDF where the node can write one, else a page of HTML."""
    try:
        file, content = folder / "convention.pdf", client.show_convention(contract, format="pdf")
    except ApiProblem as problem:
        if problem.code != WITHOUT_PDF:
            raise
        file, content = folder / "convention.html", client.show_convention(contract)
    file.write_bytes(content)
    return file


def export(client: Client, contract: str, folder: Path) -> Path:
    """Return the evidence bundle of a contract, alone in a new folder."""
    folder.mkdir()
    file = folder / "convention.contract.zip"
    file.write_bytes(client.export_contract(contract))
    return file


def approvals(found: Any) -> Iterator[tuple[str, str, str]]:
    """Yield when a node first decided what about a contract, and who or which rule did; not what merely followed."""
    told = set()
    for decision in found["decisions"]:
        if decision["rule"] != CARRIED_THROUGH.name and decision["what"] not in told:
            told.add(decision["what"])
            yield decision["at"][:19].replace("T", " "), decision["what"], decision["by"]


def verify(bundle: Path, language: str) -> tuple[bool, str]:
    """Have a bundle examined by the program that has none of our code; return the verdict, and how it is told.

    The program is given the bundle and nothing else: no setting, no variable, no other file of ours.
    """
    command = [sys.executable, "-I", "-X", "utf8", "-m", "pupitre_verify", bundle.name, "--lang", language]
    done = subprocess.run(  # noqa: S603 - the verifier of this environment
        command, cwd=bundle.parent, capture_output=True, text=True, encoding="utf-8", check=False, env={}
    )
    return done.returncode == 0, (done.stdout or done.stderr).partition("\n")[0]
