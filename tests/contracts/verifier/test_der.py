"""DER has one spelling for each value: every other one is refused, and what other programs write is read."""

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st
from pupitre_verify.der import MAX_BYTES, dotted, read

from tests.contracts.verifier.stamps import authorities
from tests.contracts.verifier.written import der

SECOND_SPELLINGS = {
    "nothing": "",
    "half a header": "02",
    "cut off": "020201",
    "cut off inside": "3004020201",
    "an inner value beyond the outer one": "30030202000102",
    "bytes after": "02010100",
    "an indefinite length": "30800201010000",
    "a long length for a short value": "02810101",
    "a length with a leading zero": "0282008001" + "00" * 127,
    "a length of five octets": "0485000000000100",
    "a length without its octets": "0482",
    "a number in two octets": "02020001",
    "a negative number in two octets": "0202ff80",
    "no number": "0200",
    "another yes": "010101",
    "a yes of two octets": "0102ffff",
    "a null with contents": "050100",
    "unused bits that are set": "030201ff",
    "eight unused bits": "03020800",
    "unused bits of nothing": "030101",
    "no count of unused bits": "0300",
    "no name": "0600",
    "a name that goes on": "060188",
    "a number of a name with an empty group": "06032a8001",
    "a name that begins with an empty group": "06028001",
    "octets in pieces": "2403040100",
    "a sequence in one piece": "1000",
    "a high tag": "1f2001 00",
    "an unknown type": "0800",
}


@pytest.mark.parametrize("what", SECOND_SPELLINGS)
def test_a_second_spelling_is_refused(what) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(bytes.fromhex(SECOND_SPELLINGS[what]))


@pytest.mark.parametrize(
    "text",
    ["010100", "0101ff", "020100", "02020080", "0201ff", "0500", "030100", "030201fe", "06022a03", "3000", "a0020500"],
)
def test_the_one_spelling_is_read(text) -> None:
    assert read(bytes.fromhex(text)).whole == bytes.fromhex(text)


def test_deep_nesting_and_large_values_are_refused() -> None:
    nested = b""
    for _ in range(40):
        nested = b"\x30" + bytes([len(nested)]) + nested
    for one in (nested, b"\x04\x83\x04\x00\x00" + bytes(MAX_BYTES)):
        with pytest.raises(ValueError, match=r"too"):
            read(one)


def test_a_certificate_is_read_to_its_last_value() -> None:
    root, stamping = authorities()
    for certificate in (root[0], stamping[0]):
        signed, _, signature = read(der(certificate)).parts
        assert signed.whole == certificate.tbs_certificate_bytes
        assert signature.content[1:] == certificate.signature


@given(st.integers(-(2**70), 2**70), st.binary(max_size=300), st.booleans())
def test_what_another_program_writes_is_read(number, octets, flag) -> None:
    values = [core.Integer(number), core.OctetString(octets), core.Boolean(flag)]
    whole = b"".join(one.dump() for one in values)
    read_back = read(core.Sequence(contents=whole).dump())
    assert [one.whole for one in read_back.parts] == [one.dump() for one in values]
    assert int.from_bytes(read_back.parts[0].content, "big", signed=True) == number


@given(st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 2**40), max_size=8))
def test_names_are_written_as_another_program_writes_them(first, second, others) -> None:
    name = ".".join(map(str, (first, second, *others)))
    assert dotted(read(core.ObjectIdentifier(name).dump())) == name


@given(st.binary(max_size=80))
def test_whatever_is_read_is_whole(raw) -> None:
    try:
        value = read(raw)
    except ValueError:
        return
    assert value.whole == raw
    assert b"".join(part.whole for part in value.parts) == value.content or not value.parts
