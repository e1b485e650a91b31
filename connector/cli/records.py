"""`pupitre jobs`: what the node has before it."""

import click

from connector.cli import show
from connector.cli.frame import Session, command, group, option
from connector.sdk import calls


def add_to(cli: click.Group) -> None:
    """Add the commands."""
    _add_job_commands(group(cli, "jobs", "Les tâches du nœud.", "The node's jobs."))


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
