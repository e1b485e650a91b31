"""The protocol room's errors.

Problem
├── IllegalTransition   400, the tables do not allow this message now
├── Busy                503, our own message is crossing; the same message again succeeds or fails cleanly
├── MalformedMessage    400, the body is not the message that the address expects
└── UnsupportedFilter   400, the catalogue cannot be searched that way
"""

from typing import ClassVar

from connector.problems import Problem


class IllegalTransition(Problem):
    """The message is not allowed in the present state (DSP 2025-1, state machines)."""

    code = "illegal-transition"
    status = 400
    title: ClassVar[dict[str, str]] = {
        "fr": "Ce message n’est pas permis dans l’état actuel.",
        "en": "This message is not allowed in the present state.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Relisez l’état du processus avant d’envoyer autre chose.",
        "en": "Read the state of the process before sending anything else.",
    }


class Busy(Problem):
    """A message of ours is on its way to you and must be answered first."""

    code = "busy"
    status = 503
    title: ClassVar[dict[str, str]] = {
        "fr": "Un message de notre part est en chemin et doit d’abord recevoir sa réponse.",
        "en": "A message of ours is on its way and must be answered first.",
    }
    remedy: ClassVar[dict[str, str]] = {"fr": "Réessayez dans une seconde.", "en": "Try again in a second."}

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail, retry_after_s=1)


class MalformedMessage(Problem):
    """The body is not a valid message of the kind that this address expects."""

    code = "malformed-message"
    status = 400
    title: ClassVar[dict[str, str]] = {"fr": "Message mal formé.", "en": "Malformed message."}
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Comparez le message au schéma DSP 2025-1 qui porte son nom.",
        "en": "Compare the message with the DSP 2025-1 schema of its name.",
    }


class UnsupportedFilter(Problem):
    """The catalogue cannot be searched in this way (DSP 2025-1, Catalog Request Message: 400)."""

    code = "unsupported-filter"
    status = 400
    title: ClassVar[dict[str, str]] = {"fr": "Filtre non pris en charge.", "en": "Unsupported filter."}
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Demandez sans filtre, ou par l’identifiant d’un jeu de données.",
        "en": "Ask without a filter, or by the identifier of one dataset.",
    }
