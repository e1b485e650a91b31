"""How a message is read from the wire and written to it.

DSP 2025-1 messages are plain JSON by schema, built so that JSON-LD processing keeps them whole; there is no JSON-LD
processor here. What a peer relies on when it expands our text: `@context` is an array of strings, and every node has
its `@type`. What we rely on when we read: the same, and that members which we do not know are kept aside, not refused.
The messages themselves are in messages.py, the shapes of policies in shapes.py.
"""

from collections.abc import Iterable
from functools import cache
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, ValidationInfo, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, PydanticCustomError

from connector.protocol import strict_json
from connector.protocol.errors import MalformedMessage
from connector.protocol.strict_json import JsonObject, pointer_to

DSP_CONTEXT = "https://w3id.org/dspace/2025/1/context.jsonld"

LONGEST_NAME = 2_000
"""Longest identifier that is taken from a peer, in bytes: it stands in addresses, and in indexes of the store."""

_FROM_THE_WIRE = object()


def is_short(name: str) -> bool:
    """True when an identifier of a peer is no longer than one may be."""
    return len(name) <= LONGEST_NAME // 4 or len(name.encode("utf-8", "surrogatepass")) <= LONGEST_NAME


def _checked(name: str, info: ValidationInfo) -> str:
    """Refuse a long one from a peer; what we write may repeat one that was taken before, or that an address holds."""
    if info.context is _FROM_THE_WIRE and not is_short(name):
        raise PydanticCustomError("wire_long", "too long", {})
    return name


Name = Annotated[str, AfterValidator(_checked)]
"""An identifier of a peer's."""


class Part(BaseModel):
    """A JSON object of the protocol: camelCase on the wire, unknown members kept in `model_extra`."""

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        populate_by_name=True,
        alias_generator=lambda name: "@id" if name == "id" else to_camel(name),
    )

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Return what `repr` shows: no unknown members, since anything may stand in them, tokens too."""
        return [(name, value) for name, value in super().__repr_args__() if name in type(self).model_fields]

    @model_validator(mode="before")
    @classmethod
    def _read(cls, members: Any, info: ValidationInfo) -> Any:
        if info.context is not _FROM_THE_WIRE or not isinstance(members, dict):
            return members
        for name, value in members.items():
            if value is None and name in _wire_names(cls):
                raise PydanticCustomError("wire_null", "null is not a value", {"member": name})
        return cls._without_envelope(members)

    @classmethod
    def _without_envelope(cls, members: JsonObject) -> JsonObject:
        return members


class Node(Part):
    """A part whose `@type` is the name of its class; it is required when read and always written."""

    @classmethod
    def _without_envelope(cls, members: JsonObject) -> JsonObject:
        if "@type" not in members:
            raise PydanticCustomError("missing", "missing", {"member": "@type"})
        if members["@type"] != cls.__name__:
            raise PydanticCustomError("wire_type", "not a {expected}", {"member": "@type", "expected": cls.__name__})
        return {name: value for name, value in members.items() if name not in ("@type", "@context")}


class Message(Node):
    """A node that travels alone: it has a `@context`, and may have an `@id` of its own."""

    id: Name | None = None

    @property
    def kind(self) -> str:
        """The name under which the state tables know this message."""
        return type(self).__name__

    @property
    def message_id(self) -> str | None:
        """The identity of this very sending, by which a late repetition is recognised."""
        return self.id

    @classmethod
    def _without_envelope(cls, members: JsonObject) -> JsonObject:
        contexts = members.get("@context")
        if contexts is None:
            raise PydanticCustomError("missing", "missing", {"member": "@context"})
        if DSP_CONTEXT not in (contexts if isinstance(contexts, list) else [contexts]):
            raise PydanticCustomError("wire_context", "not the context", {"member": "@context"})
        return super()._without_envelope(members)

    def with_id(self, message_id: str) -> Self:
        """Return the same message with an identity of its own."""
        return self.model_copy(update={"id": message_id})


@cache
def _wire_names(model: type[Part]) -> frozenset[str]:
    return frozenset(str(field.alias) for field in model.model_fields.values())


P = TypeVar("P", bound=Part)


def parse(model: type[P], raw: bytes) -> P:
    """Return the message that the bytes say.

    Unknown members are kept aside. Raises MalformedMessage, whose pointer names the first fault (RFC 6901).
    """
    return from_document(model, strict_json.read_object(raw))


def from_document(model: type[P], document: JsonObject) -> P:
    """Return the message that an already read object says; raises as `parse` does."""
    try:
        return model.model_validate(document, context=_FROM_THE_WIRE, by_alias=True, by_name=False)
    except ValidationError as errors:
        raise _first_fault(errors) from None


def render(part: Part) -> bytes:
    """Return the text to send: compact JSON, `@context` and `@type` written, absent members left out."""
    return strict_json.write(document(part))


def document(part: Part) -> JsonObject:
    """Return the JSON object that `render` writes."""
    members: JsonObject = {}
    if isinstance(part, Message):
        members["@context"] = [DSP_CONTEXT]
    if isinstance(part, Node):
        members["@type"] = type(part).__name__
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        if value is not None:
            members[str(field.alias)] = _plain(value)
    return members | (part.model_extra or {})


def digest(source: bytes | Message) -> str:
    """Return the hexadecimal SHA-256 of a message's content: everything but its own `@id` and its `@context`.

    Two sendings of the same content have the same digest, whatever the order of members and the spacing.
    """
    members = document(source) if isinstance(source, Message) else strict_json.read_object(source)
    return strict_json.fingerprint({name: members[name] for name in members if name not in ("@id", "@context")})


def _plain(value: Any) -> Any:
    if isinstance(value, Part):
        return document(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


_MISSING = {"fr": "Un membre requis est absent.", "en": "A required member is absent."}
_EMPTY = {"fr": "Vide, alors qu’un élément au moins est attendu.", "en": "Empty, where at least one item is expected."}
TOO_LONG = {
    "fr": f"Identifiant trop long : {LONGEST_NAME} octets au plus.",
    "en": f"An identifier that is too long: at most {LONGEST_NAME} bytes.",
}
_WRONG = {"fr": "Type ou valeur inattendus.", "en": "Unexpected type or value."}


def _first_fault(errors: ValidationError) -> MalformedMessage:
    error = errors.errors(include_url=False, include_input=False)[0]
    member = error.get("ctx", {}).get("member")
    steps = (*error["loc"], *([member] if member else []))
    return MalformedMessage(_detail(error), pointer=pointer_to(*steps))


def _detail(error: ErrorDetails) -> dict[str, str]:
    match error["type"]:
        case "missing":
            return _MISSING
        case "too_short" | "string_too_short":
            return _EMPTY
        case "wire_type":
            expected = error["ctx"]["expected"]
            return {"fr": f"Le type attendu est {expected}.", "en": f"The expected type is {expected}."}
        case "wire_long":
            return TOO_LONG
        case "wire_context":
            return {"fr": f"Le contexte {DSP_CONTEXT} manque.", "en": f"The context {DSP_CONTEXT} is missing."}
        case "literal_error":
            expected = error["ctx"]["expected"]
            return {
                "fr": f"Valeurs possibles : {expected.replace(' or ', ' ou ')}.",
                "en": f"Possible values: {expected}.",
            }
        case _:
            return _WRONG
