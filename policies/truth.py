"""Three values: True, False, and None for "not known". Kleene's strong logic, as tests ready to be run.

A test takes the request and answers; combining tests gives a test. Nothing here guesses: what is not known stays so
unless the rest settles the answer whatever it is.
"""

from collections.abc import Callable, Iterable

from policies.facts import Request

Truth = bool | None
Test = Callable[[Request], Truth]


def unknown(request: Request) -> Truth:
    """Answer that it is not known."""
    return None


def always(request: Request) -> Truth:
    """Answer that it holds."""
    return True


def never(request: Request) -> Truth:
    """Answer that it does not hold."""
    return False


def negation(value: Truth) -> Truth:
    return None if value is None else not value


def conjunction(values: Iterable[Truth]) -> Truth:
    """True if all are, False if one is not."""
    known: Truth = True
    for value in values:
        if value is False:
            return False
        if value is None:
            known = None
    return known


def disjunction(values: Iterable[Truth]) -> Truth:
    """True if one is, False if none is."""
    return negation(conjunction(negation(value) for value in values))


def all_of(tests: Iterable[Test]) -> Test:
    """Combine with *and*; of nothing, it is True."""
    tests = tuple(tests)
    if len(tests) < 2:
        return tests[0] if tests else always

    def test(request: Request) -> Truth:
        known: Truth = True
        for each in tests:
            value = each(request)
            if not value:
                if value is False:
                    return False
                known = None
        return known

    return test


def any_of(tests: Iterable[Test]) -> Test:
    """Combine with *or*; of nothing, it is False."""
    tests = tuple(tests)
    if len(tests) < 2:
        return tests[0] if tests else never

    def test(request: Request) -> Truth:
        known: Truth = False
        for each in tests:
            value = each(request)
            if value:
                return True
            if value is None:
                known = None
        return known

    return test


def exactly_one_of(tests: Iterable[Test]) -> Test:
    """Combine with ODRL's *xone*: two that are true settle it, one is enough only when all others are known."""
    tests = tuple(tests)

    def test(request: Request) -> Truth:
        values = [each(request) for each in tests]
        if values.count(True) > 1:
            return False
        return None if None in values else True in values

    return test


def in_order(tests: Iterable[Test]) -> Test:
    """Combine with ODRL's *andSequence*: False if one is, else not known, for a moment does not tell an order."""
    together = all_of(tests)

    def test(request: Request) -> Truth:
        return False if together(request) is False else None

    return test
