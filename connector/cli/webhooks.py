"""`pupitre webhooks`: events sent to the house's own programs."""

from collections.abc import Callable
from typing import Any

import click

from connector.cli import exits, show
from connector.cli.frame import Session, command, group, option
from connector.sdk import calls


def add_to(cli: click.Group) -> None:
    """Add the commands."""
    webhooks = group(
        cli, "webhooks", "Les événements envoyés à vos programmes.", "Events that are sent to your own programs."
    )
    _add_reading_commands(webhooks)
    _add_changing_commands(webhooks)
    _add_trying_commands(webhooks)


def _kinds(function: Any) -> Any:
    return option("--kind", "kinds", multiple=True, fr="De cette sorte (toutes).", en="Of this kind (all).")(function)


def _after(function: Any) -> Any:
    return option("--after", type=click.IntRange(0), fr="Après ce numéro.", en="After this number.")(function)


def _add_reading_commands(webhooks: click.Group) -> None:
    @command(webhooks, "list", "Liste les envois d’événements.", "List webhooks.")
    @option("--stopped", is_flag=True, fr="Seulement ceux arrêtés.", en="Only those stopped.")
    def list_(session: Session, stopped: bool) -> None:
        found = list(session.client.each(calls.list_webhooks(status="stopped" if stopped else None)))
        rows = ((one["id"], one["url"], _status(session, one), str(one["after"]), str(one["waiting"])) for one in found)
        session.out(found, lambda: show.table(session, ("id", "url", "status", "last_n", "ahead"), rows))

    @command(webhooks, "show", "Montre où en est un envoi, et ce qui le retient.", "Show how far one is, and why.")
    @click.argument("webhook", metavar="WEBHOOK")
    def show_(session: Session, webhook: str) -> None:
        _show(session, session.client.show_webhook(webhook))


def _add_changing_commands(webhooks: click.Group) -> None:
    @command(
        webhooks,
        "create",
        "Envoie les événements à une adresse ; le secret n’est montré qu’une fois.",
        "Send events to an address; the secret is shown once.",
    )
    @click.argument("url")
    @_kinds
    @_after
    def create(session: Session, url: str, kinds: tuple[str, ...], after: int | None) -> None:
        _tell_secret(session, session.client.create_webhook(url, kinds, after=after))

    @command(webhooks, "change", "Change l’adresse, les sortes ou la position.", "Change address, kinds or place.")
    @click.argument("webhook", metavar="WEBHOOK")
    @option("--url", fr="Nouvelle adresse.", en="New address.")
    @_kinds
    @option("--every-kind", is_flag=True, fr="De toutes les sortes.", en="Of every kind.")
    @_after
    def change(
        session: Session, webhook: str, url: str | None, kinds: tuple[str, ...], every_kind: bool, after: int | None
    ) -> None:
        present = session.client.show_webhook(webhook)
        wanted = () if every_kind else kinds or tuple(present["kinds"])
        changed = calls.change_webhook(webhook, url or present["url"], wanted, after=after)
        _show(session, session.client.send(changed.at(present["version"])))

    @command(
        webhooks,
        "rotate",
        "Donne un nouveau secret ; l’ancien signe encore un temps.",
        "Give a new secret; the old one goes on signing for a while.",
    )
    @click.argument("webhook", metavar="WEBHOOK")
    @option("--overlap", type=click.IntRange(0, 720), default=24, fr="Heures de recouvrement (24).", en="Hours (24).")
    def rotate(session: Session, webhook: str, overlap: int) -> None:
        _tell_secret(session, session.client.rotate_webhook(webhook, overlap_hours=overlap))

    @command(webhooks, "delete", "Supprime un envoi.", "Delete a webhook.")
    @click.argument("webhook", metavar="WEBHOOK")
    def delete(session: Session, webhook: str) -> None:
        session.client.delete_webhook(webhook)
        session.out({"id": webhook}, lambda: click.echo(session.say(f"Supprimé : {webhook}", f"Deleted: {webhook}")))


def _add_trying_commands(webhooks: click.Group) -> None:
    @command(webhooks, "retry", "Relance un envoi, là où il s’est arrêté.", "Go on where one stopped.")
    @click.argument("webhook", metavar="WEBHOOK")
    def retry(session: Session, webhook: str) -> None:
        _show(session, session.client.retry_webhook(webhook))

    @command(webhooks, "test", "Envoie un essai et dit ce qui est répondu.", "Send a test and say what is answered.")
    @click.argument("webhook", metavar="WEBHOOK")
    def test(session: Session, webhook: str) -> None:
        found = session.client.test_webhook(webhook)
        session.out(found, _saying(session, found))
        if not found["is_taken"]:
            raise SystemExit(exits.PROBLEM)


def _saying(session: Session, found: Any) -> Callable[[], None]:
    answered = f"HTTP {found['status']} ({found['milliseconds']:.0f} ms)" if found["status"] else ""
    taken = session.say("Accepté.", "Taken.")
    return lambda: click.echo(f"{answered} {taken if found['is_taken'] else _problem(found)}".strip())


def _tell_secret(session: Session, made: Any) -> None:
    """Print the secret alone on standard output, for scripts; which webhook it is of on standard error."""
    session.out(made, lambda: click.echo(made["secret"]))
    if not session.is_json:
        until = show.instant(made["overlap_until"])
        also = (
            session.say(f" · l’ancien signe jusqu’au {until}", f" · the old one signs until {until}") if until else ""
        )
        click.echo(f"{made['id']} · {made['url']}{also}", err=True)


def _show(session: Session, found: Any) -> None:
    gap = found["gap"]
    rows = [
        ("id", found["id"]),
        ("url", found["url"]),
        ("kinds", ", ".join(found["kinds"]) or session.say("toutes", "all")),
        ("status", _status(session, found)),
        ("last_n", str(found["after"])),
        ("ahead", str(found["waiting"])),
        ("delivered_at", show.instant(found["delivered_at"])),
        ("failing_since", show.instant(found["failing_since"])),
        ("attempts", str(found["failures"] or "")),
        ("next_attempt_at", show.instant(found["retry_at"])),
        ("problem", _problem(found)),
        ("gap", f"{gap['after']} … {gap['before']}" if gap else ""),
    ]
    session.out(found, lambda: show.sheet(session, rows))


def _status(session: Session, webhook: Any) -> str:
    return show.value(session, f"webhook-{webhook['status']}")


def _problem(found: Any) -> str:
    problem = found["problem"]
    return f"{problem['reason']} {problem['remedy']}" if problem else ""
