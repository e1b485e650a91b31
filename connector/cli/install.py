"""`pupitre init`: a node that is ready to start, after at most five questions.

It writes `node.toml` (0600: it may hold the database's password), makes the database and the first participant with its
key pair, and puts the first administration key of the API into `admin.key` (0600) in the data folder, where the command
line finds it. What opens the seal key is taken from the environment, where a passphrase belongs: the node will be
started with it. It never overwrites anything; without a terminal it asks nothing.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from connector.cli import exits, files
from connector.cli.frame import KEY_FILE, Session, command, option

LOOPBACK = ["127.0.0.0/8", "::1/128"]
YES = frozenset({"o", "oui", "y", "yes"})
SEALING = ("PUPITRE_SEAL_PASSPHRASE", "PUPITRE_SEAL_KEY_FILE", "PUPITRE_SEAL_DAYS")
"""What the first seal key is made with where the environment has it: the node will be started with the same."""
DEFAULT_URL = "http://127.0.0.1:8282"


def install(cli: click.Group) -> None:
    """Add the command `init`."""

    @command(
        cli,
        "init",
        "Prépare un nœud : configuration, base, identité, première clé.",
        "Prepare a node: settings, database, identity, first key.",
    )
    @option("--name", fr="Nom de l’organisme.", en="Name of the organisation.")
    @option("--public-url", fr="Adresse que verront les partenaires.", en="Address that partners will see.")
    @option("--data-dir", type=click.Path(path_type=Path), fr="Dossier des données.", en="Folder of the data.")
    @option("--database-url", fr="PostgreSQL ; vide : base intégrée.", en="PostgreSQL; empty: embedded.")
    @option("--source-dir", "source_dirs", multiple=True, fr="Dossier à publier.", en="Folder to publish from.")
    @option("--public-host", fr="Interface publique.", en="Public interface.")
    @option("--public-port", type=click.IntRange(1, 65535), fr="Port public.", en="Public port.")
    @option("--private-port", type=click.IntRange(1, 65535), fr="Port privé.", en="Private port.")
    @option("--yes", is_flag=True, fr="Ne pose aucune question.", en="Ask nothing.")
    def init(session: Session, yes: bool, **flags: Any) -> None:
        path = session.config_path
        if path.exists():
            session.fail(session.say(f"{path} existe déjà.", f"{path} is there already."), exits.PROBLEM)
        answers = _answers(session, flags, is_asking=not yes and has_terminal())
        _install(session, path, _settings(answers, session.language))


def has_terminal() -> bool:
    """True when somebody is there to answer."""
    return sys.stdin.isatty()


def says_yes(question: str) -> bool:
    """Ask, on standard error; True when the answer is yes, in either language."""
    return click.prompt(question, default="", show_default=False, err=True).strip().lower() in YES


def _answers(session: Session, flags: dict[str, Any], *, is_asking: bool) -> dict[str, Any]:
    """Return the flags, with answers for what they leave open."""
    questions = {
        "name": (session.say("Nom de l’organisme", "Name of the organisation"), ""),
        "public_url": (session.say("Adresse que verront les partenaires", "Address that partners see"), DEFAULT_URL),
        "data_dir": (session.say("Dossier des données", "Folder of the data"), "pupitre-data"),
        "database_url": (session.say("PostgreSQL (vide : base intégrée)", "PostgreSQL (empty: embedded)"), ""),
    }
    answers = dict(flags)
    for name, (question, default) in questions.items():
        if answers[name] is None:
            answers[name] = click.prompt(question, default=default, err=True) if is_asking else default
    return answers


def _settings(answers: dict[str, Any], language: str) -> dict[str, Any]:
    """Return what node.toml will say: only what differs from the defaults, or must be seen."""
    url = urlsplit(str(answers["public_url"]))
    settings: dict[str, Any] = {
        "participant_name": answers["name"] or url.hostname or "",
        "data_dir": str(Path(answers["data_dir"]).resolve()),
        "public_url": str(answers["public_url"]),
        "language": language,
    }
    if (url.hostname or "") in ("127.0.0.1", "::1", "localhost"):
        settings["allowed_networks"] = LOOPBACK
        settings["public_port"] = url.port or 80
    for name in ("public_host", "public_port", "private_port", "database_url"):
        if answers[name]:
            settings[name] = answers[name]
    if answers["source_dirs"]:
        settings["source_dirs"] = [str(Path(folder).resolve()) for folder in answers["source_dirs"]]
    return settings


def _install(session: Session, path: Path, settings: dict[str, Any]) -> None:
    from connector import app
    from connector.problems import Problem
    from connector.settings import load

    try:
        environ = {name: os.environ[name] for name in SEALING if name in os.environ}
        loaded = load(None, environ=environ, **settings)
        key_file = loaded.data_dir / KEY_FILE
        if key_file.exists():
            session.fail(session.say(f"{key_file} existe déjà.", f"{key_file} is there already."), exits.PROBLEM)
        loaded.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        secret = asyncio.run(app.initialise(loaded, name=settings["participant_name"]))
        write_secretly(key_file, secret + "\n")
        write_secretly(path, settings_file(settings))
    except Problem as problem:
        session.fail(f"{problem.say(session.language)} {problem.remedy[session.language]}".strip(), exits.PROBLEM)
    except OSError as error:
        session.fail(session.say(*files.undone(error)), exits.PROBLEM)
    made = {"config": str(path), "key_file": str(key_file), "public_url": loaded.base_url}
    session.out(made, lambda: _tell(session, path, key_file))


def _tell(session: Session, path: Path, key_file: Path) -> None:
    click.echo(session.say(f"Configuration : {path}", f"Settings: {path}"))
    click.echo(session.say(f"Clé d’administration : {key_file}", f"Administration key: {key_file}"))
    at = "" if path == Path("node.toml") else f" --config {path}"
    click.echo(session.say(f"Démarrer : pupitre{at} serve", f"To start: pupitre{at} serve"))
    fr, en = "Ensuite, dire qui vous êtes, pour sceller des conventions", "Then say who you are, to seal contracts"
    click.echo(session.say(f"{fr} : pupitre{at} participant card set", f"{en}: pupitre{at} participant card set"))


def settings_file(settings: dict[str, Any]) -> str:
    """Return what node.toml says."""
    return "".join(f"{name} = {_toml(value)}\n" for name, value in settings.items() if value is not None)


def write_secretly(path: Path, text: str) -> None:
    """Write a new file that only its owner may read. Raises FileExistsError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _toml(value: Any) -> str:
    """Return a value as TOML; its texts are written as JSON's, which TOML reads the same (TOML 1.0 §String)."""
    return json.dumps(value, ensure_ascii=False)
