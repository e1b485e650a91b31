"""The hosts of the rehearsal come and go, and leave this machine as it was."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.rehearsal.members import HOUSE
from tests.rehearsal.network import FILES, NAMESPACES, host, ip, join, remove_leftovers

pytestmark = [pytest.mark.slow, pytest.mark.network]

NAME, ADDRESS = "donnees.brume.example", "10.83.9.1"
DIES = """
import os, sys
from pathlib import Path
from tests.rehearsal.network import host
left = host("left", {"donnees.brume.example": "10.83.9.1"})
made = left.__enter__()
print(made.name, made.start(Path(sys.argv[1]), "sleep", "3600").pid, flush=True)
os._exit(1)
"""


def test_hosts_reach_each_other_by_name_and_are_gone_afterwards(networks: None) -> None:
    before = ip("link"), ip("route")
    with host("one", {}) as one, host("other", {NAME: ADDRESS}) as other:
        join(one, other, "port", ADDRESS, "10.83.9.2")
        assert ADDRESS in other.run("getent", "hosts", NAME).stdout
        assert other.ip("route", "get", ADDRESS).startswith(f"{ADDRESS} dev cable")
        assert one.run("getent", "hosts", NAME).returncode == 2
        assert (ip("link"), ip("route")) == before
    for made in (one, other):
        assert not (NAMESPACES / made.name).exists()
        assert not (FILES / made.name).exists()


def test_what_a_run_left_that_died_is_removed(networks: None, tmp_path: Path) -> None:
    command = [sys.executable, "-c", DIES, str(tmp_path / "log")]
    said = subprocess.run(command, cwd=HOUSE, stdout=subprocess.PIPE, text=True, check=False).stdout
    name, pid = said.split()
    assert (NAMESPACES / name).exists()
    while not _command_of(pid).startswith("sleep"):
        assert Path("/proc", pid).exists()  # on its way there
    remove_leftovers()
    assert not (NAMESPACES / name).exists()
    assert not (FILES / name).exists()
    while _command_of(pid):
        pass  # killed, and not yet gone


def _command_of(pid: str) -> str:
    """Return the command line of a process, empty for one that has ended."""
    try:
        return Path("/proc", pid, "cmdline").read_text()
    except FileNotFoundError:
        return ""
