"""The Debian package, built once by the command that the documentation names."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, as `make package` builds it."""
    if shutil.which("dpkg-deb") is None or not Path("/usr/bin/python3").exists():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("a Debian machine builds the Debian package")
    folder = tmp_path_factory.mktemp("package")
    built = subprocess.run([HOUSE / "deploy/build-deb", folder], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    assert built.stderr == ""
    return Path(built.stdout.strip())


@pytest.fixture(scope="session")
def next_package(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same package with a later version, to upgrade to."""
    folder = tmp_path_factory.mktemp("next")
    subprocess.run(["dpkg-deb", "-R", package, folder / "root"], check=True)
    control = folder / "root/DEBIAN/control"
    lines = control.read_text("utf-8").splitlines()
    control.write_text("\n".join("Version: 99.0" if one.startswith("Version:") else one for one in lines) + "\n")
    command = ["dpkg-deb", "--root-owner-group", "-Znone", "-b", folder / "root", folder / "next.deb"]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "next.deb"
