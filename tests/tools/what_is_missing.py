"""What the tests need beyond Python, and whether this machine has it.

    python -m tests.tools.what_is_missing test|kit-dsp|interop-edc|bench
    python -m tests.tools.what_is_missing --packages test|kit-dsp|interop-edc|bench

It prints on standard output the pytest expression that leaves out what cannot run here, and on standard error one
line for each thing left out, with the way to get it. With `CI=true` something missing is a failure; so is, anywhere,
what the whole command is about, such as Java for `kit-dsp`. With `--packages` it prints the Debian packages that are
missing, and nothing else.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from tests.tools import postgres

OLDEST_JAVA = 17
JDK = f"Java {OLDEST_JAVA} (JDK)"
JVM = f"Java {OLDEST_JAVA}"


@dataclass(frozen=True)
class Need:
    """Something outside Python: how to see that it is there, and what is not run without it."""

    name: str
    is_there: Callable[[], bool]
    package: str
    marker: str | None  # the tests that need it, none when only benches do
    wanted_by: frozenset[str]
    essential_to: frozenset[str]  # commands that are pointless without it
    remedy: str = ""  # when a package alone does not help


def has_postgres() -> bool:
    """True when PostgreSQL's server programs are found."""
    return postgres.programs() is not None


def has_java(*programs: str) -> Callable[[], bool]:
    """Return the check that these programs of Java are found and new enough."""
    return lambda: all(map(_is_new_enough, programs))


def _is_new_enough(program: str) -> bool:
    if shutil.which(program) is None:
        return False
    answer = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r"(\d+)", answer.stdout + answer.stderr)
    return version is not None and int(version[1]) >= OLDEST_JAVA


def program(name: str) -> str | None:
    """Return where a program is, on the path or in administrators' folders."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))


def has_program(name: str) -> Callable[[], bool]:
    """Return the check that a program is found."""
    return lambda: program(name) is not None


def has_networks() -> bool:
    """True when we may make networks of our own and lay cables in them; what is tried is gone at once."""
    ip, unshare = program("ip"), program("unshare")
    if os.geteuid() or ip is None or unshare is None:
        return False
    cable = [unshare, "--mount", "--net", ip, "link", "add", "one", "type", "veth", "peer", "name", "other"]
    return subprocess.run(cable, capture_output=True, check=False).returncode == 0


TEST, KIT, EDC, BENCH = "test", "kit-dsp", "interop-edc", "bench"
NEEDS = (
    Need("PostgreSQL", has_postgres, "postgresql", "postgres", frozenset({TEST, KIT, EDC, BENCH}), frozenset({BENCH})),
    Need(JDK, has_java("java", "javac"), "default-jdk-headless", "kit", frozenset({TEST, KIT}), frozenset({KIT})),
    Need("Maven", has_program("mvn"), "maven", "kit", frozenset({TEST, KIT}), frozenset({KIT})),
    Need(
        JVM, has_java("java"), "default-jre-headless", "interop", frozenset({TEST, EDC, BENCH}), frozenset({EDC, BENCH})
    ),
    Need("Maven", has_program("mvn"), "maven", "interop", frozenset({TEST, EDC, BENCH}), frozenset({EDC, BENCH})),
    Need(JDK, has_java("java", "javac"), "default-jdk-headless", "judge", frozenset({TEST}), frozenset()),
    Need("Maven", has_program("mvn"), "maven", "judge", frozenset({TEST}), frozenset()),
    Need("nginx", has_program("nginx"), "nginx-light", "proxy", frozenset({TEST, BENCH}), frozenset({BENCH})),
    Need("Caddy", has_program("caddy"), "caddy", "proxy", frozenset({TEST}), frozenset()),
    Need("curl", has_program("curl"), "curl", "proxy", frozenset({TEST, BENCH}), frozenset({BENCH})),
    Need(
        "ip netns (root)",
        has_networks,
        "iproute2",
        "network",
        frozenset({TEST}),
        frozenset(),
        "root, sudo apt-get install iproute2",
    ),
    Need("openssl", has_program("openssl"), "openssl", "by_hand", frozenset({TEST}), frozenset()),
    Need("unzip", has_program("unzip"), "unzip", "by_hand", frozenset({TEST}), frozenset()),
    Need("wrk", has_program("wrk"), "wrk", None, frozenset({BENCH}), frozenset({BENCH})),
)


def missing(command: str) -> list[Need]:
    """Return what the command needs and this machine does not have."""
    return [need for need in NEEDS if command in need.wanted_by and not need.is_there()]


def left_out(needs: list[Need]) -> str:
    """Return the pytest expression that leaves out the tests which need any of these; empty leaves out none."""
    return " and ".join(f"not {marker}" for marker in sorted({need.marker for need in needs if need.marker}))


def sentence(need: Need) -> str:
    """Return the line that says, in French and English, what is not run and how to get it."""
    tests = f"tests -m {need.marker}" if need.marker else "bench"
    remedy = need.remedy or f"sudo apt-get install {need.package}"
    return f"{need.name} : absent, non joué · missing, not run ({tests}) → {remedy}"


def main(arguments: list[str]) -> int:
    """Say what is missing for a command; return the exit status."""
    *options, command = arguments
    needs = missing(command)
    if options == ["--packages"]:
        print(*dict.fromkeys(need.package for need in needs))
        return 0
    for need in needs:
        print(sentence(need), file=sys.stderr)
    if any(command in need.essential_to for need in needs) or (needs and os.environ.get("CI") == "true"):
        return 1
    print(left_out(needs))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
