"""A bounded search for texts that break the readers, led by the branches that they take.

`python tests/policies/fuzz.py CORPUS [libFuzzer options]`. Whatever the bytes, they are read, or refused with
PolicyError; what is read can be judged, written, read again and told. Anything else stops the search and stays in a
file.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["policies"]):
    import policies
    from policies import explain, lint, scenarios, validate  # what is loaded later, now

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
WORDS = """
    @context @id @type @value @list permission prohibition obligation duty consequence remedy constraint action
    target assigner assignee leftOperand operator rightOperand and or xone andSequence refinement unit dataType
    profile inheritFrom conflict odrl:use odrl:purpose odrl:dateTime odrl:count odrl:eq odrl:lteq odrl:isAnyOf
    rdf:value http://www.w3.org/ns/odrl.jsonld https://w3id.org/dspace/2025/1/context.jsonld 2026-01-01T00:00:00Z
    P1Y xsd:date
"""


def try_text(given: bytes) -> None:
    """Read the text and use what was read."""
    try:
        policy = policies.load(given)
    except policies.PolicyError:
        return
    validate(policy)
    lint(policy)
    assert policies.load(policies.dump(policy)) == policy
    decision = policies.compile(policy).decide(policies.Request(at=AT, party="did:web:a", target="urn:d"))
    assert decision.reasons
    assert policies.sentences(policy, "fr")
    explain(decision, "fr")


def prepare(corpus: Path) -> list[str]:
    """Write the texts to begin with, and the words to try; return what tells the search of them."""
    corpus.mkdir(parents=True, exist_ok=True)
    for number, scenario in enumerate(scenarios.SCENARIOS):
        (corpus / f"scenario-{number}").write_text(json.dumps(scenario.offer), "utf-8")
    words = corpus.with_suffix(".words")
    words.write_text("".join(f'"{word}"\n' for word in WORDS.split()), "utf-8")
    return [str(corpus), f"-dict={words}", f"-artifact_prefix={corpus.parent}/"]


if __name__ == "__main__":
    options = prepare(Path(sys.argv[1]))
    atheris.Setup([sys.argv[0], *options, *sys.argv[2:]], try_text)
    atheris.Fuzz()
