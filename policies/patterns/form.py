"""What a template is: a policy with holes, and the parameters that fill them.

`body` is a policy as JSON in the form of DSP, without identifier; `{"$": name}` stands for the right operand that a
parameter becomes. A constraint whose parameter is left out is left out with it. Nothing else is computed: what a
template says can be read in its file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policies.errors import BadParameter, Text
from policies.model import Constraint, Policy, RuleKind, Value
from policies.patterns.parameters import Given, Parameter, ParameterKind, ParameterValue
from policies.reader import load
from policies.strict_json import Json

Place = tuple[RuleKind, str, str, str]
"""Where a constraint stands: the kind of its rule, the action, the left operand, the operator; IRIs in full."""
Values = Mapping[Place, tuple[Value, ...]]

_HOLE = "urn:pupitre:hole:"
_NONE: Text = {"fr": "aucun", "en": "none"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A parametrised policy, with what people read about it."""

    name: str
    labels: Text
    help: Text
    body: Mapping[str, Any]
    parameters: tuple[Parameter, ...] = ()

    def instantiate(self, uid: str, **parameters: Given) -> Policy:
        """Return the offer that the template makes of these parameters, under the identifier given.

        Raises BadParameter, with the name of the parameter as its pointer.
        """
        return load(self.offer(uid, **parameters))

    def offer(self, uid: str, **parameters: Given) -> dict[str, Json]:
        """Return the same offer as JSON in the form of DSP 2025-1, for a catalogue."""
        values = self.canonical(parameters)
        written = {
            each.name: None if (value := values[each.name]) is None else each.written(value) for each in self.parameters
        }
        return {"@id": uid, "@type": "Offer", **_filled(self.body, written)}

    def canonical(self, given: Mapping[str, Given]) -> dict[str, ParameterValue | None]:
        """Return the value of every parameter in its one spelling. Raises BadParameter."""
        known = [parameter.name for parameter in self.parameters]
        for name in given:
            if name not in known:
                listed = {language: ", ".join(known) or none for language, none in _NONE.items()}
                fr = f"Le modèle « {self.name} » n’a pas ce paramètre. Les siens : {listed['fr']}."
                en = f"The template “{self.name}” has no such parameter. It has: {listed['en']}."
                raise BadParameter({"fr": fr, "en": en}, pointer=f"/{name}")
        values = {each.name: each.canonical(given.get(each.name)) for each in self.parameters}
        _check_period(self.parameters, values)
        return values

    def pattern(self) -> Policy:
        """Return the policy with its holes unfilled: each right operand names its parameter."""
        named = {each.name: _HOLE + each.name for each in self.parameters}
        return load({"@id": "urn:x", **_filled(self.body, named)})


def _check_period(parameters: tuple[Parameter, ...], values: Mapping[str, ParameterValue | None]) -> None:
    """Refuse a period that ends before it begins."""
    ends = [values[each.name] for each in parameters if each.kind is ParameterKind.UNTIL]
    for each in parameters:
        begins = values[each.name] if each.kind is ParameterKind.SINCE else None
        for end in ends:
            if begins and end and datetime.fromisoformat(str(begins)) >= datetime.fromisoformat(str(end)):
                raise each.bad(f"{begins} n’est pas avant {end}.", f"{begins} is not before {end}.")


def holes(pattern: Policy) -> dict[str, Place]:
    """Return where each parameter stands in a pattern; the first place of several."""
    found: dict[str, Place] = {}
    for place, values in values_at(pattern).items():
        for value in values:
            if value.text.startswith(_HOLE):
                found.setdefault(value.text.removeprefix(_HOLE), place)
    return found


def values_at(policy: Policy) -> dict[Place, tuple[Value, ...]]:
    """Return the right operands of a policy by the places of their constraints; the first where there are several."""
    found: dict[Place, tuple[Value, ...]] = {}
    for place, constraint in _constraints(policy):
        found.setdefault(place, constraint.values)
    return found


def _constraints(policy: Policy) -> Iterator[tuple[Place, Constraint]]:
    """Yield the plain constraints at the top of each rule of one action, with their places."""
    for rule in policy.rules:
        for each in rule.constraints if len(rule.actions) == 1 else ():
            if isinstance(each, Constraint):
                yield (rule.kind, rule.actions[0].iri, each.operand, each.operator), each


def _filled(part: Any, written: Mapping[str, Json]) -> Any:
    """Return a part of the body with its holes filled, without the constraints whose parameter is left out."""
    match part:
        case {"$": str(name)}:
            return written[name]
        case Mapping():
            members = {name: _filled(value, written) for name, value in part.items()}
            return {name: value for name, value in members.items() if value != []}
        case list():
            filled = [_filled(each, written) for each in part]
            return [each for each in filled if not _is_left_out(each)]
    return part


def _is_left_out(filled: Any) -> bool:
    return isinstance(filled, dict) and filled.get("rightOperand", "") is None
