"""The bundle as a file: a ZIP that is read with limits, and its list of contents.

Refused outright: names that leave the folder, names that appear twice, links, encryption, an unknown compression, more
than the limits below. A ZIP whose contents are whole but which is not the very file that a node writes (stored, one
date, in the order of names) was put together again by somebody: what it holds is examined, and the report says so. The
empty entries that archivers write for the folders of a bundle are such a sign, and nothing more.
"""

import hashlib
import io
import re
import stat
import struct
import zipfile
import zlib
from typing import Any

from pupitre_verify.report import Fault, Report
from pupitre_verify.shapes import check_not_later
from pupitre_verify.strict import Unreadable, read_canonical

MAX_FILES = 2_000
MAX_BUNDLE_BYTES = 64 << 20
MAX_FILE_BYTES = 32 << 20
MANIFEST = "manifest.json"
SCHEMA = "https://w3id.org/pupitre/bundle/1"
SCHEMA_2 = "https://w3id.org/pupitre/bundle/2"
"""Of a bundle that holds a list of keys of the conclusion."""
KINDS = ("signed", "unilateral")
_MEMBERS = frozenset({"schema", "kind", "files"})
_OF_ANOTHER = {
    "signed": re.compile(r"unilateral\..+"),
    "unilateral": re.compile(r"(?:contract|conclusion)\..+|notices/.+"),
}
"""What a bundle of one kind does not hold: nobody looks at it there, and people might take it for examined."""
_SINCE_2 = re.compile(r"status/.+-at-conclusion\.json")
_NAME = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}/)?[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_FOLDERS = frozenset({"notices/", "checkpoints/", "dids/", "cards/", "certs/", "messages/", "status/"})
_CALENDAR = (1980, 1, 1, 0, 0, 0)
_READ = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_CHUNK = 64 << 10
_LOCAL = struct.Struct("<4s5H3L2H")
"""What stands before each file: sign, version, flags, method, time, date, checksum, two sizes, lengths of two names."""

Files = dict[str, bytes]


def open_bundle(data: bytes, report: Report) -> Files:
    """Return the files of the bundle by name."""
    if len(data) > MAX_BUNDLE_BYTES:
        raise _bad("", f"plus de {MAX_BUNDLE_BYTES >> 20} Mio", f"more than {MAX_BUNDLE_BYTES >> 20} MiB")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_entries(entries)
            files = _read_all(archive, entries)
    except Fault:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, RuntimeError) as error:
        raise _broken(data) from error
    if rebuilt(files) != data:
        report.doubt(
            "zip",
            "",
            "le fichier ZIP a été recomposé ou touché : ce qu’il contient est examiné, mais ce n’est plus le fichier "
            "que le nœud a écrit",
            "the ZIP file was put together again or touched: what it holds is examined, but it is not the file any "
            "more that the node wrote",
        )
    return files


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_FILES:
        raise _bad("", f"plus de {MAX_FILES} fichiers", f"more than {MAX_FILES} files")
    seen: set[str] = set()
    for entry in entries:
        name = entry.orig_filename
        is_folder = name in _FOLDERS
        if not (is_folder or _NAME.fullmatch(name)) or entry.filename != name or ".." in name:
            raise Fault("zip", ascii(name), "nom de fichier refusé", "this file name is refused")
        if name.lower() in seen:
            raise _bad(name, "ce nom apparaît deux fois", "this name appears twice")
        seen.add(name.lower())
        if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFDIR if is_folder else stat.S_IFREG):
            raise _bad(name, "lien ou fichier spécial", "a link or a special file")
        if is_folder and (entry.file_size or entry.compress_size):
            raise _bad(name, "ce dossier a un contenu à lui", "this folder has content of its own")
        if entry.compress_type not in _READ or entry.flag_bits & 0x1:
            raise _bad(name, "compression inconnue ou chiffrement", "unknown compression or encryption")
        if entry.file_size > MAX_FILE_BYTES:
            raise _bad(name, "fichier trop grand", "this file is too large")
    if sum(entry.file_size for entry in entries) > MAX_BUNDLE_BYTES:
        raise _bad("", "contenu trop grand", "the contents are too large")


def _read_all(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> Files:
    files: Files = {}
    left = MAX_BUNDLE_BYTES
    for entry in entries:
        if entry.filename in _FOLDERS:
            continue
        read = bytearray()
        with archive.open(entry) as stream:
            while chunk := stream.read(_CHUNK):
                read += chunk
                if len(read) > min(MAX_FILE_BYTES, left):
                    raise _bad(entry.filename, "fichier trop grand", "this file is too large")
        left -= len(read)
        files[entry.filename] = bytes(read)
    return files


def _broken(data: bytes) -> Fault:
    """Return what is wrong with a ZIP file that cannot be read to its end."""
    if (name := _damaged(data)) is not None:
        return Fault(
            name,
            "",
            "abîmé ou changé : son contenu n’a pas la somme de contrôle que le fichier ZIP en donne ; redemandez le "
            "dossier à qui vous l’a remis",
            "damaged or changed: its content has not the checksum that the ZIP file gives of it; ask for the bundle "
            "again where you have it from",
        )
    return _bad(
        "",
        "ce n’est pas un fichier ZIP entier : vide, coupé en route, abîmé ou d’une autre sorte ; redemandez-le à "
        "qui vous l’a remis",
        "this is not a whole ZIP file: empty, cut on the way, damaged or of another kind; ask for it again where "
        "you have it from",
    )


def _damaged(data: bytes) -> str | None:
    """Return the first file, in the way that a node writes them, whose content is not what its own header says.

    None where the ZIP itself is what is broken: a header, the directory, or the end that is missing.
    """
    at = 0
    while len(header := data[at : at + _LOCAL.size]) == _LOCAL.size:
        sign, _, _, method, _, _, checksum, _, size, of_name, of_extra = _LOCAL.unpack(header)
        begin = at + _LOCAL.size + of_name
        name = data[at + _LOCAL.size : begin].decode("ascii", "replace")
        at = begin + size
        if sign != b"PK\x03\x04" or method != zipfile.ZIP_STORED or of_extra or at > len(data):
            return None
        if name != MANIFEST and what_is(name) is None:
            return None
        if zlib.crc32(data[begin:at]) != checksum:
            return name
    return None


def rebuilt(files: Files) -> bytes:
    """Return the ZIP file that a node writes of these files: stored, one date, in the order of the names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _CALENDAR)
            entry.create_system = 3
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def check_manifest(files: Files) -> str:
    """Compare every file with the list of contents; return the kind of bundle, "signed" or "unilateral".

    Raises LaterForm for the list of a later bundle.
    """
    if MANIFEST not in files:
        raise Fault(MANIFEST, "", "la liste du contenu manque", "the list of contents is missing")
    try:
        manifest = read_canonical(files[MANIFEST])
    except Unreadable as error:
        raise Fault(MANIFEST, error.place, error.fr, error.en) from error
    listed = _listed(manifest)
    for name in sorted(files.keys() - listed.keys() - {MANIFEST}):
        raise Fault(name, "", "ce fichier n’est pas dans la liste", "this file is not in the list")
    for name, digest in listed.items():
        if name not in files:
            raise Fault(name, "", "ce fichier de la liste manque", "this file of the list is missing")
        if hashlib.sha256(files[name]).hexdigest() != digest:
            raise Fault(
                name,
                "",
                "son empreinte n’est pas celle de la liste",
                "its digest is not the one in the list",
            )
    return str(manifest["kind"])


def _check_members(manifest: dict[str, Any]) -> None:
    """Verify that the list has the known form, which is looked at first, and its members and no others."""
    check_not_later(MANIFEST, "/schema", manifest.get("schema"), SCHEMA_2)
    if manifest.get("schema") not in (SCHEMA, SCHEMA_2):
        raise Fault(MANIFEST, "/schema", "liste du contenu d’une autre forme", "a list of contents of another form")
    for name in sorted(manifest.keys() - _MEMBERS):
        raise Fault(MANIFEST, f"/{name}", "ce membre n’est pas admis", "this member is not allowed")
    for name in sorted(_MEMBERS - manifest.keys()):
        raise Fault(MANIFEST, f"/{name}", "ce membre manque", "this member is missing")


def _listed(manifest: dict[str, Any]) -> dict[str, str]:
    _check_members(manifest)
    if manifest["kind"] not in KINDS or not isinstance(manifest["files"], dict):
        raise Fault(MANIFEST, "/kind", "sorte de dossier inconnue", "unknown kind of bundle")
    listed: dict[str, str] = {}
    for name, told in manifest["files"].items():
        if not isinstance(told, dict) or set(told) != {"sha256", "what"} or told["what"] != what_is(name):
            raise Fault(MANIFEST, f"/files/{name}", "description inconnue", "unknown description")
        if not isinstance(told["sha256"], str):
            raise Fault(MANIFEST, f"/files/{name}/sha256", "empreinte absente", "no digest")
        if _OF_ANOTHER[manifest["kind"]].fullmatch(name) or (manifest["schema"] == SCHEMA and _SINCE_2.fullmatch(name)):
            raise Fault(name, "", "pièce d’une autre sorte de dossier", "this belongs in another kind of bundle")
        listed[name] = told["sha256"]
    return listed


def what_is(name: str) -> str | None:
    """Return the word that the list of contents has for a file of this name; None for a file that has no place."""
    for pattern, word in _WHAT:
        if pattern.fullmatch(name):
            return word
    return None


_WHAT = tuple(
    (re.compile(pattern), word)
    for pattern, word in (
        (r"README\.txt", "how to check"),
        (r"contract\.jws\.json", "the contract, sealed by both"),
        (r"conclusion\.jws\.json", "the conclusion, sealed by the provider"),
        (r"unilateral\.jws\.json", "one-sided evidence, sealed by one party"),
        (r"notices/\d{3}\.jws\.json", "a notice, sealed by its author"),
        (r"checkpoints/\d{3}\.jws\.json", "a checkpoint of the journal, sealed by the party whose journal it is"),
        (r"contract\.pdf", "the convention, to be read"),
        (r"unilateral\.pdf", "the record of one-sided evidence, to be read"),
        (r"dids/(?:provider|consumer)\.json", "a DID document, as it was seen"),
        (r"cards/(?:provider|consumer)\.jws", "a party card"),
        (r"certs/[\w.-]+\.pem", "the certificates of a seal"),
        (r"messages/\d{3}-\w+\.json", "a message, as it was exchanged"),
        (r"journal\.jsonl", "the journal's chain"),
        (r"status/(?:provider|consumer)\.json", "what is known of revocations"),
        (r"status/(?:provider|consumer)-at-conclusion\.json", "what was known of revocations at the conclusion"),
    )
)


def _bad(name: str, fr: str, en: str) -> Fault:
    return Fault(name or "zip", "", fr, en)
