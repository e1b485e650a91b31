"""Replicas: the processes that share a database, and whether they agree on their settings."""

from connector.doctor.case import Case
from connector.doctor.diagnosis import Diagnosis, Finding, Verdict, ok
from connector.services.replicas import differing, digests

TITLE = {"fr": "Processus du nœud", "en": "The node's processes"}

GOOD = ok("replicas-ok", "{count} processus, avec les mêmes réglages.", "{count} processes, with the same settings.")
ONE = ok("replicas-single", "Une base SQLite n’a qu’un processus.", "An SQLite database has one process.")
NOT_CHECKED = Diagnosis(
    "replicas-not-checked",
    Verdict.NOT_CHECKED,
    {"fr": "La base n’a pas pu être lue.", "en": "The database could not be read."},
    {"fr": "Réglez d’abord ce qui concerne la base.", "en": "First settle what concerns the database."},
)
DIFFERENT = Diagnosis(
    "replicas-differ",
    Verdict.FAILURE,
    {
        "fr": "Des processus du nœud ont des réglages différents : {settings} (machines : {hosts}).",
        "en": "Processes of this node have different settings: {settings} (machines: {hosts}).",
    },
    {
        "fr": "Donnez-leur le même node.toml, le même dossier de données et la même version, puis redémarrez-les.",
        "en": "Give them the same node.toml, the same data folder and the same version, then restart them.",
    },
)
UNDECLARED = Diagnosis(
    "replicas-undeclared",
    Verdict.FAILURE,
    {
        "fr": "{count} processus se partagent la base, mais le réglage replicas n’est pas mis.",
        "en": "{count} processes share the database, but the setting replicas is not set.",
    },
    {
        "fr": "Mettez replicas = true pour tous, ou n’en laissez tourner qu’un.",
        "en": "Set replicas = true for all of them, or let only one run.",
    },
)
NOT_IN_FORCE = Diagnosis(
    "settings-not-in-force",
    Verdict.WARNING,
    {
        "fr": "Les processus qui tournent n’ont pas les réglages lus ici : {settings}.",
        "en": "The processes that run do not have the settings read here: {settings}.",
    },
    {
        "fr": "Redémarrez le nœud, ou lancez cette commande avec sa configuration et son environnement.",
        "en": "Restart the node, or run this command with its settings and its environment.",
    },
)


async def check(case: Case) -> list[Finding]:
    """Compare what the running processes wrote down with each other, and with the settings read here."""
    if case.settings.database_url is None:
        return [ONE.found()]
    if case.holdings is None:
        return [NOT_CHECKED.found()]
    seen = case.holdings.replicas
    findings = []
    if names := differing(seen):
        hosts = ", ".join(sorted({one.host for one in seen}))
        findings.append(DIFFERENT.found(settings=", ".join(names), hosts=hosts))
    if len(seen) > 1 and not case.settings.replicas:
        findings.append(UNDECLARED.found(count=len(seen)))
    ours = digests(case.settings, case.keys.thumbprints(case.owners))
    others = {name for one in seen for name, digest in one.settings.items() if digest != ours.get(name, digest)}
    if others - set(names):
        findings.append(NOT_IN_FORCE.found(settings=", ".join(sorted(others - set(names)))))
    return findings or [GOOD.found(count=len(seen))]
