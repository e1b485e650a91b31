"""Whom and what a rule is about: parties, targets, and collections of them.

A name is itself. It also belongs to a collection when the taxonomy of the request says so (knowledge.py), under the
collection's own IRI or under that of its source. A rule that names something not declared as a collection is about that
thing, and about its members if it turns out to have some. Who belongs to a declared collection is not known without
that taxonomy. The refinements of a collection are judged on the party or the target that asks.
"""

from collections.abc import Callable

from policies import wording
from policies.conditions import Clause, Place, Refined, compile_condition
from policies.facts import Request
from policies.knowledge import within
from policies.model import Reference
from policies.truth import Test, Truth, all_of, any_of, unknown
from policies.wording import Reason

_ASKED: dict[str, Callable[[Request], str | None]] = {
    "target": lambda request: request.target,
    "party": lambda request: request.party,
}
_NAMES = {"target": "target", "party": "assignee"}


def reference_clauses(place: Place, what: Refined, references: tuple[Reference, ...]) -> tuple[Clause, ...]:
    """Return the condition that the request is about one of these; none when the rule names none."""
    if not references:
        return ()
    asked, name = _ASKED[what], _NAMES[what]
    refined = [_refinements(place, what, each) for each in references]
    needed = tuple(each.iri or each.source or "?" for each in references)

    def tell(request: Request, holds: Truth) -> Reason:
        return wording.of_reference(place.rule, name, holds, needed, asked(request))

    children = tuple(clause for clauses in refined for clause in clauses)
    return (
        Clause(
            test=_of_names(what, references) or any_of(map(_test(what), references, refined)),
            name=name,
            tell=tell,
            children=children,
            premise="target" if what == "target" else "party",
            actual=asked,
            pointer=place.rule.pointer,
        ),
    )


def _refinements(place: Place, what: Refined, reference: Reference) -> tuple[Clause, ...]:
    here = Place(place.rule, place.reading, refined=what)
    return tuple(compile_condition(here, each) for each in reference.refinements)


def _of_names(what: Refined, references: tuple[Reference, ...]) -> Test | None:
    """Return the quick test for references that are names and nothing more."""
    if not all(each.is_plain and not each.is_collection for each in references):
        return None
    names = frozenset(each.iri for each in references if each.iri)
    of_target = what == "target"

    def test(request: Request) -> Truth:
        name = request.target if of_target else request.party
        if name is None or name in names:
            return None if name is None else True
        return bool(request.knowledge and within(request.knowledge, name, names))

    return test


def _test(what: Refined) -> Callable[[Reference, tuple[Clause, ...]], Test]:
    asked = _ASKED[what]

    def of_one(reference: Reference, refined: tuple[Clause, ...]) -> Test:
        if reference.extras:
            return unknown
        return all_of((_membership(reference, asked), *(clause.test for clause in refined)))

    return of_one


def _membership(reference: Reference, asked: Callable[[Request], str | None]) -> Test:
    names = frozenset(name for name in (reference.iri, reference.source) if name)
    open_ended = reference.is_collection or reference.source is not None or not names
    wholes = reference.part_of

    def test(request: Request) -> Truth:
        name = asked(request)
        if name is None:
            return None
        found: Truth = within(request.knowledge, name, names) if names else True
        if found is None and not open_ended:
            found = False
        parts = all(name in wholes or within(request.knowledge, name, (whole,)) for whole in wholes)
        return found if found is False or parts else _outside(request, name, wholes)

    return test


def _outside(request: Request, name: str, wholes: tuple[str, ...]) -> Truth:
    told = [within(request.knowledge, name, (whole,)) for whole in wholes]
    return False if False in told else None
