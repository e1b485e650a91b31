"""`pupitre events`: what happened, once or as it comes."""

import json
from typing import Any

import click

from connector.cli import show
from connector.cli.frame import Session, command, group, option

BEYOND = 2**53
"""A number that no event has: the node then answers with the latest one."""


def add_to(cli: click.Group) -> None:
    """Add the commands."""
    events = group(cli, "events", "Ce qui se passe, dans l’ordre.", "What happens, in order.")

    @command(events, "list", "Liste ce qui s’est passé.", "List what happened.")
    @option("--after", type=click.IntRange(0), default=0, fr="Après ce numéro.", en="After this number.")
    @option("--kind", "kinds", multiple=True, fr="Seulement de cette sorte.", en="Only of this kind.")
    @option("--limit", type=click.IntRange(1, 500), default=50, fr="Nombre (50).", en="How many (50).")
    @option("--wait", type=click.FloatRange(0, 30), fr="Attend au plus ces secondes.", en="Wait at most these seconds.")
    def list_(session: Session, **which: Any) -> None:
        found = session.client.read_events(**which)
        columns = ("n", "at", "kind", "key", "entry")
        session.out(found, lambda: show.table(session, columns, map(_row, found["items"])))

    @command(events, "follow", "Montre ce qui se passe, jusqu’à Ctrl-C.", "Show what happens, until Ctrl-C.")
    @option("--after", type=click.IntRange(0), fr="Après ce numéro ; sinon dès maintenant.", en="After this number.")
    @option("--kind", "kinds", multiple=True, fr="Seulement de cette sorte.", en="Only of this kind.")
    @option("--count", type=click.IntRange(1), fr="S’arrête après ce nombre.", en="Stop after so many.")
    def follow(session: Session, after: int | None, kinds: tuple[str, ...], count: int | None) -> None:
        start = session.client.read_events(after=BEYOND, limit=1)["after"] if after is None else after
        for seen, event in enumerate(session.client.stream_events(after=start, kinds=kinds), 1):
            click.echo(json.dumps(event, ensure_ascii=False) if session.is_json else "  ".join(_row(event)))
            if seen == count:
                return


def _row(event: Any) -> tuple[str, ...]:
    told = ", ".join(f"{name} {value}" for name, value in event["told"].items() if value is not None)
    return (str(event["n"]), show.instant(event["at"]), event["kind"], event["subject"], told)
