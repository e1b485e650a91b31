"""What `import policies` loads: what reads and decides. The rest comes when it is first named."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

import policies

LATER = ("checklist", "differences", "explanation", "findings", "linter", "nearest", "patterns")
ALSO_LATER = ("redaction", "report", "scenarios", "simulation", "validation", "verified")
DECIDE = """
import sys, policies
from datetime import UTC, datetime
offer = {"@id": "urn:p", "@type": "Offer", "permission": [{"action": "use"}]}
read = policies.normalise(policies.load(offer))
decision = policies.compile(read).decide(policies.Request(at=datetime(2026, 6, 1, tzinfo=UTC)))
assert decision.permitted and decision.reasons and decision.valid_until is None and policies.dump(read)
print(*sys.modules)
"""


def test_who_only_decides_loads_neither_words_for_people_nor_validators():
    loaded = subprocess.run([sys.executable, "-c", DECIDE], capture_output=True, text=True, check=True).stdout.split()
    assert {"policies.reader", "policies.evaluation"} <= set(loaded)
    assert {f"policies.{name}" for name in (*LATER, *ALSO_LATER)}.isdisjoint(loaded)
    assert {"calendar", "pyld", "asyncio", "email"}.isdisjoint(loaded)


@pytest.mark.parametrize("name", policies.__all__)
def test_every_name_is_there_whenever_it_is_asked_for(name):
    assert getattr(policies, name).__module__.startswith("policies.")


@pytest.mark.parametrize("name", sorted(policies._LATER))
def test_no_module_bears_the_name_of_what_is_loaded_later(name):
    assert find_spec(f"policies.{name}") is None  # importing it would put the module in the place of the function


def test_a_name_that_is_not_there_is_told():
    with pytest.raises(AttributeError, match="module 'policies' has no attribute 'grant'"):
        policies.grant  # noqa: B018
