"""The command line reaches every action of the API, and says in two languages what each command does."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from connector.cli import exits
from connector.cli.frame import Command, Group, Option
from connector.cli.root import cli
from tests.tools import reference

ROOM = Path(exits.__file__).parent


def _commands(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        yield (*words, name), command
        if isinstance(command, click.Group):
            yield from _commands(command, (*words, name))


COMMANDS = dict(_commands(cli))
IDS = [" ".join(words) for words in COMMANDS]


def test_every_action_of_the_api_is_reached() -> None:
    called = set()
    for path in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                called.add(node.func.attr)
    actions = {operation["operationId"] for _, _, operation in reference.operations()}
    assert actions - called == set()


@pytest.mark.parametrize("words", COMMANDS, ids=IDS)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_command_says_what_it_does_in_both_languages(words: tuple[str, ...], language: str) -> None:
    command: Any = COMMANDS[words]
    shown = CliRunner().invoke(cli, ["--lang", language, *words, "--help"])
    assert shown.exit_code == 0
    assert isinstance(command, Command | Group)
    first = command.texts[language].split()[:2]
    assert " ".join(first) in " ".join(shown.output.split())
    for option in command.params:
        if isinstance(option, Option):
            assert option.texts[language].split()[0] in shown.output


@pytest.mark.parametrize("words", COMMANDS, ids=IDS)
def test_every_command_but_serve_may_be_asked_for_json(words: tuple[str, ...]) -> None:
    command = COMMANDS[words]
    if not isinstance(command, click.Group):
        assert any("--json" in one.opts for one in command.params) == (words != ("serve",))


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "C.UTF-8"}, "fr"),
        ({}, "fr"),
    ],
)
def test_the_language_is_that_of_the_locale(environment: dict[str, str], language: str) -> None:
    names = dict.fromkeys(("LC_ALL", "LC_MESSAGES", "LANG"))
    shown = CliRunner().invoke(cli, ["--help"], env={**names, **environment})
    assert ("Nos partenaires" in shown.output) == (language == "fr")
    assert ("Our partners" in shown.output) == (language == "en")


def test_every_exit_code_is_explained_in_both_languages() -> None:
    codes = {value for name, value in vars(exits).items() if name.isupper() and isinstance(value, int)}
    assert set(exits.MEANINGS["fr"]) == set(exits.MEANINGS["en"]) == codes
