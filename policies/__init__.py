"""ODRL 2.2 policies: read them, compare them, decide by them.

A policy says who may do what with a dataset, under which conditions and in exchange for what. This library is pure: it
asks no clock, no network and no file, and knows nothing of the node that uses it. Facts come in with the request;
reasons go out with the decision, in French and English.

    policy = policies.load(offer)                                  # dict, text or bytes; raises PolicyError
    issues = policies.validate(policy, target="dsp")               # what is doubtful, what will never be granted
    issues += policies.lint(policy)                                # what the rules get wrong together
    policy = policies.normalise(policy, parents={})                # atomic rules, parents merged; the same meaning
    compiled = policies.compile(policy)                            # once; keep it
    decision = compiled.decide(policies.Request(party=did, target=dataset, at=now, phase="negotiation",
                                                accepted_terms=policies.declarative_terms(policy)))
    decision.effect, decision.reasons, decision.valid_until

Three principles. Nothing is dropped: what is not understood is kept, shown, compared, and refuses. Nothing is guessed:
truth has three values, and "not known" grants nothing and lifts no prohibition. Nothing is silent: each refusal names
the rule, the condition, what was needed and what was found.

How to read the room, from the ground up:

- `model.py`: what a policy is, with `frozen.py`. `errors.py`: why a text is none.
- `vocabulary.py`: ODRL's words and their labels, with `terms.py`; `operands/`: the left operands that can be judged,
  one file each.
- `strict_json.py` → `reader.py` → `model.py` → `writer.py`: in and out; `dialects.py`: how others write, what is
  repaired; `jsonld.py`: contexts that need a JSON-LD processor; `normal.py`: one text for one meaning, hence
  `same_terms` and `hash`; `normalise.py`: atomic rules, parents merged.
- `facts.py` and `knowledge.py` (the request), `truth.py` (three values), `conditions.py`, `parties.py`, `duties.py` →
  `compiler.py` (rules → tests), `evaluation.py` (tests → decision), `report.py` (the tree behind it), `wording.py`
  (reasons in words). What settles what is told at the top of `compiler.py`; which effect follows, of `evaluation.py`.
- `state.py`: how often something was used, for policies that count.
- `phrases.py` (data) and `prose.py` → `clauses.py` → `sentences.py`: a policy in words. `explanation.py`: a decision in
  words, with the nearest miss (`nearest.py`), cut to what a counterparty may know (`redaction.py`). `differences.py`
  (with `extents.py`): two policies side by side. `verified.py`: what a node checks and what rests on trust.
- `validation.py` (with `checklist.py`, W3C's list for validators): what is wrong or doubtful in the form of a policy
  that can be read; `linter.py` (on `consistency.py`): what its rules get wrong together; `findings.py`: all codes, with
  their remedies; `confusable.py`: names that deceive.
- `profile/`: the words of our own, `terri:`. `patterns/`: the templates, rules of use from a few parameters, and the
  way back.
  `simulation.py`: who would get what, and when that changes. `scenarios.py`: five offers of a fictional territory.

Reading, meaning and words are kept apart, and each depends on the model only: a further dialect is a table in
dialects.py, a further condition a file in operands/, a further rewriting of policies a function from model to model.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from policies.compiler import declarative_terms
from policies.duties import Deontic, Due, Timing
from policies.errors import PolicyError
from policies.evaluation import CompiledPolicy, Decision, Effect, compile
from policies.facts import Period, Quantity, Request
from policies.model import Policy
from policies.normal import Term, hash, same_terms, terms_hash
from policies.normalise import normalise
from policies.reader import load
from policies.sentences import difference, sentences
from policies.state import MemoryUsage, Reservation, UsageState
from policies.wording import Reason
from policies.writer import dump

if TYPE_CHECKING:
    from policies.differences import Change, Comparison, Detail, Direction, compare
    from policies.explanation import Explanation, explain
    from policies.findings import Fix, Issue
    from policies.linter import lint
    from policies.patterns import recognise, template, templates
    from policies.redaction import redact
    from policies.report import PolicyReport
    from policies.validation import validate
    from policies.verified import Verification, Verified, badge, what_is_verified

__all__ = [
    "Change",
    "Comparison",
    "CompiledPolicy",
    "Decision",
    "Deontic",
    "Detail",
    "Direction",
    "Due",
    "Effect",
    "Explanation",
    "Fix",
    "Issue",
    "MemoryUsage",
    "Period",
    "Policy",
    "PolicyError",
    "PolicyReport",
    "Quantity",
    "Reason",
    "Request",
    "Reservation",
    "Term",
    "Timing",
    "UsageState",
    "Verification",
    "Verified",
    "badge",
    "compare",
    "compile",
    "declarative_terms",
    "difference",
    "dump",
    "explain",
    "hash",
    "lint",
    "load",
    "normalise",
    "recognise",
    "redact",
    "same_terms",
    "sentences",
    "template",
    "templates",
    "terms_hash",
    "validate",
    "what_is_verified",
]

_LATER = {
    name: module
    for module, names in {
        "differences": "Change Comparison Detail Direction compare",
        "explanation": "Explanation explain",
        "findings": "Fix Issue",
        "linter": "lint",
        "patterns": "recognise template templates",
        "redaction": "redact",
        "report": "PolicyReport",
        "validation": "validate",
        "verified": "Verification Verified badge what_is_verified",
    }.items()
    for name in names.split()
}
"""What is loaded when it is first named: who only decides has no use for it. No module may bear such a name."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return found
