"""What is published or offered must fit into the contracts that come of it: looked at while somebody can mend it.

A contract tells title, description and licence in a form of its own (contracts/texts.py): how they are encoded does not
matter, how long they are does. The rules of an offer stand in the agreement word for word, so they are not rewritten:
what is not in Unicode normal form C is refused, and so are characters that no eye sees where a sentence of the contract
would repeat them. A negotiation would end on each of these, with a word to the partner alone.
"""

import json
import unicodedata
from collections.abc import Iterator
from typing import Any

import policies
from connector.problems import Invalid
from connector.protocol.strict_json import pointer_to
from connector.services import negotiated
from connector.store.datasets import StoredDataset
from contracts import document, schema, texts
from contracts.refused import ContractError
from contracts.terms import told_terms

_PLACES = {"/id": "/dataset_id", "/description": "/metadata/description", "/licence": "/metadata/licence"}
"""Where a member of a contract's dataset stands when it is published."""
_NO_CONTRACT = {
    "fr": "Aucune convention ne pourrait porter ce texte (attendu : {0} ; reçu : {1}).",
    "en": "No contract could hold this text (expected: {0}; received: {1}).",
}
_NOT_NORMAL = {
    "fr": "Ce texte n’est pas en forme Unicode normale (NFC), et serait comparé mot à mot : {0}.",
    "en": "This text is not in Unicode normal form (NFC), and would be compared word for word: {0}.",
}
_HIDDEN = {
    "fr": "Une convention reprend ce texte, et il contient un caractère caché ({0}).",
    "en": "A contract repeats this text, and it holds a hidden character ({0}).",
}
_UNSEEN = ("Cc", "Cf", "Zl", "Zp")
"""Unicode categories: controls, what changes the direction of writing, separators of lines."""


def check_dataset(dataset: StoredDataset) -> None:
    """Refuse a dataset that no contract could tell. Raises Invalid with the pointer to the text at fault."""
    try:
        document.check_dataset(negotiated.published(dataset))
    except ContractError as error:
        said = _filled(_NO_CONTRACT, error.needed or "NFC", error.actual)
        raise Invalid(said, pointer=_PLACES.get(error.pointer, error.pointer)) from error


def check_rules(offer_id: str, rules: dict[str, Any]) -> None:
    """Refuse rules that no agreement in a contract could hold. Raises Invalid with the pointer to the text at fault.

    What cannot be read as a policy at all is for others to refuse.
    """
    for pointer, text in _texts(rules, "/policy"):
        fault = texts.unfit(json.dumps(text, ensure_ascii=False))  # as an agreement writes it
        if fault is not None:
            raise Invalid(_filled(_NOT_NORMAL, fault), pointer=pointer)
    try:
        terms = told_terms(policies.load({"@id": offer_id, "@type": "Offer", **rules}))
        schema.check_member(terms, schema.CONTRACT, "terms")
    except ContractError as error:
        raise _not_told(rules, error) from error
    except policies.PolicyError:
        return


def _not_told(rules: dict[str, Any], error: ContractError) -> Invalid:
    """Return why no contract could tell these rules in sentences, with the pointer to a hidden character if one is."""
    for pointer, text in _texts(rules, "/policy"):
        hidden = next((one for one in text if unicodedata.category(one) in _UNSEEN), None)
        if hidden is not None:
            return Invalid(_filled(_HIDDEN, f"U+{ord(hidden):04X}"), pointer=pointer)
    return Invalid(_filled(_NO_CONTRACT, error.needed, error.actual), pointer="/policy")


def _texts(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """Yield the texts in rules that are understood, each with its pointer; their names are known ones."""
    if isinstance(value, str):
        yield pointer, value
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from _texts(member, pointer + pointer_to(name))


def _filled(said: dict[str, str], *values: str) -> dict[str, str]:
    return {language: text.format(*values) for language, text in said.items()}
