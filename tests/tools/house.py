"""The rules of the house that no other tool checks: `python -m tests.tools.house`, part of `make lint`.

- At the top stand the five folders, five files and dotfiles, nothing else.
- In the packages every folder is a package, every module begins with its essay, none that a person writes is above 500
  lines, and no function is above 50 lines of code (its docstring, comments and blank lines are not counted).
- No log line is given a field of a name that `logging` keeps for itself.
- No promise is left in the text for later, no path of somebody's own machine, no address of a package registry; a lock
  names no address at all, and locks every dependency that pyproject.toml declares.
- Tests are no packages: pytest imports each file by itself.

It reads the files that git tracks, or would if they were added, so it says what a commit would hold.
"""

import ast
import logging
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("policies", "contracts", "connector")
AT_THE_TOP = frozenset(
    {*PACKAGES, "deploy", "tests", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "Makefile"}
)
LONGEST_FUNCTION = 50
RESERVED = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
LONGEST_MODULE = 500
WRITTEN = "Written by tests/tools/"
HERE = Path("tests/tools/house.py")
FORBIDDEN = {
    "a promise for later": re.compile(r"\b(?:TODO|FIXME|XXX)\b"),
    "a path of one machine": re.compile(r"(?<![\w.$}/-])/(?:work|root)/(?!\.well-known)"),
    "an address of a registry": re.compile(
        r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|crates\.io|proxy\.golang\.org|repo1?\.maven\.|maven\.org/maven2"
    ),
}
ADDRESS = re.compile(r"https?://|^--(?:index|extra-index|find-links|trusted-host)", re.MULTILINE)


def tracked(root: Path) -> list[Path]:
    """Return the files that git tracks or would add, relative to the root."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    return [path for name in listing.split("\0") if name and (root / (path := Path(name))).is_file()]


def faults(root: Path) -> Iterator[str]:
    """Yield each broken rule as `path:line: what`."""
    files = tracked(root)
    for name in sorted({path.parts[0] for path in files}):
        if name not in AT_THE_TOP and not name.startswith("."):
            yield f"{name}: has no place at the top of the house"
    for path in files:
        yield from _faults_of_file(root, path)
    yield from _folders_without_essay(files)
    yield from _unlocked(root)


def _faults_of_file(root: Path, path: Path) -> Iterator[str]:
    try:
        text = (root / path).read_text("utf-8")
    except UnicodeDecodeError:
        return
    if path != HERE:
        yield from forbidden_text(path, text)
    if path.suffix == ".lock" and (found := ADDRESS.search(text)):
        yield f"{path}:{_line(text, found.start())}: a lock names no address"
    if path.parts[0] == "tests" and path.name == "__init__.py":
        yield f"{path}:1: tests are no packages"
    if path.parts[0] in PACKAGES and path.suffix == ".py":
        yield from shape(path, text)


def forbidden_text(path: Path, text: str) -> Iterator[str]:
    """Yield what must not stand in any file."""
    for what, pattern in FORBIDDEN.items():
        for found in pattern.finditer(text):
            yield f"{path}:{_line(text, found.start())}: {what}: {found[0]}"


def shape(path: Path, text: str) -> Iterator[str]:
    """Yield what is wrong with the shape of a module: its essay, its length, the length of its functions."""
    tree = ast.parse(text, str(path))
    lines = text.splitlines()
    if not ast.get_docstring(tree):
        yield f"{path}:1: a module begins with a docstring that says what it is for"
    if len(lines) > LONGEST_MODULE and WRITTEN not in (ast.get_docstring(tree) or ""):
        yield f"{path}:{LONGEST_MODULE}: {len(lines)} lines, more than {LONGEST_MODULE}"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (size := _size(node, lines)) > LONGEST_FUNCTION:
            yield f"{path}:{node.lineno}: {node.name} has {size} lines of code, more than {LONGEST_FUNCTION}"
    for name in _reserved_fields(tree):
        yield f"{path}:{name.lineno}: a log line has a {name.value!r} of its own: whoever writes this one gets KeyError"


def _reserved_fields(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield the names of fields given to a log line that `logging` keeps for itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "extra" and isinstance(node.value, ast.Dict):
            yield from (key for key in node.value.keys if isinstance(key, ast.Constant) and key.value in RESERVED)


def _size(function: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> int:
    """Return the lines of code of a function, without docstring, comments and blank lines."""
    essay = function.body[0] if ast.get_docstring(function) else None
    skipped = range(essay.lineno, (essay.end_lineno or 0) + 1) if essay else range(0)
    numbers = range(function.lineno, (function.end_lineno or 0) + 1)
    code = (lines[n - 1].strip() for n in numbers if n not in skipped)
    return sum(1 for line in code if line and not line.startswith("#"))


def _folders_without_essay(files: list[Path]) -> Iterator[str]:
    modules = {path for path in files if path.parts[0] in PACKAGES and path.suffix == ".py"}
    for folder in sorted({path.parent for path in modules}):
        if folder / "__init__.py" not in modules:
            yield f"{folder}: has no __init__.py with a docstring"


def _unlocked(root: Path) -> Iterator[str]:
    """Yield each dependency of pyproject.toml that its lock does not pin."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"]
    node = [*project["project"]["dependencies"], *extras.get("pdf", [])]
    wanted = {
        "deploy/build.lock": project["build-system"]["requires"],
        "deploy/requirements.lock": node,
        "tests/requirements.lock": [*node, *extras["dev"]],
    }
    for lock, requirements in wanted.items():
        locked = re.findall(r"^([\w.-]+)==", (root / lock).read_text("utf-8"), re.MULTILINE)
        for requirement in requirements:
            name = re.match(r"[\w.-]+", requirement)
            if name and _canonical(name[0]) not in map(_canonical, locked):
                yield f"{lock}:1: {requirement} is not locked; run make lock"


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def main() -> int:
    """Print the broken rules; return the exit status."""
    found = list(faults(Path.cwd()))
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
