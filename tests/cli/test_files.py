"""Why a file cannot be read or written is told in words of ours, in two languages, with what to do."""

import errno
import os
from pathlib import Path

import pytest

from connector.cli import files

KNOWN = ("EACCES", "EPERM", "EISDIR", "ENOTDIR", "EEXIST", "ENAMETOOLONG", "ENOSPC", "EDQUOT", "EROFS", "ENOENT")


@pytest.mark.parametrize("name", KNOWN)
def test_no_word_of_the_system_is_left(name: str) -> None:
    code = getattr(errno, name)
    path, error = Path("dossier/pièce.zip"), OSError(code, os.strerror(code), "dossier/pièce.zip")
    for fr, en in (files.unread(path, error), files.unwritten(path, error), files.undone(error)):
        for told in (fr, en):
            assert told.startswith("dossier/pièce.zip")
            assert told.endswith(".")
            assert os.strerror(code) not in told
            assert "Errno" not in told
        assert fr != en


def test_a_reason_without_words_of_ours_is_the_systems() -> None:
    error = OSError(errno.EIO, "Input/output error", "x")
    assert files.unread(Path("x"), error)[0] == "x ne peut pas être lu : Input/output error."
    assert files.undone(OSError("refused")) == ("refused", "refused")
