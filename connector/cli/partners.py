"""`pupitre peer` and `pupitre catalogue`: whom we know, and what they publish."""

import unicodedata
from typing import Any

import click

from connector.cli import attestations, exits, frameworks, show
from connector.cli.frame import Session, command, group, option
from connector.cli.presentation import CARD_MEMBERS, card_rows
from connector.sdk import calls


def add_to(cli: click.Group) -> None:
    """Add the commands."""
    peers = group(cli, "peer", "Nos partenaires.", "Our partners.")
    _add_peer_commands(peers)
    _add_trust_commands(peers)
    attestations.add_to(peers, did_of)
    frameworks.add_to(peers, did_of)
    _add_card_commands(group(peers, "card", "Les fiches d’identité des partenaires.", "Partners' party cards."))

    @command(peers, "invite", "Écrit la ligne à donner à un futur partenaire.", "Write the line for a partner to be.")
    def invite(session: Session) -> None:
        made = session.client.show_invitation()
        session.out(made, lambda: click.echo(made["line"]))

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
    """Return the DID of a partner given by its DID or its name. Ends the command unless the name is that of one.

    A name is found however its apostrophes, its accents and its capitals are written, one written alike before others.
    """
    if peer.startswith("did:"):
        return peer
    known = list(session.client.each(calls.list_peers()))
    alike = [one["did"] for one in known if _folded(one["name"]) == _folded(peer)]
    found = [one["did"] for one in known if one["name"] == peer] or alike
    if not found:
        fr = f"Aucun partenaire du nom de « {peer} ». « pupitre peer list » montre ceux que vous avez."
        en = f"No partner of the name “{peer}”. “pupitre peer list” shows those that you have."
        session.fail(session.say(fr, en), exits.PROBLEM)
    if len(found) > 1:
        fr = f"Plusieurs partenaires du nom de « {peer} » ; donnez l’identifiant (DID) : « {' », « '.join(found)} »."
        en = f"Several partners of the name “{peer}”; give the identifier (DID): “{'”, “'.join(found)}”."
        session.fail(session.say(fr, en), exits.PROBLEM)
    return str(found[0])


def _folded(name: str) -> str:
    """Return a name without what a keyboard decides: the form of apostrophes and accents, capitals."""
    return unicodedata.normalize("NFKC", name).replace("’", "'").casefold()


def _add_peer_commands(peers: click.Group) -> None:
    @command(
        peers,
        "add",
        "Enregistre un partenaire : son invitation, ou son DID et les clés qu’il montre aujourd’hui.",
        "Record a partner: its invitation, or its DID and the keys that it shows today.",
    )
    @click.argument("who", metavar="INVITATION|DID")
    @option("--name", default="", fr="Comment nous l’appelons.", en="How we call it.")
    def add(session: Session, who: str, name: str) -> None:
        if who.startswith("did:"):
            found = session.client.add_peer(who, name)
        else:
            found = session.client.add_peer(invitation=who, name=name)
        session.out(found, lambda: show_peer(session, found))

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
        session.out(found, lambda: show_peer(session, found))

    @command(peers, "ping", "Demande au nœud d’un partenaire s’il répond.", "Ask whether a partner's node answers.")
    @click.argument("peer")
    def ping(session: Session, peer: str) -> None:
        found = session.client.ping_peer(did_of(session, peer))
        keys = (
            session.say("ses clés sont celles enregistrées", "its keys are those recorded")
            if found["keys_match"]
            else session.say("SES CLÉS ONT CHANGÉ : appelez-le", "ITS KEYS HAVE CHANGED: call it")
        )
        card = found["card_problem"] or show.value(session, f"card-{found['card']}")
        seals = f"\n{found['seals_problem']}" if found["seals_problem"] else ""
        told = f"{found['url']} : {found['milliseconds']:.0f} ms, {keys}. {card}{seals}"
        session.out(found, lambda: click.echo(told))
        if not found["keys_match"] or seals:
            raise SystemExit(exits.PROBLEM)

    @command(peers, "remove", "Oublie un partenaire.", "Forget a partner.")
    @click.argument("peer")
    def remove(session: Session, peer: str) -> None:
        did = did_of(session, peer)
        session.client.remove_peer(did)
        session.out({"did": did}, lambda: click.echo(session.say(f"Oublié : {did}", f"Forgotten: {did}")))


def _add_trust_commands(peers: click.Group) -> None:
    @command(
        peers,
        "accept-key",
        "Accepte la nouvelle clé d’un partenaire, une fois son empreinte comparée.",
        "Accept a partner's new key, once its fingerprint was compared.",
    )
    @click.argument("peer")
    @option("--fingerprint", required=True, fr="L’empreinte dite par le partenaire.", en="As the partner told it.")
    def accept_key(session: Session, peer: str, fingerprint: str) -> None:
        found = session.client.accept_key(did_of(session, peer), fingerprint)
        session.out(found, lambda: show_peer(session, found))

    @command(
        peers, "block", "N’échange plus avec un partenaire ; ses données sont coupées.", "Deal with a partner no more."
    )
    @click.argument("peer")
    @option("--reason", default="", fr="Motif, pour le journal.", en="Why, for the journal.")
    def block(session: Session, peer: str, reason: str) -> None:
        found = session.client.block_peer(did_of(session, peer), reason)
        session.out(found, lambda: show_peer(session, found))

    @command(peers, "unblock", "Échange de nouveau avec un partenaire.", "Deal with a partner again.")
    @click.argument("peer")
    def unblock(session: Session, peer: str) -> None:
        found = session.client.unblock_peer(did_of(session, peer))
        session.out(found, lambda: show_peer(session, found))


def _add_card_commands(cards: click.Group) -> None:
    @command(
        cards,
        "show",
        "Montre la fiche enregistrée d’un partenaire, et celle qu’il propose.",
        "Show a partner's recorded card, and the one that it offers.",
    )
    @click.argument("peer")
    def show_(session: Session, peer: str) -> None:
        found = session.client.show_peer(did_of(session, peer))
        session.out({"card": found["card"], "offered_card": found["offered_card"]}, lambda: _show_cards(session, found))

    @command(
        cards,
        "accept",
        "Prend acte de la nouvelle fiche d’un partenaire, après l’avoir montrée.",
        "Take note of a partner's new card, after showing it.",
    )
    @click.argument("peer")
    def accept(session: Session, peer: str) -> None:
        did = did_of(session, peer)
        before = session.client.show_peer(did)
        if before["offered_card"] is None:
            fr, en = "Ce partenaire ne propose pas de nouvelle fiche.", "This partner offers no new card."
            session.fail(session.say(fr, en), exits.PROBLEM)
        found = session.client.accept_card(did, before["offered_card"]["digest"])
        session.out(found, lambda: _show_cards(session, before))


def _show_cards(session: Session, peer: Any) -> None:
    """Print the card that is recorded beside the one that is offered, a line for each member."""
    old, new = peer["card"] or {}, peer["offered_card"] or {}
    rows = []
    for name in CARD_MEMBERS:
        before, after = str(old.get(name) or ""), str(new.get(name) or "")
        if before or after:
            mark = "≠" if new and before != after else ""
            rows.append((show.label(session, name), before, after, mark))
    show.table(session, ("what", "recorded", "offered", "differs"), rows)


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
    if peer["status"] == "known" and peer["offered_card"] is not None:
        return session.say("nouvelle fiche à relire (« peer card show »)", "new card to be read (“peer card show”)")
    if peer["silent_since"] is None or peer["status"] != "known":
        return show.value(session, peer["status"])
    since = show.instant(peer["silent_since"])
    return session.say(f"ne répond pas depuis {since}", f"silent since {since}")


def show_peer(session: Session, found: Any) -> None:
    """Print all that is known of a partner: how it stands, its keys, and what it says of itself."""
    offered = found["offered_card"]
    fr, en = "à relire : « pupitre peer card show »", "to be read: “pupitre peer card show”"
    show.sheet(
        session,
        [
            ("name", found["name"]),
            ("did", found["did"]),
            ("url", found["url"]),
            ("status", _standing(session, found)),
            ("quarantined_at", show.instant(found["quarantined_at"])),
            ("pinned_keys", "\n".join(found["pinned_keys"])),
            ("seen_keys", "\n".join(found["seen_keys"])),
            ("next_attempt_at", show.instant(found["next_attempt_at"])),
            ("first_contact_at", show.instant(found["first_contact_at"])),
            *card_rows(found["card"]),
            *frameworks.rows(found),
            ("offered_card", session.say(fr, en) if offered else ""),
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
            ("offers", "\n".join(f"{offer} : {' '.join(rules)}" for offer, rules in found["terms"].items())),
        ],
    )
