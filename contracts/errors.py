"""Why an agreement that a peer sent is not the one that was negotiated.

AgreementError
├── NotAnAgreement    it cannot be read, is of another type, or has no identifier
├── WrongAssigner     it is not given by the peer
├── WrongAssignee     it is not given to us
├── WrongTarget       it is about another dataset
├── MissingTimestamp  it does not say when it was concluded
├── BadTimestamp      it says so unreadably, or was concluded in the future, or before it was asked for
└── OtherTerms        it does not say what was asked for or offered
"""

from typing import ClassVar

from policies.errors import Language, Text


class Refusal(Exception):
    """Something is not what it should be: what, where, what was needed and what came."""

    code: ClassVar[str] = "refused"
    title: ClassVar[Text] = {"fr": "Refusé.", "en": "Refused."}

    def __init__(self, *, needed: str = "", actual: str = "", pointer: str = "") -> None:
        self.needed = needed
        self.actual = actual
        self.pointer = pointer
        super().__init__(self.say("en"))

    def say(self, language: Language) -> str:
        """Return the whole message in one language, with what was expected and what was received."""
        colon, expected, received = (" : ", "attendu", "reçu") if language == "fr" else (": ", "expected", "received")
        values = [
            f"{word}{colon}{value}" for word, value in ((expected, self.needed), (received, self.actual)) if value
        ]
        return f"{self.title[language]} ({', '.join(values)})" if values else self.title[language]


class AgreementError(Refusal):
    """The agreement is not the one that was negotiated; it must not be verified."""

    code = "agreement-refused"
    title: ClassVar[Text] = {
        "fr": "La convention reçue n’est pas celle qui a été négociée.",
        "en": "The agreement is not the one that was negotiated.",
    }


class NotAnAgreement(AgreementError):
    """What was received is not an agreement that we can read."""

    code = "not-an-agreement"
    title: ClassVar[Text] = {
        "fr": "Le document reçu n’est pas une convention lisible.",
        "en": "What was received is not an agreement that can be read.",
    }


class WrongAssigner(AgreementError):
    """The agreement is not given by the participant that sent it."""

    code = "wrong-assigner"
    title: ClassVar[Text] = {
        "fr": "La convention n’est pas accordée par le fournisseur avec lequel elle a été négociée.",
        "en": "The agreement is not given by the provider with whom it was negotiated.",
    }


class WrongAssignee(AgreementError):
    """The agreement is given to somebody else."""

    code = "wrong-assignee"
    title: ClassVar[Text] = {
        "fr": "La convention est accordée à un autre destinataire.",
        "en": "The agreement is given to somebody else.",
    }


class WrongTarget(AgreementError):
    """The agreement is about another dataset."""

    code = "wrong-target"
    title: ClassVar[Text] = {
        "fr": "La convention porte sur un autre jeu de données.",
        "en": "The agreement is about another dataset.",
    }


class MissingTimestamp(AgreementError):
    """The agreement does not say when it was concluded (DSP 2025-1 §Contract Negotiation, Agreement: MUST)."""

    code = "missing-timestamp"
    title: ClassVar[Text] = {
        "fr": "La convention ne dit pas quand elle a été conclue.",
        "en": "The agreement does not say when it was concluded.",
    }


class BadTimestamp(AgreementError):
    """The moment that the agreement gives is no date, or cannot be true."""

    code = "bad-timestamp"
    title: ClassVar[Text] = {
        "fr": "La date de conclusion de la convention est illisible ou impossible.",
        "en": "The time at which the agreement was concluded is unreadable or impossible.",
    }


class OtherTerms(AgreementError):
    """The agreement grants, forbids or obliges something else than what was asked for or offered last."""

    code = "other-terms"
    title: ClassVar[Text] = {
        "fr": "La convention ne reprend pas les conditions demandées ou proposées en dernier.",
        "en": "The agreement does not have the terms that were asked for or offered last.",
    }
