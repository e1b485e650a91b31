"""No altered byte passes: every byte of what is sealed, and thousands of changes anywhere else, drawn from a seed.

The bundle is untouched before and after. Where a sealed part is changed, the list of contents is mended to fit, as
somebody who forges would do; where the file is changed anywhere, it is not. With CI=true every byte is changed, and
five thousand changes are drawn of each sort; else a sample.
"""

import io
import json
import os
import random
import zipfile
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter

import pytest
from pupitre_verify.examine import examine
from pupitre_verify.report import Report

from tests.contracts.verifier.written import NOW, b64, canonical, case, pack, unb64

IS_WHOLE = os.environ.get("CI") == "true"
MUTATIONS = 5_000 if IS_WHOLE else 400
STRIDE = 1 if IS_WHOLE else 13
SEED = 20_260_302
CARRIER = "messages/004-ContractAgreementMessage.json"
UNSEALED = ("README.txt", "dids/", "journal.jsonl", "status/", CARRIER)


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    whole = case()
    whole.files["notices/001.jws.json"] = whole.notice()
    whole.files["checkpoints/001.jws.json"] = whole.checkpoint(entry=1)
    return whole.all_files()


def check_refused(report: Report, part: str, what: str) -> None:
    """Fail unless the bundle is not valid and the report names the part."""
    assert report.exit_status != 0, what
    told = [one.part for one in (*report.faults, *report.doubts)]
    assert part in told, f"{what}: {told}"
    assert report.as_text("fr")
    assert report.as_text("en")


def sealed_bytes(text: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield each changed text of a JWS: one byte of payload, of a protected header or of a signature is another."""
    jws = json.loads(text)
    places = [(jws, "payload"), *((one, name) for one in jws["signatures"] for name in ("protected", "signature"))]
    for holder, name in places:
        before = holder[name]
        raw = bytearray(unb64(before))
        for at in range(0, len(raw), STRIDE):
            raw[at] ^= 1 << at % 8
            holder[name] = b64(bytes(raw))
            yield f"{name} {at}", canonical(jws)
            raw[at] ^= 1 << at % 8
        holder[name] = before


PARTS = ["contract.jws.json", "conclusion.jws.json", "notices/001.jws.json", "checkpoints/001.jws.json"]


@pytest.mark.parametrize("part", PARTS)
def test_every_byte_of_what_is_sealed_counts(files, part) -> None:
    assert examine(pack(files), at=NOW).exit_status == 0
    for what, changed in sealed_bytes(files[part]):
        report = examine(pack(files | {part: changed}), at=NOW)
        assert report.exit_status == 1, f"{part} {what}"
        check_refused(report, part, f"{part} {what}")
    assert examine(pack(files), at=NOW).exit_status == 0


def flipped(raw: bytes, begin: int = 0, end: int | None = None) -> Iterator[tuple[int, bytes]]:
    """Yield each changed text: one bit of one byte is another."""
    for at in range(begin, len(raw) if end is None else end, STRIDE):
        yield at, raw[:at] + bytes([raw[at] ^ 1 << at % 8]) + raw[at + 1 :]


def test_every_byte_of_what_the_seals_name_counts(files) -> None:
    named = [name for name in files if name.startswith(("cards/", "messages/")) and name != CARRIER]
    assert len(named) == 5
    for part in named:
        for at, changed in flipped(files[part]):
            report = examine(pack(files | {part: changed}), at=NOW)
            assert report.exit_status == 1, f"{part} {at}"
            check_refused(report, part, f"{part} {at}")
    assert examine(pack(files), at=NOW).exit_status == 0


def test_every_byte_of_the_agreement_counts_in_the_message_that_carries_it(files) -> None:
    raw, agreement = files[CARRIER], case().agreement_text.encode()
    begin = raw.index(agreement)
    for at, changed in flipped(raw, begin, begin + len(agreement)):
        report = examine(pack(files | {CARRIER: changed}), at=NOW)
        assert report.exit_status == 1, at
        check_refused(report, CARRIER, f"agreement {at}")


def test_every_byte_of_the_certificates_that_stand_beside_counts(files) -> None:
    for part in ("certs/provider.pem", "certs/consumer.pem"):
        for at, changed in flipped(files[part]):
            report = examine(pack(files | {part: changed}), at=NOW)
            assert report.exit_status == 1, f"{part} {at}"
            check_refused(report, part, f"{part} {at}")


def test_no_change_anywhere_passes(files) -> None:
    """The report names the very file in whose content the first altered byte lies, and nothing else.

    Where that byte is one of the ZIP's own, it names the ZIP, its list, or the file that the byte says something of.
    """
    drawn, bundle = random.Random(SEED), pack(files)
    assert examine(bundle, at=NOW).exit_status == 0
    places, met = places_of(bundle), set()
    for n in range(MUTATIONS):
        changed = mutated(drawn, bundle)
        if changed != bundle:
            report, place = examine(changed, at=NOW), place_at(places, first_altered(bundle, changed))
            met.add(place)
            told = {one.part for one in (*report.faults, *report.doubts)}
            assert report.exit_status != 0, f"mutation {n} of {place}"
            assert place.is_named_by(told), f"mutation {n} of {place}: {told}"
    assert examine(bundle, at=NOW).exit_status == 0
    assert {one.file for one in met if one.is_content} >= {*PARTS, "journal.jsonl", CARRIER}
    assert any(not one.is_content for one in met)


@dataclass(frozen=True)
class Place:
    """A stretch of a bundle: the content of a file, a header or an entry of the directory of one, or the ZIP's end."""

    file: str
    is_content: bool

    def is_named_by(self, told: set[str]) -> bool:
        """Return whether a report that names these parts says that this was altered first."""
        return told == {self.file} if self.is_content else bool(told & {self.file, "zip", "manifest.json"})


def places_of(bundle: bytes) -> list[tuple[int, Place]]:
    """Return where each place begins, in order."""
    archive = zipfile.ZipFile(io.BytesIO(bundle))
    places, entry_at = [], archive.start_dir
    for entry in archive.infolist():
        name = len(entry.filename.encode())
        places += [
            (entry.header_offset, Place(entry.filename, is_content=False)),
            (entry.header_offset + zipfile.sizeFileHeader + name, Place(entry.filename, is_content=True)),
            (entry_at, Place(entry.filename, is_content=False)),
        ]
        entry_at += zipfile.sizeCentralDir + name
    assert bundle[entry_at:].startswith(b"PK\x05\x06")
    return sorted([*places, (entry_at, Place("zip", is_content=False))], key=itemgetter(0))


def place_at(places: list[tuple[int, Place]], at: int) -> Place:
    """Return the place in which a byte lies."""
    return places[bisect_right(places, at, key=itemgetter(0)) - 1][1]


def first_altered(before: bytes, after: bytes) -> int:
    """Return how many bytes the two begin with in common."""
    ends = range(1, min(len(before), len(after)) + 1)
    return bisect_left(ends, True, key=lambda end: before[:end] != after[:end])


def test_no_change_of_a_sealed_part_passes_even_where_the_list_is_mended(files) -> None:
    drawn = random.Random(SEED + 1)
    names = sorted(name for name in files if name in PARTS)
    for n in range(MUTATIONS):
        part = drawn.choice(names)
        changed = mutated(drawn, files[part])
        if changed != files[part]:
            report = examine(pack(files | {part: changed}), at=NOW)
            assert report.exit_status == 1, f"mutation {n} of {part}"
            check_refused(report, part, f"mutation {n} of {part}")


def test_what_may_change_unseen_is_told_to_be_under_no_seal(files) -> None:
    """DID documents, lists of keys and the journal are under no seal: a change is refused, or the report says so.

    Whatever the change, the report tells the same of the contract.
    """
    drawn, whole = random.Random(SEED + 2), examine(pack(files), at=NOW)
    assert whole.unsealed == tuple(sorted(name for name in files if name.startswith(UNSEALED)))
    for n in range(MUTATIONS // 5):
        part = drawn.choice(whole.unsealed)
        report = examine(pack(files | {part: mutated(drawn, files[part])}), at=NOW)
        if not report.faults:
            assert part in report.unsealed, f"mutation {n} of {part}"
            assert (report.facts, report.level) == (whole.facts, whole.level), f"mutation {n}"
            assert {one.place for one in report.doubts} <= {"/payload/agreement/text"}  # no message carries it any more
            assert part in report.as_text("fr").split("Aucun cachet ne couvre")[1]
            assert part in report.as_text("en").split("No seal covers")[1]


def mutated(drawn: random.Random, data: bytes) -> bytes:
    """Return the bytes with one thing changed: a bit, a byte, a run left out, doubled, moved or overwritten."""
    at = drawn.randrange(len(data))
    size = min(drawn.choice((1, 1, 2, 4, 16, 64)), len(data) - at)
    before, run, after = data[:at], data[at : at + size], data[at + size :]
    match drawn.randrange(6):
        case 0:
            return before + bytes([run[0] ^ 1 << drawn.randrange(8)]) + run[1:] + after
        case 1:
            return before + drawn.randbytes(size) + after
        case 2:
            return before + after
        case 3:
            return before + run + run + after
        case 4:
            return before + bytes(size) + after
        case _:
            to = drawn.randrange(len(data))
            rest = before + after
            return rest[:to] + run + rest[to:]
