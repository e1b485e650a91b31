"""What the store may refuse, beside the problems that every room shares.

A full disk or an unreachable database is `problems.Unavailable`: nothing that was acknowledged is lost.
"""

from typing import ClassVar

from connector.problems import Conflict, Problem


class StaleVersion(Conflict):
    """Somebody changed the row since it was read.

    Raised by save functions whose compare-and-swap on `version` touches no row. On PostgreSQL the unit is run again.
    """

    code = "stale-version"
    title: ClassVar[dict[str, str]] = {
        "fr": "L’élément a été modifié entre-temps.",
        "en": "The item was changed in the meantime.",
    }


class DatabaseInUse(Problem):
    """Another process holds the SQLite file."""

    code = "database-in-use"
    status = 409
    title: ClassVar[dict[str, str]] = {
        "fr": "Un autre processus utilise déjà cette base.",
        "en": "Another process already uses this database.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Arrêtez l’autre nœud, ou changez data_dir ; plusieurs processus demandent PostgreSQL.",
        "en": "Stop the other node, or give this one another data_dir; several processes need PostgreSQL.",
    }


class SchemaTooNew(Problem):
    """The database was migrated by a newer program than this one."""

    code = "schema-too-new"
    status = 409
    title: ClassVar[dict[str, str]] = {
        "fr": "La base a été migrée par une version plus récente.",
        "en": "The database was migrated by a newer version.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Installez la version du nœud qui a migré la base, ou une plus récente.",
        "en": "Install the version of the node that migrated the database, or a later one.",
    }


class BrokenChain(Problem):
    """An entry of a journal is missing, was changed, or stands in the wrong place."""

    code = "broken-chain"
    status = 500
    title: ClassVar[dict[str, str]] = {
        "fr": "Le journal des preuves a été altéré.",
        "en": "The journal was tampered with.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Comparez avec une sauvegarde et avec le journal du partenaire.",
        "en": "Compare with a backup and with the partner's journal.",
    }


class NoDatabase(Problem):
    """The settings name an SQLite file that is not there."""

    code = "no-database"
    status = 404
    title: ClassVar[dict[str, str]] = {
        "fr": "Il n’y a pas de base à cet endroit.",
        "en": "There is no database in this place.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Vérifiez --config et data_dir ; « pupitre init » prépare un nœud neuf.",
        "en": "Check --config and data_dir; “pupitre init” prepares a new node.",
    }


class BadRows(Problem):
    """Rows of a backup do not fit the tables that they were taken from."""

    code = "bad-rows"
    status = 409
    title: ClassVar[dict[str, str]] = {
        "fr": "Des lignes ne correspondent pas aux tables.",
        "en": "Some rows do not fit the tables.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "La sauvegarde a été modifiée, ou vient d’un autre programme : prenez-en une autre.",
        "en": "The backup was changed, or comes from another program: take another one.",
    }
