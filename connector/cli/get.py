"""`pupitre get`: from a partner's dataset to a verified file, in one command; the path is the SDK's."""

import json
from collections.abc import Mapping
from typing import Any

import click

from connector.cli import exits, show
from connector.cli.bar import Bar
from connector.cli.frame import Session, command, option
from connector.cli.install import has_terminal, says_yes
from connector.cli.partners import did_of

EXITS: Mapping[str, int] = {
    "not-accepted": exits.STILL_WAITING,
    "counter-offer": exits.STILL_WAITING,
    "waiting": exits.STILL_WAITING,
    "stuck": exits.STILL_WAITING,
    "refused": exits.REFUSED,
}
"""By why the path ended; for what is not here, exits.PROBLEM."""


def add_to(cli: click.Group) -> None:
    """Add the command."""

    @command(
        cli,
        "get",
        "Obtient un jeu de données d’un partenaire : convention, livraison, fichier vérifié.",
        "Get a partner's dataset: agreement, transfer, verified file.",
    )
    @click.argument("peer")
    @click.argument("dataset")
    @option("--to", "path", metavar="FILE", required=True, fr="Fichier de la machine du nœud.", en="File at the node.")
    @option("--offer", "offer_id", fr="Conditions choisies, s’il y en a plusieurs.", en="The offer, among several.")
    @option("--yes", is_flag=True, fr="Accepte les règles du catalogue.", en="Accept the catalogue's rules of use.")
    @option("--overwrite", is_flag=True, fr="Remplace un fichier existant.", en="Replace a file that is there.")
    @option("--keep-open", is_flag=True, fr="Ne déclare pas la livraison achevée.", en="Do not complete the transfer.")
    @option(
        "--timeout", type=float, default=30.0, fr="Attente du partenaire (30 s).", en="Wait for the partner (30 s)."
    )
    def get(session: Session, peer: str, dataset: str, path: str, offer_id: str | None, yes: bool, **how: Any) -> None:
        from connector.sdk import Unfinished

        try:
            with Bar(session) as advance:
                found = session.client.get(
                    did_of(session, peer),
                    dataset,
                    to=path,
                    offer=offer_id,
                    accept=_acceptance(session, yes),
                    overwrite=how["overwrite"],
                    keep_open=how["keep_open"],
                    timeout_s=how["timeout"],
                    progress=advance,
                )
        except Unfinished as end:
            _say_end(session, end)
            raise SystemExit(EXITS.get(end.code, exits.PROBLEM)) from end
        except KeyboardInterrupt:
            said = exits.MEANINGS[session.language][exits.INTERRUPTED]
            session.fail(f"{said[0].upper()}{said[1:]}.", exits.INTERRUPTED)
        session.out(found, lambda: _show(session, found))


def _acceptance(session: Session, is_agreed: bool) -> Any:
    """Return who says yes: `--yes` to what the catalogue shows, a person at a terminal, or nobody."""
    if is_agreed:
        return lambda terms: not terms.is_counter_offer
    return (lambda terms: _asked(session, terms)) if has_terminal() else None


def _asked(session: Session, terms: Any) -> bool:
    """Show the rules of use and ask; on standard error, since the answer of the command goes to standard output."""
    head = session.say(f"Règles d’usage de « {terms.title} » :", f"Rules of use of “{terms.title}”:")
    click.echo("\n".join((head, *(f"  - {one}" for one in terms.sentences))), err=True)
    question = session.say("Les acceptez-vous ? [oui/NON]", "Do you accept them? [yes/NO]")
    return says_yes(question)


def _say_end(session: Session, end: Any) -> None:
    said = json.dumps(end.document, ensure_ascii=False, indent=2) if session.is_json else str(end)
    click.echo(said, err=True)


def _show(session: Session, found: Any) -> None:
    is_new = found["is_new_agreement"]
    how = session.say("conclue à l’instant", "just made") if is_new else session.say("déjà en vigueur", "in force")
    show.sheet(
        session,
        [
            ("dataset", found["dataset"]),
            ("agreement", f"{found['agreement']} ({how})"),
            ("pid", found["transfer"]),
            ("file", found["path"]),
            ("size", show.size(session, found["size_bytes"])),
            ("sha256", found["sha256"]),
        ],
    )
