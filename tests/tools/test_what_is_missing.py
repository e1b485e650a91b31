"""What is said and left out when a machine lacks something that the tests need."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from tests.tools import what_is_missing as tools


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make this machine one that has only the needs named."""

    def has(*names: str) -> None:
        needs = [replace(need, is_there=partial(names.__contains__, need.name)) for need in tools.NEEDS]
        monkeypatch.setattr(tools, "NEEDS", needs)

    monkeypatch.delenv("CI", raising=False)
    return has


def test_nothing_missing_leaves_nothing_out(machine: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    machine(
        "PostgreSQL",
        "Java 17 (JDK)",
        "Java 17",
        "Maven",
        "nginx",
        "Caddy",
        "curl",
        "ip netns (root)",
        "openssl",
        "unzip",
    )
    assert tools.main(["test"]) == 0
    assert capsys.readouterr() == ("\n", "")


def test_what_is_missing_is_left_out_and_said_in_one_line(
    machine: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    machine("Java 17 (JDK)", "Java 17", "nginx", "curl", "openssl", "unzip")
    assert tools.main(["test"]) == 0
    out, err = capsys.readouterr()
    assert out == "not interop and not judge and not kit and not network and not postgres and not proxy\n"
    assert [line.split(" ", 1)[0] for line in err.splitlines()] == ["PostgreSQL", *["Maven"] * 3, "Caddy", "ip"]
    assert "apt-get install postgresql" in err
    assert "(tests -m network) → root, " in err


def test_with_ci_nothing_may_be_missing(
    machine: Callable[..., None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine("PostgreSQL", "Maven")
    monkeypatch.setenv("CI", "true")
    assert tools.main(["test"]) == 1
    assert capsys.readouterr().out == ""


def test_the_kit_runs_without_postgres_but_not_without_java(
    machine: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    machine("Java 17 (JDK)", "Maven")
    assert tools.main(["kit-dsp"]) == 0
    assert capsys.readouterr().out == "not postgres\n"
    machine("PostgreSQL", "Maven")
    assert tools.main(["kit-dsp"]) == 1


def test_exchanges_with_edc_need_java_but_no_compiler(
    machine: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    machine("Java 17", "Maven")
    assert tools.main(["interop-edc"]) == 0
    assert capsys.readouterr().out == "not postgres\n"
    machine("PostgreSQL", "Maven")
    assert tools.main(["interop-edc"]) == 1


@pytest.mark.parametrize(
    ("command", "packages"),
    [
        (
            "test",
            "postgresql default-jdk-headless maven default-jre-headless nginx-light caddy curl iproute2 openssl unzip",
        ),
        ("kit-dsp", "postgresql default-jdk-headless maven"),
        ("interop-edc", "postgresql default-jre-headless maven"),
        ("bench", "postgresql default-jre-headless maven nginx-light curl wrk"),
    ],
)
def test_the_packages_of_a_command_are_named(
    machine: Callable[..., None], capsys: pytest.CaptureFixture[str], command: str, packages: str
) -> None:
    machine()
    assert tools.main(["--packages", command]) == 0
    assert capsys.readouterr().out.strip() == packages
