"""The database: reachable, of a schema that this program knows, and with a participant in it."""

from datetime import timedelta

from connector.doctor.case import Case, Holdings
from connector.doctor.diagnosis import Diagnosis, Finding, Verdict, ok
from connector.services.replicas import GONE_AFTER
from connector.store import (
    contracts,
    datasets,
    negotiations,
    participants,
    peers,
    queue,
    replicas,
    seal_keys,
    silence,
    transfers,
    webhooks,
)
from connector.store.db import Tx
from connector.store.migrate import migrations
from connector.store.participants import Hosted
from connector.store.peek import Peek, Unread, peeking
from connector.store.peers import Peer

TITLE = {"fr": "Base de données", "en": "Database"}
MOST_PARTNERS = 200
REPLICAS_SINCE = next(one.number for one in migrations("sqlite") if one.title == "replicas")
"""The migration that made the table of replicas: an older database has none."""
SEALS_SINCE = next(one.number for one in migrations("sqlite") if one.title == "seal_keys")
"""That of seal keys; it gave partners a column too."""
STAMPS_SINCE = next(one.number for one in migrations("sqlite") if one.title == "after_conclusion")
"""That of time-stamps."""
ANSWERS_WITHIN = timedelta(minutes=15)
"""An authority that has not stamped a contract by then is not answering as it should."""
WEBHOOKS_SINCE = next(one.number for one in migrations("sqlite") if one.title == "webhooks")
"""That of webhooks."""

GOOD = ok("database-ok", "La base répond, avec le schéma {schema}.", "The database answers, with schema {schema}.")
UNREACHABLE = Diagnosis(
    "database-unreachable",
    Verdict.FAILURE,
    {
        "fr": "Le serveur PostgreSQL de database_url ne répond pas : {detail}.",
        "en": "The PostgreSQL server of database_url does not answer: {detail}.",
    },
    {
        "fr": "Vérifiez que PostgreSQL tourne, et l’hôte et le port dans database_url.",
        "en": "Check that PostgreSQL runs, and the host and port in database_url.",
    },
)
NAME = Diagnosis(
    "database-host-unknown",
    Verdict.FAILURE,
    {
        "fr": "L’hôte nommé dans database_url est introuvable (DNS).",
        "en": "The host that database_url names is not found (DNS).",
    },
    {
        "fr": "Corrigez l’hôte dans database_url, ou le serveur de noms de cette machine.",
        "en": "Correct the host in database_url, or this machine's name server.",
    },
)
PASSWORD = Diagnosis(
    "database-password",
    Verdict.FAILURE,
    {
        "fr": "PostgreSQL refuse le compte ou le mot de passe de database_url : {detail}.",
        "en": "PostgreSQL refuses the account or the password of database_url: {detail}.",
    },
    {
        "fr": "Corrigez database_url, ou les droits du compte (pg_hba.conf, ALTER ROLE).",
        "en": "Correct database_url, or the account's rights (pg_hba.conf, ALTER ROLE).",
    },
)
NO_DATABASE = Diagnosis(
    "database-absent",
    Verdict.FAILURE,
    {
        "fr": "La base n’existe pas : {detail}.",
        "en": "The database does not exist: {detail}.",
    },
    {
        "fr": "Préparez le nœud par « pupitre init », créez la base (createdb), ou restaurez une sauvegarde.",
        "en": "Prepare the node with “pupitre init”, make the database (createdb), or restore a backup.",
    },
)
URL = Diagnosis(
    "database-url-bad",
    Verdict.FAILURE,
    {"fr": "database_url n’est pas une adresse valable.", "en": "database_url is not a valid address."},
    {
        "fr": "Écrivez-la postgresql://compte:motdepasse@hôte/base, ou laissez-la vide pour SQLite.",
        "en": "Write it postgresql://user:password@host/name, or leave it empty for SQLite.",
    },
)
CORRUPT = Diagnosis(
    "database-corrupt",
    Verdict.FAILURE,
    {"fr": "Le fichier de la base est abîmé : {detail}.", "en": "The file of the database is damaged: {detail}."},
    {
        "fr": "Arrêtez le nœud, mettez ce fichier de côté et restaurez une sauvegarde.",
        "en": "Stop the node, put this file aside and restore a backup.",
    },
)
UNREADABLE = Diagnosis(
    "database-unreadable",
    Verdict.FAILURE,
    {"fr": "La base ne peut pas être lue : {detail}.", "en": "The database cannot be read: {detail}."},
    {
        "fr": "Vérifiez les droits du compte du nœud sur la base, puis le journal de PostgreSQL s’il y en a un.",
        "en": "Check the rights of the node's account on the database, then PostgreSQL's log if there is one.",
    },
)
NEWER = Diagnosis(
    "database-newer",
    Verdict.FAILURE,
    {
        "fr": "La base a le schéma {schema}, ce programme ne connaît que {known}.",
        "en": "The database has schema {schema}, this program knows {known} at most.",
    },
    {
        "fr": "Installez la version du nœud qui a migré la base, ou une plus récente.",
        "en": "Install the version of the node that migrated the database, or a later one.",
    },
)
OLDER = Diagnosis(
    "database-older",
    Verdict.WARNING,
    {
        "fr": "La base a le schéma {schema} ; ce programme la migrera au schéma {known} en démarrant.",
        "en": "The database has schema {schema}; this program will migrate it to {known} when it starts.",
    },
    {"fr": "Sauvegardez, puis redémarrez le nœud.", "en": "Make a backup, then restart the node."},
)
EMPTY = Diagnosis(
    "database-empty",
    Verdict.FAILURE,
    {"fr": "La base ne contient aucun organisme.", "en": "The database holds no participant."},
    {
        "fr": "Préparez le nœud par « pupitre init », ou corrigez data_dir ou database_url.",
        "en": "Prepare the node with “pupitre init”, or correct data_dir or database_url.",
    },
)
_BY_CAUSE = {
    "absent": NO_DATABASE, "no-database": NO_DATABASE, "unreadable": UNREADABLE, "server": UNREADABLE,
    "corrupt": CORRUPT, "url": URL, "dns": NAME, "refused": UNREACHABLE, "timeout": UNREACHABLE, "password": PASSWORD,
}  # fmt: skip


async def check(case: Case) -> list[Finding]:
    """Look into the database and keep for later checks what it holds."""
    subject = str(case.settings.shown()["database_url"] or case.settings.data_dir)
    try:
        async with peeking(case.settings, case.question.clock) as peek:
            schema, known = await peek.schema()
            if schema > known:
                return [NEWER.found(subject, schema=schema, known=known)]
            if schema == 0:
                return [EMPTY.found(subject)]
            case.holdings = await _holdings(peek, schema)
    except Unread as unread:
        return [_BY_CAUSE[unread.cause].found(subject, detail=unread.detail)]
    if not case.holdings.hosted:
        return [EMPTY.found(subject)]
    return [(GOOD if schema == known else OLDER).found(subject, schema=schema, known=known)]


async def _holdings(peek: Peek, schema: int) -> Holdings:
    def unit(tx: Tx) -> Holdings:
        hosted = participants.every(tx)
        return Holdings(
            schema=schema,
            hosted=hosted,
            partners=_partners(tx, hosted) if schema >= SEALS_SINCE else [],
            silences=[
                (host.owner, one)
                for host in hosted
                for one in silence.listed(tx.connection, host.owner, limit=MOST_PARTNERS)
            ],
            jobs=queue.count(tx),
            replicas=replicas.seen_since(tx, tx.now - GONE_AFTER) if schema >= REPLICAS_SINCE else [],
            webhooks=webhooks.troubled(tx) if schema >= WEBHOOKS_SINCE else [],
            seals=seal_keys.every(tx) if schema >= SEALS_SINCE else None,
            unstamped=contracts.count_unstamped(tx, tx.now - ANSWERS_WITHIN) if schema >= STAMPS_SINCE else 0,
            processes={
                "negotiations": negotiations.queries.count_by_state(tx),
                "transfers": transfers.queries.count_by_state(tx),
                "datasets": datasets.count(tx),
            },
        )

    return await peek.read(unit)


def _partners(tx: Tx, hosted: list[Hosted]) -> list[Peer]:
    return [one for host in hosted for one in peers.page(tx, host.owner, limit=MOST_PARTNERS)]
