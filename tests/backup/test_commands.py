"""`backup`, `restore`, `restore-report` and `migrate` as a person or a script uses them."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from connector.cli import exits
from connector.cli.root import cli
from connector.sdk import Client
from tests.harness.threaded import in_thread
from tests.tools.ports import free_port

PHRASE = "une phrase de passe d’essai"


def run(config: Path, *words: str, code: int = 0, phrase: str | None = None) -> Result:
    environment = {"PUPITRE_PASSPHRASE": phrase}
    result = CliRunner().invoke(cli, ["--config", str(config), "--lang", "en", *words], env=environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The settings of a node that `init` made."""
    folder = tmp_path_factory.mktemp("installed")
    where = ["--public-url", f"http://127.0.0.1:{free_port()}", "--private-port", str(free_port())]
    run(folder / "node.toml", "init", "--name", "Brume", "--yes", "--data-dir", str(folder / "data"), *where)
    return folder / "node.toml"


@pytest.fixture
def backup(installed: Path, tmp_path: Path) -> list[str]:
    """A backup with its keys, as the words that restore it."""
    words = [str(tmp_path / "node.zip"), "--keys", str(tmp_path / "node.keys")]
    told = json.loads(run(installed, "backup", *words, "--json", phrase=PHRASE).stdout)
    assert (told["rows"]["participants"], told["store"]) == (1, "sqlite")
    return words


def test_a_node_comes_back_with_its_settings_on_a_bare_machine(backup: list[str], tmp_path: Path) -> None:
    config = tmp_path / "new" / "node.toml"
    config.parent.mkdir()
    words = ["restore", *backup, "--data-dir", str(tmp_path / "new/data"), "--json"]
    told = json.loads(run(config, *words, phrase=PHRASE).stdout)
    assert (told["restore"], told["waiting"], told["owners_without_key"]) == (1, 0, [])
    assert (
        stat.S_IMODE(config.stat().st_mode) == stat.S_IMODE((tmp_path / "new/data/admin.key").stat().st_mode) == 0o600
    )
    assert "Brume" in config.read_text("utf-8")
    again = run(config, "restore", *backup, code=exits.PROBLEM, phrase=PHRASE)
    assert "only into an empty folder" in again.stderr


def test_a_check_writes_nothing_and_says_what_is_wrong(backup: list[str], tmp_path: Path) -> None:
    config = tmp_path / "none.toml"
    before = sorted(os.listdir(tmp_path))
    assert "Everything is intact" in run(config, "restore", "--check", *backup, phrase=PHRASE).stdout
    wrong = run(config, "restore", "--check", *backup, code=exits.PROBLEM, phrase="une autre phrase de passe")
    assert "wrong passphrase" in wrong.stderr
    Path(backup[0]).write_bytes(Path(backup[0]).read_bytes()[:-30])
    assert "damaged" in run(config, "restore", "--check", backup[0], code=exits.PROBLEM).stderr
    assert sorted(os.listdir(tmp_path)) == before


def test_the_passphrase_is_never_an_argument_and_never_shown(installed: Path, tmp_path: Path) -> None:
    words = ["backup", str(tmp_path / "x.zip"), "--keys", str(tmp_path / "x.keys")]
    assert "--passphrase-file" in run(installed, *words, code=exits.USAGE).stderr
    (tmp_path / "phrase").write_text(f"{PHRASE}\n", "utf-8")
    shown = run(installed, *words, "--passphrase-file", str(tmp_path / "phrase"))
    assert PHRASE not in shown.output
    short = run(
        installed, "backup", str(tmp_path / "y.zip"), "--keys", str(tmp_path / "y.keys"), code=1, phrase="court"
    )
    assert "too short" in short.stderr


def test_what_opens_the_seal_keys_is_asked_for_on_both_ways(installed: Path, tmp_path: Path) -> None:
    words = [str(tmp_path / "node.zip"), "--keys", str(tmp_path / "node.keys")]
    made = run(installed, "backup", *words, phrase=PHRASE).stdout
    assert "seal.key" in made
    assert "Agreements 0" in made
    config, data = tmp_path / "new" / "node.toml", tmp_path / "new" / "data"
    config.parent.mkdir()
    said = run(config, "restore", *words, "--data-dir", str(data), phrase=PHRASE).stderr
    assert f"put {data / 'seal.key'} back" in said


def test_a_passphrase_file_that_is_no_utf8_is_named(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "phrase").write_bytes("une phrase de passe née ailleurs".encode("latin-1"))
    words = ["backup", str(tmp_path / "x.zip"), "--keys", str(tmp_path / "x.keys")]
    said = run(installed, *words, "--passphrase-file", str(tmp_path / "phrase"), code=exits.PROBLEM)
    assert "UTF-8" in said.stderr
    assert not (tmp_path / "x.zip").exists()


def test_a_backup_without_keys_says_so(installed: Path, tmp_path: Path) -> None:
    assert "The keys are not in it" in run(installed, "backup", str(tmp_path / "x.zip")).stdout


def test_flags_about_a_place_are_refused_when_settings_say_it(installed: Path, backup: list[str]) -> None:
    words = ["restore", *backup, "--data-dir", "elsewhere"]
    assert "exists" in run(installed, *words, code=exits.USAGE, phrase=PHRASE).stderr


def test_migrations_are_rehearsed_and_done(installed: Path) -> None:
    for flags in (["--dry-run"], []):
        told: Any = json.loads(run(installed, "migrate", *flags, "--json").stdout)
        assert (told["steps"], told["done"]) == ([], not flags)
        assert told["from"] == told["to"] > 0
        assert "Nothing to do" in run(installed, "migrate", *flags).stdout


def test_without_a_database_there_is_nothing_to_save_or_migrate(tmp_path: Path) -> None:
    config = tmp_path / "node.toml"
    config.write_text(f'data_dir = "{tmp_path}/none"\n')
    for words in (["backup", str(tmp_path / "x.zip")], ["migrate"], ["migrate", "--dry-run"]):
        assert "no database" in run(config, *words, code=exits.PROBLEM).stderr
    assert sorted(os.listdir(tmp_path)) == ["node.toml"]


def test_a_node_that_was_never_restored_has_nothing_to_report(tmp_path: Path) -> None:
    with in_thread(tmp_path / "node") as running:
        with Client(running.url, running.key) as client:
            assert client.list_reconciliations() == {"restore": None, "items": [], "next_cursor": None}
        words = ["--url", running.url, "--key", running.key, "--lang", "fr", "restore-report"]
        assert "jamais été restauré" in CliRunner().invoke(cli, words).stdout
