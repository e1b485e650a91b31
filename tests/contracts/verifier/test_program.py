"""The program `pupitre-verify` as an auditor has it: by itself, offline, with its own exit statuses."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.contracts.verifier.stamps import authorities, stamp_all
from tests.contracts.verifier.written import DAY, NOW, SEALED_AT, authority, case

ROOT = Path(__file__).parents[3]
HOME = ROOT / "contracts/verifier"
AT = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "convention.contract.zip"
    path.write_bytes(case().pack())
    return path


def run(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the installed program in a folder of its own."""
    program = Path(sys.executable).with_name("pupitre-verify")
    return subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_a_valid_bundle_is_exit_0_in_an_empty_folder(bundle, tmp_path) -> None:
    done = run(bundle.name, "--at", AT, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("VALIDE")
    assert [path.name for path in tmp_path.iterdir()] == [bundle.name]


def test_an_altered_bundle_is_exit_1_and_names_the_part(bundle, tmp_path) -> None:
    content = bytearray(bundle.read_bytes())
    content[content.index(b'"payload":"') + 40] ^= 1
    bundle.write_bytes(content)
    done = run(bundle, "--at", AT, "--lang", "en", folder=tmp_path)
    assert done.returncode == 1
    first, wrong = done.stdout.splitlines()
    assert first.startswith("INVALID")
    assert wrong.startswith("  ✗ conclusion.jws.json: damaged or changed")


def test_a_bundle_without_conclusion_is_exit_2(bundle, tmp_path) -> None:
    whole = case()
    whole.files["conclusion.jws.json"] = None
    bundle.write_bytes(whole.pack())
    done = run(bundle, "--at", AT, "--json", folder=tmp_path)
    assert done.returncode == 2
    assert json.loads(done.stdout)["doubts"][0]["part"] == "conclusion.jws.json"


def test_authorities_may_stand_in_several_files(bundle, tmp_path) -> None:
    root, stamping = authorities()
    bundle.write_bytes(stamp_all(case(), stamping).pack())
    for name, one in (("root.pem", root[0]), ("other.pem", authority()[0])):
        (tmp_path / name).write_bytes(one.public_bytes(Encoding.PEM))
    later = f"{SEALED_AT + 3650 * DAY:%Y-%m-%dT%H:%M:%SZ}"
    for files, code in ((("root.pem", "other.pem"), 0), (("other.pem", "root.pem"), 0), (("other.pem",), 2)):
        trusted = [word for file in files for word in ("--trust", file)]
        assert run(bundle, "--at", later, *trusted, folder=tmp_path).returncode == code, files


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "pupitre-verify --help"),
        (["absent.zip"], "absent.zip : ce fichier n’existe pas."),
        (["."], ". est un dossier. Donnez le fichier « ….contract.zip » lui-même"),
        (["b.zip", "--at", "demain"], "--at demain : ce n’est pas une date."),
        (["b.zip", "--at", "0001-01-01T00:00:00+14:00"], "ce n’est pas une date."),
        (["b.zip", "--trust", "absent.pem"], "absent.pem : ce fichier n’existe pas."),
        (["b.zip", "--trust", "b.zip"], "b.zip : aucun certificat lisible."),
        (["b.zip", "--x"], "pupitre-verify --help"),
        (["b.zip", "--lang", "de"], "--lang de : le rapport existe en français (fr) et en anglais (en)."),
        (["b.zip", "--lang", ""], "le rapport existe en français (fr) et en anglais (en)."),
    ],
)
def test_an_unusable_command_is_exit_3_and_says_so_in_both_languages(arguments, said, tmp_path) -> None:
    (tmp_path / "b.zip").write_bytes(b"no certificate")
    done = run(*arguments, folder=tmp_path)
    assert done.returncode == 3
    french, english = done.stderr.splitlines()
    assert french.startswith("pupitre-verify : ")
    assert english.startswith("pupitre-verify: ")
    assert said in french
    assert "Errno" not in done.stderr


def test_a_language_that_is_not_there_is_said_to_be_so_in_english_too(tmp_path) -> None:
    done = run("b.zip", "--lang", "de", folder=tmp_path)
    assert done.stderr.splitlines()[1].startswith("pupitre-verify: --lang de: the report is there in French (fr) and")


def test_the_program_tells_its_name_and_the_version_that_is_installed(tmp_path) -> None:
    done = run("--version", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        f"pupitre-verify {metadata.version('pupitre-verify')}\n",
        "",
    )


def test_a_terminal_without_our_signs_and_a_reader_that_leaves_change_no_verdict(bundle, tmp_path) -> None:
    command = [sys.executable, "-m", "pupitre_verify", str(bundle), "--at", AT]
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    done = subprocess.run(command, capture_output=True, env=environment, cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "conclue" in done.stdout.decode("cp1252")
    closed, into = os.pipe()
    os.close(closed)
    try:
        left = subprocess.run(command, stdout=into, stderr=subprocess.PIPE, cwd=tmp_path, check=False)
    finally:
        os.close(into)
    assert (left.returncode, left.stderr) == (0, b"")


@pytest.mark.parametrize("library", ["cryptography", "pyhanko"])
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_fault_of_the_program_is_exit_3_and_no_verdict(bundle, tmp_path, library, more) -> None:
    """One library is broken; the first is needed by all there is, the second not before the pages are read."""
    whole = case()
    whole.files["contract.pdf"] = b"%PDF-1.7"
    bundle.write_bytes(whole.pack())
    broken = tmp_path / "broken" / library / "__init__.py"
    broken.parent.mkdir(parents=True)
    broken.write_text("raise ZeroDivisionError('not to be told')")
    path = os.pathsep.join([str(tmp_path / "broken"), *filter(None, [os.environ.get("PYTHONPATH")])])
    program = Path(sys.executable).with_name("pupitre-verify")
    done = subprocess.run(
        [program, bundle, "--at", AT, *more],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "")
    french, english, kind = done.stderr.splitlines()
    assert french.startswith("pupitre-verify : faute du programme")
    assert "ni valide ni non valide" in french
    assert english.startswith("pupitre-verify: a fault of the program")
    assert "neither valid nor invalid" in english
    assert kind == "ZeroDivisionError"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_report_that_cannot_be_written_is_exit_3(bundle, tmp_path) -> None:
    command = [sys.executable, "-m", "pupitre_verify", str(bundle), "--at", AT]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path, check=False)
        unheard = subprocess.run([*command, "--x"], stdout=full, stderr=full, cwd=tmp_path, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith("pupitre-verify : le rapport n’a pas pu être écrit")
    assert len(done.stderr.splitlines()) == 2
    assert unheard.returncode not in {0, 1, 2}


def test_it_runs_without_the_node_and_reaches_no_network(bundle, tmp_path) -> None:
    """The package is copied away, the project is out of reach, and opening a socket would end the program."""
    shutil.copytree(HOME / "pupitre_verify", tmp_path / "alone/pupitre_verify")
    script = tmp_path / "alone/run.py"
    script.write_text(
        "import sys\n"
        "def hook(event, arguments):\n"
        "    if event.startswith('socket.'):\n"
        "        raise SystemExit(event)\n"
        "    if event == 'import' and arguments[0].split('.')[0] in ('policies', 'contracts', 'connector'):\n"
        "        raise SystemExit(arguments[0])\n"
        "sys.addaudithook(hook)\n"
        "from pupitre_verify.__main__ import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", script, bundle, "--at", AT],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "alone"), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_it_needs_few_things_and_says_which() -> None:
    project = tomllib.loads((HOME / "pyproject.toml").read_text("utf-8"))["project"]
    assert [one.split(">")[0] for one in project["dependencies"]] == ["cryptography"]
    assert list(project["optional-dependencies"]) == ["pdf"]


def test_the_instant_of_examination_counts(bundle, tmp_path) -> None:
    late = run(bundle, "--at", f"{SEALED_AT.year + 10}-01-01", folder=tmp_path)
    assert late.returncode == 2
    assert "aucun horodatage reconnu" in late.stdout
