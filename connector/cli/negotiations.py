"""`pupitre negotiate`, `negotiations` and `agreements`: asking, deciding, and what was agreed."""

import json
from typing import Any

import click

from connector import words
from connector.cli import processes, show
from connector.cli.frame import Session, command, group, in_period, option
from connector.cli.partners import did_of
from connector.cli.policies import policy_options, terms

FINAL = frozenset({"FINALIZED"})
ENDED = frozenset({"FINALIZED", "TERMINATED"})
Role = click.Choice(["consumer", "provider"])


def add_to(cli: click.Group) -> None:
    """Add the commands."""
    negotiations = group(cli, "negotiations", "Demandes d’accès, dans les deux sens.", "Access requests, both ways.")
    agreements = group(cli, "agreements", "Les conventions.", "Agreements.")
    _add_openings(cli, negotiations)
    _add_looks(negotiations)
    _add_decisions(negotiations)
    _add_agreement_commands(agreements)


def _add_openings(cli: click.Group, negotiations: click.Group) -> None:
    @command(cli, "negotiate", "Demande l’accès à un jeu de données.", "Ask for access to a dataset.")
    @click.argument("peer")
    @click.argument("dataset")
    @option("--offer", "offer_id", fr="Conditions choisies, s’il y en a plusieurs.", en="The offer, among several.")
    @option("--purpose", fr="Finalité que nous déclarons.", en="The purpose that we declare.")
    @option("--until", metavar="DATE", fr="Jusqu’à quand.", en="Until when.")
    @option("--legal-basis", fr="Fondement juridique.", en="The legal basis.")
    @option("--use-case", fr="Cas d’usage.", en="The use case.")
    @option("--wait", is_flag=True, fr="Attend l’issue.", en="Wait for the outcome.")
    @option("--timeout", type=float, default=60.0, fr="Attente en secondes (60).", en="Wait in seconds (60).")
    def negotiate(session: Session, peer: str, dataset: str, wait: bool, timeout: float, **said: Any) -> None:
        begun = session.client.request_access(did_of(session, peer), dataset, **said)
        _opened(session, begun["pid"], timeout if wait else None)

    @command(
        negotiations,
        "offer",
        "Propose nos conditions à un partenaire qui n’a rien demandé.",
        "Propose one of our offers to a partner that has not asked.",
    )
    @click.argument("peer")
    @click.argument("offer_id", metavar="OFFER")
    @option("--wait", is_flag=True, fr="Attend l’issue.", en="Wait for the outcome.")
    @option("--timeout", type=float, default=60.0, fr="Attente en secondes (60).", en="Wait in seconds (60).")
    def offer(session: Session, peer: str, offer_id: str, wait: bool, timeout: float) -> None:
        begun = session.client.propose_offer(did_of(session, peer), offer_id)
        _opened(session, begun["pid"], timeout if wait else None)


def _add_looks(negotiations: click.Group) -> None:
    @command(negotiations, "list", "Liste les demandes d’accès, la dernière d’abord.", "List requests, newest first.")
    @option("--role", type=Role, fr="Notre rôle.", en="Our role.")
    @option("--state", fr="État du protocole (REQUESTED…).", en="State of the protocol (REQUESTED…).")
    @option("--peer", fr="Partenaire.", en="Partner.")
    @option("--dataset", fr="Jeu de données.", en="Dataset.")
    @in_period
    @option("--limit", type=click.IntRange(1, 500), default=50, fr="Nombre (50).", en="How many (50).")
    def list_(session: Session, peer: str | None, **which: Any) -> None:
        did = did_of(session, peer) if peer else None
        found = session.client.list_negotiations(peer=did, **which)
        session.out(found, lambda: processes.listed(session, found["items"], _state(session)))

    @command(
        negotiations,
        "show",
        "Dit où en est une demande d’accès, pourquoi, et que faire.",
        "Say how an access request stands, why, and what to do.",
    )
    @click.argument("pid")
    def show_(session: Session, pid: str) -> None:
        found = session.client.show_negotiation(pid)
        session.out(found, lambda: _sheet(session, found))


def _add_decisions(negotiations: click.Group) -> None:
    @command(negotiations, "accept", "Accepte les conditions sur la table.", "Accept the terms on the table.")
    @click.argument("pid")
    def accept(session: Session, pid: str) -> None:
        session.client.accept_negotiation(pid)
        _after(session, pid)

    @command(negotiations, "refuse", "Refuse, avec un motif.", "Refuse, with a reason.")
    @click.argument("pid")
    @option("--reason", default="", fr="Motif, lu par le partenaire.", en="Reason, read by the partner.")
    def refuse(session: Session, pid: str, reason: str) -> None:
        session.client.refuse_negotiation(pid, reason)
        _after(session, pid)

    @command(negotiations, "counter", "Fait une contre-proposition.", "Make a counter-offer.")
    @click.argument("pid")
    @policy_options
    def counter(session: Session, pid: str, **said: Any) -> None:
        session.client.counter_negotiation(pid, terms(session, **said))
        _after(session, pid)

    @command(negotiations, "verify", "Confirme la convention reçue.", "Confirm the agreement received.")
    @click.argument("pid")
    def verify(session: Session, pid: str) -> None:
        session.client.verify_negotiation(pid)
        _after(session, pid)

    @command(negotiations, "terminate", "Résilie une demande d’accès.", "Terminate an access request.")
    @click.argument("pid")
    @option("--reason", default="", fr="Motif, lu par le partenaire.", en="Reason, read by the partner.")
    def terminate(session: Session, pid: str, reason: str) -> None:
        session.client.terminate_negotiation(pid, reason)
        _after(session, pid)


def _add_agreement_commands(agreements: click.Group) -> None:
    @command(agreements, "list", "Liste les conventions, la dernière d’abord.", "List agreements, newest first.")
    @option("--role", type=Role, fr="Notre rôle.", en="Our role.")
    @option("--peer", fr="Partenaire.", en="Partner.")
    @option("--dataset", fr="Jeu de données.", en="Dataset.")
    @option("--status", type=click.Choice(["drafted", "active", "ended"]), fr="Situation.", en="Status.")
    @in_period
    @option("--limit", type=click.IntRange(1, 500), default=50, fr="Nombre (50).", en="How many (50).")
    def list_(session: Session, peer: str | None, **which: Any) -> None:
        did = did_of(session, peer) if peer else None
        found = session.client.list_agreements(peer=did, **which)
        rows = (
            (
                one["id"],
                show.value(session, one["status"]),
                show.role(session, one["role"]),
                one["peer"],
                one["dataset"],
                show.instant(one["created_at"]),
            )
            for one in found["items"]
        )
        columns = ("agreement", "status", "role", "peer", "dataset", "created_at")
        session.out(found, lambda: show.table(session, columns, rows))

    @command(agreements, "show", "Montre une convention.", "Show an agreement.")
    @click.argument("agreement_id", metavar="AGREEMENT")
    def show_(session: Session, agreement_id: str) -> None:
        found = session.client.show_agreement(agreement_id)
        session.out(found, lambda: _show_agreement(session, found))


def _state(session: Session) -> Any:
    return lambda state: words.say(words.NEGOTIATION_STATES, state, session.language)


def _sheet(session: Session, found: Any) -> None:
    processes.sheet(
        session,
        found,
        ("state", f"{_state(session)(found['state'])} ({found['state']})"),
        ("agreement", found["agreement"]),
        ("terms", "\n".join(found["terms"])),
        ("laid_by", show.role(session, found["offer_by"])),
        (f"changed_{found['compared_to']}", _changes(found)),
        *((f"declared_{name}", said) for name, said in (found["declared"] or {}).items()),
    )


def _changes(found: Any) -> str:
    """Return what the terms on the table change in those before them, a line for each rule."""
    return "\n".join([f"+ {one}" for one in found["terms_added"]] + [f"− {one}" for one in found["terms_dropped"]])


def _after(session: Session, pid: str) -> None:
    found = session.client.show_negotiation(pid)
    session.out(found, lambda: _sheet(session, found))


def _opened(session: Session, pid: str, wait_s: float | None) -> None:
    if wait_s is None:
        _after(session, pid)
        return
    found = processes.follow(
        lambda version, s: session.client.show_negotiation(pid, wait=s, version=version),
        lambda seen: seen["state"] in ENDED and seen["pending"] is None,
        wait_s,
    )
    session.out(found, lambda: _sheet(session, found))
    processes.conclude(session, found, FINAL)


def _show_agreement(session: Session, found: Any) -> None:
    show.sheet(
        session,
        [
            ("agreement", found["id"]),
            ("status", show.value(session, found["status"])),
            ("role", show.role(session, found["role"])),
            ("peer", found["peer"]),
            ("dataset", found["dataset"]),
            ("negotiation", found["negotiation"]),
            ("created_at", show.instant(found["created_at"])),
            ("used", str(found["used"] or "")),
            ("offer", json.dumps(found["document"], ensure_ascii=False, indent=2)),
        ],
    )
