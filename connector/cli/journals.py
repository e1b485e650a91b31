"""`pupitre journal`: what happened, and whether all journals still say what was written and sealed."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from connector.cli import exits, kept, show
from connector.cli.frame import Group, Session, command, option
from connector.sdk import calls

LONGEST = 120
"""How much of a text is shown in a table; `--full` shows it whole."""
_APART = ("body", "policy", "document", "decided_by")
"""Members of an entry that are long, or told in a column of their own."""
_PAGE = 500
_FR, _EN = "Les journaux : les lire, les contrôler.", "The journals: read them, verify them."


class Journal(Group):
    """The group `journal`: what is no command of it is a process, whose journal is shown."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or self.commands["show"]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        is_named = not args or args[0] in self.commands or args[0] in ctx.help_option_names
        return super().parse_args(ctx, args if is_named else ["show", *args])


def add_to(cli: click.Group) -> None:
    """Add the commands."""
    journal = Journal("journal", texts={"fr": _FR, "en": _EN})
    cli.add_command(journal)
    _add_show(journal)
    _add_verify(journal)

    @command(
        journal,
        "checkpoints",
        "Liste les points de contrôle qui scellent les journaux.",
        "List the checkpoints that seal the journals.",
    )
    def checkpoints(session: Session) -> None:
        found = list(session.client.each(calls.list_checkpoints()))
        rows = ((str(one["number"]), show.instant(one["created_at"]), one["kid"] or "", one["sha256"]) for one in found)
        session.out(found, lambda: show.table(session, ("n", "at", "seal_key", "sha256"), rows))


def _add_show(journal: click.Group) -> None:
    @command(
        journal,
        "show",
        "Lit le journal d’un dossier, d’un jeu de données ou d’une offre (« show » peut être omis).",
        "Read the journal of a process, a dataset or an offer (“show” may be left out).",
    )
    @click.argument("process")
    @option("--verify", is_flag=True, fr="Recalcule la chaîne.", en="Compute the chain again.")
    @option("--full", is_flag=True, fr="Avec le texte des messages.", en="With the text of the messages.")
    def show_(session: Session, process: str, verify: bool, full: bool) -> None:
        if verify:
            _verify(session, process)
            return
        found = list(session.client.each(calls.show_journal(process)))
        rows = (
            (
                str(one["n"]),
                show.instant(one["at"]),
                show.entry_kind(session, one["kind"]),
                one["decided_by"]["text"] if one["decided_by"] else "",
                _told(session, one["entry"], full),
            )
            for one in found
        )
        session.out(found, lambda: show.table(session, ("n", "at", "kind", "decided_by", "entry"), rows))


def _add_verify(journal: click.Group) -> None:
    @command(
        journal,
        "verify",
        "Contrôle tous les journaux : chaque chaîne, chaque point de contrôle, et l’une par l’autre.",
        "Verify all journals: every chain, every checkpoint, and each by the other.",
    )
    @option(
        "--against",
        type=click.Path(dir_okay=False, path_type=Path),
        fr="Compare avec des points de contrôle gardés ailleurs.",
        en="Compare with checkpoints kept elsewhere.",
    )
    def verify(session: Session, against: Path | None) -> None:
        copies = [] if against is None else _read_copies(session, against)
        found = _verify_all(session)
        found["copies"] = _hold(session, copies)
        session.out(found, lambda: _tell(session, found))
        if not found["is_intact"] or any(one["outcome"] == "unexplained" for one in found["copies"]):
            raise SystemExit(exits.INVALID)


def _verify(session: Session, process: str) -> None:
    found = session.client.verify_journal(process)
    intact = session.say(f"Intact : {found['entries']} entrées.", f"Intact: {found['entries']} entries.")
    session.out(found, lambda: click.echo(intact if found["is_intact"] else found["detail"]))
    if not found["is_intact"]:
        raise SystemExit(exits.INVALID)


def _verify_all(session: Session) -> dict[str, Any]:
    """Return what all pages of the verification came to."""
    faults: list[Any] = []
    counts: Counter[str] = Counter()
    call = calls.verify_journals(limit=_PAGE)
    page = session.client.send(call)
    while True:
        faults += page["items"]
        counts.update(entries=page["entries"], journals=page["journals"], checkpoints=page["checkpoints"])
        if page["next_cursor"] is None:
            break
        page = session.client.send(call.after(page["next_cursor"]))
    standing = {name: page[name] for name in ("last_checkpoint", "last_sealed_at", "can_seal")}
    return {"is_intact": not faults, **counts, **standing, "faults": faults}


def _read_copies(session: Session, path: Path) -> list[kept.Point]:
    content = session.read(path)
    try:
        return kept.read(content)
    except (ValueError, KeyError, TypeError):
        fr = f"{path} ne contient pas de point de contrôle (« pupitre journal checkpoints --json » en écrit)."
        session.fail(session.say(fr, f"{path} holds no checkpoint."), exits.PROBLEM)


def _hold(session: Session, copies: list[kept.Point]) -> list[dict[str, Any]]:
    """Return how copies kept elsewhere stand to the checkpoints of the node."""
    if not copies:
        return []
    shown = [one["jws"] for one in session.client.each(calls.list_checkpoints()) if one["jws"]]
    return [
        {"checkpoint": one.number, "outcome": one.outcome, "text": _said_of_copy(session, one)}
        for one in kept.compare(copies, shown)
    ]


def _said_of_copy(session: Session, one: kept.Compared) -> str:
    number = one.number
    match one.outcome:
        case "same":
            return session.say(
                f"Votre exemplaire du point de contrôle {number} est celui du nœud.",
                f"Your copy of checkpoint {number} is the node's.",
            )
        case "restored":
            at = f"{one.restored_at:%Y-%m-%d %H:%M:%S} UTC"
            return session.say(
                f"Votre exemplaire du point de contrôle {number} a été perdu lors de la restauration du {at}, que le "
                "nœud a déclarée sous cachet ; il prouve ce qui existait alors.",
                f"Your copy of checkpoint {number} was lost in the restoration of {at}, which the node declared under "
                "seal; it proves what was there then.",
            )
        case "unexplained":
            return session.say(
                f"Votre exemplaire du point de contrôle {number} n’est pas dans le nœud, et aucune restauration "
                "déclarée ne l’explique. Si une sauvegarde vient d’être restaurée, le prochain point de contrôle le "
                "dira.",
                f"Your copy of checkpoint {number} is not in the node, and no restoration that it declared explains "
                "it. If a backup was restored just now, the next checkpoint will tell.",
            )


_SIGNS = {"same": "✓", "restored": "?", "unexplained": "✗"}


def _tell(session: Session, found: dict[str, Any]) -> None:
    entries, journals, points = found["entries"], found["journals"], found["checkpoints"]
    for fault in found["faults"]:
        click.echo(f"✗ {fault['text']}")
    for copy in found["copies"]:
        click.echo(f"{_SIGNS[copy['outcome']]} {copy['text']}")
    click.echo(
        session.say(
            f"Contrôlé : {entries} entrées de {journals} journaux, {points} points de contrôle.",
            f"Verified: {entries} entries of {journals} journals, {points} checkpoints.",
        )
    )
    if found["last_checkpoint"] is not None:
        number, at = found["last_checkpoint"], show.instant(found["last_sealed_at"])
        fr = f"Le dernier, n° {number}, a été scellé le {at} : ce qui suit n’est pas encore scellé."
        click.echo(session.say(fr, f"The last one, {number}, was sealed on {at}: what follows is not sealed yet."))
    if not found["can_seal"]:
        fr = "Aucune clé de cachet ne peut signer : il n’y aura pas de point de contrôle (pupitre keys create-seal)."
        click.echo(session.say(fr, "No seal key may sign: there will be no checkpoint."))
    elif found["last_checkpoint"] is None:
        fr = "Aucun point de contrôle encore : rien n’est scellé."
        click.echo(session.say(fr, "No checkpoint yet: nothing is sealed."))
    number = len(found["faults"])
    wrong = session.say(f"{number} défaut{'s' * (number > 1)}.", f"{number} fault{'s' * (number > 1)}.")
    click.echo("Intact." if found["is_intact"] else wrong)


def _told(session: Session, entry: Any, full: bool) -> str:
    if full:
        return json.dumps(entry, ensure_ascii=False)
    said = {name: value for name, value in entry.items() if name not in _APART}
    if "message" in said:
        said["message"] = show.message(session, str(said["message"]))
    if "explained" in said:
        said["explained"] = " ".join(said["explained"].get(session.language, ()))
    return ", ".join(_shortened(str(value)) for value in said.values() if value is not None)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
