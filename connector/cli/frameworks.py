"""`pupitre peer framework`: the framework agreement that people signed with a partner."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from connector.cli import exits, show
from connector.cli.frame import Session, command, group, option

_FILE = click.Path(path_type=Path, dir_okay=False)


def add_to(peers: click.Group, did_of: Callable[[Session, str], str]) -> None:
    """Add the commands to those about partners."""
    told = group(peers, "framework", "L’accord-cadre avec un partenaire.", "The framework agreement with a partner.")

    @command(
        told,
        "set",
        "Enregistre l’accord-cadre ; les conventions le citent. Le partenaire l’enregistre dans les mêmes termes.",
        "Record the framework agreement; contracts name it. The partner records it in the same words.",
    )
    @click.argument("peer")
    @option("--reference", required=True, fr="Son titre, son numéro, sa date.", en="Its title, number and date.")
    @option(
        "--clause-file",
        type=_FILE,
        required=True,
        fr="Sa clause de preuve, en texte.",
        en="Its clause on proof, as text.",
    )
    @option(
        "--document",
        type=_FILE,
        fr="L’accord signé, dont l’empreinte sera citée.",
        en="It, signed: its digest is named.",
    )
    def set_(session: Session, peer: str, reference: str, clause_file: Path, document: Path | None) -> None:
        try:
            clause = session.read(clause_file).decode("utf-8")
        except UnicodeDecodeError:
            fr = f"{clause_file} n’est pas un texte en UTF-8. Enregistrez la clause seule, en texte brut."
            en = f"{clause_file} is no text in UTF-8. Save the clause alone, as plain text."
            session.fail(session.say(fr, en), exits.PROBLEM)
        digest = hashlib.sha256(session.read(document)).hexdigest() if document else None
        found = session.client.set_framework(did_of(session, peer), reference, clause, sha256=digest)
        session.out(found, lambda: show.sheet(session, rows(found)))

    @command(
        told,
        "remove",
        "Dit qu’il n’y a pas, ou plus, d’accord-cadre avec ce partenaire.",
        "Say that there is no framework agreement with this partner, or none any more.",
    )
    @click.argument("peer")
    def remove(session: Session, peer: str) -> None:
        found = session.client.remove_framework(did_of(session, peer))
        fr, en = "Aucun accord-cadre avec ce partenaire.", "No framework agreement with this partner."
        session.out(found, lambda: click.echo(session.say(fr, en)))


def rows(peer: Any) -> list[tuple[str, str]]:
    """Return what is recorded of the framework agreement with a partner, a row for each member."""
    found = peer["framework"] or {}
    names = {"reference": "framework", "proof_clause": "proof_clause", "sha256": "framework_sha256"}
    return [(row, found.get(name) or "") for name, row in names.items()]
