"""What a counterparty is told of a refusal, at the level that the owner of the policy chooses.

- *rien* (`nothing`): that it is refused, and whom to ask;
- *catégorie* (`category`): what kind of condition stood in the way, without any value of the policy;
- *clause* (`clause`): the conditions of the rule that lacked least, with what was needed and what was found.

Below *clause* nothing of the policy's own text is repeated: no name of a group, no identifier, no date, no term that
somebody made up. Even the number of rules stays hidden, for only the nearest one is told.
"""

from typing import Literal

from policies.errors import Text
from policies.evaluation import Decision, Effect
from policies.nearest import Miss, nearest_miss, obstacles
from policies.vocabulary import ODRL, TERRI
from policies.wording import Reason

Level = Literal["nothing", "category", "clause"]

_LABELS: dict[str, Text] = {
    "time": {"fr": "la période ou la durée d’utilisation", "en": "the period or the duration of use"},
    "use": {"fr": "l’usage déclaré", "en": "the use that is declared"},
    "party": {"fr": "l’organisation qui demande", "en": "the organisation that asks"},
    "approval": {"fr": "un accord préalable", "en": "an approval that comes first"},
    "quantity": {"fr": "le nombre ou la quantité", "en": "the number or the quantity"},
    "payment": {"fr": "une contrepartie financière", "en": "a payment"},
    "place": {"fr": "le territoire ou le lieu", "en": "the territory or the place"},
    "form": {"fr": "la forme des données ou le moyen d’accès", "en": "the form of the data or the means of access"},
    "dataset": {"fr": "le jeu de données demandé", "en": "the dataset that is asked for"},
    "duty": {"fr": "un engagement à remplir d’abord", "en": "a duty that comes first"},
    "prohibition": {"fr": "une interdiction", "en": "a prohibition"},
    "other": {"fr": "une condition particulière", "en": "a particular condition"},
    "none": {"fr": "aucune permission ne porte sur cette demande", "en": "no permission is about this request"},
}
_NAMES = {
    "time": "dateTime elapsedTime delayPeriod meteredTime timeInterval event absoluteTemporalPosition",
    "use": "purpose industry product",
    "party": "recipient",
    "quantity": "count percentage unitOfCount absoluteSize relativeSize",
    "payment": "payAmount",
    "place": "spatial spatialCoordinates virtualLocation absoluteSpatialPosition relativeSpatialPosition",
    "form": "fileFormat language media deliveryChannel resolution version device system systemDevice",
}
_CATEGORIES = {ODRL + name: category for category, names in _NAMES.items() for name in names.split()} | {
    TERRI + "useCase": "use",
    TERRI + "onBehalfOf": "use",
    TERRI + "legalBasis": "use",
    TERRI + "participant": "party",
    TERRI + "participantCategory": "party",
    TERRI + "charterSigned": "party",
    TERRI + "accordDPO": "approval",
    TERRI + "minCellCount": "quantity",
    "assignee": "party",
    "target": "dataset",
}
_VOID = frozenset({"replaced", "grants-nothing"})
_REFUSED: Text = {"fr": "La demande est refusée.", "en": "The request is refused."}
_GRANTED: Text = {"fr": "La demande est acceptée.", "en": "The request is granted."}


def redact(decision: Decision, level: Level) -> tuple[Reason, ...]:
    """Return the reasons that may be told to the party that asked."""
    if decision.effect is Effect.PERMIT:
        return (Reason("granted", True, _GRANTED),)
    if level == "nothing":
        return (Reason("refused", False, _REFUSED),)
    found = lacking(decision)
    if level == "clause":
        whole = tuple(reason for reason in decision.reasons if reason.code == "no-permission")
        return found or whole or (Reason("refused", False, _REFUSED),)
    names = list(dict.fromkeys(category(reason) for reason in found)) or ["none"]
    return tuple(_of_category(name) for name in names)


def lacking(decision: Decision) -> tuple[Reason, ...]:
    """Return what kept the nearest permission from being granted: its conditions, or the prohibitions that apply."""
    reasons = decision.reasons
    voids = tuple(reason for reason in reasons if reason.code in _VOID)
    miss = nearest_miss(reasons)
    if voids:
        return voids
    if miss:
        return miss.lacking or (miss.outcome,)
    return tuple(each for found in obstacles(reasons) for each in _of_obstacle(found))


def category(reason: Reason) -> str:
    """Return the category of a reason: a name that says nothing of the policy's values."""
    if reason.code in ("forbidden", "assumed-forbidden"):
        return "prohibition"
    if reason.code.startswith("duty-"):
        return "duty"
    if reason.operand is None and reason.condition is None:
        return "none"
    return _CATEGORIES.get(reason.operand or "", "other")


def category_text(name: str) -> Text:
    """Return a category in words."""
    return _LABELS[name]


def _of_obstacle(miss: Miss) -> tuple[Reason, ...]:
    return (miss.outcome, *(reason for reason in miss.lacking if reason.holds is None))


def _of_category(name: str) -> Reason:
    label = _LABELS[name]
    return Reason(
        f"category-{name}",
        False,
        {"fr": f"Ce qui fait obstacle\u00a0: {label['fr']}.", "en": f"What stands in the way: {label['en']}."},
    )
