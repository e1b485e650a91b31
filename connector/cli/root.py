"""The command `pupitre` and the commands about the node itself."""

from pathlib import Path
from typing import Any

import click

from connector.cli import (
    contracts,
    deliveries,
    doctor,
    events,
    get,
    hosting,
    journals,
    negotiations,
    newcomers,
    partners,
    policy,
    publication,
    records,
    safekeeping,
    seal_keys,
    show,
    webhooks,
)
from connector.cli.frame import Group, Option, Session, command, locale_language
from connector.cli.install import install


@click.group(
    "pupitre",
    cls=Group,
    texts={
        "fr": "Le nœud d’une collectivité : proposer, convenir, recevoir des données, de pair à pair.",
        "en": "A local authority's node: offer, agree on and receive data, peer to peer.",
    },
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="PUPITRE_CONFIG",
    cls=Option,
    texts={"fr": "Fichier de configuration du nœud.", "en": "The node's settings."},
)
@click.option(
    "--url",
    envvar="PUPITRE_URL",
    cls=Option,
    texts={"fr": "Adresse privée du nœud.", "en": "The node's private address."},
)
@click.option(
    "--key",
    envvar="PUPITRE_KEY",
    cls=Option,
    texts={
        "fr": "Clé de l’API ; mieux vaut PUPITRE_KEY, que les autres utilisateurs ne voient pas.",
        "en": "API key; better PUPITRE_KEY, which other users do not see.",
    },
)
@click.option(
    "--owner",
    envvar="PUPITRE_OWNER",
    cls=Option,
    texts={
        "fr": "Organisme hébergé dont il s’agit (clé d’administration).",
        "en": "Hosted participant it is about (administration key).",
    },
)
@click.option("--lang", type=click.Choice(["fr", "en"]), cls=Option, texts={"fr": "Langue.", "en": "Language."})
@click.option(
    "--json",
    "is_json",
    is_flag=True,
    cls=Option,
    texts={"fr": "Affiche la réponse de l’API, en JSON.", "en": "Print the API's answer, as JSON."},
)
@click.pass_context
def cli(context: click.Context, /, is_json: bool, lang: str | None, **whereabouts: Any) -> None:
    session = context.ensure_object(Session)
    session.language = lang or locale_language()
    session.is_json = is_json
    for name, value in whereabouts.items():
        setattr(session, name, value or getattr(session, name))


@command(cli, "serve", "Démarre le nœud, jusqu’à Ctrl-C.", "Run the node, until Ctrl-C.", has_json=False)
def serve(session: Session) -> None:
    from connector import app
    from connector.problems import Problem

    try:
        app.serve(session.settings())
    except Problem as problem:
        session.fail(f"{problem.say(session.language)} {problem.remedy[session.language]}".strip(), 1)
    except OSError as error:
        session.fail(str(error), 1)


@command(cli, "status", "Dit comment va le nœud.", "Say how the node is.")
def status(session: Session) -> None:
    found = session.client.show_status()

    def told(counts: Any) -> str:
        return ", ".join(f"{show.value(session, name)} {number}" for name, number in counts.items() if number)

    def sheet() -> None:
        participant = found["participant"]
        show.sheet(
            session,
            [
                ("owner", f"{participant['name']} ({participant['owner']})"),
                ("did", participant["did"]),
                ("public_url", found["public_url"]),
                ("protocol_url", found["protocol_url"]),
                ("version", found["version"]),
                ("datasets", told(found["datasets"])),
                ("negotiations", told(found["negotiations"])),
                ("transfers", told(found["transfers"])),
                ("jobs", told(found["jobs"] or {})),
            ],
        )
        seal_keys.show_problems(found["seal_problems"])

    session.out(found, sheet)


install(cli)
ROOMS = (
    publication, policy, partners, newcomers, negotiations, contracts, get, deliveries, journals, records, events,
    webhooks, safekeeping, hosting, doctor,
)  # fmt: skip
for room in ROOMS:
    room.add_to(cli)
