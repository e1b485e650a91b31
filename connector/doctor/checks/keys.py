"""The keys of hosted participants: there, usable, and readable by the node alone."""

import os
import stat
from collections.abc import Iterator

from connector.doctor.case import Case
from connector.doctor.diagnosis import Diagnosis, Finding, Verdict, ok
from connector.identity.errors import MissingKey

TITLE = {"fr": "Clés", "en": "Keys"}
ADMINISTRATION_KEY = "admin.key"

GOOD = ok("keys-ok", "Chaque organisme hébergé a sa clé.", "Every hosted participant has its key.")
MISSING = Diagnosis(
    "key-missing",
    Verdict.FAILURE,
    {
        "fr": "La clé de l’organisme « {owner} » n’est pas dans {subject}.",
        "en": "The key of the participant “{owner}” is not in {subject}.",
    },
    {
        "fr": "Restaurez ce fichier depuis une sauvegarde : vos partenaires ne reconnaissent que cette clé.",
        "en": "Restore this file from a backup: your partners recognise no other key.",
    },
)
UNUSABLE = Diagnosis(
    "key-unusable",
    Verdict.FAILURE,
    {
        "fr": "{subject} n’est pas lisible, ou n’est pas une clé P-256.",
        "en": "{subject} cannot be read, or is not a P-256 key.",
    },
    {
        "fr": "Restaurez ce fichier depuis une sauvegarde, lisible par le compte du nœud.",
        "en": "Restore this file from a backup, readable by the node's account.",
    },
)
EXPOSED = Diagnosis(
    "key-exposed",
    Verdict.WARNING,
    {
        "fr": "D’autres comptes de la machine peuvent lire {subject}.",
        "en": "Other accounts of this machine can read {subject}.",
    },
    {
        "fr": "Retirez-leur ce droit : chmod 600 {subject} ; si quelqu’un a pu copier la clé, remplacez-la.",
        "en": "Take that right away: chmod 600 {subject}; if somebody may have copied the key, replace it.",
    },
)


async def check(case: Case) -> list[Finding]:
    """Return what is wrong with the keys."""
    return list(_faults(case)) or [GOOD.found()]


def _faults(case: Case) -> Iterator[Finding]:
    paths = [case.settings.data_dir / ADMINISTRATION_KEY, case.settings.seal_key_place]
    for owner in case.owners:
        path = case.settings.data_dir / "keys" / owner / "auth.pem"
        paths.append(path)
        try:
            case.keys.auth(owner)
        except MissingKey as missing:
            diagnosis = MISSING if isinstance(missing.__cause__, FileNotFoundError) else UNUSABLE
            yield diagnosis.found(str(path), owner=owner)
    for path in paths:
        if os.path.exists(path) and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield EXPOSED.found(str(path))
