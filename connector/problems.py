"""What went wrong, for a program and for a person.

Every error that leaves the node is a `Problem`: a stable `code`, an HTTP status, what happened, where (`pointer`, a
JSON pointer into the request), and what to do (`remedy`). Each room draws its own small tree on top of this class. The
texts of a class are its defaults, in French and English; a raiser may give a more precise `detail`.
"""

from typing import ClassVar


class Problem(Exception):
    """Something could not be done, and nothing was changed."""

    code: ClassVar[str] = "problem"
    status: ClassVar[int] = 400
    title: ClassVar[dict[str, str]] = {
        "fr": "La demande n’a pas abouti.",
        "en": "The request could not be carried out.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Lisez le détail, puis recommencez.",
        "en": "Read the detail, then try again.",
    }

    def __init__(
        self, detail: str | dict[str, str] = "", *, pointer: str = "", retry_after_s: float | None = None
    ) -> None:
        self.detail = detail if isinstance(detail, dict) else {"fr": detail, "en": detail}
        self.pointer = pointer
        self.retry_after_s = retry_after_s
        super().__init__(self.say("en"))

    def say(self, language: str) -> str:
        """Return the whole message in one language, `fr` or `en`."""
        parts = (self.title[language], self.detail[language], f"({self.pointer})" if self.pointer else "")
        return " ".join(part for part in parts if part)


class NotFound(Problem):
    """There is no such thing, or it is not yours: the answer is the same."""

    code = "not-found"
    status = 404
    title: ClassVar[dict[str, str]] = {"fr": "Introuvable.", "en": "Not found."}
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Vérifiez l’identifiant avec la commande de liste correspondante.",
        "en": "Check the identifier with the matching list command.",
    }

    def __init__(self, detail: str | dict[str, str] = "", *, pointer: str = "") -> None:
        """`detail`: the identifier that was asked for, which is told in quotes; or sentences, told as they are."""
        is_name = isinstance(detail, str) and detail
        super().__init__({"fr": f"« {detail} ».", "en": f"“{detail}”."} if is_name else detail, pointer=pointer)


class Invalid(Problem):
    """The request is not well formed."""

    code = "invalid"
    status = 400
    title: ClassVar[dict[str, str]] = {"fr": "Demande invalide.", "en": "Invalid request."}
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Corrigez le champ indiqué et recommencez.",
        "en": "Correct the field that is named and try again.",
    }


class Conflict(Problem):
    """The present state does not allow this."""

    code = "conflict"
    status = 409
    title: ClassVar[dict[str, str]] = {
        "fr": "L’état actuel ne le permet pas.",
        "en": "The present state does not allow this.",
    }
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Relisez l’état du dossier, puis choisissez une action possible.",
        "en": "Read the present state again, then choose an action that it allows.",
    }


class Unauthorized(Problem):
    """Who speaks could not be established."""

    code = "unauthorized"
    status = 401
    title: ClassVar[dict[str, str]] = {"fr": "Identité non établie.", "en": "The caller's identity is not established."}
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Présentez un jeton ou une clé valide.",
        "en": "Present a valid token or key.",
    }


class TooLarge(Problem):
    """The body is larger than this node accepts."""

    code = "too-large"
    status = 413
    title: ClassVar[dict[str, str]] = {"fr": "Message trop volumineux.", "en": "The message is too large."}
    remedy: ClassVar[dict[str, str]] = {"fr": "Réduisez le message.", "en": "Make the message smaller."}


class Unavailable(Problem):
    """Not now: storage is full or unreachable. Nothing that was acknowledged is lost."""

    code = "unavailable"
    status = 503
    title: ClassVar[dict[str, str]] = {"fr": "Momentanément indisponible.", "en": "Unavailable for the moment."}
    remedy: ClassVar[dict[str, str]] = {
        "fr": "Réessayez ; si cela dure, vérifiez le disque et la base de données du nœud.",
        "en": "Try again; if it lasts, check the node's disk and database.",
    }
