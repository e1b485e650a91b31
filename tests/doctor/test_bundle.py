"""A support bundle helps and tells no secret, wherever secrets were planted; the doctor's output tells none either."""

import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from connector.app import ROOT
from connector.cli import exits
from connector.cli.root import cli
from connector.doctor.secrets import Scrubber
from tests.tools.ports import free_port

PASSWORD, PROXY_PASSWORD = "m0t-de-passe%21", "s0rtie-secrète"
API_KEY = "pk_" + "Aa1-_" * 8
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJkaWQ6d2ViOmEifQ.c2lnbmF0dXJl"
TOKEN = "jeton-de-données-0123456789"


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    result = CliRunner().invoke(cli, ["--lang", "en", *words], env={"PUPITRE_KEY": API_KEY})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def node(tmp_path: Path) -> tuple[Path, list[str]]:
    """A node full of secrets, and the secrets."""
    config, data = tmp_path / "node.toml", tmp_path / "data"
    url = f"http://127.0.0.1:{free_port()}"
    made = run("--config", str(config), "init", "--yes", "--data-dir", str(data), "--public-url", url)
    assert made.exit_code == 0, made.output
    with config.open("a") as file:
        file.write(f'database_url = "postgresql://pupitre:{PASSWORD}@127.0.0.1:{free_port()}/p?password={PASSWORD}"\n')
        file.write(f'outgoing_proxy = "http://sortie:{PROXY_PASSWORD}@127.0.0.1:{free_port()}"\n')
    pem = (data / "keys" / ROOT / "auth.pem").read_text()
    secrets = [PASSWORD, "m0t-de-passe!", PROXY_PASSWORD, API_KEY, JWT, TOKEN, (data / "admin.key").read_text().strip()]
    return config, [*secrets, *(line for line in pem.splitlines() if not line.startswith("-----"))]


def plant(path: Path, config: Path, secrets: list[str]) -> None:
    """Write a log in which every secret stands somewhere."""
    pem = (config.parent / "data" / "keys" / ROOT / "auth.pem").read_text()
    lines = [f"something about {secret} here" for secret in secrets if secret not in (JWT, TOKEN)]
    lines += [f"Authorization: Bearer {TOKEN}", f"sent {JWT}", config.read_text(), pem]
    path.write_text("\n".join(lines) + "\nthe last line\n")


def test_no_secret_is_in_a_bundle(node: tuple[Path, list[str]], tmp_path: Path) -> None:
    config, secrets = node
    log, file = tmp_path / "node.log", tmp_path / "bundle.zip"
    plant(log, config, secrets)
    assert all(secret in log.read_text() for secret in secrets if secret != "m0t-de-passe!")
    assert run("--config", str(config), "support-bundle", str(file), "--log", str(log)).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with zipfile.ZipFile(file) as bundle:
        parts = {name: bundle.read(name).decode() for name in bundle.namelist()}
    assert {"doctor.json", "settings.json", "versions.json", "counts.json", "schema.json", "logs/0-node.log"} <= set(
        parts
    )
    for secret in secrets:
        for name, text in parts.items():
            assert secret not in text, name
    assert "the last line" in parts["logs/0-node.log"]
    assert json.loads(parts["settings.json"])["database_url"].startswith("postgresql://pupitre:•••@127.0.0.1:")
    assert json.loads(parts["versions.json"])["packages"]["sqlalchemy"]
    assert json.loads(parts["doctor.json"])["verdict"] == "failure"


@pytest.mark.parametrize("words", [("doctor",), ("doctor", "--json")])
def test_no_secret_is_in_what_the_doctor_says(node: tuple[Path, list[str]], words: tuple[str, ...]) -> None:
    config, secrets = node
    said = run("--config", str(config), *words)
    assert said.exit_code == 2
    assert "database-unreachable" in said.output
    assert not [secret for secret in secrets if secret in said.output]


def test_a_bundle_overwrites_nothing(node: tuple[Path, list[str]], tmp_path: Path) -> None:
    file = tmp_path / "bundle.zip"
    file.write_bytes(b"mine")
    assert run("--config", str(node[0]), "support-bundle", str(file)).exit_code == exits.PROBLEM
    assert file.read_bytes() == b"mine"


def test_a_bundle_counts_what_a_sound_node_holds(tmp_path: Path) -> None:
    config, file = tmp_path / "node.toml", tmp_path / "bundle.zip"
    run("--config", str(config), "init", "--yes", "--data-dir", str(tmp_path / "data"), "--name", "Brume")
    assert run("--config", str(config), "support-bundle", str(file)).exit_code == 0
    with zipfile.ZipFile(file) as bundle:
        counts, schema = (json.loads(bundle.read(name)) for name in ("counts.json", "schema.json"))
    assert (counts["participants"], counts["partners"], counts["jobs"]["dead"]) == (1, 0, 0)
    assert schema["applied"] == max(map(int, schema["known"]))


def test_the_scrubber_shows_nothing_itself() -> None:
    assert "secret" not in repr(Scrubber(iter(["secret"]))) + str(Scrubber(iter(["secret"])))


def test_the_doctor_speaks_to_a_person_and_to_a_program(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "connector.cli", "--config", str(tmp_path / "node.toml")]
    environment = {**os.environ, "LANG": "fr_FR.UTF-8", "LC_ALL": "", "PYTHONPATH": str(Path(__file__).parents[2])}
    said = subprocess.run([*command, "doctor"], capture_output=True, text=True, env=environment, check=False)
    assert (said.returncode, "[DÉFAUT] Configuration." in said.stdout) == (2, True)
    report = subprocess.run(
        [*command, "doctor", "--json"], capture_output=True, text=True, env=environment, check=False
    )
    first = json.loads(report.stdout)["checks"][0]
    assert (report.returncode, first["code"], set(first["cause"])) == (2, "settings-missing", {"fr", "en"})
