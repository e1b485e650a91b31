"""Hosts of their own: network namespaces joined by cables, beside this machine's network and gone afterwards.

Every interface is made inside a namespace of ours; the interfaces, routes and rules of this machine are never touched.
Names carry our process id: what a run that died left behind is known by it, and removed before the next one.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.tools.what_is_missing import program

PREFIX = "pupitre-rehearsal-"
FILES = Path("/etc/netns")
"""`ip netns exec` lays what stands there over /etc."""
NAMESPACES = Path("/run/netns")


def ip(*words: str) -> str:
    """Run `ip`; return what it says. Raises AssertionError when it fails."""
    done = subprocess.run([str(program("ip")), *words], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"
    return done.stdout


class Host:
    """One namespace."""

    def __init__(self, name: str) -> None:
        self.name = f"{PREFIX}{os.getpid()}-{name}"

    def ip(self, *words: str) -> str:
        """Run `ip` within."""
        return ip("-n", self.name, *words)

    def run(self, *words: str, **options: Any) -> "subprocess.CompletedProcess[str]":
        """Run a command within, and return how it ended."""
        return subprocess.run(self._within(*words), capture_output=True, text=True, check=False, timeout=120, **options)

    def start(self, log: Path, *words: str, **options: Any) -> "subprocess.Popen[bytes]":
        """Start a program within; the caller stops it."""
        with log.open("ab") as target:
            return subprocess.Popen(
                self._within(*words), stdin=subprocess.DEVNULL, **{"stdout": target, "stderr": target, **options}
            )

    def _within(self, *words: str) -> list[str]:
        return [str(program("ip")), "netns", "exec", self.name, *words]


@contextmanager
def host(name: str, knows: Mapping[str, str]) -> Iterator[Host]:
    """Yield a new host that finds these names at these addresses, and no others."""
    made = Host(name)
    ip("netns", "add", made.name)
    try:
        folder = FILES / made.name
        folder.mkdir(parents=True)
        names = {"localhost": "127.0.0.1", **knows}
        (folder / "hosts").write_text("".join(f"{address} {known}\n" for known, address in names.items()))
        made.ip("link", "set", "lo", "up")
        yield made
    finally:
        remove(made.name)


def join(one: Host, other: Host, port: str, address: str, other_address: str) -> None:
    """Lay a cable from a port of one host to another host."""
    one.ip("link", "add", port, "type", "veth", "peer", "name", "cable", "netns", other.name)
    for end, name, its_address in ((one, port, address), (other, "cable", other_address)):
        end.ip("address", "add", f"{its_address}/24", "dev", name)
        end.ip("link", "set", name, "up")


def remove(name: str) -> None:
    """Remove a namespace of ours, its names and whatever still runs within."""
    if (NAMESPACES / name).exists():
        for pid in ip("netns", "pids", name).split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        ip("netns", "delete", name)
    shutil.rmtree(FILES / name, ignore_errors=True)
    with suppress(OSError):  # others have something there
        FILES.rmdir()


def remove_leftovers() -> None:
    """Remove what runs left that have died."""
    for name in {found.name for place in (NAMESPACES, FILES) for found in place.glob(f"{PREFIX}*")}:
        pid = name.removeprefix(PREFIX).partition("-")[0]
        if not Path("/proc", pid).exists():
            remove(name)
