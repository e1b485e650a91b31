"""The pages on saving, moving and upgrading work: their commands are run in order on a real node."""

from pathlib import Path

import pytest

from tests.docs.test_tutorial import END_OF_STEP, Step, missing, run, steps
from tests.tools.ports import free_port
from tests.tools.postgres import Postgres

HOW_TO = Path(__file__).parents[2] / "connector/docs/how-to"
READY = "until pupitre --config {config} status >/dev/null 2>&1; do sleep 0.2; done"
PASSPHRASE = "echo 'une phrase de passe bien longue' > phrase.txt"
STOP = "kill $NODE; wait $NODE || true"

pytestmark = pytest.mark.slow


def init() -> str:
    public, private = free_port(), free_port()
    where = f"--public-url http://127.0.0.1:{public} --private-port {private} --data-dir donnees --yes"
    return f"pupitre init --name 'Ville de Brume' {where} >/dev/null"


def start(config: str) -> str:
    return f"pupitre --config {config} serve 2>>serve.log & NODE=$!; {READY.format(config=config)}"


def page_steps(page: str, containing: str = "pupitre") -> list[Step]:
    return [step for step in steps((HOW_TO / page).read_text("utf-8")) if containing in step.commands]


def play(folder: Path, before: str, page: list[Step], after: str) -> None:
    """Run a page's steps, and compare what each prints with what the page says."""
    status, printed, complained = run([before, *(step.commands for step in page), after], folder)
    outputs = printed.split(END_OF_STEP + "\n")
    assert status == 0, f"{outputs[-1]}\n{complained}"
    for step, output in zip(page, outputs[1:], strict=False):
        line = missing(step.expected, output)
        assert line is None, f"{step.commands}\nprinted\n{output}\nwithout\n{line}"


def test_saving_and_restoring(tmp_path: Path) -> None:
    page = page_steps("keys-and-backup.md")
    assert [step.commands.split()[1] for step in page] == ["backup", "restore", "--config", "--config"]
    page[2].commands = f"{STOP}\nmkdir restaure\n{page[2].commands}"
    page[3].commands = f"{start('restaure/node.toml')}\n{page[3].commands}"
    play(tmp_path, f"{init()}\n{PASSPHRASE}\n{start('node.toml')}", page, STOP)


def test_upgrading(tmp_path: Path) -> None:
    page = page_steps("upgrade.md")
    assert len(page) == 2
    page[1].commands = f"{STOP}\n{page[1].commands}"
    play(tmp_path, f"{init()}\n{start('node.toml')}", page, "true")


@pytest.mark.postgres
def test_moving_to_postgresql(tmp_path: Path, postgres: Postgres) -> None:
    with postgres.fresh_database() as url:
        page = page_steps("postgresql.md", containing="transport.zip")
        assert len(page) == 1
        page[0].commands = page[0].commands.replace("postgresql://pupitre:secret@127.0.0.1/pupitre", url)
        play(tmp_path, f"{init()}\n{PASSPHRASE}", page, f"{start('nouveau.toml')}\n{STOP}")
