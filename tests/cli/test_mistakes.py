"""What the command line says to somebody who wrote a command wrongly: in that person's language, with what to do."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from connector.cli.root import cli

WRITTEN: list[tuple[list[str], str, str]] = [
    (["keys", "import-certificate"], "il manque FILE.", "Missing argument 'FILE'."),
    (["contract", "terminate", "x", "--reason", "y"], "il manque --said-by.", "Missing option '--said-by'."),
    (
        ["contract", "list", "--status", "foo"],
        "--status : « foo » n’en est pas ; choisissez parmi 'sealing'",
        "'foo' is not",
    ),
    (
        ["keys", "rotate-seal", "--overlap-days", "9999"],
        "--overlap-days : 9999 n’est pas dans les limites",
        "not in the",
    ),
    (
        ["keys", "rotate-seal", "--overlap-days", "x"],
        "--overlap-days : « x » n’est pas un nombre.",
        "'x' is not a valid",
    ),
    (["keys", "import-certificate", "."], "FILE : . est un dossier ; un fichier est attendu.", "is a directory"),
    (
        ["keys", "revoke-seal", "k", "--reason", "r", "--since", "hier"],
        "--since : « hier » n’est pas une date",
        "is no date",
    ),
    (["contract", "shwo"], "la commande « shwo » n’existe pas.", "No such command 'shwo'."),
    (["contract", "show"], "il manque CONTRACT.", "Missing argument 'CONTRACT'."),
    (["contract", "show", "a", "b"], "un mot de trop : b", "Got unexpected extra argument (b)"),
    (["contract", "show", "--pfd"], "l’option --pfd n’existe pas.", "No such option"),
    (["contract", "export", "x", "--to"], "l’option --to attend une valeur.", "requires an argument"),
]


@pytest.mark.parametrize(("words", "french", "english"), WRITTEN, ids=[" ".join(one[0]) for one in WRITTEN])
def test_a_mistake_is_told_in_the_language_that_was_asked_for(
    words: list[str], french: str, english: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = {language: CliRunner().invoke(cli, ["--lang", language, *words]) for language in ("fr", "en")}
    assert {one.exit_code for one in told.values()} == {2}
    assert f"Erreur : {french}" in told["fr"].stderr
    assert "Usage : pupitre" in told["fr"].stderr
    assert "Aide : pupitre" in told["fr"].stderr
    assert english in told["en"].stderr
    assert "Error: " in told["en"].stderr
    assert "Error" not in told["fr"].stderr


def test_what_succeeds_and_what_a_command_refuses_have_their_own_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(cli, ["--help"]).exit_code == 0
    assert CliRunner().invoke(cli, ["status"]).exit_code == 3
