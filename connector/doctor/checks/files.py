"""Folders and files: there, and with the rights that the node needs. Whether it may write is tried, not guessed."""

import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from connector.doctor.case import Case, can_be_read
from connector.doctor.diagnosis import Diagnosis, Finding, Verdict, ok

TITLE = {"fr": "Dossiers et fichiers", "en": "Folders and files"}

GOOD = ok("files-ok", "Les dossiers sont là, avec les droits qu’il faut.", "The folders are there, with their rights.")
MISSING = Diagnosis(
    "folder-missing",
    Verdict.FAILURE,
    {
        "fr": "Le dossier {subject} ({setting}) n’existe pas.",
        "en": "The folder {subject} ({setting}) does not exist.",
    },
    {
        "fr": "Créez-le, ou corrigez {setting} ; un nœud neuf se prépare par « pupitre init ».",
        "en": "Make it, or correct {setting}; a new node is prepared by “pupitre init”.",
    },
)
UNWRITABLE = Diagnosis(
    "folder-unwritable",
    Verdict.FAILURE,
    {
        "fr": "Le compte {account} ne peut pas écrire dans {subject} ({setting}) : {detail}.",
        "en": "The account {account} cannot write into {subject} ({setting}): {detail}.",
    },
    {
        "fr": "Donnez ce dossier au compte du nœud (chown, chmod), ou montez le disque en écriture.",
        "en": "Give this folder to the node's account (chown, chmod), or mount the disk for writing.",
    },
)
UNREADABLE = Diagnosis(
    "folder-unreadable",
    Verdict.FAILURE,
    {
        "fr": "Le compte {account} ne peut pas lire {subject} ({setting}) : {detail}.",
        "en": "The account {account} cannot read {subject} ({setting}): {detail}.",
    },
    {
        "fr": "Donnez au compte du nœud le droit de lire ce dossier, ou corrigez {setting}.",
        "en": "Give the node's account the right to read this folder, or correct {setting}.",
    },
)
NO_AUTHORITIES = Diagnosis(
    "ca-file-unusable",
    Verdict.FAILURE,
    {
        "fr": "{subject} (ca_file) ne contient pas de certificat d’autorité lisible.",
        "en": "{subject} (ca_file) holds no certificate of an authority that can be read.",
    },
    {
        "fr": "Mettez-y les certificats de vos autorités, au format PEM, ou retirez ca_file.",
        "en": "Put the certificates of your authorities there, in PEM, or remove ca_file.",
    },
)


async def check(case: Case) -> list[Finding]:
    """Return what is wrong with the folders and files that the settings name."""
    return list(_faults(case)) or [GOOD.found(str(case.settings.data_dir))]


def _faults(case: Case) -> Iterator[Finding]:
    settings = case.settings
    yield from _writing(settings.data_dir, "data_dir")
    for folder in settings.receive_dirs:
        yield from _writing(folder, "receive_dirs")
    for folder in settings.source_dirs:
        yield from _reading(folder, "source_dirs")
    if not can_be_read(settings.ca_file):
        yield NO_AUTHORITIES.found(str(settings.ca_file))


def _writing(folder: Path, setting: str) -> Iterator[Finding]:
    if found := list(_reading(folder, setting)):
        yield from found
        return
    try:
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):  # a full disk has a check of its own
            yield UNWRITABLE.found(str(folder), setting=setting, account=_account(), detail=error.strerror)


def _reading(folder: Path, setting: str) -> Iterator[Finding]:
    try:
        os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        yield MISSING.found(str(folder), setting=setting)
    except OSError as error:
        yield UNREADABLE.found(str(folder), setting=setting, account=_account(), detail=error.strerror)


def _account() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
