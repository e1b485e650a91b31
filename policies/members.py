"""The members of JSON objects, under whatever name they are written, and the values that they hold.

A member of ODRL may be written bare, with `odrl:` or in full; its value may stand alone or in an array. Values are read
by small functions `(value, pointer) -> what it is` that raise WrongShape.
"""

from collections.abc import Callable, Collection
from typing import TypeVar

from policies import strict_json, vocabulary
from policies.errors import DuplicateMember, Text, WrongShape
from policies.frozen import maker
from policies.model import Extras, Value
from policies.strict_json import Json
from policies.vocabulary import RDF, XSD

MAX_IRI = 2_048
JSON_LITERAL = RDF + "JSON"
_STRING = XSD + "string"
_LITERALS = (str, bool, int, float)
_BARE_WORDS = {
    spelling: vocabulary.bare(name)
    for spelling, name in vocabulary.spellings(vocabulary.KINDS | vocabulary.CONFLICT_WORDS).items()
}
# the data types that most right operands have, under the spellings that most texts give them
_USUAL_TYPES = {
    spelling: XSD + name
    for name in ("dateTime", "date", "duration", "integer", "decimal", "boolean")
    for spelling in (f"xsd:{name}", XSD + name)
}

T = TypeVar("T")
new_value = maker(Value)

# as the contexts of W3C have it for right operands that stand elsewhere, and for data types
_IRI_TYPES = ("xsd:anyURI", XSD + "anyURI", "xsd:anyType", XSD + "anyType")
_ALIASES = {"uid": "@id", "id": "@id", "type": "@type", "datatype": "dataType"}


class Members:
    """The members of one JSON object under their bare names; what is taken is known, the rest are extras."""

    def __init__(self, value: Json, pointer: str) -> None:
        if not isinstance(value, dict):
            raise expected("un objet", "an object", pointer)
        self.pointer = pointer
        known = _KNOWN_NAMES
        self._left: dict[str, tuple[str, Json]] = {
            known.get(name) or _member_name(name): (name, member) for name, member in value.items()
        }
        if len(self._left) < len(value):
            raise _twice(value, pointer)

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def __bool__(self) -> bool:
        """Tell whether there is a member that nobody took yet."""
        return bool(self._left)

    def among(self, keys: Collection[str]) -> list[str]:
        """Return those of the keys that the object has."""
        return [key for key in self._left if key in keys]

    def spelling(self, key: str) -> str | None:
        """Return the name under which a member stands in the text, or None when it is absent."""
        return self._left[key][0] if key in self._left else None

    def each(self, key: str, read: Callable[[Json, str], T]) -> tuple[T, ...]:
        """Read every value of a member with its pointer; an absent member and null have none."""
        if key not in self._left:  # as most are, most of the time
            return ()
        name, value = self._left.pop(key)
        return each_of(value, f"{self.pointer}/{escaped(name)}", read)

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


def each_of(value: Json, pointer: str, read: Callable[[Json, str], T]) -> tuple[T, ...]:
    """Read every value of a member; null has none."""
    alone = value[0] if isinstance(value, list) and len(value) == 1 else value  # as JSON-LD is expanded
    if isinstance(alone, dict) and "@list" in alone and _is_list(alone):
        pointer, value = f"{pointer}/@list", alone["@list"]
    if isinstance(value, list):
        return tuple([read(item, f"{pointer}/{at}") for at, item in enumerate(value) if item is not None])
    return (read(value, pointer),) if value is not None else ()


def _is_list(value: dict[str, Json]) -> bool:
    return len(value) == 1 and isinstance(value["@list"], list)


def member_name(name: str) -> str:
    """Return the one name of a member that may be written bare, with a prefix or in full."""
    return _KNOWN_NAMES.get(name) or _member_name(name)


def _twice(value: dict[str, Json], pointer: str) -> DuplicateMember:
    """Return the error that names the first member that stands there under another spelling too."""
    first: dict[str, str] = {}
    name = next(name for name in value if first.setdefault(member_name(name), name) != name)
    return DuplicateMember({"fr": f"« {name} ».", "en": f"“{name}”."}, pointer=pointer)


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
    if isinstance(value, str):
        return new_value(value)
    if isinstance(value, dict):
        return _value_of_object(value)
    match value:
        case bool():
            return Value("true" if value else "false", XSD + "boolean")
        case int():
            return Value(str(value), XSD + "integer")
        case float():
            return Value(repr(value), XSD + "double" if "e" in repr(value) else XSD + "decimal")
    return Value(strict_json.canonical(value), JSON_LITERAL)


def values_of(value: Json) -> tuple[Value, ...]:
    """Read the right operand of a constraint: one value or several. Whatever JSON it is, it can be read."""
    if isinstance(value, dict) and "@list" not in value:
        return (_value_of_object(value),)
    return each_of(value, "", value_of)


def _value_of_object(value: dict[str, Json]) -> Value:
    literal, datatype, size = value.get("@value"), value.get("@type"), len(value)
    if size == 1:
        if isinstance(name := value.get("@id"), str):
            return new_value(vocabulary.expand(name), None, True)
        if isinstance(literal, _LITERALS):
            return value_of(literal, "")
    if size == 2 and isinstance(literal, _LITERALS):
        if isinstance(datatype, str):
            text = literal if isinstance(literal, str) else value_of(literal, "").text
            return new_value(text, _USUAL_TYPES.get(datatype) or significant(vocabulary.expand(datatype)))
        if isinstance(language := value.get("@language"), str) and isinstance(literal, str):
            return Value(literal, language=language.lower())
    return Value(strict_json.canonical(value), JSON_LITERAL)


def significant(datatype: str) -> str | None:
    """RDF 1.1: a plain string and an xsd:string are the same value."""
    return None if datatype == _STRING else datatype


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
    if isinstance(value, str) and (known := _BARE_WORDS.get(value)):
        return known
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
