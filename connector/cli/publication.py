"""`pupitre dataset` and `pupitre offer`: what we publish, and under which terms."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from connector.cli import exits, files, show
from connector.cli.frame import Instant, Session, command, group, in_period, option
from connector.cli.policies import policy_options, terms
from connector.sdk import calls

OPEN = {"permission": [{"action": "use"}]}


def add_to(cli: click.Group) -> None:
    """Add the commands."""
    datasets = group(cli, "dataset", "Nos jeux de données.", "Our datasets.")
    offers = group(cli, "offer", "Nos conditions proposées.", "Our offers.")
    _add_add_command(datasets)
    _add_dataset_commands(datasets)
    _add_offer_commands(offers)
    _add_preview_command(offers)


def _add_add_command(datasets: click.Group) -> None:
    @command(
        datasets,
        "add",
        "Prépare un jeu de données à partir d’un fichier, ou remplace le sien.",
        "Prepare a dataset from a file, or replace its file.",
    )
    @click.argument("file", type=click.Path(path_type=Path))
    @option("--title", fr="Titre ; sinon le nom du fichier.", en="Title; else the name of the file.")
    @option("--id", "dataset_id", fr="Identifiant (IRI) ; sinon choisi par le nœud.", en="Identifier (IRI).")
    @option("--description", fr="Description, pour les partenaires.", en="Description, for partners.")
    @option("--keyword", "keywords", multiple=True, fr="Mot-clé.", en="Keyword.")
    @option("--licence", fr="Licence (IRI).", en="Licence (IRI).")
    @option(
        "--personal",
        is_flag=True,
        fr="Contient des données personnelles : la base légale sera exigée.",
        en="It holds personal data: the legal basis will be demanded.",
    )
    @option("--metadata", type=click.Path(exists=True, path_type=Path), fr="Fichier JSON.", en="JSON file.")
    @option("--copy", is_flag=True, fr="Copie d’abord dans data_dir/published.", en="First copy to data_dir/published.")
    @option("--open", "is_open", is_flag=True, fr="Le publie sans condition.", en="Publish it without conditions.")
    def add(session: Session, file: Path, **said: Any) -> None:
        _add_dataset(session, file, **said)


def _add_dataset_commands(datasets: click.Group) -> None:
    @command(datasets, "list", "Liste les jeux de données.", "List datasets.")
    @option("--status", type=click.Choice(["draft", "published", "withdrawn"]), fr="Statut.", en="Status.")
    @in_period
    def list_(session: Session, **which: Any) -> None:
        found = list(session.client.each(calls.list_datasets(**which)))
        rows = ((one["id"], one["title"], show.value(session, one["status"]), _size(session, one)) for one in found)
        session.out(found, lambda: show.table(session, ("id", "title", "status", "size"), rows))

    @command(datasets, "show", "Montre un jeu de données.", "Show a dataset.")
    @click.argument("dataset_id", metavar="DATASET")
    def show_(session: Session, dataset_id: str) -> None:
        found = session.client.show_dataset(dataset_id)
        session.out(found, lambda: _show_dataset(session, found))

    @command(
        datasets,
        "audience",
        "Dit quels partenaires verraient un jeu de données, et pourquoi les autres non.",
        "Say which partners would see a dataset, and why the others would not.",
    )
    @click.argument("dataset_id", metavar="DATASET")
    @option("--at", type=Instant(), fr="Comme ce sera à cet instant.", en="As it will be at this instant.")
    @option("--full", is_flag=True, fr="Avec chaque motif, par offre.", en="With every reason, by offer.")
    def audience(session: Session, dataset_id: str, at: str | None, full: bool) -> None:
        found = list(session.client.each(calls.list_audience(dataset_id, at=at)))
        session.out(found, lambda: _show_audience(session, found, full))

    @command(datasets, "withdraw", "Retire un jeu de données du catalogue.", "Withdraw a dataset.")
    @click.argument("dataset_id", metavar="DATASET")
    def withdraw(session: Session, dataset_id: str) -> None:
        found = session.client.withdraw_dataset(dataset_id)
        session.out(found, lambda: click.echo(session.say(f"Retiré : {found['id']}", f"Withdrawn: {found['id']}")))


def _add_offer_commands(offers: click.Group) -> None:
    @command(
        offers,
        "add",
        "Propose un jeu de données sous des conditions ; c’est ce qui le publie.",
        "Offer a dataset under terms; this is what publishes it.",
    )
    @click.argument("dataset")
    @policy_options
    @option("--automatic/--manual", fr="Accord automatique ou par une personne.", en="Agreed by itself or by a person.")
    @option("--id", "offer_id", fr="Identifiant (IRI) ; sinon choisi par le nœud.", en="Identifier (IRI).")
    def add(session: Session, dataset: str, automatic: bool, offer_id: str | None, **said: Any) -> None:
        policy, mode = terms(session, **said), "automatic" if automatic else "manual"
        if offer_id is None:
            found = session.client.create_offer(dataset, policy, mode)
        else:
            found = session.client.put_offer(offer_id, dataset, policy, mode)
        session.out(found, lambda: _show_offered(session, found))

    @command(offers, "list", "Liste les conditions proposées.", "List offers.")
    @option("--dataset", fr="D’un jeu de données.", en="Of one dataset.")
    @option("--status", type=click.Choice(["active", "withdrawn"]), fr="Statut.", en="Status.")
    @option("--mode", type=click.Choice(["automatic", "manual"]), fr="Mode.", en="Mode.")
    def list_(session: Session, **which: Any) -> None:
        found = list(session.client.each(calls.list_offers(**which)))
        rows = (
            (one["id"], one["dataset"], show.value(session, one["mode"]), show.value(session, one["status"]))
            for one in found
        )
        session.out(found, lambda: show.table(session, ("id", "dataset", "mode", "status"), rows))

    @command(offers, "show", "Montre des conditions proposées.", "Show an offer.")
    @click.argument("offer_id", metavar="OFFER")
    def show_(session: Session, offer_id: str) -> None:
        found = session.client.show_offer(offer_id)
        session.out(found, lambda: _show_offer(session, found))

    @command(offers, "withdraw", "Retire des conditions proposées.", "Withdraw an offer.")
    @click.argument("offer_id", metavar="OFFER")
    def withdraw(session: Session, offer_id: str) -> None:
        found = session.client.withdraw_offer(offer_id)
        session.out(found, lambda: click.echo(session.say(f"Retiré : {found['id']}", f"Withdrawn: {found['id']}")))


def _add_preview_command(offers: click.Group) -> None:
    @command(
        offers,
        "preview",
        "Dit qui verrait un jeu de données sous des conditions, sans rien enregistrer.",
        "Say who would see a dataset under terms; nothing is saved.",
    )
    @click.argument("dataset")
    @policy_options
    @option("--automatic/--manual", fr="Accord automatique ou par une personne.", en="Agreed by itself or by a person.")
    @option("--at", type=Instant(), fr="Comme ce serait à cet instant.", en="As it would be at this instant.")
    @option("--full", is_flag=True, fr="Avec chaque motif.", en="With every reason.")
    def preview(session: Session, dataset: str, automatic: bool, at: str | None, full: bool, **said: Any) -> None:
        policy, mode = terms(session, **said), "automatic" if automatic else "manual"
        first = session.client.preview_audience(dataset, policy, mode, at=at)
        found = list(session.client.each(calls.preview_audience(dataset, policy, mode, at=at)))
        told = {"items": found, "warnings": first["warnings"]}
        session.out(told, lambda: _show_preview(session, told, full))


def _add_dataset(
    session: Session,
    file: Path,
    *,
    title: str | None,
    dataset_id: str | None,
    description: str | None,
    keywords: Sequence[str],
    licence: str | None,
    personal: bool,
    metadata: Path | None,
    copy: bool,
    is_open: bool,
) -> None:
    told = {"description": description, "keywords": list(keywords), "licence": licence, "personal": personal}
    members = _metadata(session, metadata, **told)
    source = {"kind": "file", "path": _place(session, file, copy)}
    named = title or file.stem
    if dataset_id is None:
        found = session.client.create_dataset(named, source, members)
    else:
        found = session.client.put_dataset(dataset_id, named, source, members)
    if is_open:
        session.client.create_offer(found["id"], OPEN, "automatic")
    shown = session.client.show_dataset(found["id"])
    session.out(shown, lambda: _show_dataset(session, shown))


def _metadata(session: Session, path: Path | None, **said: Any) -> dict[str, Any]:
    members: dict[str, Any] = {}
    if path is not None:
        try:
            members = json.loads(path.read_bytes())
        except ValueError as error:
            raise click.UsageError(f"{path}: {error}") from None
        if not isinstance(members, dict):
            raise click.UsageError(f"{path}: {session.say('un objet est attendu', 'an object is expected')}")
    return {**members, **{name: value for name, value in said.items() if value}}


def _place(session: Session, file: Path, copy: bool) -> str:
    """Return the path that the node shall read: the file's own, or that of its copy among the published ones."""
    if not copy:
        return str(file.resolve()) if file.exists() else str(file)
    published = session.settings().data_dir / "published"
    try:
        published.mkdir(parents=True, exist_ok=True)
        return str(Path(shutil.copy2(file, published)).resolve())
    except OSError as error:
        session.fail(session.say(*files.undone(error)), exits.PROBLEM)


def _size(session: Session, dataset: Any) -> str:
    count_bytes = dataset["source"].get("size_bytes")
    return show.size(session, count_bytes) if isinstance(count_bytes, int) else ""


def _show_dataset(session: Session, found: Any) -> None:
    metadata = found["metadata"]
    show.sheet(
        session,
        [
            ("id", found["id"]),
            ("title", found["title"]),
            ("status", show.value(session, found["status"])),
            ("description", str(metadata.get("description") or "")),
            ("licence", str(metadata.get("licence") or "")),
            ("keywords", ", ".join(metadata.get("keywords") or ())),
            ("personal", session.say("oui", "yes") if metadata.get("personal") else ""),
            ("file", str(found["source"].get("path", ""))),
            ("size", _size(session, found)),
            ("sha256", str(found["source"].get("sha256", ""))),
            ("offers", "\n".join(f"{one['id']} ({show.value(session, one['mode'])})" for one in found["offers"])),
        ],
    )


def _show_audience(session: Session, found: Any, full: bool) -> None:
    yes, no = session.say("oui", "yes"), session.say("non", "no")
    rows = (
        (one["name"] or one["did"], yes if one["sees"] else no, yes if one["agreed"] else no, one["why"])
        for one in found
    )
    show.table(session, ("peer", "sees", "agreed_at_once", "why_seen"), rows)
    if not full:
        return
    for one in found:
        for offer in one["offers"]:
            click.echo(f"\n{one['name'] or one['did']} · {offer['offer']} · {_effects(session, offer['effects'])}")
            for reason in offer["reasons"]:
                click.echo(f"  - {reason}")


def _show_preview(session: Session, told: Any, full: bool) -> None:
    _show_audience(session, told["items"], full)
    _show_warnings(session, told["warnings"])


def _effects(session: Session, effects: Any) -> str:
    colon = session.say(" : ", ": ")
    told = (f"{show.value(session, phase)}{colon}{show.value(session, effect)}" for phase, effect in effects.items())
    return ", ".join(told)


def _show_offered(session: Session, found: Any) -> None:
    """Say what was offered; what is doubtful in it goes beside the answer."""
    click.echo(session.say(f"Proposé : {found['id']}", f"Offered: {found['id']}"))
    _show_warnings(session, found["warnings"])


def _show_warnings(session: Session, warnings: Any) -> None:
    for one in warnings:
        mark = session.say("Attention :", "Warning:")
        remedy = f" {one['remedy'][session.language]}" if one["remedy"] else ""
        click.echo(f"{mark} {one['message'][session.language]} ({one['pointer']}){remedy}", err=True)


def _show_offer(session: Session, found: Any) -> None:
    show.sheet(
        session,
        [
            ("id", found["id"]),
            ("dataset", found["dataset"]),
            ("mode", show.value(session, found["mode"])),
            ("status", show.value(session, found["status"])),
            ("offer", json.dumps(found["policy"], ensure_ascii=False, indent=2)),
            ("warnings", "\n".join(one["message"][session.language] for one in found["warnings"])),
        ],
    )
