"""Whether a value is of a rule of JSON Schema and no text in it is blank, told in as few steps as it can be.

Nearly every document is as it must be, so this is what runs; what is wrong with another one is for the reader to say,
which looks at each word of the rule. Of a rule that is not made as those of our files, and of a blank text, this one
says no: then the reader has the last word.
"""

import re
from collections.abc import Callable
from math import inf
from typing import Any

Fit = Callable[[Any], bool]
Rule = dict[str, Any]
Search = Callable[[str], re.Match[str] | None]
Text = tuple[int, float, Search | None]
"""What a rule says of a text: how short and how long it may be, and its pattern."""
SILENT = frozenset({"$schema", "$id", "$defs", "title", "description"})
_KINDS = {
    "object": {"required", "additionalProperties", "properties", "minProperties"},
    "array": {"minItems", "items"},
    "string": {"minLength", "maxLength", "pattern"},
    "boolean": set[str](),
    "integer": {"minimum"},
}


def fit(rule: Rule, whole: Rule) -> Fit:
    """Return what is true of a value only when it is of this rule, in this schema."""
    if (text := _text(rule, whole)) is not None:
        return _of_text(text)
    match {word: said for word, said in rule.items() if word not in SILENT}:
        case {"$ref": str(name), **rest} if not rest:
            return fit(whole["$defs"][name.removeprefix("#/$defs/")], whole)
        case {"const": str(said), **rest} if not rest:
            return lambda value: type(value) is str and value == said
        case {"enum": list(known), **rest} if not rest:
            return lambda value: type(value) is str and value in known
        case {"oneOf": [{"const": str(none)}, other], **rest} if not rest:
            fits = fit(other, whole)
            return lambda value: fits(value) if type(value) is dict else type(value) is str and value == none
        case {"type": str(kind), **rest} if rest.keys() <= _KINDS[kind]:
            return _OF[kind](rest, whole)
    return lambda value: False


def _object(rule: Rule, whole: Rule) -> Fit:
    members = {name: fit(each, whole) for name, each in rule["properties"].items()}
    texts = {name: _text(each, whole) for name, each in rule["properties"].items()}
    required, least = frozenset(rule.get("required", ())), rule.get("minProperties", 0)
    if rule.get("additionalProperties") is not False:
        return lambda value: False

    def fits(value: Any) -> bool:
        if type(value) is not dict or len(value) < least or not (required <= value.keys() <= members.keys()):
            return False
        for name, each in value.items():  # without a function for each text
            text = texts[name]
            if text is None:
                if not members[name](each):
                    return False
                continue
            shortest, longest, search = text
            if type(each) is not str or not shortest <= len(each) <= longest or each.isspace():
                return False
            if search is not None and search(each) is None:
                return False
        return True

    return fits


def _array(rule: Rule, whole: Rule) -> Fit:
    one, least = fit(rule["items"], whole), rule.get("minItems", 0)
    return lambda value: type(value) is list and len(value) >= least and all(map(one, value))


def _text(rule: Rule, whole: Rule) -> Text | None:
    """Return what a rule says of a text; None for a rule that is not about one, or is not made as ours are."""
    match {word: said for word, said in rule.items() if word not in SILENT}:
        case {"$ref": str(name), **rest} if not rest:
            return _text(whole["$defs"][name.removeprefix("#/$defs/")], whole)
        case {"type": "string", **rest} if rest.keys() <= _KINDS["string"]:
            search = searching(rest["pattern"]) if "pattern" in rest else None
            return max(rest.get("minLength", 0), 1), rest.get("maxLength", inf), search
    return None


def _of_text(told: Text) -> Fit:
    shortest, longest, search = told

    def fits(value: Any) -> bool:
        if type(value) is not str or not shortest <= len(value) <= longest or value.isspace():
            return False
        return search is None or search(value) is not None

    return fits


def _boolean(rule: Rule, whole: Rule) -> Fit:
    return lambda value: type(value) is bool


def _integer(rule: Rule, whole: Rule) -> Fit:
    least = rule.get("minimum", -inf)
    return lambda value: type(value) is int and value >= least


_OF: dict[str, Callable[[Rule, Rule], Fit]] = {
    "object": _object,
    "array": _array,
    "boolean": _boolean,
    "integer": _integer,
}


def searching(pattern: str) -> Search:
    """Return the search for a pattern of JSON Schema."""
    # `$` of Python also stands before a last line break; that of JSON Schema does not
    return re.compile(re.sub(r"(?<!\\)\$$", r"\\Z", pattern)).search
