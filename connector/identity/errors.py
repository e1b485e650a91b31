"""The identity room's errors.

Problem
├── Unauthorized
│   └── TokenRefused     401, the caller's token does not prove who speaks
│       ├── UnknownKey       the document has no such key (a fresh look may help)
│       └── KeyNotPinned     the key is genuine for the DID, but is not the one that a person approved
├── IdentityUnavailable  503, the caller's identity cannot be checked at this moment; a new token soon will do
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


class KeyNotPinned(TokenRefused):
    """The DID's key is not among those that were pinned for this peer: somebody took the domain, or the key changed."""

    code = "key-not-pinned"
    title: ClassVar[dict[str, str]] = {
        "fr": "La clé présentée n’est pas celle qui a été enregistrée pour ce partenaire.",
        "en": "The key presented is not the one recorded for this partner.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Faites confirmer l’empreinte de la nouvelle clé par un autre canal, puis enregistrez-la.",
        "en": "Have the new key's fingerprint confirmed by another channel, then record it.",
    }

    def __init__(self, owner: str, did: str, thumbprint: str) -> None:
        self.owner = owner
        self.did = did
        self.thumbprint = thumbprint
        super().__init__("pin")


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
