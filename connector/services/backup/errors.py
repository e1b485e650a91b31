"""What a backup or a restoration may refuse."""

from typing import ClassVar

from connector.problems import Problem


class BadBackup(Problem):
    """The archive is not a backup of this program, or not what was written."""

    code = "bad-backup"
    status = 409
    title: ClassVar[dict[str, str]] = {
        "fr": "Cette sauvegarde est abîmée ou n’en est pas une.",
        "en": "This backup is damaged, or is not one.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Rien n’a été écrit. Prenez une autre copie du fichier, ou une sauvegarde plus ancienne.",
        "en": "Nothing was written. Take another copy of the file, or an earlier backup.",
    }


class BadKeysFile(Problem):
    """The file of keys cannot be opened: another passphrase, or not what was written."""

    code = "bad-keys-file"
    status = 409
    title: ClassVar[dict[str, str]] = {
        "fr": "Le fichier des clés ne s’ouvre pas : phrase de passe fausse, ou fichier abîmé.",
        "en": "The file of keys does not open: wrong passphrase, or damaged file.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Rien n’a été écrit. Recommencez avec la phrase de passe donnée à la sauvegarde.",
        "en": "Nothing was written. Try again with the passphrase that was given at the backup.",
    }


class WeakPassphrase(Problem):
    """The passphrase is too short to protect keys."""

    code = "weak-passphrase"
    title: ClassVar[dict[str, str]] = {
        "fr": "Cette phrase de passe est trop courte.",
        "en": "This passphrase is too short.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Donnez-en une d’au moins 12 caractères, et gardez-la loin des fichiers.",
        "en": "Give one of at least 12 characters, and keep it away from the files.",
    }


class NotEmpty(Problem):
    """There is a node already where one is to be restored."""

    code = "not-empty"
    status = 409
    title: ClassVar[dict[str, str]] = {
        "fr": "On ne restaure que dans un dossier et une base vides.",
        "en": "A node is restored only into an empty folder and an empty database.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Mettez de côté ce qui s’y trouve, ou indiquez un autre endroit ; rien n’a été touché.",
        "en": "Put aside what is there, or name another place; nothing was touched.",
    }


class OtherAddress(Problem):
    """The settings give the node another public address than the one its partners know."""

    code = "other-address"
    status = 409
    title: ClassVar[dict[str, str]] = {
        "fr": "Cette sauvegarde est celle d’un nœud d’une autre adresse publique.",
        "en": "This backup is of a node with another public address.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Donnez à public_url l’adresse de la sauvegarde : les identités et les conventions la contiennent.",
        "en": "Set public_url to the address in the backup: identities and agreements contain it.",
    }


class HalfRestored(Problem):
    """A restoration was interrupted: what is there is no node."""

    code = "half-restored"
    status = 409
    title: ClassVar[dict[str, str]] = {
        "fr": "Une restauration a été interrompue dans ce dossier.",
        "en": "A restoration was interrupted in this folder.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Relancez « pupitre restore » : il efface ce qu’elle a laissé et recommence.",
        "en": "Run “pupitre restore” again: it removes what was left and begins anew.",
    }


class FileBusy(Problem):
    """A published file changed each time it was copied, or the file to be written is there already."""

    code = "file-busy"
    status = 409
    title: ClassVar[dict[str, str]] = {
        "fr": "Un fichier a changé pendant sa copie, ou existe déjà.",
        "en": "A file changed while it was copied, or is there already.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Recommencez sous un autre nom, ou quand le fichier n’est plus en cours d’écriture.",
        "en": "Try again under another name, or when nobody writes the file any more.",
    }
