"""The identity room's errors.

Problem
├── Unauthorized
│   └── TokenRefused     401, the caller's token does not prove who speaks
│       └── UnknownKey       the document has no such key (a fresh look may help)
├── KeyNotPinned         503, the key is genuine for the DID, but is not one that a person approved: one must look
├── NotAdmitted          403, the caller is blocked here
├── PeerQuarantined      409, for our own people: nothing is sent to a peer whose key changed
├── PeerBlocked          409, for our own people: nothing is sent to a peer that is blocked
├── IdentityUnavailable  503, the caller's identity cannot be checked at this moment; a new token soon will do
├── CardRefused          502, a peer's party card does not prove what it says
├── FingerprintDiffers   409, the fingerprint that a person gave is not that of the key shown
├── MissingKey           500, a hosted participant's key is not where it must be
└── UnsafeIdentity       400, a laboratory scheme on a node that others can reach

A refused caller always reads the same words; `reason` is for our journal and log, never for the answer.
"""

from typing import ClassVar

from connector.problems import Problem, Unauthorized


class TokenRefused(Unauthorized):
    """The token does not prove who speaks. `reason` is one stable word, for the journal and the log only."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__()


class UnknownKey(TokenRefused):
    """The DID document, as we have it, does not hold the key that the token names, or holds another one."""


class KeyNotPinned(Problem):
    """The DID's key is not among those that were pinned for this peer: somebody took the domain, or the key changed.

    503 and not 401: a person here will approve the key or block the peer, and until then nothing must end for good.
    """

    code = "key-not-pinned"
    status = 503
    title: ClassVar[dict[str, str]] = {
        "fr": "La clé présentée n’est pas celle qui a été enregistrée pour ce partenaire ; une personne doit vérifier.",
        "en": "The key presented is not the one recorded for this partner; a person has to look.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Faites confirmer l’empreinte de la nouvelle clé par un autre canal ; les messages attendent.",
        "en": "Have the new key's fingerprint confirmed by another channel; messages wait.",
    }

    def __init__(self, owner: str, did: str, thumbprint: str) -> None:
        self.owner = owner
        self.did = did
        self.thumbprint = thumbprint
        self.reason = "pin"
        super().__init__(retry_after_s=60)


class NotAdmitted(Problem):
    """A person decided not to deal with the caller."""

    code = "not-admitted"
    status = 403
    title: ClassVar[dict[str, str]] = {
        "fr": "Cet organisme n’échange pas avec le vôtre.",
        "en": "This organisation does not deal with yours.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Prenez contact avec lui par un autre canal ; seule une personne peut lever ce refus.",
        "en": "Contact it by another channel; only a person can lift this refusal.",
    }


class PeerQuarantined(Problem):
    """The peer's domain shows a key that nobody here approved: nothing is sent to it until a person has looked."""

    code = "peer-quarantined"
    status = 409
    title: ClassVar[dict[str, str]] = {
        "fr": "Ce partenaire est en quarantaine : sa clé a changé.",
        "en": "This partner is in quarantine: its key has changed.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Faites confirmer l’empreinte par téléphone, puis acceptez-la avec « pupitre peer accept-key ».",
        "en": "Have the fingerprint confirmed by telephone, then accept it with “pupitre peer accept-key”.",
    }


class PeerBlocked(Problem):
    """A person here blocked the peer: nothing is sent to it, nothing is taken from it."""

    code = "peer-blocked"
    status = 409
    title: ClassVar[dict[str, str]] = {"fr": "Ce partenaire est bloqué.", "en": "This partner is blocked."}
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Si c’était une erreur, débloquez-le avec « pupitre peer unblock ».",
        "en": "If that was a mistake, unblock it with “pupitre peer unblock”.",
    }


class CardRefused(Problem):
    """The peer's party card does not prove what it says."""

    code = "card-refused"
    status = 502
    title: ClassVar[dict[str, str]] = {
        "fr": "La fiche d’identité du partenaire n’est pas valable.",
        "en": "The partner's party card is not valid.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Appelez le partenaire : il doit refaire sa fiche, ou sa clé n’est pas celle que vous connaissez.",
        "en": "Call the partner: it has to make its card again, or its key is not the one that you know.",
    }

    def __init__(self, reason: str, detail: str | dict[str, str] = "") -> None:
        self.reason = reason
        super().__init__(detail or f"({reason})")


class FingerprintDiffers(Problem):
    """The fingerprint that was given is not that of a key in the DID document."""

    code = "fingerprint-differs"
    status = 409
    title: ClassVar[dict[str, str]] = {
        "fr": "L’empreinte donnée n’est pas celle de la clé que montre cet organisme.",
        "en": "The fingerprint given is not that of the key that this organisation shows.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "N’enregistrez rien : appelez votre interlocuteur et comparez l’empreinte de vive voix.",
        "en": "Record nothing: call your contact and compare the fingerprint by word of mouth.",
    }


class IdentityUnavailable(Problem):
    """The identity cannot be checked now: a later attempt with a new token succeeds or is refused cleanly.

    503 and not 401, because some peers end a process for good on any 4xx.
    """

    code = "identity-unavailable"
    status = 503
    title: ClassVar[dict[str, str]] = {
        "fr": "L’identité de l’appelant ne peut pas être vérifiée pour l’instant.",
        "en": "The caller's identity cannot be checked at this moment.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Réessayez dans quelques secondes avec un nouveau jeton.",
        "en": "Try again in a few seconds with a new token.",
    }

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(retry_after_s=1)


class MissingKey(Problem):
    """The key file of a hosted participant is missing or unreadable; no new one is made by itself."""

    code = "missing-key"
    status = 500
    title: ClassVar[dict[str, str]] = {
        "fr": "La clé d’un participant hébergé est absente ou illisible.",
        "en": "The key of a hosted participant is missing or unreadable.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Restaurez le dossier des clés ; à défaut, créez une clé et faites-la approuver par les partenaires.",
        "en": "Restore the folder of keys; failing that, make a new key and have the partners approve it.",
    }


class UnsafeIdentity(Problem):
    """A laboratory identity proves nothing: it starts only on a node whose own address is loopback."""

    code = "unsafe-identity"
    title: ClassVar[dict[str, str]] = {
        "fr": "Cette identité de laboratoire n’est permise que sur la machine elle-même.",
        "en": "This laboratory identity is only allowed on the machine itself.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Retirez-la, ou donnez à public_url une adresse de bouclage (127.0.0.1).",
        "en": "Remove it, or give public_url a loopback address (127.0.0.1).",
    }
