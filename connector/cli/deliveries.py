"""`pupitre transfer`: having the data of an agreement, and receiving them into a file."""

import time
from typing import Any

import click

from connector import words
from connector.cli import exits, processes, show
from connector.cli.bar import Bar
from connector.cli.frame import Session, command, group, in_period, option
from connector.cli.partners import did_of

STARTED = frozenset({"STARTED", "COMPLETED"})
LOOK_EVERY_S = 0.3


def add_to(cli: click.Group) -> None:
    """Add the commands."""
    transfers = group(cli, "transfer", "Les livraisons.", "Transfers.")
    _add_openings(transfers)
    _add_fetch(transfers)
    _add_looks(transfers)
    _add_moves(transfers)


def _add_openings(transfers: click.Group) -> None:
    @command(
        transfers,
        "start",
        "Demande la livraison des données d’une convention.",
        "Ask for the data of an agreement.",
    )
    @click.argument("agreement")
    @option("--wait", is_flag=True, fr="Attend l’ouverture.", en="Wait until it is open.")
    @option("--fetch", "path", metavar="FILE", fr="Puis reçoit dans ce fichier.", en="Then receive into this file.")
    @option("--push", is_flag=True, fr="Le fournisseur envoie les données ici.", en="The provider sends the data here.")
    @option("--to", "place", metavar="FILE", fr="Fichier de l’envoi (avec --push).", en="File for --push.")
    @option("--overwrite", is_flag=True, fr="Remplace un fichier (avec --push).", en="Replace a file (with --push).")
    @option("--no-wait", is_flag=True, fr="N’attend pas l’envoi (--push).", en="Do not wait for the push.")
    @option("--timeout", type=float, default=60.0, fr="Attente en secondes (60).", en="Wait in seconds (60).")
    def start(session: Session, agreement: str, wait: bool, path: str | None, timeout: float, **pushed: Any) -> None:
        if pushed.pop("push"):
            _start_push(session, agreement, **pushed)
            return
        if any(pushed.values()):
            raise click.UsageError(session.say("Seulement avec --push.", "Only with --push."))
        pid = session.client.request_transfer(agreement)["pid"]
        if not wait and path is None:
            _after(session, pid)
            return
        found = processes.follow(
            lambda version, s: session.client.show_transfer(pid, wait=s, version=version),
            lambda seen: seen["state"] in STARTED or seen["state"] == "TERMINATED",
            timeout,
        )
        if path is None or found["state"] not in STARTED:
            session.out(found, lambda: _sheet(session, found))
            processes.conclude(session, found, STARTED)
            return
        session.client.fetch_transfer(pid, path)
        _watch(session, pid)


def _add_fetch(transfers: click.Group) -> None:
    @command(
        transfers,
        "fetch",
        "Reçoit les données dans un fichier de la machine du nœud.",
        "Receive the data into a file of the node's machine.",
    )
    @click.argument("pid")
    @option("--to", "path", metavar="FILE", fr="Fichier ; sinon nommé d’après le jeu.", en="File.")
    @option("--overwrite", is_flag=True, fr="Remplace un fichier existant.", en="Replace a file that is there.")
    @option("--no-wait", is_flag=True, fr="N’attend pas la fin.", en="Do not wait for the end.")
    def fetch(session: Session, pid: str, path: str | None, overwrite: bool, no_wait: bool) -> None:
        begun = session.client.fetch_transfer(pid, path, overwrite=overwrite)
        if no_wait:
            session.out(begun, lambda: _show_fetch(session, begun))
        else:
            _watch(session, pid)


def _start_push(session: Session, agreement: str, place: str | None, overwrite: bool, no_wait: bool) -> None:
    """Ask for a push, and show it until it has ended or needs a person."""
    pid = session.client.request_transfer(agreement, push=True, path=place, overwrite=overwrite)["pid"]
    if no_wait:
        _after(session, pid)
        return
    with Bar(session) as advance:
        found = session.client.show_transfer(pid)
        while _is_coming(found):
            advance(found["fetch"])
            time.sleep(LOOK_EVERY_S)
            found = session.client.show_transfer(pid)
        received = found["fetch"]
        advance(received)
    if received is not None and received["status"] == "done":
        session.out(found, lambda: _show_fetch(session, received))
        return
    session.out(found, lambda: _sheet(session, found))
    processes.conclude(session, found, frozenset())


def _is_coming(found: Any) -> bool:
    is_open = found["state"] in ("INITIAL", "REQUESTED", "STARTED")
    is_waited_for = found["fetch"]["status"] in ("waiting", "running")
    return is_open and is_waited_for and found["why"]["code"] not in processes.STANDSTILLS


def _add_looks(transfers: click.Group) -> None:
    @command(transfers, "list", "Liste les livraisons, la dernière d’abord.", "List transfers, newest first.")
    @option("--role", type=click.Choice(["consumer", "provider"]), fr="Notre rôle.", en="Our role.")
    @option("--state", fr="État du protocole (STARTED…).", en="State of the protocol (STARTED…).")
    @option("--peer", fr="Partenaire.", en="Partner.")
    @option("--dataset", fr="Jeu de données.", en="Dataset.")
    @option("--agreement", fr="Convention.", en="Agreement.")
    @in_period
    @option("--limit", type=click.IntRange(1, 500), default=50, fr="Nombre (50).", en="How many (50).")
    def list_(session: Session, peer: str | None, **which: Any) -> None:
        did = did_of(session, peer) if peer else None
        found = session.client.list_transfers(peer=did, **which)
        session.out(found, lambda: processes.listed(session, found["items"], _state(session)))

    @command(
        transfers,
        "show",
        "Dit où en est une livraison, pourquoi, et que faire.",
        "Say how a transfer stands, why, and what to do.",
    )
    @click.argument("pid")
    def show_(session: Session, pid: str) -> None:
        _after(session, pid)


def _add_moves(transfers: click.Group) -> None:
    @command(transfers, "open", "Ouvre une livraison demandée (fournisseur).", "Open a transfer (as provider).")
    @click.argument("pid")
    def open_(session: Session, pid: str) -> None:
        session.client.start_transfer(pid)
        _after(session, pid)

    @command(transfers, "suspend", "Suspend : plus aucun octet ne part.", "Suspend: no byte leaves any more.")
    @click.argument("pid")
    @option("--reason", default="", fr="Motif, lu par le partenaire.", en="Reason, read by the partner.")
    def suspend(session: Session, pid: str, reason: str) -> None:
        session.client.suspend_transfer(pid, reason)
        _after(session, pid)

    @command(transfers, "resume", "Reprend une livraison suspendue.", "Resume a suspended transfer.")
    @click.argument("pid")
    def resume(session: Session, pid: str) -> None:
        session.client.resume_transfer(pid)
        _after(session, pid)

    @command(transfers, "complete", "Déclare la livraison achevée.", "Say that all has been had.")
    @click.argument("pid")
    def complete(session: Session, pid: str) -> None:
        session.client.complete_transfer(pid)
        _after(session, pid)

    @command(transfers, "terminate", "Résilie une livraison.", "Terminate a transfer.")
    @click.argument("pid")
    @option("--reason", default="", fr="Motif, lu par le partenaire.", en="Reason, read by the partner.")
    def terminate(session: Session, pid: str, reason: str) -> None:
        session.client.terminate_transfer(pid, reason)
        _after(session, pid)


def _state(session: Session) -> Any:
    return lambda state: words.say(words.TRANSFER_STATES, state, session.language)


def _after(session: Session, pid: str) -> None:
    found = session.client.show_transfer(pid)
    session.out(found, lambda: _sheet(session, found))


def _sheet(session: Session, found: Any) -> None:
    processes.sheet(
        session,
        found,
        ("state", f"{_state(session)(found['state'])} ({found['state']})"),
        ("agreement", found["agreement"]),
        *(_fetch_rows(session, found["fetch"]) if found["fetch"] else ()),
        *(_push_rows(session, found["push"]) if found["push"] else ()),
    )


def _fetch_rows(session: Session, fetch: Any) -> list[tuple[str, str | None]]:
    return [("file", fetch["path"]), *_moved(session, "received", fetch["done_bytes"], fetch)]


def _push_rows(session: Session, push: Any) -> list[tuple[str, str | None]]:
    return _moved(session, "sent", push["sent_bytes"], push)


def _moved(session: Session, name: str, count_bytes: int, found: Any) -> list[tuple[str, str | None]]:
    problem, moved = found["problem"], show.size(session, count_bytes)
    if found["size_bytes"] is not None:
        moved = f"{moved} / {show.size(session, found['size_bytes'])}"
    return [
        (name, f"{moved}, {show.value(session, found['status'])}"),
        ("sha256", found["sha256"] if found["status"] == "done" else None),
        ("reason", f"{problem['reason']} {problem['remedy']}" if problem else None),
    ]


def _show_fetch(session: Session, fetch: Any) -> None:
    show.sheet(session, _fetch_rows(session, fetch))


def _watch(session: Session, pid: str) -> None:
    """Show the progress of a reception until it ends; on a terminal as a bar, on standard error."""
    found = session.client.show_fetch(pid)
    with Bar(session) as advance:
        while found["status"] in ("waiting", "running"):
            advance(found)
            time.sleep(LOOK_EVERY_S)
            found = session.client.show_fetch(pid)
        advance(found)
    session.out(found, lambda: _show_fetch(session, found))
    if found["status"] == "failed":
        raise SystemExit(exits.PROBLEM)
