"""What goes wrong with a push: why our address does not take what a partner sends, and why a partner's takes not ours.

Problem
├── InletRefused       401, no secret that opens this address: none, another one, or one that has expired
├── InletUsed          409, the bytes came already; says which, so that a sender that lost our answer knows
├── InletBusy          409, another upload for the same transfer is under way
├── NoPlaceForPush     409, the receiving office has to act first
├── NoRoomForPush      507, the disk is full
├── PushTooLarge       413
├── PushNotPlain       415, packed, in parts of a form, or a part of the content
├── PushIncomplete     400, fewer or more bytes than announced
├── PushTooSlow        408
├── PushWrongContent   422, not the checksum that was told
└── PushFailed         ours did not arrive; PushRefused says that the receiver does not take it
"""

from typing import ClassVar

from connector.dataplane.errors import AccessRefused
from connector.problems import Problem

Texts = dict[str, str]


class InletRefused(AccessRefused):
    """The secret does not open this address: none, another one, or one that has expired."""

    code = "push-secret-refused"
    title: ClassVar[Texts] = {
        "fr": "Ce secret n’ouvre pas cette adresse de dépôt.",
        "en": "This secret does not open this push address.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Envoyez le secret reçu avec l’adresse ; s’il a expiré, le destinataire doit redemander la livraison.",
        "en": "Send the secret that came with the address; if it has expired, the consumer has to ask again.",
    }


class InletUsed(Problem):
    """The data of this transfer were received already."""

    code = "push-already-received"
    status = 409
    title: ClassVar[Texts] = {
        "fr": "Les données de cette livraison sont déjà reçues.",
        "en": "The data of this transfer were received already.",
    }
    remedy: ClassVar[Texts] = {"fr": "N’envoyez plus rien.", "en": "Send nothing more."}

    def __init__(self, sha256: str | None = None) -> None:
        super().__init__(f"SHA-256 {sha256}" if sha256 else "")
        self.sha256 = sha256


class InletBusy(Problem):
    """Another upload for the same transfer is under way."""

    code = "push-in-progress"
    status = 409
    title: ClassVar[Texts] = {
        "fr": "Un autre envoi pour la même livraison est en cours.",
        "en": "Another upload for the same transfer is under way.",
    }
    remedy: ClassVar[Texts] = {"fr": "Réessayez plus tard.", "en": "Try again later."}


class NoPlaceForPush(Problem):
    """The receiver cannot keep the data where it meant to; a person has to act there."""

    code = "push-no-place"
    status = 409
    title: ClassVar[Texts] = {
        "fr": "Le destinataire ne peut pas ranger les données à l’endroit prévu.",
        "en": "The consumer cannot keep the data in the place that was meant for them.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Le destinataire doit choisir un autre emplacement, puis demander la reprise.",
        "en": "The consumer has to choose another place, then ask for the transfer to be resumed.",
    }


class NoRoomForPush(Problem):
    """The receiver's disk is full."""

    code = "push-no-room"
    status = 507
    title: ClassVar[Texts] = {
        "fr": "Le destinataire n’a plus assez de place sur son disque.",
        "en": "There is not enough room on the consumer's disk.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Réessayez quand le destinataire aura libéré de la place.",
        "en": "Try again once the consumer has made room.",
    }


class PushTooLarge(Problem):
    """The data are larger than this node accepts."""

    code = "push-too-large"
    status = 413
    title: ClassVar[Texts] = {
        "fr": "Les données dépassent la taille acceptée par ce nœud.",
        "en": "The data are larger than this node accepts.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Le destinataire peut relever push_limit_bytes, ou demander la livraison sans envoi.",
        "en": "The consumer may raise push_limit_bytes, or ask to pull the data instead.",
    }


class PushNotPlain(Problem):
    """The body is not the plain content: it is packed, a form, or a part only."""

    code = "push-not-plain"
    status = 415
    title: ClassVar[Texts] = {
        "fr": "Le corps doit être le contenu entier, tel quel : ni compressé, ni formulaire, ni partie.",
        "en": "The body has to be the whole content as it is: not packed, no form, no part.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Envoyez le fichier entier, sans Content-Encoding ni Content-Range.",
        "en": "Send the whole file, without Content-Encoding or Content-Range.",
    }


class PushIncomplete(Problem):
    """The body ended before or after the size that was announced."""

    code = "push-incomplete"
    status = 400
    title: ClassVar[Texts] = {"fr": "L’envoi est incomplet.", "en": "The upload is incomplete."}
    remedy: ClassVar[Texts] = {"fr": "Recommencez l’envoi.", "en": "Send it again."}


class PushTooSlow(Problem):
    """Nothing arrived for too long."""

    code = "push-too-slow"
    status = 408
    title: ClassVar[Texts] = {"fr": "Plus rien n’arrive depuis trop longtemps.", "en": "Nothing arrived for too long."}
    remedy: ClassVar[Texts] = {"fr": "Recommencez l’envoi.", "en": "Send it again."}


class PushWrongContent(Problem):
    """The bytes received have not the checksum that was told; they were discarded."""

    code = "push-wrong-content"
    status = 422
    title: ClassVar[Texts] = {
        "fr": "Les octets reçus n’ont pas l’empreinte annoncée ; ils ont été écartés.",
        "en": "The bytes received have not the checksum that was told; they were discarded.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Vérifiez la source et l’empreinte, puis recommencez l’envoi.",
        "en": "Check the source and the checksum, then send it again.",
    }


class PushFailed(Problem):
    """The data could not be pushed, and trying again by itself would not help."""

    code = "push-failed"
    status = 409
    title: ClassVar[Texts] = {"fr": "L’envoi a échoué.", "en": "The data could not be pushed."}
    remedy: ClassVar[Texts] = {
        "fr": "Corrigez la cause indiquée, puis reprenez la livraison.",
        "en": "Remove the cause that is named, then resume the transfer.",
    }


class PushRefused(PushFailed):
    """The receiver does not take the data."""

    code = "push-refused"
    title: ClassVar[Texts] = {
        "fr": "L’adresse du destinataire refuse les données.",
        "en": "The consumer's address refuses the data.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Lisez le motif, voyez avec le destinataire, puis reprenez la livraison.",
        "en": "Read the reason, speak with the consumer, then resume the transfer.",
    }
