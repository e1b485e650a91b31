"""Why a file cannot be read or written, and what to do: the system has words of its own for it, in English alone."""

import errno
from pathlib import Path

_WHY: dict[int, tuple[str, str]] = {
    errno.EACCES: (
        "vous n’en avez pas le droit. Faites-vous donner ce droit, ou choisissez un autre emplacement.",
        "you may not. Have yourself given that right, or choose another place.",
    ),
    errno.EISDIR: (
        "c’est un dossier. Donnez le chemin d’un fichier.",
        "it is a folder. Give the path of a file.",
    ),
    errno.ENOTDIR: (
        "un fichier se trouve là où son chemin veut un dossier. Corrigez ce chemin.",
        "a file stands where its path wants a folder. Correct that path.",
    ),
    errno.EEXIST: (
        "il existe déjà. Choisissez un autre nom.",
        "it is there already. Choose another name.",
    ),
    errno.ENAMETOOLONG: (
        "son nom est trop long. Donnez-en un plus court.",
        "its name is too long. Give a shorter one.",
    ),
    errno.ENOSPC: (
        "le disque est plein. Faites de la place, ou choisissez un autre emplacement.",
        "the disk is full. Make room, or choose another place.",
    ),
    errno.EROFS: (
        "ce disque n’est ouvert qu’en lecture. Choisissez un autre emplacement.",
        "that disk is open for reading alone. Choose another place.",
    ),
}
_WHY[errno.EPERM], _WHY[errno.EDQUOT] = _WHY[errno.EACCES], _WHY[errno.ENOSPC]
_NO_FILE = (
    "ce fichier n’existe pas. Vérifiez son chemin.",
    "there is no such file. Check its path.",
)
_NOWHERE = (
    "ce fichier ou son dossier n’existe pas. Vérifiez son chemin.",
    "there is no such file or folder. Check its path.",
)


def unread(path: Path, error: OSError) -> tuple[str, str]:
    """Return in French and in English that a file cannot be read, why, and what to do."""
    fr, en = _NO_FILE if error.errno == errno.ENOENT else _why(error)
    return f"{path} ne peut pas être lu : {fr}", f"{path} cannot be read: {en}"


def unwritten(path: Path, error: OSError) -> tuple[str, str]:
    """Return in French and in English that a file cannot be written, why, and what to do."""
    fr, en = _no_folder(path.parent) if error.errno == errno.ENOENT else _why(error)
    return f"{path} ne peut pas être écrit : {fr}", f"{path} cannot be written: {en}"


def undone(error: OSError) -> tuple[str, str]:
    """Return in French and in English what ended a work on several files, and what to do."""
    if error.filename is None:
        return str(error), str(error)
    fr, en = _NOWHERE if error.errno == errno.ENOENT else _why(error)
    return f"{error.filename} : {fr}", f"{error.filename}: {en}"


def _no_folder(folder: Path) -> tuple[str, str]:
    return (
        f"le dossier {folder} n’existe pas. Créez-le, ou choisissez un autre emplacement.",
        f"there is no folder {folder}. Make it, or choose another place.",
    )


def _why(error: OSError) -> tuple[str, str]:
    """Return the reason in our words; one that is rare in those of the system."""
    said = f"{error.strerror or error}."
    return _WHY.get(error.errno or 0, (said, said))
