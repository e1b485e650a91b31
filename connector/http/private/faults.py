"""Bad input as a Problem: the first thing that does not fit, in words, with a JSON pointer.

pydantic explains faults in English for programmers; here they are said for the person who made the request.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from connector.problems import Invalid, Problem
from connector.protocol.strict_json import pointer_to

Texts = dict[str, str]

_INSTANT: Texts = {"fr": "Une date et une heure sont attendues (ISO 8601).", "en": "An instant is expected (ISO 8601)."}
_TEXTS: Mapping[str, Texts] = {
    "missing": {"fr": "Valeur absente.", "en": "A value is missing."},
    "extra_forbidden": {"fr": "Nom inconnu ici.", "en": "This name is not known here."},
    "string_type": {"fr": "Un texte est attendu.", "en": "A text is expected."},
    "bool_type": {"fr": "true ou false est attendu.", "en": "true or false is expected."},
    "bool_parsing": {"fr": "true ou false est attendu.", "en": "true or false is expected."},
    "int_type": {"fr": "Un nombre entier est attendu.", "en": "A whole number is expected."},
    "int_parsing": {"fr": "Un nombre entier est attendu.", "en": "A whole number is expected."},
    "float_parsing": {"fr": "Un nombre est attendu.", "en": "A number is expected."},
    "float_type": {"fr": "Un nombre est attendu.", "en": "A number is expected."},
    "finite_number": {"fr": "Un nombre fini est attendu.", "en": "A finite number is expected."},
    "list_type": {"fr": "Une liste est attendue.", "en": "A list is expected."},
    "dict_type": {"fr": "Un objet est attendu.", "en": "An object is expected."},
    "model_type": {"fr": "Un objet est attendu.", "en": "An object is expected."},
    "model_attributes_type": {"fr": "Un objet est attendu.", "en": "An object is expected."},
    "string_too_short": {"fr": "Texte trop court.", "en": "The text is too short."},
    "string_too_long": {"fr": "Texte trop long.", "en": "The text is too long."},
    "string_pattern_mismatch": {"fr": "Forme inattendue.", "en": "Unexpected form."},
    "datetime_parsing": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "timezone_aware": {"fr": "Le fuseau horaire manque (Z, +01:00).", "en": "The time zone is missing (Z, +01:00)."},
    "too_long": {"fr": "Trop d’éléments.", "en": "Too many items."},
    "json_invalid": {"fr": "Ce n’est pas du JSON.", "en": "This is not JSON."},
}
_WRONG: Texts = {"fr": "Valeur refusée.", "en": "This value is refused."}


class Malformed(Invalid):
    """The request does not have the form that this address expects."""

    code = "malformed-request"


class NoSuchAddress(Problem):
    """There is nothing at this address."""

    code = "no-such-address"
    status = 404
    title: ClassVar[Texts] = {"fr": "Adresse inconnue.", "en": "Unknown address."}
    remedy: ClassVar[Texts] = {
        "fr": "Consultez /api/v1/openapi.json.",
        "en": "Look into /api/v1/openapi.json.",
    }


class MethodNotAllowed(Problem):
    """This address does not know this method."""

    code = "method-not-allowed"
    status = 405
    title: ClassVar[Texts] = {"fr": "Méthode non permise ici.", "en": "This method is not allowed here."}
    remedy: ClassVar[Texts] = NoSuchAddress.remedy

    def __init__(self, allowed: str = "") -> None:
        super().__init__(allowed)
        self.allowed = allowed


class NotJson(Problem):
    """The body is announced as something else than JSON."""

    code = "not-json"
    status = 415
    title: ClassVar[Texts] = {"fr": "Le corps doit être du JSON.", "en": "The body must be JSON."}
    remedy: ClassVar[Texts] = {
        "fr": "Envoyez Content-Type: application/json.",
        "en": "Send Content-Type: application/json.",
    }


class SlowRequest(Problem):
    """The body did not arrive in time."""

    code = "slow-request"
    status = 408
    title: ClassVar[Texts] = {"fr": "Le corps n’est pas arrivé à temps.", "en": "The body did not arrive in time."}
    remedy: ClassVar[Texts] = {"fr": "Recommencez.", "en": "Try again."}


class InternalError(Problem):
    """Something failed here."""

    code = "internal-error"
    status = 500
    title: ClassVar[Texts] = {"fr": "Le nœud a rencontré une erreur.", "en": "The node has met an error."}
    remedy: ClassVar[Texts] = {
        "fr": "Rien n’a été modifié ; le journal technique du nœud en dit la cause.",
        "en": "Nothing was changed; the node's log names the cause.",
    }


class AdministrationOnly(Problem):
    """Only the node's administration may do this."""

    code = "administration-only"
    status = 403
    title: ClassVar[Texts] = {
        "fr": "Réservé à l’administration du nœud.",
        "en": "Only for the node's administration.",
    }
    remedy: ClassVar[Texts] = {
        "fr": "Utilisez une clé d’administration.",
        "en": "Use an administration key.",
    }


def malformed(errors: Sequence[Mapping[str, Any]]) -> Malformed:
    """Return the problem that the first of pydantic's errors tells."""
    first = errors[0]
    where, *steps = first["loc"]
    return Malformed(_detail(first), pointer=pointer_to(*steps) if steps else f"/{where}" if where != "body" else "")


def _detail(error: Mapping[str, Any]) -> Texts:
    context = error.get("ctx") or {}
    match error["type"]:
        case "literal_error" | "enum":
            expected = str(context.get("expected", ""))
            return {
                "fr": f"Valeurs possibles : {expected.replace(' or ', ' ou ')}.",
                "en": f"Possible values: {expected}.",
            }
        case "greater_than_equal" | "greater_than" | "less_than_equal" | "less_than":
            bound = next(iter(context.values()), "")
            is_lower = error["type"].startswith("greater")
            fr, en = ("moins", "least") if is_lower else ("plus", "most")
            return {"fr": f"Au {fr} {bound}.", "en": f"At {en} {bound}."}
        case "value_error":
            said = context.get("error")
            return said.args[0] if isinstance(said, SaidFault) else _WRONG
        case kind:
            return _TEXTS.get(kind, _WRONG)


class SaidFault(ValueError):
    """A validator's refusal in both languages; its argument is the texts."""
