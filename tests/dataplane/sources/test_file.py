"""Files only out of the allowed folders, whatever the path looks like."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from connector.dataplane.errors import SourceRefused
from connector.dataplane.sources.file import FileSource


def checked(folders: tuple[Path, ...], path: str) -> None:
    with ThreadPoolExecutor(1) as threads:
        asyncio.run(FileSource({"kind": "file", "path": path}, folders, threads).check())


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, ...]:
    """Two allowed folders, and a secret beside them."""
    (tmp_path / "secret").write_text("secret")
    for name in ("one", "two", "one-more"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "file").write_text(name)
        (tmp_path / name / "deep" / "file").write_text(name)
    return tmp_path / "one", tmp_path / "two"


@pytest.mark.parametrize("path", ["file", "deep/file", "deep/../file", "./file", "{}/one/file", "{}/two/deep/file"])
def test_files_of_the_allowed_folders_may_be_published(folders: Any, tmp_path: Path, path: str) -> None:
    checked(folders, path.format(tmp_path))


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "deep/../../secret",
        "{}/secret",
        "{}/one/../secret",
        "{}/one-more/file",
        "/etc/passwd",
        "/proc/self/environ",
        "deep/../../../../../../../../etc/passwd",
        "..",
        ".",
        "deep",
        "absent",
        "file/x",
        "",
        "file\0.csv",
    ],
)
def test_anything_else_is_refused(folders: Any, tmp_path: Path, path: str) -> None:
    with pytest.raises(SourceRefused):
        checked(folders, path.format(tmp_path))


@pytest.mark.parametrize("target", ["{}/secret", "../secret", "/etc/passwd", "{}/one-more/file"])
def test_no_link_leads_out(folders: Any, tmp_path: Path, target: str) -> None:
    (tmp_path / "one" / "link").symlink_to(target.format(tmp_path))
    with pytest.raises(SourceRefused):
        checked(folders, "link")


def test_no_linked_folder_leads_out(folders: Any, tmp_path: Path) -> None:
    (tmp_path / "one" / "up").symlink_to(tmp_path)
    with pytest.raises(SourceRefused):
        checked(folders, "up/secret")


def test_links_within_the_folders_are_followed(folders: Any, tmp_path: Path) -> None:
    (tmp_path / "one" / "link").symlink_to(tmp_path / "two" / "file")
    checked(folders, "link")


def test_an_allowed_folder_may_itself_be_a_link(folders: Any, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(tmp_path / "one")
    checked((tmp_path / "alias",), "file")


def test_without_allowed_folders_nothing_may_be_published(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SourceRefused):
        checked((), str(tmp_path / "file"))


def test_a_named_pipe_does_not_hold_the_node(folders: Any, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "one" / "pipe")
    with pytest.raises(SourceRefused):
        checked(folders, "pipe")


@pytest.mark.parametrize("address", [{}, {"kind": "file"}, {"kind": "http", "path": "x"}, {"kind": "file", "path": 7}])
def test_a_malformed_address_is_refused(folders: Any, address: dict[str, Any]) -> None:
    with ThreadPoolExecutor(1) as threads, pytest.raises(SourceRefused):
        FileSource(address, folders, threads)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.csv", "text/csv"),
        ("a.GeoJSON", "application/geo+json"),
        ("a.json", "application/json"),
        ("a.zip", "application/zip"),
        ("a.xml", "text/xml"),
        ("a.unknown", "application/octet-stream"),
        ("a", "application/octet-stream"),
    ],
)
def test_the_type_is_read_from_the_name(tmp_path: Path, name: str, media_type: str) -> None:
    (tmp_path / name).write_text("x")
    with ThreadPoolExecutor(1) as threads:
        source = FileSource({"kind": "file", "path": name}, (tmp_path,), threads)
        assert asyncio.run(source.measure()).media_type == media_type
