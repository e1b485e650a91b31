"""The texts about rules of use that one could show to anybody: written by the code, read by a person, compared here."""

import re

import pytest

from tests.tools.policy_texts import GOLDEN, REFUSALS, TEMPLATES, pages

PAGES = dict(pages())


@pytest.mark.parametrize("name", PAGES)
def test_writing_the_texts_again_changes_nothing(name: str) -> None:
    assert (GOLDEN / name).read_text("utf-8") == PAGES[name], "python -m tests.tools.policy_texts"


def test_every_refusal_is_one_and_no_two_are_told_alike() -> None:
    decisions = [case.decision() for case in REFUSALS]
    assert len(decisions) >= 20
    assert not any(decision.permitted for decision in decisions)
    told = [block.split("\n", 1)[1] for block in PAGES["refusals.fr.txt"].split("\n\n")]
    assert len(set(told)) == len(REFUSALS)


def test_every_template_is_among_the_offers() -> None:
    import policies

    assert set(TEMPLATES) == {template.name for template in policies.templates()}


@pytest.mark.parametrize("name", [name for name in PAGES if ".fr." in name])
def test_french_spaces_do_not_break_before_marks_and_within_quotes(name: str) -> None:
    assert not re.findall(r" [:;!?»]|[«] |[^\s\u00a0\u202f0-9a-z/][:;!?](?= )", PAGES[name])


@pytest.mark.parametrize("name", PAGES)
def test_no_technical_word_is_told(name: str) -> None:
    assert not re.search(r"odrl|terri:|constraint|operand|xsd|assignee", PAGES[name], re.IGNORECASE)
