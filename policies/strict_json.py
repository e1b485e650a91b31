"""JSON in and out, without the liberties that let two readers see two policies.

Reading refuses duplicate members, NaN and infinities, lone surrogates, and texts that are too long or too deep. Writing
has one canonical form: sorted members, no spaces, UTF-8.
"""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, NoReturn

from policies.errors import DuplicateMember, NotJson, TooDeep, TooLarge, WrongShape

Json = Any
"""A parsed JSON value; it becomes part of the model in reader.py and nowhere else."""

Given = Mapping[str, Json] | str | bytes
"""A policy that nobody has read yet."""

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32


def parse(given: Given) -> tuple[dict[str, Json], str]:
    """Return the policy's JSON object and its text. Raises NotJson, TooLarge, TooDeep, DuplicateMember, WrongShape."""
    text = _as_text(given)
    if len(text) > MAX_BYTES or (not text.isascii() and len(_encoded(text)) > MAX_BYTES):
        raise TooLarge({"fr": "La limite est de 256 Kio.", "en": "The limit is 256 KiB."})
    value = _decoded(text)
    if not isinstance(value, dict):
        raise WrongShape({"fr": "Un objet JSON est attendu.", "en": "A JSON object is expected."})
    if text.count("{") + text.count("[") > MAX_DEPTH:
        _check_depth(value)
    return value, text


def canonical(value: Json) -> str:
    """Return the one text of a JSON value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _as_text(given: Given) -> str:
    if isinstance(given, str):
        return given
    try:
        if isinstance(given, bytes):
            if len(given) > MAX_BYTES:
                raise TooLarge({"fr": "La limite est de 256 Kio.", "en": "The limit is 256 KiB."})
            return given.decode("utf-8")
        return json.dumps(dict(given), ensure_ascii=False, allow_nan=False)
    except RecursionError:
        raise TooDeep({"fr": "La limite est de 32 niveaux.", "en": "The limit is 32 levels."}) from None
    except (TypeError, ValueError) as error:
        raise NotJson(str(error)) from None


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise NotJson({"fr": "Le texte n’est pas de l’Unicode.", "en": "The text is not Unicode."}) from None


def _decoded(text: str) -> Json:
    try:
        value = _DECODER.decode(text)
        if "\\u" in text:
            _encoded(json.dumps(value, ensure_ascii=False))
    except RecursionError:
        raise TooDeep({"fr": "La limite est de 32 niveaux.", "en": "The limit is 32 levels."}) from None
    except ValueError as error:
        raise NotJson(str(error)) from None
    return value


def members_of(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """Return an object of these members. Raises DuplicateMember when one is given twice."""
    members = dict(pairs)
    if len(members) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise DuplicateMember({"fr": f"« {twice} ».", "en": f"“{twice}”."})
    return members


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is out of range")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=members_of, parse_constant=_refuse_number, parse_float=_finite)


_NESTED = (dict, list)


def _check_depth(value: Json) -> None:
    level: list[Json] = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            for child in (node.values() if node.__class__ is dict else node)
            if child.__class__ in _NESTED
        ]
        if not level:
            return
    raise TooDeep({"fr": "La limite est de 32 niveaux.", "en": "The limit is 32 levels."})
