"""`pupitre doctor` and `pupitre support-bundle`: what is wrong with this node, for its people and for who helps them.

They read the settings themselves and need no running node. Exit codes of `doctor`: 0 nothing to do, 1 warnings, 2
failures.
"""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli import exits, files
from connector.cli.frame import Session, command, option

if TYPE_CHECKING:
    from connector.doctor.examine import Report

_WORDS = {
    "ok": {"fr": "bon", "en": "ok"},
    "not-checked": {"fr": "non examiné", "en": "not checked"},
    "warning": {"fr": "attention", "en": "warning"},
    "failure": {"fr": "DÉFAUT", "en": "FAILURE"},
}
_COLOURS = {"ok": "green", "not-checked": None, "warning": "yellow", "failure": "red"}
_CLOSING = {
    0: {"fr": "Rien à faire.", "en": "Nothing to do."},
    1: {"fr": "Le nœud peut travailler ; lisez les avertissements.", "en": "The node can work; read the warnings."},
    2: {"fr": "Il y a des défauts à corriger.", "en": "There are failures to correct."},
}


def add_to(cli: click.Group) -> None:
    """Add the commands."""

    @command(
        cli,
        "doctor",
        "Examine le nœud : ce qui ne va pas, pourquoi, que faire (0 : rien, 1 : avertissements, 2 : défauts).",
        "Examine the node: what is wrong, why, what to do (0: nothing, 1: warnings, 2: failures).",
    )
    @option("--peer", metavar="DID", fr="Ce partenaire seulement.", en="This partner only.")
    def doctor(session: Session, peer: str | None) -> None:
        report = _examine(session, peer)
        session.out(report.as_json(), lambda: _tell(session, report))
        raise SystemExit(report.exit_code)

    @command(
        cli,
        "support-bundle",
        "Écrit un dossier de diagnostic (ZIP) sans secret, pour qui vous aide.",
        "Write a support bundle (ZIP) without secrets, for whoever helps you.",
    )
    @click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
    @option(
        "--log",
        "logs",
        multiple=True,
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        fr="Fichier de journal technique à joindre.",
        en="Log file to add.",
    )
    def support_bundle(session: Session, file: Path, logs: tuple[Path, ...]) -> None:
        from connector.doctor.bundle import write_bundle

        try:
            names = write_bundle(file, _examine(session, None), logs, os.environ)
        except OSError as error:
            session.fail(session.say(*files.undone(error)), exits.PROBLEM)
        said = session.say(f"Écrit : {file} ({len(names)} pièces).", f"Written: {file} ({len(names)} parts).")
        session.out({"file": str(file), "parts": names}, lambda: click.echo(said))


def _examine(session: Session, peer: str | None) -> "Report":
    from connector.clock import SystemClock
    from connector.doctor.case import Question
    from connector.doctor.examine import examine

    question = Question(config=session.config_path, environ=os.environ, clock=SystemClock(), peer=peer)
    return asyncio.run(examine(question))


def _tell(session: Session, report: "Report") -> None:
    from connector.doctor.checks import CHECKS

    language = session.language
    shown = report.findings if report.settings is not None else report.findings[:2]
    for check, finding in shown:
        word = click.style(f"[{_WORDS[finding.verdict][language]}]", fg=_COLOURS[finding.verdict])
        click.echo(f"{word} {CHECKS[check].TITLE[language]}. {finding.cause(language)} ({finding.diagnosis.code})")
        if remedy := finding.remedy(language):
            click.echo(f"    → {remedy}")
    click.echo(session.say("\nRéglages en vigueur :", "\nSettings in force:"))
    for name, value in report.shown_settings.items():
        click.echo(f"    {name} = {_shown(value)}")
    click.echo(f"\n{_CLOSING[report.exit_code][language]}")


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
