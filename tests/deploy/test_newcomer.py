"""The installation page, followed to the letter on two new machines, up to a file that one receives from the other.

What the page leaves to IT is done here: names, certificates of an authority of the test, and `systemctl`, since no
machine of a test has a running systemd: it runs what the unit says. One machine has nginx in front, the other Caddy.
"""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.harness.certificates import Authority
from tests.harness.machine import Machine, join, machine, network, put

HOUSE = Path(__file__).parents[2]
PAGE = HOUSE / "connector/docs/how-to/install-debian.md"
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BRUME, SYNDICAT = "donnees.brume.example", "donnees.syndicat.example"
ADDRESSES = {BRUME: "10.82.0.1", SYNDICAT: "10.82.0.2"}
PUPITRE = "sudo -u pupitre pupitre --config /etc/pupitre/node.toml --lang en"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.proxy,
]


def unit_command() -> list[str]:
    text = (HOUSE / "deploy/pupitre.service").read_text("utf-8")
    found = {name: re.search(rf"^{name}=(.*)$", text, re.MULTILINE) for name in ("User", "ExecStart")}
    user, command = (one[1] for one in found.values() if one is not None)
    return ["runuser", "-u", user, "--", *shlex.split(command)]


def prepare(place: Machine, host: str, package: Path, authority: Authority) -> None:
    """Do what IT does: the package at hand, names, a certificate."""
    put(place, package, "/tmp/pupitre_0.0_all.deb")
    hosts = "".join(f"{address} {name}\n" for name, address in ADDRESSES.items())
    place.run("sh", "-c", "cat >> /etc/hosts", input=hosts)
    certificate, key = authority.server_files(host)
    put(place, certificate, "/etc/ssl/pupitre/fullchain.pem")
    put(place, key, "/etc/ssl/pupitre/privkey.pem")
    put(place, authority.file, "/etc/ssl/pupitre/authority.pem")
    place.sh("chmod 644 /etc/ssl/pupitre/authority.pem; rm -f /etc/nginx/sites-enabled/* /etc/nginx/conf.d/*")


def follow(place: Machine, host: str, name: str) -> None:
    """Run the page's commands in order, for this machine's name."""
    for block in BLOCK.findall(PAGE.read_text("utf-8")):
        script = block.replace(BRUME, host).replace("Ville de Brume", name).replace("\\\n", " ")
        for line in script.splitlines():
            match shlex.split(line)[:4]:
                case ["sudo", "systemctl", "start", "pupitre"]:
                    place.start(*unit_command())
                    place.sh(
                        "for n in $(seq 900); do curl -fs http://127.0.0.1:8282/health && exit; sleep 0.1; done; exit 1"
                    )
                case ["sudo", "systemctl", "reload", "nginx"]:
                    place.start("nginx", "-g", "daemon off;")
                case _:
                    place.sh(f"cd /tmp; {line}")
        if " init " in script:
            settings = 'allowed_networks = ["10.82.0.0/24"]\nca_file = "/etc/ssl/pupitre/authority.pem"\n'
            place.run("sh", "-c", "cat >> /etc/pupitre/node.toml", input=settings)


def with_caddy(place: Machine) -> None:
    """Put Caddy in front, with a certificate of one's own, as its file says."""
    text = (HOUSE / "deploy/caddy/Caddyfile").read_text("utf-8")
    own = re.search(r"add: +(tls .*)$", text, re.MULTILINE)
    assert own is not None
    text = text.replace(BRUME + " {", f"{SYNDICAT} {{\n\t{own[1]}")
    place.run("sh", "-c", "mkdir -p /etc/caddy && cat > /etc/caddy/Caddyfile", input=text)
    place.sh("caddy validate --config /etc/caddy/Caddyfile --adapter caddyfile")
    place.start("caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile")


def test_two_newcomers_follow_the_page_and_exchange_a_file(package: Path, tmp_path: Path) -> None:
    assert all(shutil.which(one, path="/usr/sbin:/usr/bin") for one in ("nginx", "caddy"))
    authority = Authority(tmp_path / "authority")
    with (
        network() as here,
        network() as there,
        machine(here, tmp_path / "brume") as brume,
        machine(there, tmp_path / "syndicat") as syndicat,
    ):
        join(here, there, ADDRESSES[BRUME], ADDRESSES[SYNDICAT])
        prepare(brume, BRUME, package, authority)
        prepare(syndicat, SYNDICAT, package, authority)
        follow(brume, BRUME, "Ville de Brume")
        syndicat.sh("rm -rf /etc/nginx/nginx.conf; printf 'events {} http { }' > /etc/nginx/nginx.conf")
        with_caddy(syndicat)
        follow(syndicat, SYNDICAT, "Syndicat")
        hand_out(syndicat, exchange(brume, syndicat))
        asked = syndicat.sh(f"{PUPITRE} doctor --json", check=False)
        found = {one["code"]: one["verdict"] for one in json.loads(asked.stdout)["checks"]}
        assert {"public-ok", "partner-ok", "clock-ok", "mirror-ok"} <= set(found), asked.stdout
        assert set(found.values()) == {"ok"}, asked.stdout
        private = syndicat.sh(
            f"curl -s -o /dev/null -w '%{{http_code}}' --cacert /etc/ssl/pupitre/authority.pem https://{BRUME}/api/v1/status"
        )
        assert private.stdout == "404"


def exchange(brume: Machine, syndicat: Machine) -> str:
    """Publish on one machine, negotiate and receive on the other; return the agreement."""
    brume.sh(f"{PUPITRE} peer add did:web:{SYNDICAT}")
    brume.sh("sudo -u pupitre sh -c 'echo id,x,y > /var/lib/pupitre/lampadaires.csv'")
    brume.sh(f"{PUPITRE} dataset add /var/lib/pupitre/lampadaires.csv --copy --open --id urn:brume:lampadaires")
    syndicat.sh(f"{PUPITRE} peer add did:web:{BRUME}")
    asked = syndicat.sh(f"{PUPITRE} negotiate did:web:{BRUME} urn:brume:lampadaires --wait --json").stdout
    agreement = json.loads(asked)["agreement"]
    syndicat.sh(f"{PUPITRE} transfer start {agreement} --fetch lampadaires.csv")
    received = syndicat.sh("find /var/lib/pupitre/data/received -name lampadaires.csv -exec cat {} +").stdout
    assert received == "id,x,y\n"
    return str(agreement)


def hand_out(place: Machine, agreement: str) -> None:
    """Have the contract as a bundle with its PDF, and examine it: the package brings all that takes."""
    place.sh(f"{PUPITRE} contract export {agreement} --to /var/lib/pupitre/data/brume.contract.zip")
    examined = place.sh("pupitre-verify /var/lib/pupitre/data/brume.contract.zip --json", check=False)
    report = json.loads(examined.stdout)
    assert examined.returncode == 0, report
    assert any(one["part"] == "contract.pdf" for one in report["checked"]), report
