"""`pupitre backup`, `restore`, `restore-report` and `migrate`: what keeps a node from being lost.

All but the report touch the node's folder and database themselves, as `init` and `serve` do. A passphrase comes from a
file, from PUPITRE_PASSPHRASE, or is asked for; it is never an argument, which other users of the machine could see.
"""

import os
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from connector.cli import exits, files, show
from connector.cli.frame import Session, command, option
from connector.cli.install import has_terminal, settings_file, write_secretly
from connector.sdk import calls

if TYPE_CHECKING:
    from connector.services.backup.restore import Restored
    from connector.services.backup.take import KeysFile
    from connector.settings import Settings

PASSPHRASE = "PUPITRE_PASSPHRASE"  # noqa: S105 (the name of a variable)
_FILE = click.Path(path_type=Path, dir_okay=False)
_passphrase = option(
    "--passphrase-file",
    type=_FILE,
    fr="Fichier dont la première ligne est la phrase de passe des clés.",
    en="File whose first line is the passphrase of the keys.",
)


def add_to(cli: click.Group) -> None:
    """Add the commands."""
    _add_backup(cli)
    _add_restore(cli)
    _add_report(cli)
    _add_migrate(cli)


def _add_backup(cli: click.Group) -> None:
    @command(
        cli,
        "backup",
        "Sauvegarde le nœud dans un fichier, même en marche.",
        "Back the node up into a file, even while it runs.",
    )
    @click.argument("file", type=_FILE)
    @option("--keys", type=_FILE, fr="Second fichier : les clés, chiffrées.", en="A second file: the keys, encrypted.")
    @_passphrase
    def backup(session: Session, file: Path, keys: Path | None, passphrase_file: Path | None) -> None:
        from connector.clock import SystemClock
        from connector.services.backup.take import take

        settings = session.settings()
        sealed = _keys_file(session, keys, passphrase_file, is_new=True)
        program, now = metadata.version("pupitre"), SystemClock().now()
        made = _refusing(session, lambda: take(settings, file, sealed, program=program, now=now))
        told = {"file": str(file), "keys": str(keys) if keys else None, **_summary(made)}
        session.out(told, lambda: _say_backup(session, told, made.not_included))


def _add_restore(cli: click.Group) -> None:
    @command(
        cli,
        "restore",
        "Refait un nœud d’une sauvegarde, dans un dossier et une base vides.",
        "Make a node of a backup, in an empty folder and an empty database.",
    )
    @click.argument("file", type=_FILE)
    @option("--check", is_flag=True, fr="Vérifie tout et n’écrit rien.", en="Verify everything and write nothing.")
    @option("--keys", type=_FILE, fr="Le fichier des clés.", en="The file of the keys.")
    @_passphrase
    @option(
        "--keep-api-keys",
        is_flag=True,
        fr="Garde les clés de l’API : rien n’a été révoqué depuis la sauvegarde.",
        en="Keep the API keys: none was revoked since the backup.",
    )
    @option(
        "--data-dir",
        type=click.Path(path_type=Path),
        fr="Sans configuration : où mettre les données.",
        en="Without settings: where to put the data.",
    )
    @option(
        "--database-url",
        fr="Sans configuration : PostgreSQL au lieu de la base intégrée.",
        en="Without settings: PostgreSQL instead of the embedded database.",
    )
    def restore(session: Session, file: Path, check: bool, keep_api_keys: bool, **flags: Any) -> None:
        sealed = _keys_file(session, flags.pop("keys"), flags.pop("passphrase_file"))
        if check:
            _check(session, file, sealed)
        else:
            _restore(session, file, sealed, keep_api_keys, **flags)


def _add_report(cli: click.Group) -> None:
    @command(
        cli,
        "restore-report",
        "Dit où en est chaque dossier depuis la restauration.",
        "Say how each process stands since the restoration.",
    )
    @option(
        "--outcome",
        type=click.Choice(["waiting", "agrees", "moved", "differs", "unknown", "untold"]),
        fr="Seulement ceux qui en sont là.",
        en="Only those that stand so.",
    )
    def report(session: Session, outcome: str | None) -> None:
        last = session.client.list_reconciliations(limit=1)["restore"]
        items = list(session.client.each(calls.list_reconciliations(outcome=outcome)))

        def told() -> None:
            if last is None:
                click.echo(session.say("Ce nœud n’a jamais été restauré.", "This node was never restored."))
                return
            taken, at = show.instant(last["taken_at"]), show.instant(last["restored_at"])
            click.echo(session.say(f"Sauvegarde du {taken}, restaurée le {at}.", f"Backup of {taken}, restored {at}."))
            rows = ((one["process"], show.value(session, one["outcome"]), one["text"]) for one in items)
            show.table(session, ("pid", "status", "why"), rows)

        session.out({"restore": last, "items": items}, told)


def _add_migrate(cli: click.Group) -> None:
    @command(
        cli,
        "migrate",
        "Met la base au schéma de cette version ; « serve » le fait aussi.",
        "Bring the database to this version's schema; “serve” does it too.",
    )
    @option(
        "--dry-run",
        is_flag=True,
        fr="Dit ce qui serait fait et l’essaie, sans rien changer.",
        en="Say what would be done and try it, changing nothing.",
    )
    def migrate(session: Session, dry_run: bool) -> None:
        from connector.clock import SystemClock
        from connector.store.upgrade import upgrade

        settings = session.settings()
        plan = _refusing(session, lambda: upgrade(settings, SystemClock().now(), is_rehearsal=dry_run))
        steps = [{"number": one.number, "title": one.title, "statements": list(one.statements)} for one in plan.steps]
        told = {"from": plan.before, "to": plan.after, "done": not dry_run, "steps": steps}
        session.out(told, lambda: _say_plan(session, told))


# --- what they share


def _refusing(session: Session, work: Callable[[], Any]) -> Any:
    """Do the work; a problem becomes a sentence and an exit code."""
    from connector.problems import Problem

    try:
        return work()
    except Problem as problem:
        session.fail(f"{problem.say(session.language)} {problem.remedy[session.language]}".strip(), exits.PROBLEM)
    except OSError as error:
        session.fail(session.say(*files.undone(error)), exits.PROBLEM)


def _keys_file(session: Session, path: Path | None, passphrase: Path | None, *, is_new: bool = False) -> Any:
    """Return where the keys are and what opens them; None when no file of keys is named."""
    if path is None:
        return None
    from pydantic import SecretStr

    from connector.services.backup.take import KeysFile

    return KeysFile(path, SecretStr(_passphrase_from(session, passphrase, is_new=is_new)))


def _passphrase_from(session: Session, path: Path | None, *, is_new: bool) -> str:
    if path is not None:
        return session.first_line(path)
    if found := os.environ.get(PASSPHRASE):
        return found
    if not has_terminal():
        fr = f"Donnez la phrase de passe par --passphrase-file ou {PASSPHRASE}."
        session.fail(session.say(fr, f"Give the passphrase by --passphrase-file or {PASSPHRASE}."), exits.USAGE)
    question = session.say("Phrase de passe des clés", "Passphrase of the keys")
    again = session.say("Encore une fois", "Once more") if is_new else False
    found = click.prompt(question, hide_input=True, confirmation_prompt=again, err=True)
    return str(found)


def _restore(
    session: Session,
    file: Path,
    keys: "KeysFile | None",
    keep_api_keys: bool,
    data_dir: Path | None,
    database_url: str | None,
) -> None:
    from connector.app import ROOT
    from connector.clock import SystemClock
    from connector.services.backup.restore import restore

    settings, written = _settings_for(session, file, data_dir, database_url)
    now = SystemClock().now()
    done = _refusing(session, lambda: restore(settings, file, keys, keep_api_keys=keep_api_keys, root=ROOT, now=now))
    if written is not None:
        write_secretly(session.config_path, written)
    told = {"data_dir": str(settings.data_dir), **_summary(done.manifest), "waiting": done.waiting}
    told |= {"restore": done.restore.n, "owners_without_key": list(done.owners_without_key)}
    lacking = None if settings.seal_passphrase or settings.seal_key_place.exists() else settings.seal_key_place
    session.out(told, lambda: _say_restored(session, done, lacking))


def _check(session: Session, file: Path, keys: "KeysFile | None") -> None:
    from connector.services.backup import archive, sealed
    from connector.services.backup.check import check

    def work() -> archive.Manifest:
        with archive.reading(file) as opened:
            check(opened)
            if keys is not None:
                sealed.unseal(keys.path, keys.passphrase)
            return opened.manifest

    manifest = _refusing(session, work)
    told = {"file": str(file), **_summary(manifest)}
    whole = session.say("Tout est intact ; rien n’a été écrit.", "Everything is intact; nothing was written.")

    def say() -> None:
        click.echo(whole)
        _say_manifest(session, told)

    session.out(told, say)


def _settings_for(
    session: Session, file: Path, data_dir: Path | None, database_url: str | None
) -> "tuple[Settings, str | None]":
    """Return the settings of the node to be; without a file of them those of the archive, and what to write."""
    if session.config_path.exists():
        if data_dir or database_url:
            fr = f"{session.config_path} existe : changez-y data_dir et database_url."
            session.fail(session.say(fr, f"{session.config_path} exists: change data_dir there."), exits.USAGE)
        return session.settings(), None
    from connector.services.backup import archive, check
    from connector.settings import load

    def work() -> "tuple[Settings, str]":
        with archive.reading(file) as opened:
            found = {**check.settings(opened), "data_dir": opened.manifest.data_dir}
        if data_dir is not None:
            found["data_dir"] = str(data_dir.resolve())
        if database_url:
            found["database_url"] = database_url
        return load(None, environ={}, **found), settings_file(found)

    made: tuple[Settings, str] = _refusing(session, work)
    return made


def _summary(manifest: Any) -> dict[str, Any]:
    names = ("id", "taken_at", "program", "store", "schema_version", "public_url", "rows", "journals")
    return {name: getattr(manifest, name) for name in names}


def _say_manifest(session: Session, told: dict[str, Any]) -> None:
    rows = told["rows"]
    counted = (
        (show.label(session, name), rows[name])
        for name in ("datasets", "negotiations", "agreements", "transfers")
        if name in rows
    )
    said = ", ".join(f"{name} {count}" for name, count in counted)
    click.echo(f"{told['public_url']} · {show.instant(told['taken_at'])} · {said}")


def _say_backup(session: Session, told: dict[str, Any], not_included: list[str]) -> None:
    click.echo(session.say(f"Sauvegarde : {told['file']}", f"Backup: {told['file']}"))
    _say_manifest(session, told)
    if told["keys"]:
        fr = f"Clés, chiffrées : {told['keys']}. À garder ailleurs, et la phrase de passe ailleurs encore."
        en = f"Keys, encrypted: {told['keys']}. Keep them elsewhere, and the passphrase elsewhere again."
    else:
        fr = "Les clés n’y sont pas : sans elles, ce nœud ne pourra plus parler. Sauvegardez-les avec --keys."
        en = "The keys are not in it: without them this node cannot speak any more. Save them with --keys."
    click.echo(session.say(fr, en))
    fr = "Ce qui ouvre les clés de cachet n’y est pas (seal.key, ou seal_passphrase) : gardez-en une copie à part."
    en = "What opens the seal keys is not in it (seal.key, or seal_passphrase): keep a copy of that apart."
    click.echo(session.say(fr, en))
    for path in not_included:
        click.echo(session.say(f"N’y est pas (lien) : {path}", f"Not in it (a link): {path}"))


def _say_restored(session: Session, done: "Restored", lacking: Path | None) -> None:
    """Print what was restored and what is to be done; `lacking`: the file that opens the seal keys, where none does."""
    taken = show.instant(done.manifest.taken_at)
    click.echo(session.say(f"Restauré : le nœud tel qu’il était le {taken}.", f"Restored: the node of {taken}."))
    fr = f"Dossiers à comparer avec les partenaires, au démarrage : {done.waiting}. Puis : pupitre restore-report"
    en = f"Processes to compare with partners, at the start: {done.waiting}. Then: pupitre restore-report"
    click.echo(session.say(fr, en))
    fr = "Ce que vous avez retiré, révoqué ou résilié depuis compte de nouveau : vérifiez catalogue et partenaires."
    en = "What you withdrew, revoked or removed since counts again: look through catalogue and partners."
    click.echo(session.say(fr, en))
    for owner in done.owners_without_key:
        fr = f"Il manque la clé de « {owner} » : remettez keys/{owner} dans le dossier des données avant de démarrer."
        en = f"The key of “{owner}” is missing: put keys/{owner} back into the data folder before you start."
        click.echo(session.say(fr, en), err=True)
    if lacking is not None:
        fr = f"Rien n’ouvre les clés de cachet : remettez {lacking}, ou donnez seal_passphrase, avant de démarrer."
        en = f"Nothing opens the seal keys: put {lacking} back, or give seal_passphrase, before you start."
        click.echo(session.say(fr, en), err=True)


def _say_plan(session: Session, told: dict[str, Any]) -> None:
    if not told["steps"]:
        fr, en = f"Rien à faire : version {told['to']}.", f"Nothing to do: version {told['to']}."
        click.echo(session.say(fr, en))
        return
    for step in told["steps"]:
        click.echo(f"{step['number']:04} {step['title']}")
        for statement in step["statements"] if not told["done"] else ():
            click.echo("    " + statement.replace("\n", "\n    "))
    if told["done"]:
        fr, en = f"Base migrée : {told['from']} → {told['to']}.", f"Database migrated: {told['from']} → {told['to']}."
    else:
        fr = f"Essai réussi : {told['from']} → {told['to']}. Rien n’a été changé."
        en = f"The trial succeeded: {told['from']} → {told['to']}. Nothing was changed."
    click.echo(session.say(fr, en))
