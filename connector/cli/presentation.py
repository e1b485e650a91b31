"""`pupitre participant card`: what an organisation says of itself to its partners."""

from collections.abc import Iterator
from typing import Any

import click

from connector.cli import show
from connector.cli.frame import Session, command, group, option

CARD_MEMBERS = (
    "legal_name",
    "siren",
    "siret",
    "representative_function",
    "mandate",
    "contact_role",
    "contact_email",
    "contact_telephone",
    "version",
    "issued_at",
)


def add_to(participants: click.Group) -> None:
    """Add the commands below `participant`."""
    cards = group(participants, "card", "Notre fiche d’identité, signée.", "Our party card, signed.")

    @command(cards, "show", "Montre notre fiche, telle que les partenaires la lisent.", "Show our card.")
    def show_(session: Session) -> None:
        found = session.client.show_card()
        session.out(found, lambda: show.sheet(session, card_rows(found)))

    @command(
        cards,
        "set",
        "Écrit notre fiche. Aucun nom de personne n’est nécessaire : une fonction, un service.",
        "Write our card. No personal name is needed: a function, a service.",
    )
    @option("--legal-name", required=True, fr="Nom légal de l’organisme.", en="Legal name of the organisation.")
    @option("--siren", fr="Neuf chiffres.", en="Nine digits.")
    @option(
        "--siret", fr="Quatorze chiffres ; le SIREN en est tiré.", en="Fourteen digits; the SIREN is taken from it."
    )
    @option("--representative", required=True, fr="Fonction du signataire.", en="Function of who signs.")
    @option(
        "--mandate",
        fr="Décision qui l’y autorise (délibération, délégation et sa date) ; les conventions la citent.",
        en="Decision that empowers them (a resolution, a delegation and its date); contracts name it.",
    )
    @option("--contact", required=True, fr="Service ou fonction à joindre.", en="Service or function to reach.")
    @option("--email", fr="Adresse électronique de ce service.", en="E-mail address of that service.")
    @option(
        "--telephone", fr="Son téléphone, pour comparer une empreinte.", en="Its telephone, to compare fingerprints."
    )
    def set_(
        session: Session,
        legal_name: str,
        representative: str,
        contact: str,
        email: str | None,
        telephone: str | None,
        **more: str | None,
    ) -> None:
        reached = {"contact_email": email, "contact_telephone": telephone}
        found = session.client.put_card(legal_name, representative, contact, **reached, **more)
        session.out(found, lambda: show.sheet(session, card_rows(found)))


def card_rows(card: Any) -> Iterator[tuple[str, str]]:
    """Yield what a card says, a row for each member; nothing when there is none."""
    for name in CARD_MEMBERS if card else ():
        said = card[name]
        yield name, show.instant(said) if name == "issued_at" else str(said or "")
