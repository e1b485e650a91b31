"""`pupitre peer attest` and its siblings: what named persons attest of partners."""

from collections.abc import Callable
from typing import Any

import click

from connector.cli import show
from connector.cli.frame import Session, command, option
from connector.sdk import calls

DidOf = Callable[[Session, str], str]


def add_to(peers: click.Group, did_of: DidOf) -> None:
    """Add the commands to those about partners."""
    _add_attest(peers, did_of)

    @command(
        peers,
        "attestations",
        "Liste ce qui est attesté d’un partenaire, et par qui.",
        "List what is attested of a partner, and by whom.",
    )
    @click.argument("peer")
    @option("--all", "is_all", is_flag=True, fr="Aussi ce qui a pris fin.", en="What ended, too.")
    def list_(session: Session, peer: str, is_all: bool) -> None:
        status = None if is_all else "standing"
        found = list(session.client.each(calls.list_attestations(did_of(session, peer), status=status)))
        session.out(found, lambda: _show_all(session, found))

    @command(
        peers,
        "withdraw-attestation",
        "Dit qu’une attestation ne tient plus ; ce qu’elle ouvrait est fermé aussitôt.",
        "Say that an attestation stands no more; what it opened is closed at once.",
    )
    @click.argument("peer")
    @click.argument("attestation")
    @option("--said-by", required=True, fr="Qui le dit : un nom ou une fonction.", en="Who says so.")
    @option("--reason", default="", fr="Motif, pour le journal.", en="Why, for the journal.")
    def withdraw(session: Session, peer: str, attestation: str, said_by: str, reason: str) -> None:
        did = did_of(session, peer)
        found = session.client.withdraw_attestation(did, attestation, said_by, reason=reason)
        session.out(found, lambda: _show_one(session, found))


def _add_attest(peers: click.Group, did_of: DidOf) -> None:
    @command(
        peers,
        "attest",
        "Atteste d’un partenaire sa catégorie, une charte signée ou l’accord du délégué à la protection des données.",
        "Attest of a partner its category, a charter signed, or the consent of the data protection officer.",
    )
    @click.argument("peer")
    @option("--category", fr="Sa catégorie (Collectivite, Entreprise…).", en="Its category (Collectivite…).")
    @option("--charter", fr="La charte signée (IRI) ; « - » : sans la nommer.", en="The charter (IRI); “-”: unnamed.")
    @option("--dpo", is_flag=True, fr="L’accord du délégué, pour tous les jeux.", en="The officer consents, for all.")
    @option(
        "--dpo-for", fr="L’accord du délégué, pour ce jeu de données.", en="The officer consents, for this dataset."
    )
    @option("--said-by", required=True, fr="Qui l’atteste : un nom ou une fonction.", en="Who attests it.")
    @option("--on", "said_on", fr="Le jour de la signature ou de l’accord.", en="The day it was signed or given.")
    @option("--note", default="", fr="Une référence, pour qui relira.", en="A reference, for later readers.")
    def attest(session: Session, peer: str, **said: Any) -> None:
        kind, about = _what(session, said.pop("category"), said.pop("charter"), said.pop("dpo"), said.pop("dpo_for"))
        found = session.client.attest_peer(did_of(session, peer), kind, about=about, **said)
        session.out(found, lambda: _show_one(session, found))


def _what(
    session: Session, category: str | None, charter: str | None, dpo: bool, dpo_for: str | None
) -> tuple[str, str]:
    """Return the kind and what it is about. Ends the command unless exactly one thing is attested."""
    unnamed = "" if charter == "-" else charter
    said = (("category", category), ("charter", unnamed), ("dpo", "" if dpo else None), ("dpo", dpo_for))
    given = [(kind, about) for kind, about in said if about is not None]
    if len(given) != 1:
        fr = "Attestez une chose à la fois : --category, --charter, --dpo ou --dpo-for."
        raise click.UsageError(session.say(fr, "Attest one thing: --category, --charter, --dpo or --dpo-for."))
    return given[0]


def _show_one(session: Session, found: Any) -> None:
    ended = f"{show.instant(found['ended_at'])} · {found['ended_by']}" if found["ended_at"] else ""
    show.sheet(
        session,
        [
            ("id", found["id"]),
            ("peer", found["peer"]),
            ("attested", found["words"]),
            ("said_by", found["said_by"]),
            ("said_on", found["said_on"]),
            ("note", found["note"]),
            ("ended_at", ended),
            ("reason", found["ended_reason"]),
        ],
    )


def _show_all(session: Session, found: Any) -> None:
    rows = ((one["words"], one["said_by"], one["said_on"], show.instant(one["ended_at"]), one["id"]) for one in found)
    show.table(session, ("attested", "said_by", "said_on", "ended_at", "id"), rows)
