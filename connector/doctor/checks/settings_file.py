"""The settings: is the file there, is it well formed, and who may read it."""

import stat

from connector.doctor.case import Case
from connector.doctor.diagnosis import Diagnosis, Finding, Verdict, ok
from connector.settings import Settings

TITLE = {"fr": "Configuration", "en": "Settings"}

GOOD = ok("settings-ok", "La configuration est lisible et cohérente.", "The settings can be read and hold together.")
MISSING = Diagnosis(
    "settings-missing",
    Verdict.FAILURE,
    {"fr": "Le fichier {subject} est introuvable.", "en": "The file {subject} is not there."},
    {
        "fr": "Indiquez le bon fichier par --config, ou créez-le par « pupitre init ».",
        "en": "Name the right file with --config, or make it with “pupitre init”.",
    },
)
UNREADABLE = Diagnosis(
    "settings-unreadable",
    Verdict.FAILURE,
    {"fr": "Ce compte ne peut pas lire {subject}.", "en": "This account cannot read {subject}."},
    {
        "fr": "Lancez la commande sous le compte du nœud (sudo -u), ou donnez-lui ce fichier à lire.",
        "en": "Run the command as the node's account (sudo -u), or let that account read this file.",
    },
)
BAD = Diagnosis(
    "settings-bad",
    Verdict.FAILURE,
    {"fr": "Le nœud refuse de démarrer : {detail}", "en": "The node refuses to start: {detail}"},
    {
        "fr": "Corrigez le réglage nommé ; la page « Settings » de la documentation les donne tous.",
        "en": "Correct the setting that is named; the page “Settings” of the documentation lists them all.",
    },
)
EXPOSED = Diagnosis(
    "settings-exposed",
    Verdict.WARNING,
    {
        "fr": "{subject} contient un mot de passe, et tous les utilisateurs de la machine peuvent le lire.",
        "en": "{subject} holds a password, and every user of this machine can read it.",
    },
    {"fr": "Retirez-leur ce droit : chmod o-rwx {subject}", "en": "Take that right away: chmod o-rwx {subject}"},
)


async def check(case: Case) -> list[Finding]:
    """Return what is found of settings that could be loaded."""
    path = case.question.config
    if path is not None and _holds_password(case.settings) and path.stat().st_mode & stat.S_IRWXO:
        return [EXPOSED.found(str(path))]
    return [GOOD.found(str(path or ""))]


def _holds_password(settings: Settings) -> bool:
    return any(isinstance(value, str) and "•••" in value for value in settings.shown().values())
