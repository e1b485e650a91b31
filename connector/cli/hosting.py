"""`pupitre participant` and `pupitre keys`: whom the node hosts, who may use its API, and what it seals with."""

from typing import Any

import click

from connector import words
from connector.cli import presentation, seal_keys, show
from connector.cli.frame import Session, command, group, option
from connector.sdk import calls

Role = click.Choice(["operator", "steward", "developer", "auditor", "administration"])


def add_to(cli: click.Group) -> None:
    """Add the commands."""
    participants = group(cli, "participant", "Les organismes hébergés.", "Hosted participants.")
    keys = group(cli, "keys", "Les clés de l’API, et celles qui scellent.", "API keys, and those that seal.")
    _add_participant_commands(participants)
    presentation.add_to(participants)
    _add_key_commands(keys)
    seal_keys.add_to(keys)


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
        "issue",
        "Crée une clé d’un rôle ; son secret n’est montré qu’une fois.",
        "Make a key with a role; its secret is shown once.",
    )
    @click.argument("label")
    @option("--role", type=Role, required=True, fr="Ce qu’elle permet.", en="What it may do.")
    @option("--for", "owner", metavar="SHORT_NAME", fr="Pour cet organisme.", en="For this participant.")
    @option("--days", type=click.IntRange(1, 366), fr="Durée en jours (365).", en="How long, in days (365).")
    @option("--function", fr="Fonction à dire dans les cachets, sans nom.", en="Function for seals to say, no name.")
    def issue(session: Session, label: str, role: str, owner: str | None, **how: Any) -> None:
        session.owner = owner or session.owner
        _tell_secret(session, session.client.issue_key(label, role, **how))

    @command(keys, "list", "Liste les clés.", "List keys.")
    @option("--for", "owner", metavar="SHORT_NAME", fr="De cet organisme.", en="Of this participant.")
    def list_(session: Session, owner: str | None) -> None:
        session.owner = owner or session.owner
        found = list(session.client.each(calls.list_keys()))
        rows = (
            (one["id"], one["label"], one["owner"] or "—", *_as_whom(session, one), _standing(session, one))
            for one in found
        )
        columns = ("id", "label", "owner", "key_role", "function", "status")
        session.out(found, lambda: show.table(session, columns, rows))

    @command(
        keys,
        "rotate",
        "Remplace une clé ; l’ancienne reste valable un temps.",
        "Replace a key; the old one stays valid for a while.",
    )
    @click.argument("key_id", metavar="KEY")
    @option("--overlap", type=click.IntRange(0, 720), default=24, fr="Heures de recouvrement (24).", en="Hours (24).")
    @option("--role", type=Role, fr="Rôle de la nouvelle, s’il change.", en="Role of the new one, if it changes.")
    @option("--for", "owner", metavar="SHORT_NAME", fr="De cet organisme.", en="Of this participant.")
    @option("--days", type=click.IntRange(1, 366), fr="Durée en jours (365).", en="How long, in days (365).")
    @option("--function", fr="Fonction, si elle change.", en="Function, if it changes.")
    def rotate(session: Session, key_id: str, overlap: int, role: str | None, owner: str | None, **how: Any) -> None:
        session.owner = owner or session.owner
        _tell_secret(session, session.client.rotate_key(key_id, overlap_hours=overlap, role=role, **how))

    @command(keys, "revoke", "Révoque une clé, aussitôt et pour toujours.", "Revoke a key, at once and for good.")
    @click.argument("key_id", metavar="KEY")
    @option("--for", "owner", metavar="SHORT_NAME", fr="De cet organisme.", en="Of this participant.")
    def revoke(session: Session, key_id: str, owner: str | None) -> None:
        session.owner = owner or session.owner
        session.client.revoke_key(key_id)
        session.out({"id": key_id}, lambda: click.echo(session.say(f"Révoquée : {key_id}", f"Revoked: {key_id}")))


def _tell_secret(session: Session, made: Any) -> None:
    """Print the secret alone on standard output, for scripts; until when it is valid on standard error."""
    session.out(made, lambda: click.echo(made["secret"]))
    if not session.is_json:
        told = (made["id"], *filter(None, _as_whom(session, made)), _standing(session, made))
        click.echo(" · ".join(told), err=True)


def _list_participants(session: Session, found: list[Any]) -> None:
    rows = ((one["owner"], one["name"], one["did"]) for one in found)
    show.table(session, ("owner", "name", "did"), rows)


def _as_whom(session: Session, key: Any) -> tuple[str, str]:
    """Return the role and the function of a key, as people say them."""
    return words.say(words.KEY_ROLES, key["role"], session.language), key["function"] or ""


def _standing(session: Session, key: Any) -> str:
    at = show.instant(key["revoked_at"] or key["expires_at"])
    match key["status"]:
        case "revoked":
            return session.say(f"révoquée le {at}", f"revoked {at}")
        case "expired":
            return session.say(f"expirée le {at}", f"expired {at}")
        case "replaced":
            return session.say(f"remplacée, valable jusqu’au {at}", f"replaced, valid until {at}")
        case _ if at:
            return session.say(f"valable jusqu’au {at}", f"valid until {at}")
        case _:
            return session.say("valable", "valid")
