"""Machines to install on: this Debian machine, seen through a layer that keeps every change apart from it.

Each is a chroot whose lower layer is this machine, with its own dpkg, accounts and folders. Its network is its own too,
and leads nowhere but to machines which a test joins to it. Root is needed, and the right to mount. Nothing remains:
the mounts go with the namespace, the layer with the test's folder.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

HINT = "installing needs a Debian machine, root, and the right to mount (unshare, overlay)"
SYSTEM_PYTHON = Path("/usr/bin/python3")
SUDO = """#!/bin/sh
# What sudo does, for root: the account after -u.
if [ "$1" = -u ]; then user=$2; shift 2; exec runuser -u "$user" -- "$@"; fi
exec "$@"
"""
Ran = subprocess.CompletedProcess[str]


class Network:
    """A network namespace and a mount namespace, kept by one sleeping process."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """The process that keeps it."""
        return self._process.pid

    def command(self, *words: str) -> list[str]:
        """Return the command that runs within."""
        return ["nsenter", "--target", str(self._process.pid), "--mount", "--net", "--", *words]

    def run(self, *words: str, check: bool = True) -> Ran:
        return subprocess.run(self.command(*words), capture_output=True, text=True, check=check, timeout=300)


class Machine:
    """One machine."""

    def __init__(self, network: Network, root: Path, stack: ExitStack) -> None:
        self.network = network
        self.root = root
        self._stack = stack

    def run(self, *words: str, check: bool = True, **options: Any) -> Ran:
        """Run a command on the machine, in a plain environment. Raises AssertionError when it fails."""
        ran = subprocess.run(self._inside(*words), capture_output=True, text=True, check=False, timeout=300, **options)
        assert not check or ran.returncode == 0, f"{words}\n{ran.stdout}\n{ran.stderr}"
        return ran

    def sh(self, script: str, check: bool = True) -> Ran:
        """Run a script."""
        return self.run("sh", "-eu", "-c", script, check=check)

    def start(self, *words: str) -> "subprocess.Popen[bytes]":
        """Run a program until the test ends."""
        log = self._stack.enter_context((self.root.parent / "log").open("ab"))
        started = subprocess.Popen(self._inside(*words), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self._stack.callback(stop, started)
        return started

    def log(self) -> str:
        """Return what the programs said that were started."""
        return (self.root.parent / "log").read_text("utf-8", "replace")

    def exists(self, path: str) -> bool:
        return self.run("test", "-e", path, check=False).returncode == 0

    def _inside(self, *words: str) -> list[str]:
        plain = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"]
        return self.network.command("chroot", str(self.root), *plain, *words)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a program that was started."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def network() -> Iterator[Network]:
    """Yield a network of one machine, without a way out; skip (with CI=true: fail) where that is not allowed."""
    tools = all(
        shutil.which(tool, path="/usr/sbin:/sbin:/usr/bin:/bin") for tool in ("unshare", "nsenter", "ip", "dpkg")
    )
    if os.geteuid() or not tools or not SYSTEM_PYTHON.exists():
        _cannot()
    process = subprocess.Popen(["unshare", "--mount", "--net", "--propagation", "private", "sleep", "infinity"])
    try:
        made = Network(process)
        if _until_unshared(made, "ip", "link", "set", "lo", "up").returncode:
            _cannot()
        yield made
    finally:
        process.kill()
        process.wait()


def join(one: Network, other: Network, address: str, other_address: str) -> None:
    """Lay a cable between two networks."""
    cable = ["ip", "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", str(other.pid)]
    if one.run(*cable, check=False).returncode:
        _cannot()
    for end, its_address in ((one, address), (other, other_address)):
        end.run("ip", "address", "add", f"{its_address}/24", "dev", "cable")
        end.run("ip", "link", "set", "cable", "up")


def _until_unshared(made: Network, *words: str) -> Ran:
    """Run a command; the first one may come before the namespaces are there, and must not touch this machine's."""
    own = os.readlink("/proc/self/ns/net")
    for _ in range(500):
        if made.run("readlink", "/proc/self/ns/net", check=False).stdout.strip() not in ("", own):
            return made.run(*words, check=False)
        subprocess.run(["sleep", "0.02"], check=True)
    return Ran(words, 1)


@contextmanager
def machine(net: Network, folder: Path) -> Iterator[Machine]:
    """Yield a new machine of the network."""
    root = folder / "root"
    for part in ("root", "layer"):
        (folder / part).mkdir(parents=True)
    (folder / "log").touch()
    layer = folder / "layer"
    mounts = f"""
        mkdir -p {layer}/up {layer}/work
        mount -t overlay overlay -o lowerdir=/,upperdir={layer}/up,workdir={layer}/work {root} 2>/dev/null || {{
            mount -t tmpfs tmpfs {layer} && mkdir {layer}/up {layer}/work &&
            mount -t overlay overlay -o lowerdir=/,upperdir={layer}/up,workdir={layer}/work {root}
        }}
        mount --bind /dev {root}/dev && mount -t proc proc {root}/proc && mount -t tmpfs tmpfs {root}/run
        mount -t tmpfs tmpfs {root}/tmp && chmod 1777 {root}/tmp
    """
    if net.run("sh", "-c", mounts, check=False).returncode:
        _cannot()
    with ExitStack() as stack:
        made = Machine(net, root, stack)
        made.run("sh", "-c", "cat > /usr/local/bin/sudo && chmod 755 /usr/local/bin/sudo", input=SUDO)
        yield made
    net.run(
        "sh", "-c", f"umount -l {root}/tmp {root}/run {root}/proc {root}/dev {root}; umount -l {layer}", check=False
    )


def put(place: Machine, file: Path, path: str) -> None:
    """Copy a file of the test onto the machine."""
    with file.open("rb") as content:
        place.run("sh", "-c", f"mkdir -p $(dirname {path}) && cat > {path}", stdin=content)


def _cannot() -> None:
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(HINT)
