"""Three-valued logic, whole truth tables."""

from datetime import UTC, datetime
from itertools import product

import pytest

from policies import truth
from policies.facts import Request
from policies.truth import Test as Judge
from policies.truth import Truth

VALUES: tuple[Truth, ...] = (True, False, None)
REQUEST = Request(at=datetime(2026, 1, 1, tzinfo=UTC))


def always(value: Truth) -> Judge:
    return lambda request: value


def combined(combine, values: tuple[Truth, ...]) -> Truth:
    return combine(always(value) for value in values)(REQUEST)


def completions(values: tuple[Truth, ...]) -> list[tuple[bool, ...]]:
    """All ways in which the unknown values may turn out."""
    return list(product(*[(True, False) if value is None else (value,) for value in values]))


@pytest.mark.parametrize("values", [v for n in (1, 2, 3) for v in product(VALUES, repeat=n)])
@pytest.mark.parametrize(
    ("combine", "classical"),
    [
        (truth.all_of, all),
        (truth.any_of, any),
        (truth.exactly_one_of, lambda values: list(values).count(True) == 1),
    ],
)
def test_an_answer_is_known_only_if_the_unknown_cannot_change_it(combine, classical, values):
    outcomes = {classical(completion) for completion in completions(values)}
    answer = combined(combine, values)
    assert answer is None or outcomes == {answer}
    if combine is not truth.exactly_one_of:  # Kleene's xone may stay unknown for longer, never for less
        assert (answer is None) == (len(outcomes) == 2)


def test_nothing_at_all_is_true_for_and_and_false_for_or():
    assert combined(truth.all_of, ()) is True
    assert combined(truth.any_of, ()) is False


@pytest.mark.parametrize("values", list(product(VALUES, repeat=2)))
def test_values_and_tests_combine_alike(values):
    assert truth.conjunction(values) is combined(truth.all_of, values)
    assert truth.disjunction(values) is combined(truth.any_of, values)


@pytest.mark.parametrize(
    ("values", "answer"), [((True, True), None), ((True, False), False), ((None, False), False), ((True, None), None)]
)
def test_an_order_is_never_known_to_be_kept(values, answer):
    assert combined(truth.in_order, values) is answer
