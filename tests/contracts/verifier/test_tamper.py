"""No altered byte passes: every byte of what is sealed, and thousands of changes anywhere else, drawn from a seed.

The bundle is untouched before and after. Where a sealed part is changed, the list of contents is mended to fit, as
somebody who forges would do; where the file is changed anywhere, it is not.
"""

import json
import os
import random
from collections.abc import Iterator

import pytest
from pupitre_verify import Report, examine

from tests.contracts.verifier.written import NOW, b64, canonical, case, pack, unb64

IS_WHOLE = os.environ.get("CI") == "true"
MUTATIONS = 5_000 if IS_WHOLE else 400
STRIDE = 1 if IS_WHOLE else 13
SEED = 20_260_302


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    whole = case()
    whole.files["notices/001.jws.json"] = whole.notice()
    return whole.all_files()


def check_refused(report: Report, part: str, what: str) -> None:
    """Fail unless the bundle is not valid and the report names the part."""
    assert report.exit_status != 0, what
    told = [one.part for one in (*report.faults, *report.doubts)]
    assert any(part == one or one in part or part in one for one in told), f"{what}: {told}"
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


@pytest.mark.parametrize("part", ["contract.jws.json", "conclusion.jws.json", "notices/001.jws.json"])
def test_every_byte_of_what_is_sealed_counts(files, part) -> None:
    assert examine(pack(files), at=NOW).exit_status == 0
    for what, changed in sealed_bytes(files[part]):
        report = examine(pack(files | {part: changed}), at=NOW)
        assert report.exit_status == 1, f"{part} {what}"
        check_refused(report, part, f"{part} {what}")
    assert examine(pack(files), at=NOW).exit_status == 0


def test_every_byte_of_what_the_seals_name_counts(files) -> None:
    covered = [name for name in files if name.startswith(("cards/", "messages/00"))]
    assert len(covered) == 6
    for part in covered:
        raw = bytearray(files[part])
        for at in range(0, len(raw), STRIDE * 3):
            raw[at] ^= 1 << at % 8
            report = examine(pack(files | {part: bytes(raw)}), at=NOW)
            raw[at] ^= 1 << at % 8
            if part != "messages/004-ContractAgreementMessage.json":  # it carries the seal: the contract cannot name it
                check_refused(report, part, f"{part} {at}")
    assert examine(pack(files), at=NOW).exit_status == 0


def test_no_change_anywhere_passes(files) -> None:
    drawn, bundle = random.Random(SEED), pack(files)
    assert examine(bundle, at=NOW).exit_status == 0
    for n in range(MUTATIONS):
        changed = mutated(drawn, bundle)
        if changed != bundle:
            report = examine(changed, at=NOW)
            assert report.exit_status != 0, f"mutation {n}"
            assert report.faults or report.doubts
            assert all(one.part for one in (*report.faults, *report.doubts))
    assert examine(bundle, at=NOW).exit_status == 0


def test_no_change_of_a_part_passes_even_where_the_list_is_mended(files) -> None:
    drawn = random.Random(SEED + 1)
    names = sorted(name for name in files if name.startswith(("contract", "conclusion", "notices", "journal", "dids")))
    for n in range(MUTATIONS // 10):
        part = drawn.choice(names)
        changed = mutated(drawn, files[part])
        report = examine(pack(files | {part: changed}), at=NOW)
        if part.startswith(("dids", "journal")):
            assert report.exit_status in (0, 1)  # an unsealed snapshot may say more; never is it told as sealed
        elif changed != files[part]:
            check_refused(report, part, f"mutation {n} of {part}")


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
