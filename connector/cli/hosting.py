"""`pupitre participant` and `pupitre key`: whom the node hosts, and who may use its API."""

from typing import Any

import click

from connector.cli import show
from connector.cli.frame import Session, command, group, option
from connector.sdk import calls


def add_to(cli: click.Group) -> None:
    """Add the commands."""
    participants = group(cli, "participant", "Les organismes hébergés.", "Hosted participants.")
    keys = group(cli, "key", "Les clés de l’API.", "API keys.")
    _add_participant_commands(participants)
    _add_key_commands(keys)


def _add_participant_commands(participants: click.Group) -> None:
    @command(participants, "add", "Héberge un organisme de plus.", "Host one more participant.")
    @click.argument("owner", metavar="SHORT_NAME")
    @click.argument("name")
    def add(session: Session, owner: str, name: str) -> None:
        found = session.client.add_participant(owner, name)
        session.out(found, lambda: _list_participants(session, [found]))

    @command(participants, "list", "Liste les organismes hébergés.", "List hosted participants.")
    def list_(session: Session) -> None:
        found = list(session.client.each(calls.list_participants()))
        session.out(found, lambda: _list_participants(session, found))


def _add_key_commands(keys: click.Group) -> None:
    @command(
        keys,
        "create",
        "Crée une clé ; son secret n’est montré qu’une fois.",
        "Make a key; its secret is shown once.",
    )
    @click.argument("label")
    @option("--for", "owner", metavar="SHORT_NAME", fr="Pour cet organisme seul.", en="For this participant only.")
    def create(session: Session, label: str, owner: str | None) -> None:
        session.owner = owner or session.owner
        found = session.client.create_key(label)
        session.out(found, lambda: click.echo(found["secret"]))

    @command(keys, "list", "Liste les clés.", "List keys.")
    @option("--for", "owner", metavar="SHORT_NAME", fr="De cet organisme.", en="Of this participant.")
    def list_(session: Session, owner: str | None) -> None:
        session.owner = owner or session.owner
        found = list(session.client.each(calls.list_keys()))
        rows = ((one["id"], one["label"], one["owner"] or "—", _standing(session, one)) for one in found)
        session.out(found, lambda: show.table(session, ("id", "label", "owner", "status"), rows))

    @command(keys, "revoke", "Révoque une clé, aussitôt et pour toujours.", "Revoke a key, at once and for good.")
    @click.argument("key_id", metavar="KEY")
    @option("--for", "owner", metavar="SHORT_NAME", fr="De cet organisme.", en="Of this participant.")
    def revoke(session: Session, key_id: str, owner: str | None) -> None:
        session.owner = owner or session.owner
        session.client.revoke_key(key_id)
        session.out({"id": key_id}, lambda: click.echo(session.say(f"Révoquée : {key_id}", f"Revoked: {key_id}")))


def _list_participants(session: Session, found: list[Any]) -> None:
    rows = ((one["owner"], one["name"], one["did"]) for one in found)
    show.table(session, ("owner", "name", "did"), rows)


def _standing(session: Session, key: Any) -> str:
    if key["revoked_at"]:
        at = show.instant(key["revoked_at"])
        return session.say(f"révoquée le {at}", f"revoked {at}")
    return session.say("valable", "valid")
