"""`pupitre inbox`: organisations that nobody here knows and that asked for something."""

from typing import Any

import click

from connector.cli import show
from connector.cli.frame import Session, command, group, option
from connector.cli.partners import show_peer
from connector.cli.presentation import card_rows
from connector.sdk import calls


def add_to(cli: click.Group) -> None:
    """Add the commands."""
    inbox = group(
        cli, "inbox", "Les organismes inconnus qui ont frappé à la porte.", "Unknown organisations that knocked."
    )

    @command(inbox, "list", "Liste ceux qui attendent une décision.", "List those that wait for a decision.")
    @option("--all", "is_all", is_flag=True, fr="Aussi ceux déjà admis ou refusés.", en="Those decided, too.")
    def list_(session: Session, is_all: bool) -> None:
        found = list(session.client.each(calls.list_inbox(status=None if is_all else "waiting")))
        rows = (
            (one["did"], show.instant(one["first_at"]), str(one["knocks"]), one["about"], _standing(session, one))
            for one in found
        )
        session.out(found, lambda: show.table(session, ("did", "first_at", "knocks", "about", "status"), rows))

    @command(
        inbox,
        "show",
        "Montre un organisme : ce qu’il demande, sa clé, et la fiche qu’il présente.",
        "Show an organisation: what it asks, its key, and the card that it presents.",
    )
    @click.argument("did")
    def show_(session: Session, did: str) -> None:
        found = session.client.show_newcomer(did)
        session.out(found, lambda: _show_newcomer(session, found))

    @command(
        inbox, "admit", "Admet un organisme : il devient un partenaire.", "Admit an organisation: it is a partner."
    )
    @click.argument("did")
    @option("--name", default="", fr="Comment nous l’appelons.", en="How we call it.")
    @option("--fingerprint", fr="L’empreinte dite par l’organisme.", en="As the organisation told it.")
    def admit(session: Session, did: str, name: str, fingerprint: str | None) -> None:
        found = session.client.admit_newcomer(did, name, fingerprint=fingerprint)
        session.out(found, lambda: show_peer(session, found))

    @command(
        inbox, "refuse", "Refuse un organisme : il est bloqué, et le lit.", "Refuse an organisation: it is blocked."
    )
    @click.argument("did")
    @option("--reason", default="", fr="Motif, pour le journal.", en="Why, for the journal.")
    def refuse(session: Session, did: str, reason: str) -> None:
        found = session.client.refuse_newcomer(did, reason)
        session.out(found, lambda: click.echo(session.say(f"Refusé : {did}", f"Refused: {did}")))


def _standing(session: Session, newcomer: Any) -> str:
    return show.value(session, f"inbox-{newcomer['status']}")


def _show_newcomer(session: Session, found: Any) -> None:
    is_same = found["fingerprint"] in found["shown_keys"]
    gone = session.say(" (elle n’est plus montrée)", " (it is no longer shown)")
    show.sheet(
        session,
        [
            ("did", found["did"]),
            ("status", _standing(session, found)),
            ("reason", found["reason"]),
            ("first_at", show.instant(found["first_at"])),
            ("last_at", show.instant(found["last_at"])),
            ("knocks", str(found["knocks"])),
            ("message", found["message"]),
            ("about", found["about"]),
            ("fingerprint", found["fingerprint"] + ("" if is_same or not found["shown_keys"] else gone)),
            ("problem", found["problem"]),
            *card_rows(found["card"]),
        ],
    )
    if found["status"] == "waiting" and not session.is_json:
        fr = "Personne ici n’a vérifié cette fiche : appelez l’organisme à un numéro que vous connaissez déjà."
        en = "Nobody here has checked this: call the organisation at a number that you know already."
        click.echo(session.say(fr, en))
