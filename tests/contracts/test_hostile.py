"""Whatever a partner seals, with its own key and in a form of its own, is taken or refused: nothing else happens."""

import base64
import copy
import hashlib
import json
import os
import warnings
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.canonical import canonical, sha256
from contracts.checks import check_contract, check_countersigned
from contracts.conclusion import check_conclusion, conclude
from contracts.jws import encoded, read_sealed, signing_input
from contracts.keys import normalised
from contracts.notice import check_notice, notice
from contracts.refused import ContractError
from contracts.timestamps import merge, tokens
from tests.harness.contracts import COMMUNE, METROPOLE, NOW, countersigned, drawn_up, negotiated, sealed
from tests.harness.sealers import sealer

pytestmark = pytest.mark.filterwarnings("ignore")  # a broken certificate may be warned of, too
MANY = 1_000 if os.environ.get("CI") == "true" else 200
PROVIDER, CONSUMER = sealer(METROPOLE), sealer(COMMUNE)
AGREED = negotiated(PROVIDER, CONSUMER)
DOCUMENT = drawn_up(AGREED)
ONE = sealed(DOCUMENT, PROVIDER)
BOTH = read_sealed(countersigned(ONE, CONSUMER))
HEADER = dict(BOTH.signatures[0].header)
JSON = st.recursive(
    st.text(max_size=8) | st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans(),
    lambda child: st.lists(child, max_size=3) | st.dictionaries(st.text(max_size=4), child, max_size=3),
    max_leaves=5,
)


def places(value, way=()):
    if way:
        yield way
    for name, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(each, (*way, name))


def altered(data, value):
    """Return a value in which something is another, absent or added."""
    value = copy.deepcopy(value)
    *way, last = data.draw(st.sampled_from(list(places(value))))
    at = value
    for step in way:
        at = at[step]
    if data.draw(st.booleans()):
        at[last] = data.draw(JSON)
    else:
        del at[last]
    return value


def resealed(document: dict, header: dict) -> str:
    """Return a document under a header, signed with the provider's own key."""
    try:
        payload, protected = canonical(document), encoded(canonical(header))
    except ContractError:
        payload, protected = json.dumps(document).encode(), encoded(json.dumps(header).encode())
    signature = encoded(normalised("ES256", PROVIDER.signed(signing_input(protected, payload))))
    text = {"payload": encoded(payload), "signatures": [{"protected": protected, "signature": signature}]}
    return canonical(text).decode()


def all_tokens(text: str) -> list[tuple[bytes, ...]]:
    found = read_sealed(text)
    return [tokens(found, place) for place in range(len(found.signatures))]


def is_refused_or_taken(check, *given, **named) -> bool:
    try:
        check(*given, **named)
    except ContractError as error:
        return bool(error.say("fr") and error.say("en"))
    return False


@settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_another_document_under_a_good_seal_is_refused(data):
    document = altered(data, DOCUMENT)
    refused = is_refused_or_taken(check_contract, resealed(document, HEADER), AGREED, now=NOW)
    assert refused or _differs_only_where_it_may(document)


def _differs_only_where_it_may(document: dict) -> bool:
    """True when it is the contract but for what a provider chooses: identifier, instants, who wrote the sentences."""
    free = {name: DOCUMENT[name] for name in ("id", "createdAt", "countersignBefore")}
    terms = {**document["terms"], "generator": DOCUMENT["terms"]["generator"]}
    return {**document, **free, "terms": terms} == DOCUMENT


@settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_another_header_is_refused(data):
    header = altered(data, HEADER)
    refused = is_refused_or_taken(check_contract, resealed(DOCUMENT, header), AGREED, now=NOW)
    free = ("iat", "srAts")
    assert refused or {**header, **{name: HEADER[name] for name in free}} == HEADER


@settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_another_text_is_refused_or_has_time_stamps_to_read(data):
    text = json.dumps(altered(data, json.loads(BOTH.text)), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    is_refused_or_taken(all_tokens, text)
    is_refused_or_taken(merge, BOTH.text, text)
    assert is_refused_or_taken(check_countersigned, text, ONE, now=NOW) or read_sealed(text).payload == BOTH.payload


@settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_another_conclusion_or_notice_is_refused(data):
    good = data.draw(st.sampled_from([conclude(BOTH, at=NOW), notice(BOTH, "receipt", by="provider", at=NOW)]))
    text = resealed(altered(data, good), {**HEADER, "cty": data.draw(st.sampled_from(sorted(MEDIA)))})
    is_refused_or_taken(check_conclusion, text, BOTH, now=NOW)
    is_refused_or_taken(check_notice, text, BOTH, now=NOW)


MEDIA = {f"application/vnd.pupitre.{kind}+json" for kind in ("conclusion", "notice", "contract")}


def test_no_certificate_breaks_the_check():
    """Each byte of a certificate in turn is another; the provider names the result in its card and its document."""
    der = PROVIDER.chain[0]
    taken = 0
    for place in range(len(der)):
        broken = der[:place] + bytes([der[place] ^ 0x15]) + der[place + 1 :]
        party = replace(AGREED.provider, certificate_sha256=sha256(broken))
        header = {
            **HEADER,
            "x5c": [base64.b64encode(broken).decode()],
            "x5t#S256": encoded(hashlib.sha256(broken).digest()),
        }
        what = replace(AGREED, provider=party)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            taken += not is_refused_or_taken(check_contract, resealed(drawn_up(what), header), what, now=NOW)
    assert 0 < taken < len(der), "a self-made certificate may say anything but be another key or out of date"
