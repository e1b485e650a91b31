"""The members of JSON objects, under whatever name they are written, and the values that they hold.

A member of ODRL may be written bare, with `odrl:` or in full; its value may stand alone or in an array. Values are read
by small functions `(value, pointer) -> what it is` that raise WrongShape.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

from policies import strict_json, vocabulary
from policies.errors import DuplicateMember, Text, WrongShape
from policies.model import Extras, Value
from policies.strict_json import Json
from policies.vocabulary import RDF, XSD

MAX_IRI = 2_048
JSON_LITERAL = RDF + "JSON"

T = TypeVar("T")

# as the contexts of W3C have it for right operands that stand elsewhere, and for data types
_IRI_TYPES = ("xsd:anyURI", XSD + "anyURI", "xsd:anyType", XSD + "anyType")
_ALIASES = {"uid": "@id", "id": "@id", "type": "@type", "datatype": "dataType"}


class Members:
    """The members of one JSON object under their bare names; what is taken is known, the rest are extras."""

    def __init__(self, value: Json, pointer: str) -> None:
        if not isinstance(value, dict):
            raise expected("un objet", "an object", pointer)
        self.pointer = pointer
        self._left: dict[str, tuple[str, Json]] = {}
        for name, member in value.items():
            key = member_name(name)
            if key in self._left:
                raise DuplicateMember({"fr": f"« {name} ».", "en": f"“{name}”."}, pointer=pointer)
            self._left[key] = (name, member)

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def spelling(self, key: str) -> str | None:
        """Return the name under which a member stands in the text, or None when it is absent."""
        return self._left[key][0] if key in self._left else None

    def take(self, key: str) -> Iterator[tuple[Json, str]]:
        """Yield each value of a member with its pointer; an absent member and null have none."""
        name, value = self._left.pop(key, (key, None))
        pointer = f"{self.pointer}/{escaped(name)}"
        if isinstance(value, list) and len(value) == 1 and _is_list(value[0]):
            value = value[0]  # as JSON-LD is expanded
        if isinstance(value, list):
            yield from ((item, f"{pointer}/{at}") for at, item in enumerate(value) if item is not None)
        elif _is_list(value):
            yield from ((item, f"{pointer}/@list/{at}") for at, item in enumerate(value["@list"]) if item is not None)
        elif value is not None:
            yield value, pointer

    def each(self, key: str, read: Callable[[Json, str], T]) -> tuple[T, ...]:
        """Read every value of a member."""
        if key not in self._left:  # as most are, most of the time
            return ()
        return tuple([read(value, pointer) for value, pointer in self.take(key)])

    def one(self, key: str, read: Callable[[Json, str], T]) -> T | None:
        """Read a member that is given at most once."""
        if key not in self._left:
            return None
        name, value = self._left[key]
        if isinstance(value, str):
            del self._left[key]
            return read(value, f"{self.pointer}/{escaped(name)}")
        values = self.each(key, read)
        if len(values) > 1:
            raise expected("une seule valeur", "one value", f"{self.pointer}/{escaped(key)}")
        return values[0] if values else None

    def types(self) -> list[str]:
        """Return the types as they are written, without taking them."""
        value = self._left.get("@type", ("", None))[1]
        kinds = value if isinstance(value, list) else [value]
        return [kind for kind in kinds if isinstance(kind, str)]

    def drop_type(self, *redundant: str) -> None:
        """Forget a type that says no more than the place of the object does; any other is kept as an extra."""
        if "@type" not in self._left:
            return
        value = self._left["@type"][1]
        kinds = value if isinstance(value, list) else [value]
        if all(isinstance(kind, str) and vocabulary.bare(vocabulary.expand(kind)) in redundant for kind in kinds):
            self._left.pop("@type", None)

    def extras(self) -> Extras:
        """Return what nobody took, in a stable order."""
        if not self._left:
            return ()
        return tuple(sorted((key, strict_json.canonical(value)) for key, (_, value) in self._left.items()))


def _is_list(value: Json) -> bool:
    return isinstance(value, dict) and value.keys() == {"@list"} and isinstance(value["@list"], list)


def member_name(name: str) -> str:
    """Return the one name of a member that may be written bare, with a prefix or in full."""
    return _KNOWN_NAMES.get(name) or _member_name(name)


def _member_name(name: str) -> str:
    if name == "rdf:value" or name == RDF + "value":
        return "value"
    key = vocabulary.bare(vocabulary.expand(name))
    return _ALIASES.get(key, key)


_KNOWN_NAMES = {
    spelling: _member_name(spelling)
    for name in vocabulary.MEMBER_WORDS
    for spelling in (name, f"odrl:{name}", vocabulary.ODRL + name)
} | {name: name for name in ("@id", "@type", "@context", "timestamp")}


def value_of(value: Json, pointer: str) -> Value:
    """Read a literal or an IRI. Numbers and booleans keep their JSON spelling and get the type of XML Schema."""
    match value:
        case str():
            return Value(value)
        case bool():
            return Value("true" if value else "false", XSD + "boolean")
        case int():
            return Value(str(value), XSD + "integer")
        case float():
            return Value(repr(value), XSD + "double" if "e" in repr(value) else XSD + "decimal")
        case {"@id": str(iri)} if len(value) == 1:
            return Value(vocabulary.expand(iri), is_iri=True)
        case {"@value": str() | bool() | int() | float() as literal} if len(value) == 1:
            return value_of(literal, pointer)
        case {"@value": str() | bool() | int() | float() as literal, "@type": str(datatype)} if len(value) == 2:
            return Value(value_of(literal, pointer).text, significant(vocabulary.expand(datatype)))
        case {"@value": str(text), "@language": str(language)} if len(value) == 2:
            return Value(text, language=language.lower())
        case _:
            return Value(strict_json.canonical(value), JSON_LITERAL)


def significant(datatype: str) -> str | None:
    """RDF 1.1: a plain string and an xsd:string are the same value."""
    return None if datatype == XSD + "string" else datatype


def iri(value: Json, pointer: str) -> str:
    """Read an identifier as it is written: a string, `{"@id": …}` or an xsd:anyURI; at most 2 KiB."""
    if isinstance(value, dict):
        value = _inside(value)
    if not isinstance(value, str) or not value:
        raise expected("un identifiant", "an identifier", pointer)
    if len(value) > MAX_IRI:
        raise expected("un identifiant de 2 Kio au plus", "an identifier of at most 2 KiB", pointer)
    return value


def _inside(value: dict[str, Json]) -> Json:
    match value:
        case {"@id": name} if len(value) == 1:
            return name
        case {"@value": name, "@type": kind} if len(value) == 2 and kind in _IRI_TYPES:
            return name
    return None


def expanded(value: Json, pointer: str) -> str:
    """Read an identifier; one of the known prefixes is spelt out."""
    return vocabulary.expand(iri(value, pointer))


def word(value: Json, pointer: str) -> str:
    """Read a type or another term of ODRL and return it bare."""
    return vocabulary.bare(vocabulary.expand(iri(value, pointer)))


def plain(value: Json, pointer: str) -> str:
    """Read a literal and return its text."""
    read = value_of(value, pointer)
    if read.is_iri:
        raise expected("un texte", "a string", pointer)
    return read.text


def escaped(name: str) -> str:
    """Return a member's name as a step of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1") if "/" in name or "~" in name else name


def expected(fr: str, en: str, pointer: str) -> WrongShape:
    """Return the error that says what should stand here."""
    text: Text = {"fr": f"Attendu : {fr}.", "en": f"Expected: {en}."}
    return WrongShape(text, pointer=pointer)
