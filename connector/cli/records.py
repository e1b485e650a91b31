"""`pupitre journal` and `pupitre jobs`: what happened, and what the node has before it."""

import json
from typing import Any

import click

from connector.cli import exits, show
from connector.cli.frame import Session, command, group, option
from connector.sdk import calls


def add_to(cli: click.Group) -> None:
    """Add the commands."""
    _add_job_commands(group(cli, "jobs", "Les tâches du nœud.", "The node's jobs."))

    @command(
        cli,
        "journal",
        "Lit le journal d’un dossier, d’un jeu de données ou d’une offre.",
        "Read the journal of a process, a dataset or an offer.",
    )
    @click.argument("process")
    @option("--verify", is_flag=True, fr="Recalcule la chaîne.", en="Compute the chain again.")
    @option("--full", is_flag=True, fr="Avec le texte des messages.", en="With the text of the messages.")
    def journal(session: Session, process: str, verify: bool, full: bool) -> None:
        if verify:
            _verify(session, process)
            return
        found = list(session.client.each(calls.show_journal(process)))
        rows = (
            (
                str(one["n"]),
                show.instant(one["at"]),
                one["kind"],
                one["decided_by"]["text"] if one["decided_by"] else "",
                _told(session, one["entry"], full),
            )
            for one in found
        )
        session.out(found, lambda: show.table(session, ("n", "at", "kind", "decided_by", "entry"), rows))


def _add_job_commands(jobs: click.Group) -> None:
    @command(jobs, "list", "Liste les tâches.", "List jobs.")
    @option("--dead", is_flag=True, fr="Seulement celles abandonnées.", en="Only those given up.")
    @option("--kind", fr="Seulement de cette sorte.", en="Only of this kind.")
    def list_(session: Session, dead: bool, kind: str | None) -> None:
        found = list(session.client.each(calls.list_jobs(status="dead" if dead else None, kind=kind)))
        rows = (
            (
                one["kind"],
                one["key"],
                show.value(session, one["status"]),
                show.instant(one["run_at"]),
                str(one["attempts"]),
                one["problem"] or "",
            )
            for one in found
        )
        session.out(found, lambda: show.table(session, ("kind", "key", "status", "due", "attempts", "problem"), rows))

    @command(jobs, "retry", "Relance une tâche abandonnée.", "Retry a job that was given up.")
    @click.argument("kind")
    @click.argument("key")
    def retry(session: Session, kind: str, key: str) -> None:
        session.client.retry_job(kind, key)
        done = {"kind": kind, "key": key}
        session.out(done, lambda: click.echo(session.say(f"Relancée : {kind} {key}", f"Tried again: {kind} {key}")))


LONGEST = 120
"""How much of a text is shown in a table; `--full` shows it whole."""
_APART = ("body", "policy", "document", "decided_by")
"""Members of an entry that are long, or told in a column of their own."""


def _verify(session: Session, process: str) -> None:
    found = session.client.verify_journal(process)
    intact = session.say(f"Intact : {found['entries']} entrées.", f"Intact: {found['entries']} entries.")
    session.out(found, lambda: click.echo(intact if found["is_intact"] else found["detail"]))
    if not found["is_intact"]:
        raise SystemExit(exits.PROBLEM)


def _told(session: Session, entry: Any, full: bool) -> str:
    if full:
        return json.dumps(entry, ensure_ascii=False)
    said = {name: value for name, value in entry.items() if name not in _APART}
    if "message" in said:
        said["message"] = show.message(session, str(said["message"]))
    if "explained" in said:
        said["explained"] = " ".join(said["explained"].get(session.language, ()))
    return ", ".join(_shortened(str(value)) for value in said.values() if value is not None)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
