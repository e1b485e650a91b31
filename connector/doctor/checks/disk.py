"""Space: a node on a full disk loses nothing, and takes nothing either."""

import errno
import os
import shutil
import tempfile
from pathlib import Path

from connector.doctor.case import Case
from connector.doctor.diagnosis import Diagnosis, Finding, Verdict, ok

TITLE = {"fr": "Espace disque", "en": "Disk space"}
TRIED_BYTES = 1 << 20
LOW_BYTES = 1 << 30

GOOD = ok("disk-ok", "Il reste {free} Mo dans {subject}.", "{free} MB are free in {subject}.")
FULL = Diagnosis(
    "disk-full",
    Verdict.FAILURE,
    {"fr": "Le disque de {subject} est plein.", "en": "The disk of {subject} is full."},
    {
        "fr": "Faites de la place, ou déplacez les données sur un plus grand disque ; le nœud reprend seul.",
        "en": "Make room, or move the data to a larger disk; the node goes on by itself.",
    },
)
LOW = Diagnosis(
    "disk-low",
    Verdict.WARNING,
    {"fr": "Il ne reste que {free} Mo dans {subject}.", "en": "Only {free} MB are free in {subject}."},
    {"fr": "Prévoyez de la place avant que le disque soit plein.", "en": "Make room before the disk is full."},
)
NOT_CHECKED = Diagnosis(
    "disk-not-checked",
    Verdict.NOT_CHECKED,
    {"fr": "{subject} n’existe pas.", "en": "{subject} does not exist."},
    {"fr": "Réglez d’abord ce qui concerne les dossiers.", "en": "First settle what concerns the folders."},
)


async def check(case: Case) -> list[Finding]:
    """Return how much room there is where the node writes."""
    folders = _one_of_each_disk({case.settings.data_dir, *case.settings.receive_dirs})
    return [_room(folder) for folder in folders] or [NOT_CHECKED.found(str(case.settings.data_dir))]


def _one_of_each_disk(folders: set[Path]) -> list[Path]:
    there = [folder for folder in sorted(folders, reverse=True) if os.path.isdir(folder)]
    return list({folder.stat().st_dev: folder for folder in there}.values())


def _room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    if _is_full(folder):
        return FULL.found(str(folder))
    diagnosis = LOW if free < LOW_BYTES else GOOD
    return diagnosis.found(str(folder), free=free // 1_000_000)


def _is_full(folder: Path) -> bool:
    """True when a megabyte cannot be written; what else forbids writing is another check's."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            os.posix_fallocate(file.fileno(), 0, TRIED_BYTES)
    except OSError as error:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return False
