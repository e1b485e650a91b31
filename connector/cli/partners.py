"""`pupitre peer` and `pupitre catalogue`: whom we know, and what they publish."""

from typing import Any

import click

from connector.cli import exits, show
from connector.cli.frame import Session, command, group, option
from connector.sdk import calls


def add_to(cli: click.Group) -> None:
    """Add the commands."""
    peers = group(cli, "peer", "Nos partenaires.", "Our partners.")
    _add_peer_commands(peers)

    @command(cli, "catalogue", "Lit le catalogue d’un partenaire.", "Read a partner's catalogue.")
    @click.argument("peer")
    @click.argument("dataset", required=False)
    @option("--all", "is_all", is_flag=True, fr="Toutes les pages.", en="All pages.")
    @option("--limit", type=click.IntRange(1, 500), fr="Lignes d’une page.", en="Rows in a page.")
    def catalogue(session: Session, peer: str, dataset: str | None, is_all: bool, limit: int | None) -> None:
        did = did_of(session, peer)
        if dataset is not None:
            one = session.client.show_catalogue_dataset(did, dataset)
            session.out(one, lambda: _show_dataset(session, one))
        else:
            _browse(session, did, is_all=is_all, limit=limit)


def did_of(session: Session, peer: str) -> str:
    """Return the DID of a partner given by its DID or its name. Ends the command when the name is not known."""
    if peer.startswith("did:"):
        return peer
    found = [one["did"] for one in session.client.each(calls.list_peers()) if one["name"] == peer]
    if len(found) != 1:
        fr = f"Aucun partenaire, ou plusieurs, du nom de « {peer} »."
        session.fail(session.say(fr, f"No partner, or several, of the name “{peer}”."), exits.PROBLEM)
    return str(found[0])


def _add_peer_commands(peers: click.Group) -> None:
    @command(
        peers,
        "add",
        "Enregistre un partenaire et les clés qu’il montre aujourd’hui.",
        "Record a partner, and the keys that it shows today.",
    )
    @click.argument("did")
    @option("--name", default="", fr="Comment nous l’appelons.", en="How we call it.")
    def add(session: Session, did: str, name: str) -> None:
        found = session.client.add_peer(did, name)
        session.out(found, lambda: _show_peer(session, found))

    @command(peers, "list", "Liste les partenaires.", "List partners.")
    @option("--status", type=click.Choice(["known", "quarantined", "blocked"]), fr="Statut.", en="Status.")
    def list_(session: Session, status: str | None) -> None:
        found = list(session.client.each(calls.list_peers(status=status)))
        rows = ((one["name"], one["did"], one["url"], _standing(session, one)) for one in found)
        session.out(found, lambda: show.table(session, ("name", "did", "url", "status"), rows))

    @command(peers, "show", "Montre un partenaire.", "Show a partner.")
    @click.argument("peer")
    def show_(session: Session, peer: str) -> None:
        found = session.client.show_peer(did_of(session, peer))
        session.out(found, lambda: _show_peer(session, found))

    @command(peers, "ping", "Demande au nœud d’un partenaire s’il répond.", "Ask whether a partner's node answers.")
    @click.argument("peer")
    def ping(session: Session, peer: str) -> None:
        found = session.client.ping_peer(did_of(session, peer))
        keys = (
            session.say("ses clés sont celles enregistrées", "its keys are those recorded")
            if found["keys_match"]
            else session.say("SES CLÉS ONT CHANGÉ : appelez-le", "ITS KEYS HAVE CHANGED: call it")
        )
        session.out(found, lambda: click.echo(f"{found['url']} : {found['milliseconds']:.0f} ms, {keys}"))
        if not found["keys_match"]:
            raise SystemExit(exits.PROBLEM)

    @command(peers, "remove", "Oublie un partenaire.", "Forget a partner.")
    @click.argument("peer")
    def remove(session: Session, peer: str) -> None:
        did = did_of(session, peer)
        session.client.remove_peer(did)
        session.out({"did": did}, lambda: click.echo(session.say(f"Oublié : {did}", f"Forgotten: {did}")))


def _browse(session: Session, did: str, *, is_all: bool, limit: int | None) -> None:
    if is_all:
        items = list(session.client.each(calls.browse_catalogue(did, limit=limit)))
        page: Any = {"participant": did, "items": items, "next_cursor": None}
    else:
        page = session.client.browse_catalogue(did, limit=limit)
    rows = (
        (one["id"], one["title"], ", ".join(str(offer.get("@id")) for offer in one["offers"])) for one in page["items"]
    )
    session.out(page, lambda: show.table(session, ("dataset", "title", "offers"), rows))
    if page["next_cursor"] and not session.is_json:
        click.echo(session.say("… et d’autres : --all.", "… and more: --all."), err=True)


def _standing(session: Session, peer: Any) -> str:
    if peer["silent_since"] is None:
        return show.value(session, peer["status"])
    since = show.instant(peer["silent_since"])
    return session.say(f"ne répond pas depuis {since}", f"silent since {since}")


def _show_peer(session: Session, found: Any) -> None:
    show.sheet(
        session,
        [
            ("name", found["name"]),
            ("did", found["did"]),
            ("url", found["url"]),
            ("status", _standing(session, found)),
            ("next_attempt_at", show.instant(found["next_attempt_at"])),
        ],
    )


def _show_dataset(session: Session, found: Any) -> None:
    show.sheet(
        session,
        [
            ("dataset", found["id"]),
            ("title", found["title"]),
            ("description", found["description"]),
            ("keywords", ", ".join(found["keywords"])),
            ("licence", found["licence"]),
            ("formats", ", ".join(found["formats"])),
            ("offers", "\n".join(str(one.get("@id")) for one in found["offers"])),
        ],
    )
