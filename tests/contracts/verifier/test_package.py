"""The bundle as a ZIP file: what must not be read is refused before it is read, and what was put together shows."""

import io
import shutil
import stat
import struct
import subprocess
import zipfile

import pytest
from pupitre_verify import package
from pupitre_verify.examine import examine

from tests.contracts.verifier.written import NOW, canonical, case, pack, sha256, zipped


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    whole = case()
    packed = zipfile.ZipFile(io.BytesIO(whole.pack()))
    return {name: packed.read(name) for name in packed.namelist()}


def written(files: dict[str, bytes], *, more=(), compression: int = zipfile.ZIP_STORED) -> bytes:
    """Return a ZIP of the files, then of more entries: (ZipInfo or name, content)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        for entry, content in more:
            archive.writestr(entry, content)
    return buffer.getvalue()


def entry(name: str, mode: int = stat.S_IFREG | 0o644, **attributes) -> zipfile.ZipInfo:
    """Return an entry of this name and mode."""
    made = zipfile.ZipInfo(name)
    made.create_system, made.external_attr = 3, mode << 16
    for attribute, value in attributes.items():
        setattr(made, attribute, value)
    return made


def refused(bundle: bytes) -> tuple[str, str]:
    """Return part and reason of what must be a refusal."""
    report = examine(bundle, at=NOW)
    assert report.exit_status == 1
    return report.faults[0].part, report.faults[0].en


def test_the_files_of_a_node_pass(files) -> None:
    assert examine(zipped(files), at=NOW).exit_status == 0


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_bundle_put_together_again_is_examined_and_indeterminate(files, compression) -> None:
    report = examine(written(files, compression=compression), at=NOW)
    assert (report.exit_status, [one.part for one in report.doubts]) == (2, ["zip"])


FOLDERS = ["cards/", "certs/", "dids/", "messages/", "status/"]


@pytest.mark.skipif(shutil.which("zip") is None, reason="no zip on this machine")
@pytest.mark.parametrize("options", [(), ("-0",), ("-X",)])
def test_a_bundle_that_was_unpacked_and_zipped_again_is_examined_and_indeterminate(files, tmp_path, options) -> None:
    for name, content in files.items():
        (tmp_path / "unpacked" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "unpacked" / name).write_bytes(content)
    made = tmp_path / "again.zip"
    subprocess.run(["zip", "-q", "-r", *options, made, "."], cwd=tmp_path / "unpacked", check=True)
    assert {name for name in zipfile.ZipFile(made).namelist() if name.endswith("/")} == set(FOLDERS)
    report = examine(made.read_bytes(), at=NOW)
    assert (report.exit_status, [one.part for one in report.doubts]) == (2, ["zip"]), report.as_text("en")


@pytest.mark.parametrize("mode", [0, stat.S_IFDIR | 0o755])
def test_the_entry_of_a_folder_is_a_doubt_also_where_nothing_else_was_touched(files, mode) -> None:
    more = [(entry(name, mode), b"") for name in [*FOLDERS, "notices/", "checkpoints/"]]
    report = examine(written(files, more=more), at=NOW)
    assert (report.exit_status, [one.part for one in report.doubts]) == (2, ["zip"])
    assert report.findings[0].en == f"{len(files)} files as listed"


@pytest.mark.parametrize(
    ("name", "mode", "content", "reason"),
    [
        ("dids/", stat.S_IFDIR | 0o755, b"x", "this folder has content of its own"),
        ("dids/", stat.S_IFLNK | 0o777, b"", "a link or a special file"),
        ("dids/", stat.S_IFREG | 0o644, b"", "a link or a special file"),
        ("DIDS/", stat.S_IFDIR | 0o755, b"", "this file name is refused"),
        ("other/", stat.S_IFDIR | 0o755, b"", "this file name is refused"),
        ("../", stat.S_IFDIR | 0o755, b"", "this file name is refused"),
        ("/", stat.S_IFDIR | 0o755, b"", "this file name is refused"),
        ("dids/../", stat.S_IFDIR | 0o755, b"", "this file name is refused"),
        ("dids//", stat.S_IFDIR | 0o755, b"", "this file name is refused"),
        ("dids/more/", stat.S_IFDIR | 0o755, b"", "this file name is refused"),
    ],
)
def test_any_other_entry_of_a_folder_is_refused(files, name, mode, content, reason) -> None:
    assert refused(written(files, more=[(entry(name, mode), content)]))[1] == reason


def test_the_entry_of_a_folder_that_appears_twice_is_refused(files) -> None:
    folder = entry("dids/", stat.S_IFDIR | 0o755)
    with pytest.warns(UserWarning, match="Duplicate name"):
        bundle = written(files, more=[(folder, b""), (folder, b"")])
    assert refused(bundle) == ("dids/", "this name appears twice")


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/etc/passwd",
        "a/../b",
        "C:\\evil",
        "a\\b",
        "dids//x.json",
        "a/b/c",
        ".hidden",
        "x\x00y",
        "é.txt",
        "a..b",
        "\x1b[2KVALID",
    ],
)
def test_a_name_that_could_leave_the_folder_or_rule_a_terminal_is_refused(files, name) -> None:
    bundle = written(files, more=[(entry(name.replace("\x00", "_")), b"x")])
    if "\x00" in name:
        bundle = bundle.replace(b"x_y", name.encode())
    assert refused(bundle) == ("zip", "this file name is refused")
    text = examine(bundle, at=NOW).as_text("fr")
    assert ascii(name) in text
    assert text.replace("\n", "").isprintable()


def test_a_name_that_appears_twice_is_refused(files) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        bundle = written(files, more=[(entry("contract.jws.json"), b"{}")])
    assert refused(bundle) == ("contract.jws.json", "this name appears twice")
    assert refused(written(files, more=[(entry("CONTRACT.jws.json"), b"{}")]))[1] == "this name appears twice"


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFIFO | 0o644, stat.S_IFDIR | 0o755])
def test_a_link_or_a_special_file_is_refused(files, mode) -> None:
    assert refused(written(files, more=[(entry("status/x", mode), b"/etc/passwd")]))[1] == "a link or a special file"


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_unknown_compression_is_refused(files, compression) -> None:
    assert refused(written(files, compression=compression))[1] == "unknown compression or encryption"


def test_an_encrypted_file_is_refused(files) -> None:
    bundle = bytearray(written(files))
    central = bundle.index(b"PK\x01\x02")
    bundle[central + 8] |= 1
    assert refused(bytes(bundle))[1] == "unknown compression or encryption"


def test_a_bomb_is_refused_by_the_size_that_it_announces(files) -> None:
    large = entry("status/x", compress_type=zipfile.ZIP_DEFLATED)
    bomb = written(files, more=[(large, bytes(package.MAX_FILE_BYTES + 1))])
    assert len(bomb) < 1 << 20
    assert refused(bomb) == ("status/x", "this file is too large")


def test_many_files_that_are_large_together_are_refused(files) -> None:
    part = bytes(package.MAX_FILE_BYTES)
    more = [(entry(f"status/{n}", compress_type=zipfile.ZIP_DEFLATED), part) for n in range(3)]
    assert refused(written(files, more=more))[1] == "the contents are too large"


def test_a_bomb_that_lies_about_its_size_is_not_unpacked(files) -> None:
    bomb = bytearray(written(files, more=[(entry("status/x", compress_type=zipfile.ZIP_DEFLATED), bytes(16 << 20))]))
    size = struct.pack("<L", 16 << 20)
    while (at := bomb.find(size)) >= 0:
        bomb[at : at + 4] = struct.pack("<L", 10)
    assert refused(bytes(bomb))[0] == "zip"


def test_too_many_files_are_refused(files) -> None:
    more = [(entry(f"status/{n}"), b"") for n in range(package.MAX_FILES)]
    assert refused(written(files, more=more))[1] == f"more than {package.MAX_FILES} files"


@pytest.mark.parametrize("bundle", [b"", b"PK\x05\x06" + bytes(18), b"not a zip at all", bytes(1000)])
def test_what_is_no_bundle_is_refused(bundle) -> None:
    assert refused(bundle)[0] in {"zip", "manifest.json"}


@pytest.mark.parametrize("cut", [1, 22, 100, 5000])
def test_a_bundle_that_was_cut_is_refused(files, cut) -> None:
    assert refused(zipped(files)[:-cut])[0] == "zip"


def test_the_file_whose_content_was_damaged_is_named_and_the_zip_where_it_is_itself_what_was(files) -> None:
    whole, part = zipped(files), "journal.jsonl"
    assert whole.count(files[part]) == 1
    at, directory = whole.index(files[part]), whole.index(b"PK\x01\x02")
    for damaged in (whole[:at] + b"x" + whole[at + 1 :], whole[:at] + b"x" + whole[at:], whole[:at] + whole[at + 1 :]):
        assert refused(damaged)[0] == part
    checksum = directory + 16
    assert refused(whole[:checksum] + bytes(4) + whole[checksum + 4 :])[0] == "zip"
    ending = whole.rindex(b"status/consumer.json", 0, directory) + len(b"status/consumer.")
    assert refused(whole[:ending] + b"stat" + whole[ending:])[0] == "zip"


@pytest.mark.parametrize("change", [lambda data: b"#!/bin/sh\n" + data, lambda data: data + b"appended"])
def test_bytes_before_or_after_never_pass(files, change) -> None:
    assert examine(change(zipped(files)), at=NOW).exit_status != 0


def test_a_file_that_is_not_listed_is_refused(files) -> None:
    assert refused(zipped(files | {"status/x": b""})) == ("status/x", "this file is not in the list")


def test_a_listed_file_that_is_missing_is_refused(files) -> None:
    left = {name: content for name, content in files.items() if name != "journal.jsonl"}
    assert refused(zipped(left)) == ("journal.jsonl", "this file of the list is missing")


@pytest.mark.parametrize(
    "changed", [{"schema": "https://example.org"}, {"kind": "other"}, {"kind": "unilateral"}, {"files": []}, {"x": "y"}]
)
def test_a_list_of_another_form_is_refused(files, changed) -> None:
    bare = {name: content for name, content in files.items() if name != "manifest.json"}
    assert examine(pack(bare, changed=changed), at=NOW).exit_status == 1


@pytest.mark.parametrize("more", [{}, {"x": "y"}, {"kind": "other"}, {"files": []}])
@pytest.mark.parametrize("number", [3, 10, 999999999])
def test_a_list_of_a_later_form_is_indeterminate_and_says_what_to_do(files, more, number) -> None:
    bare = {name: content for name, content in files.items() if name != "manifest.json"}
    later = {"schema": f"https://w3id.org/pupitre/bundle/{number}"}
    report = examine(pack(bare, changed=later | more), at=NOW)
    assert (report.exit_status, [(one.part, one.place) for one in report.doubts]) == (2, [("manifest.json", "/schema")])
    assert "dossier d’une version plus récente : prenez un pupitre-verify plus récent" in report.as_text("fr")
    assert "a bundle of a later version: take a newer pupitre-verify" in report.as_text("en")


@pytest.mark.parametrize(
    "end", ["bundle/0", "bundle/01", "bundle/02", "bundle/2.0", "bundle/2/", "bundle/٢", "other/2"]
)
def test_what_only_looks_like_a_later_form_is_refused(files, end) -> None:
    bare = {name: content for name, content in files.items() if name != "manifest.json"}
    report = examine(pack(bare, changed={"schema": f"https://w3id.org/pupitre/{end}"}), at=NOW)
    assert (report.exit_status, report.faults[0].place) == (1, "/schema")


def test_an_unknown_or_a_missing_member_of_the_list_is_named(files) -> None:
    bare = {name: content for name, content in files.items() if name != "manifest.json"}
    (fault,) = examine(pack(bare, changed={"x": "y"}), at=NOW).faults
    assert (fault.part, fault.place, fault.en) == ("manifest.json", "/x", "this member is not allowed")
    left = canonical({"schema": "https://w3id.org/pupitre/bundle/1", "kind": "signed"})
    (fault,) = examine(zipped(files | {"manifest.json": left}), at=NOW).faults
    assert (fault.part, fault.place, fault.en) == ("manifest.json", "/files", "this member is missing")


def test_a_list_with_another_description_is_refused(files) -> None:
    manifest = files["manifest.json"].replace(b"a party card", b"a party bard")
    assert refused(zipped(files | {"manifest.json": manifest}))[0] == "manifest.json"


def test_a_file_that_has_no_place_in_a_bundle_is_refused(files) -> None:
    listed = {
        name: {"sha256": sha256(content), "what": "x"} for name, content in files.items() if name != "manifest.json"
    }
    listed["run.sh"] = {"sha256": sha256(b""), "what": "x"}
    manifest = canonical({"schema": "https://w3id.org/pupitre/bundle/1", "kind": "signed", "files": listed})
    assert refused(zipped(files | {"run.sh": b"", "manifest.json": manifest}))[0] == "manifest.json"


def test_a_list_of_keys_that_nobody_would_read_has_no_place_in_a_bundle(files) -> None:
    bare = {name: content for name, content in files.items() if name != "manifest.json"}
    (fault,) = examine(pack(bare | {"status/other.json": bare["status/provider.json"]}), at=NOW).faults
    assert (fault.part, fault.place) == ("manifest.json", "/files/status/other.json")


def test_a_list_of_keys_of_the_conclusion_is_of_the_second_form_of_a_bundle(files) -> None:
    """A verifier that does not know this piece says that the bundle is of a later version, and not that it is false."""
    bare = {name: content for name, content in files.items() if name != "manifest.json"}
    whole = bare | {"status/provider-at-conclusion.json": bare["status/provider.json"]}
    assert examine(pack(whole), at=NOW).exit_status == 0
    (fault,) = examine(pack(whole, changed={"schema": "https://w3id.org/pupitre/bundle/1"}), at=NOW).faults
    assert (fault.part, fault.place) == ("status/provider-at-conclusion.json", "")
    assert examine(pack(bare, changed={"schema": "https://w3id.org/pupitre/bundle/2"}), at=NOW).exit_status == 0
