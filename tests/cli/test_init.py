"""`pupitre init` makes a node that starts; it overwrites nothing and tells nobody its secrets."""

import os
import signal
import stat
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from connector.cli import exits, install
from connector.cli.root import cli
from connector.sdk import Client
from tests.tools.ports import free_port


def init(folder: Path, *flags: str, **options: Any) -> Any:
    words = ["--config", str(folder / "node.toml"), "--lang", "en", "init", "--data-dir", str(folder / "data"), *flags]
    return CliRunner().invoke(cli, words, **options)


def test_it_writes_what_the_node_needs_and_nobody_else_reads_it(tmp_path: Path) -> None:
    result = init(tmp_path, "--name", "Pays de « Démo »", "--private-port", "18281")
    assert result.exit_code == 0, result.output
    settings = tomllib.loads((tmp_path / "node.toml").read_text())
    assert (settings["participant_name"], settings["private_port"]) == ("Pays de « Démo »", 18281)
    assert settings["allowed_networks"] == ["127.0.0.0/8", "::1/128"]
    for path in (tmp_path / "node.toml", tmp_path / "data" / "admin.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    secret = (tmp_path / "data" / "admin.key").read_text().strip()
    assert secret.startswith("pk_")
    assert secret not in result.output
    assert secret.encode() not in (tmp_path / "data" / "pupitre.db").read_bytes()


def test_the_passphrase_of_the_environment_opens_the_seal_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUPITRE_SEAL_PASSPHRASE", "une phrase de passe assez longue")
    assert init(tmp_path).exit_code == 0
    assert not (tmp_path / "data" / "seal.key").exists()
    assert "assez longue" not in (tmp_path / "node.toml").read_text()
    (key,) = (tmp_path / "data" / "keys" / "root").glob("seal-*.pem")
    words = ["openssl", "pkey", "-in", str(key), "-noout", "-passin", "env:PUPITRE_SEAL_PASSPHRASE"]
    subprocess.run(words, check=True)


def test_it_overwrites_nothing(tmp_path: Path) -> None:
    assert init(tmp_path).exit_code == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    again = init(tmp_path)
    assert (again.exit_code, "is there already" in again.stderr) == (exits.PROBLEM, True)
    (tmp_path / "node.toml").rename(tmp_path / "other.toml")
    again = init(tmp_path)
    assert (again.exit_code, "is there already" in again.stderr) == (exits.PROBLEM, True)
    (tmp_path / "other.toml").rename(tmp_path / "node.toml")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_without_a_terminal_it_asks_nothing(tmp_path: Path) -> None:
    assert init(tmp_path, input="never read\n").exit_code == 0
    assert tomllib.loads((tmp_path / "node.toml").read_text())["participant_name"] == "127.0.0.1"


def test_at_a_terminal_it_asks_at_most_five_questions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "has_terminal", lambda: True)
    words = ["--config", str(tmp_path / "node.toml"), "--lang", "fr", "init"]
    result = CliRunner().invoke(cli, words, input=f"Commune\n\n{tmp_path / 'data'}\n\n")
    assert result.exit_code == 0, result.output
    asked = [line for line in result.stderr.replace("]: ", "]:\n").splitlines() if line.rstrip().endswith(":")]
    assert 3 <= len(asked) <= 5
    assert tomllib.loads((tmp_path / "node.toml").read_text())["participant_name"] == "Commune"


@pytest.mark.parametrize("url", ["http://donnees.example", "ftp://x.example", "https://x.example/path", "nowhere"])
def test_an_address_that_a_node_cannot_have_is_refused_before_anything_is_made(tmp_path: Path, url: str) -> None:
    result = init(tmp_path, "--public-url", url)
    assert result.exit_code == exits.PROBLEM
    assert "public_url" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_real_address_opens_no_loopback(tmp_path: Path) -> None:
    assert init(tmp_path, "--public-url", "https://donnees.pays-de-demo.example").exit_code == 0
    assert "allowed_networks" not in tomllib.loads((tmp_path / "node.toml").read_text())


def test_what_init_made_starts_answers_and_stops(tmp_path: Path) -> None:
    public, private = free_port(), free_port()
    flags = ("--public-url", f"http://127.0.0.1:{public}", "--private-port", str(private), "--name", "Démo")
    assert init(tmp_path, *flags).exit_code == 0
    environment = {**os.environ, "PUPITRE_CONFIG": str(tmp_path / "node.toml"), "LANG": "en_GB.UTF-8"}
    command = [sys.executable, "-c", "from connector.cli import main; main()"]
    with subprocess.Popen([*command, "serve"], env=environment, cwd=tmp_path, stderr=subprocess.PIPE) as serving:
        try:
            status = _once_answered([*command, "status"], environment, tmp_path)
            assert "Démo (root)" in status
            second = subprocess.run(
                [*command, "serve"], env=environment, cwd=tmp_path, capture_output=True, check=False
            )
            assert second.returncode == exits.PROBLEM
            assert b"Traceback" not in second.stderr
        finally:
            serving.send_signal(signal.SIGTERM)
            serving.communicate(timeout=30)
    assert serving.returncode == 0


def _once_answered(command: list[str], environment: dict[str, str], folder: Path) -> str:
    ends_at = time.monotonic() + 60
    while True:
        run = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
        if run.returncode == 0:
            return run.stdout
        assert run.returncode == exits.UNREACHABLE
        assert time.monotonic() < ends_at


def test_the_client_shows_no_key() -> None:
    with Client("http://127.0.0.1:9", "pk_secret") as client:
        assert "pk_secret" not in repr(client) + repr(vars(client))


def test_serving_loads_neither_the_client_nor_the_api() -> None:
    look = "import sys, connector.cli.root, connector.app; print(*(set(sys.modules) & {'httpx', 'fastapi', 'rich'}))"
    found = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []
