"""The Debian package: installed, served, upgraded and removed on a real Debian, where its data outlives it."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.harness.machine import Machine, machine, network, put, stop

HOUSE = Path(__file__).parents[2]
UNIT = HOUSE / "deploy/pupitre.service"
INIT = (
    "sudo -u pupitre pupitre --config /etc/pupitre/node.toml init --yes --name Brume"
    " --data-dir /var/lib/pupitre/data --public-url http://127.0.0.1:8282"
)
WHO = "--legal-name Brume --siren 732829320 --representative 'Le maire' --contact 'Service des données'"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


def unit(name: str) -> str:
    found = re.search(rf"^{name}=(.*)$", UNIT.read_text("utf-8"), re.MULTILINE)
    assert found is not None
    return found[1]


def served(place: Machine) -> "subprocess.Popen[bytes]":
    """Run the unit's command as the unit's account; return it once the node answers."""
    node = place.start("runuser", "-u", unit("User"), "--", *unit("ExecStart").split())
    look = "import urllib.request as u; u.urlopen('http://127.0.0.1:8282/health')"
    wait = f'for n in $(seq 300); do /usr/bin/python3 -c "{look}" 2>/dev/null && exit 0; sleep 0.1; done; exit 1'
    assert place.sh(wait, check=False).returncode == 0, place.log()
    return node


def test_it_is_installed_upgraded_and_removed_and_the_data_stays(
    package: Path, next_package: Path, tmp_path: Path
) -> None:
    with network() as net, machine(net, tmp_path / "brume") as place:
        put(place, package, "/tmp/pupitre.deb")
        place.sh("dpkg -i /tmp/pupitre.deb")
        assert place.sh("stat -c '%U %a' /var/lib/pupitre /etc/pupitre").stdout.split() == [
            "pupitre", "700", "pupitre", "750",
        ]  # fmt: skip
        assert place.sh("dpkg --verify pupitre").stdout == ""
        place.sh(INIT)
        node = served(place)
        place.sh(f"sudo -u pupitre pupitre --config /etc/pupitre/node.toml participant card set {WHO}")
        asked = place.sh("sudo -u pupitre pupitre --config /etc/pupitre/node.toml doctor --json", check=False)
        assert {one["code"] for one in json.loads(asked.stdout)["checks"] if one["verdict"] == "failure"} == set()
        assert asked.returncode == 0
        before = place.sh("cd /etc/pupitre && cat node.toml && sha256sum /var/lib/pupitre/data/keys/root/*").stdout
        stop(node)

        put(place, next_package, "/tmp/next.deb")
        place.sh("dpkg -i /tmp/next.deb")
        assert place.sh("dpkg-query -W -f '${Version}' pupitre").stdout == "99.0"
        assert (
            before == place.sh("cd /etc/pupitre && cat node.toml && sha256sum /var/lib/pupitre/data/keys/root/*").stdout
        )
        node = served(place)
        status = place.sh("sudo -u pupitre pupitre --config /etc/pupitre/node.toml status --json").stdout
        assert json.loads(status)["participant"]["name"] == "Brume"
        stop(node)

        for verb in ("--remove", "--purge"):
            place.sh(f"dpkg {verb} pupitre")
            assert not place.exists("/usr/bin/pupitre")
            assert not place.exists("/usr/lib/pupitre")
            assert place.exists("/var/lib/pupitre/data/pupitre.db")
            assert place.exists("/etc/pupitre/node.toml")


def test_it_holds_no_trace_of_where_it_was_built_and_no_private_file(package: Path, tmp_path: Path) -> None:
    subprocess.run(["dpkg-deb", "-x", package, tmp_path], check=True)
    listed = subprocess.run(["dpkg-deb", "-c", package], capture_output=True, text=True, check=True).stdout
    assert all(line.split()[1] == "root/root" for line in listed.splitlines())
    assert not re.search(r"node\.toml|admin\.key|auth\.pem|\.git/|tests/tools", listed)
    found = subprocess.run(["grep", "-rlF", str(HOUSE) + "/", tmp_path], capture_output=True, text=True, check=False)
    assert found.stdout == ""
    shown = subprocess.run([tmp_path / "usr/bin/pupitre", "--help"], capture_output=True, text=True, check=True)
    assert "doctor" in shown.stdout


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_the_unit_is_well_formed_and_closed(package: Path, tmp_path: Path) -> None:
    with network() as net, machine(net, tmp_path / "brume") as place:
        put(place, package, "/tmp/pupitre.deb")
        place.sh("dpkg -i /tmp/pupitre.deb")
        verified = place.run("systemd-analyze", "verify", "/lib/systemd/system/pupitre.service", check=False)
        assert "pupitre" not in verified.stderr, verified.stderr
        analysed = place.run(
            "systemd-analyze", "security", "--offline=yes", "--threshold=20", "pupitre.service", check=False
        )
        assert analysed.returncode == 0, analysed.stdout
