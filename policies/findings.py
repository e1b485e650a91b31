"""What validation and lint may find: every code once, with what it means and what to do about it.

An `Issue` is one finding in one policy: its code, how grave it is, where it stands, and a sentence in both languages
about just this case. Where something can be done, its `fix` says what; where a program can do it, the fix carries the
corrected member. The table of all codes in the documentation is made from `CODES`.
"""

from dataclasses import dataclass
from typing import Literal

from policies.errors import Text
from policies.strict_json import Json

Severity = Literal["error", "warning"]
Operation = Literal["replace", "remove"]


@dataclass(frozen=True, slots=True)
class Fix:
    """What sets it right. With `operation` a program can: put `member` where the pointer leads, or remove it."""

    text: Text
    operation: Operation | None = None
    member: Json = None


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding: a stable code, how grave it is, where it is, and a sentence in French and English.

    The pointer names the members of constraints and rules without prefix (`operator`), however the text spells them.
    """

    code: str
    severity: Severity
    pointer: str
    message: Text
    fix: Fix | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """What a code means in general, and the remedy, if there is one."""

    fr: str
    en: str
    remedy_fr: str = ""
    remedy_en: str = ""
    severities: tuple[Severity, ...] = ("error",)


_DOUBT: tuple[Severity, ...] = ("warning",)
_EITHER: tuple[Severity, ...] = ("error", "warning")
_REWRITE = ("Retirez-le, ou dites-le avec les mots d’ODRL.", "Remove it, or say it in the words of ODRL.")

CODES: dict[str, Code] = {
    "action-form": Code(
        "Une règle DSP nomme une seule action, sans précision.",
        "A rule of DSP names one action, without refinement.",
        "Écrivez une règle par action ; dites la précision comme une condition.",
        "Write one rule for each action; say the refinement as a constraint.",
    ),
    "collection-with-identifier": Code(
        "Un ensemble précisé par des conditions se désigne par « source », jamais par un identifiant.",
        "A collection with refinements is named by “source”, never by an identifier.",
        "Remplacez l’identifiant par « source ».",
        "Put “source” in place of the identifier.",
        _DOUBT,
    ),
    "collection-without-source": Code(
        "Un ensemble précisé par des conditions ne dit pas d’où il vient.",
        "A collection with refinements does not say what it is drawn from.",
        "Ajoutez « source ».",
        "Add “source”.",
    ),
    "collision": Code(
        "Une interdiction vise une action permise par ailleurs, sans dire laquelle l’emporte.",
        "A prohibition is on an action that is also permitted, and nothing says which one prevails.",
        "Dites laquelle l’emporte : « conflict ».",
        "Say which one prevails: “conflict”.",
        _DOUBT,
    ),
    "confusable-name": Code(
        "Un nom contient des caractères que l’on ne distingue pas à l’œil.",
        "A name has characters that the eye does not tell apart.",
        "Retapez le nom ; vérifiez auprès de qui vous l’a donné.",
        "Type the name again; check it with whoever gave it to you.",
        _DOUBT,
    ),
    "consequence-misplaced": Code(
        "La conséquence d’une conséquence ou d’une réparation n’existe pas dans ODRL.",
        "ODRL has no consequence of a consequence or of a remedy.",
        "Retirez-la.",
        "Remove it.",
    ),
    "contradiction": Code(
        "Les conditions de la règle ne peuvent pas être remplies ensemble.",
        "The constraints of the rule cannot hold together.",
        "Retirez l’une d’elles, ou reliez-les par « ou ».",
        "Remove one of them, or combine them with “or”.",
        _EITHER,
    ),
    "dead-branch": Code(
        "L’une des possibilités d’un « ou » ne peut jamais être remplie.",
        "One of the branches of an “or” can never hold.",
        "Retirez cette possibilité.",
        "Remove the branch.",
        _DOUBT,
    ),
    "duplicate-operand": Code(
        "La même condition est donnée deux fois dans une combinaison.",
        "A combination has the same constraint twice.",
        "Retirez l’une des deux.",
        "Remove one of the two.",
        _DOUBT,
    ),
    "duty-to-prove": Code(
        "Un devoir est préalable : sans preuve qu’il est rempli, rien n’est permis.",
        "A duty comes first: without proof that it is fulfilled, nothing is permitted.",
        "Faites-en une obligation de l’ensemble s’il peut être rempli après l’usage.",
        "Make it an obligation of the policy if it may be fulfilled after the use.",
        _DOUBT,
    ),
    "empty-window": Code(
        "La période d’usage se termine avant de commencer.",
        "The period of use ends before it begins.",
        "Corrigez l’une des deux dates.",
        "Correct one of the two dates.",
        _EITHER,
    ),
    "inheritance-cycle": Code(
        "Les règles d’usage se reprennent elles-mêmes.",
        "The policy inherits from itself.",
        "Retirez « inheritFrom ».",
        "Remove “inheritFrom”.",
    ),
    "missing-action": Code(
        "Une règle ne nomme aucune action.", "A rule names no action.", "Nommez l’action.", "Name the action."
    ),
    "missing-assignee": Code(
        "Une règle d’une convention ne dit pas à qui elle bénéficie.",
        "A rule of an agreement has no assignee.",
        "Nommez le bénéficiaire.",
        "Name the assignee.",
    ),
    "missing-assigner": Code(
        "Une règle ne dit pas qui l’accorde.",
        "A rule has no assigner.",
        "Nommez qui accorde.",
        "Name the assigner.",
        _DOUBT,
    ),
    "missing-id": Code(
        "Les règles d’usage n’ont pas d’identifiant.",
        "The policy has no identifier.",
        "Donnez un identifiant : « @id ».",
        "Give an identifier: “@id”.",
    ),
    "missing-target": Code(
        "Une règle ne dit pas sur quelles données elle porte.",
        "A rule has no target.",
        "Nommez les données : « target ».",
        "Name the target.",
        _DOUBT,
    ),
    "missing-unit": Code(
        "Un montant est donné sans unité.",
        "An amount is given without a unit.",
        "Ajoutez l’unité (par exemple l’euro).",
        "Add the unit (the euro, for instance).",
        _DOUBT,
    ),
    "missing-zone": Code(
        "Une date n’a pas de fuseau horaire.",
        "A date has no time zone.",
        "Ajoutez le fuseau : « Z » pour le temps universel.",
        "Add the zone: “Z” for UTC.",
        _DOUBT,
    ),
    "no-permission": Code(
        "Une offre DSP contient au moins une permission ou une interdiction.",
        "An offer of DSP has at least one permission or prohibition.",
        "Ajoutez une permission.",
        "Add a permission.",
    ),
    "no-rule": Code("Il n’y a aucune règle.", "There is no rule.", "Ajoutez une permission.", "Add a permission."),
    "not-a-duration": Code(
        "Une valeur n’est pas une durée.",
        "A value is not a duration.",
        "Écrivez la durée ainsi : P90D pour quatre-vingt-dix jours.",
        "Write the duration like this: P90D for ninety days.",
    ),
    "not-a-name": Code(
        "Cette condition se compare à un nom, pas à une autre sorte de valeur.",
        "The constraint is compared with a name, not with another kind of value.",
        "Donnez un identifiant ou un nom.",
        "Give an identifier or a name.",
    ),
    "not-a-number": Code(
        "Une valeur n’est pas un nombre.",
        "A value is not a number.",
        "Donnez un nombre.",
        "Give a number.",
    ),
    "not-an-iri": Code(
        "Un identifiant ou un renvoi n’est pas un IRI.",
        "An identifier, or a reference to a right operand, is not an IRI.",
        "Écrivez-le en entier : https://…, urn:… ou did:….",
        "Write it in full: https://…, urn:… or did:….",
        _EITHER,
    ),
    "not-an-instant": Code(
        "Une valeur n’est pas une date.",
        "A value is not a date.",
        "Écrivez la date ainsi : 2028-12-31T23:59:59Z.",
        "Write the date like this: 2028-12-31T23:59:59Z.",
    ),
    "not-judged": Code(
        "Une condition dit plus que ce qui peut être vérifié (unité, état, renvoi).",
        "A constraint says more than can be checked (unit, status, reference).",
        "Retirez ce surplus, ou donnez la valeur elle-même.",
        "Remove it, or give the value itself.",
    ),
    "not-understood": Code(
        "Un élément n’est pas compris : rien ne sera permis.",
        "A member is not understood: nothing will be permitted.",
        *_REWRITE,
    ),
    "operator-unsuited": Code(
        "La comparaison ne convient pas à ce qui est comparé, ou au nombre de valeurs.",
        "The operator does not suit the left operand, or the number of values.",
        "Choisissez une autre comparaison.",
        "Choose another operator.",
    ),
    "parent-not-read": Code(
        "Les règles reprennent d’autres règles qui ne sont pas données.",
        "The policy inherits from another one that is not given.",
        "Recopiez ici les règles reprises.",
        "Copy the inherited rules into the policy.",
    ),
    "personal-data-without-basis": Code(
        "Les règles portent sur des données personnelles sans nommer de base légale.",
        "The policy is about personal data and names no legal basis.",
        "Ajoutez la condition « base légale » (RGPD, article 6), après avis du délégué à la protection des données.",
        "Add the constraint “legal basis” (GDPR, article 6), once your data protection officer was heard.",
        _DOUBT,
    ),
    "prohibited-duty": Code(
        "Un engagement demande une action que les mêmes règles interdisent.",
        "A duty asks for an action that the same policy prohibits.",
        "Retirez l’interdiction ou l’engagement.",
        "Remove the prohibition or the duty.",
    ),
    "redundant-rule": Code(
        "La même règle est donnée deux fois.",
        "A rule is given twice.",
        "Retirez l’une des deux.",
        "Remove one of them.",
        _DOUBT,
    ),
    "repaired-spelling": Code(
        "Une faute d’écriture connue a été corrigée à la lecture.",
        "A known slip of the pen was set right when reading.",
        "Écrivez le terme comme ODRL le définit.",
        "Write the term as ODRL defines it.",
        _DOUBT,
    ),
    "replaced": Code(
        "Ces règles d’usage ont été remplacées : elles ne valent plus.",
        "The policy has been replaced: it is void.",
        "Utilisez les règles qui les remplacent.",
        "Use the policy that replaces it.",
    ),
    "restricted-open-licence": Code(
        "Une restriction s’ajoute à une licence ouverte, qui ne l’admet pas.",
        "A restriction stands beside an open licence, which admits none.",
        "Retirez la restriction, ou choisissez une autre licence.",
        "Remove the restriction, or choose another licence.",
        _DOUBT,
    ),
    "retired-term": Code(
        "Un mot d’ODRL n’est plus recommandé ; un autre le remplace.",
        "A word of ODRL is no longer recommended; another one stands for it.",
        "Remplacez-le.",
        "Replace it.",
        _DOUBT,
    ),
    "rule-of-two-kinds": Code(
        "Deux règles de sortes différentes ont le même identifiant : d’autres nœuds en feront une seule.",
        "Two rules of different kinds have the same identifier: other nodes will make one of them.",
        "Donnez à chacune son identifiant, ou n’en donnez pas.",
        "Give each its own identifier, or none.",
        _DOUBT,
    ),
    "several-conflicts": Code(
        "Plusieurs façons de régler un conflit sont données.",
        "There are several ways to settle a conflict.",
        "Gardez-en une.",
        "Keep one.",
    ),
    "several-types": Code(
        "Le document est de plusieurs types qui s’excluent.",
        "The document has several types that exclude each other.",
        "Gardez-en un.",
        "Keep one.",
    ),
    "target-in-catalogue": Code(
        "Une offre de catalogue ne nomme pas sa cible.",
        "An offer in a catalogue does not name its target.",
        "Retirez la cible : c’est le jeu de données qui porte l’offre.",
        "Remove the target: it is the dataset that carries the offer.",
    ),
    "target-in-rule": Code(
        "La cible se nomme sur l’offre, jamais sur une règle.",
        "The target is on the offer, never on a rule.",
        "Déplacez la cible sur l’offre.",
        "Move the target to the offer.",
    ),
    "ticket-with-assignee": Code(
        "Un titre au porteur ne nomme pas de bénéficiaire.",
        "A ticket names no assignee.",
        "Retirez le bénéficiaire, ou faites-en une convention.",
        "Remove the assignee, or make it an agreement.",
    ),
    "undeclared-profile": Code(
        "Des mots qui ne sont pas d’ODRL sont employés sans que leur profil soit nommé.",
        "Words that are not ODRL’s are used, and no profile is named for them.",
        "Nommez le profil : « profile ».",
        "Name the profile: “profile”.",
        _DOUBT,
    ),
    "unexpanded-name": Code(
        "Une valeur ressemble à un nom abrégé, mais elle est écrite comme un simple texte : elle ne vaut aucun nom.",
        "A value looks like a name with a prefix, but is written as a plain text: it equals no name.",
        'Écrivez le nom en entier, ou comme un identifiant : {"@id": …}.',
        'Write the name in full, or as an identifier: {"@id": …}.',
        _DOUBT,
    ),
    "unit-mismatch": Code(
        "Deux conditions sur la même grandeur ont des unités différentes.",
        "Two constraints on the same quantity have different units.",
        "Donnez la même unité aux deux.",
        "Give both the same unit.",
        _DOUBT,
    ),
    "unknown-action": Code(
        "Une action n’est pas du vocabulaire : elle ne vaut que pour elle-même.",
        "An action is not of the vocabulary: it stands for itself only.",
        "Choisissez une action d’ODRL, ou assurez-vous que le partenaire connaît ce mot.",
        "Choose an action of ODRL, or make sure that the partner knows the word.",
        _DOUBT,
    ),
    "unknown-conflict": Code(
        "La façon de régler un conflit n’est pas comprise.",
        "The way to settle a conflict is not understood.",
        "Écrivez « perm », « prohibit » ou « invalid ».",
        "Write “perm”, “prohibit” or “invalid”.",
    ),
    "unknown-datatype": Code(
        "Le type d’une valeur n’est pas un type de donnée connu.",
        "The type of a value is not a known data type.",
        "Écrivez un type de XML Schema, par exemple xsd:dateTime, ou n’en écrivez pas.",
        "Write a type of XML Schema, xsd:dateTime for instance, or none.",
        _DOUBT,
    ),
    "unknown-operand": Code(
        "Ce qui est comparé n’est pas compris : rien ne sera permis.",
        "The left operand is not understood: nothing will be permitted.",
        "Choisissez une condition que le nœud connaît.",
        "Choose a left operand that the node knows.",
    ),
    "unknown-operator": Code(
        "La comparaison n’est pas d’ODRL : rien ne sera permis.",
        "The operator is not of ODRL: nothing will be permitted.",
        "Choisissez une comparaison d’ODRL.",
        "Choose an operator of ODRL.",
    ),
    "unknown-profile": Code(
        "Les règles suivent un profil que le nœud ne connaît pas : rien ne sera permis.",
        "The policy follows a profile that the node does not know: nothing will be permitted.",
        "Retirez le profil si ses mots ne servent pas.",
        "Remove the profile if its words are not used.",
    ),
    "unknown-type": Code(
        "Le type du document n’est pas compris : rien ne sera permis.",
        "The type of the document is not understood: nothing will be permitted.",
        "Écrivez « Offer ».",
        "Write “Offer”.",
    ),
    "unreachable-rule": Code(
        "Une règle ne s’appliquera jamais : une autre la recouvre.",
        "A rule will never apply: another one covers it.",
        "Retirez l’une des deux, ou ajoutez une condition.",
        "Remove one of the two, or add a constraint.",
        _DOUBT,
    ),
    "wrong-assignee": Code(
        "Une convention nomme un seul bénéficiaire.",
        "An agreement names one assignee.",
        "Nommez le bénéficiaire par un identifiant.",
        "Name the assignee by one identifier.",
    ),
    "wrong-assigner": Code(
        "Une convention nomme un seul organisme qui accorde.",
        "An agreement names one assigner.",
        "Nommez-le par un identifiant.",
        "Name it by one identifier.",
    ),
    "wrong-target": Code(
        "Une offre de message nomme une seule cible.",
        "An offer in a message names one target.",
        "Nommez le jeu de données par un identifiant.",
        "Name the dataset by one identifier.",
    ),
    "wrong-timestamp": Code(
        "La date de conclusion est absente ou illisible.",
        "The time of conclusion is missing or unreadable.",
        "Écrivez-la ainsi : 2026-06-01T12:00:00Z.",
        "Write it like this: 2026-06-01T12:00:00Z.",
    ),
    "wrong-type": Code(
        "Une offre ou une convention est attendue.",
        "An offer or an agreement is expected.",
        "Écrivez « Offer ».",
        "Write “Offer”.",
    ),
}


def error(code: str, pointer: str, fr: str, en: str, fix: Fix | None = None) -> Issue:
    """Return a finding that makes the policy unfit."""
    return Issue(code, "error", pointer, {"fr": fr, "en": en}, fix or remedy(code))


def warning(code: str, pointer: str, fr: str, en: str, fix: Fix | None = None) -> Issue:
    """Return a finding that others may take differently, or that was not meant."""
    return Issue(code, "warning", pointer, {"fr": fr, "en": en}, fix or remedy(code))


def remedy(code: str, operation: Operation | None = None, member: Json = None) -> Fix | None:
    """Return the fix of a code, perhaps as an operation that a program can do."""
    known = CODES.get(code)
    if known is None or not known.remedy_fr:
        return None
    return Fix({"fr": known.remedy_fr, "en": known.remedy_en}, operation, member)
