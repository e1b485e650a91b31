"""The schemas are JSON Schema: a library for it and our own reader say the same of every document."""

import copy
import json
import os
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts import schema
from contracts.canonical import read_canonical
from contracts.refused import BadDocument
from contracts.schema.fits import fit
from tests.contracts import golden

MANY = 1_000 if os.environ.get("CI") == "true" else 300
FILES = {
    schema.CONTRACT: (golden.FOLDER / "contract.json").read_bytes(),
    schema.CONCLUSION: golden.read_sealed((golden.FOLDER / "conclusion.jws.json").read_text()).payload,
    schema.NOTICE: golden.read_sealed((golden.FOLDER / "termination.jws.json").read_text()).payload,
    schema.CHECKPOINT: (golden.FOLDER / "checkpoint.json").read_bytes(),
}
DOCUMENTS = {name: read_canonical(written) for name, written in FILES.items()}
VALIDATORS = {name: jsonschema_rs.Draft202012Validator(schema.schema(name)) for name in FILES}
TEXTS = [
    "none",
    "x",
    "fr",
    "node",
    "did:web:a",
    "did:web:a_b",
    "urn:uuid:00000000-0000-0000-0000-000000000001",
    "2026-02-30T00:00:00Z",
    "urn:uuid:00000000-0000-0000-0000-00000000000A",
    "2026-13-01T00:00:00Z",
    "2026-01-01T24:00:00Z",
]
TEXTS += ["", " ", "a\nb", "a\x00b", "a\u202eb", "x" * 2001, "0" * 64, "0" * 64 + "\n", "2026-02-03T00:00:00Z\n"]
VALUES = st.sampled_from([*TEXTS, 0, 1, True, False, [], ["x"], {}, {"a": "b"}]).map(copy.deepcopy)


def places(value, way=()):
    yield way
    for name, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(each, (*way, name))


def ours(document, name) -> bool:
    try:
        schema.check_shape(document, name)
    except BadDocument:
        return False
    return True


@pytest.mark.parametrize("name", FILES)
def test_the_schema_is_one(name):
    jsonschema_rs.meta.validate(schema.schema(name))
    assert schema.schema(name)["$id"] == name
    assert VALIDATORS[name].is_valid(DOCUMENTS[name])
    schema.check_shape(DOCUMENTS[name], name)


@pytest.mark.parametrize("name", FILES)
def test_what_is_as_it_must_be_is_told_in_one_step(name):
    assert schema._fits(name)(DOCUMENTS[name])


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\u00a0"])
def test_a_blank_text_leaves_the_last_word_to_the_reader(blank):
    for place in (way for way in places(DOCUMENTS[schema.CONTRACT]) if way):
        document = copy.deepcopy(DOCUMENTS[schema.CONTRACT])
        *way, last = place
        at = document
        for step in way:
            at = at[step]
        if type(at[last]) is str:
            at[last] = blank
            assert not schema._fits(schema.CONTRACT)(document), place


@pytest.mark.parametrize("rule", [{"$ref": "#/$defs/t", "maxLength": 2}, {"type": "string", "format": "uri"}])
def test_a_rule_about_a_text_that_says_more_than_ours_do_leaves_the_last_word_to_the_reader(rule):
    plain = {"type": "object", "additionalProperties": False, "properties": {"a": {"$ref": "#/$defs/t"}}}
    of = {"$defs": {"t": {"type": "string"}}}
    assert fit(plain, of)({"a": "long"})
    assert not fit({**plain, "properties": {"a": rule}}, of)({"a": "l"})
    assert not fit(rule, of)("l")


@settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_both_readers_say_the_same(data):
    name = data.draw(st.sampled_from(sorted(FILES)))
    document = copy.deepcopy(DOCUMENTS[name])
    for _ in range(data.draw(st.integers(1, 2))):
        *way, last = data.draw(st.sampled_from([way for way in places(document) if way]))
        at = document
        for step in way:
            at = at[step]
        match data.draw(st.sampled_from(["change", "drop", "add"])):
            case "change":
                at[last] = data.draw(VALUES)
            case "drop":
                del at[last]
            case "add" if isinstance(at, dict):
                at["more"] = data.draw(VALUES)
            case _:
                at.append(data.draw(VALUES))
    assert ours(document, name) == VALIDATORS[name].is_valid(document), json.dumps(document)


def test_every_word_of_the_schemas_is_understood():
    def words(rule, is_rule):
        if isinstance(rule, dict):
            for name, each in rule.items():
                if is_rule:
                    yield name
                yield from words(each, not is_rule or name not in ("properties", "$defs"))
        elif isinstance(rule, list):
            for each in rule:
                yield from words(each, is_rule)

    used = {word for name in FILES for word in words(schema.schema(name), True)}
    assert used <= schema._WORDS.keys() | schema.SILENT


def test_the_fault_is_named():
    document = copy.deepcopy(DOCUMENTS[schema.CONTRACT])
    del document["parties"]["consumer"]["seal"]["kid"]
    with pytest.raises(BadDocument) as caught:
        schema.check_shape(document, schema.CONTRACT)
    assert (caught.value.needed, caught.value.pointer) == ("kid", "/parties/consumer/seal/kid")


def test_the_files_travel_with_the_package():
    assert {path.name for path in Path(schema.__file__).parent.glob("*.json")} == set(schema._FILES.values())
