"""Reference pages that are written by a program: `python -m tests.docs.written` writes them anew.

- `connector/docs/reference/settings.md`, from the fields of `Settings`;
- `connector/docs/reference/problems.md`, from every kind of problem that the packages define;
- `connector/docs/reference/doctor.md`, from the checks of the doctor;
- `connector/docs/reference/territory-profile.md`, from the table of the profile;
- `connector/docs/reference/policy-findings.md`, from the codes that validation and lint may find.

A test asserts that writing them again changes nothing. The pages on the protocol, the API and the command line are
written elsewhere.
"""

import importlib
import pkgutil
import typing
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from connector.doctor.checks import CHECKS, diagnoses
from connector.doctor.diagnosis import Diagnosis
from connector.doctor.examine import GENERAL
from connector.http.private.documents import status_of
from connector.problems import Problem
from connector.settings import PREFIX, Network, Settings
from contracts import AgreementError
from contracts.refused import ContractError
from policies import PolicyError, vocabulary
from policies.checklist import CHECKLIST
from policies.findings import CODES
from policies.profile import ASSURANCES, TERMS, Term, TermKind

REFERENCE = Path(__file__).parents[2] / "connector/docs/reference"

DOCTOR_HEAD = """# What the doctor may find

> **En français.** Tous les diagnostics de `pupitre doctor`, contrôle par contrôle, avec leur cause et leur remède.
> Cherchez ici le code que la commande affiche entre parenthèses. Comment s’en servir :
> [Que ne va-t-il pas ?](../how-to/doctor.md)

Written from `connector/doctor/checks/` by `python -m tests.docs.written`.

`{…}` stands for what is found on the spot. A *failure* makes the command end with exit code 2, a *warning* with 1; what
is *ok* or *not checked* changes nothing. With `--json` each finding has `check`, `subject`, `verdict`, `code`, `cause`
and `remedy`, the last two in both languages.
"""
FINDINGS_HEAD = """# What may be found in usage policies

> **En français.** Tout ce que la relecture des règles d’usage peut signaler, avec ce que cela veut dire et ce qu’il
> faut faire. Cherchez ici le code affiché. Une *erreur* rend les règles inutilisables ; un *avertissement* marque ce
> que d’autres nœuds pourraient comprendre autrement, ou ce qui n’était sans doute pas voulu.

Written from `policies/findings.py` by `python -m tests.docs.written`.

`policies.validate(policy)` looks at the form: the vocabulary of ODRL 2.2, the rules of its information model, the shape
that the Dataspace Protocol 2025-1 gives to offers and agreements. `policies.lint(policy)` reads the rules together.
Each finding has a code, a severity, a JSON pointer into the policy, a sentence about the case in both languages and,
where something can be done, a fix; some fixes carry the corrected member, so that a program can put it in. What cannot
be read at all is an error of another kind: [its codes](problems.md#policy-unreadable) are with those of the node.

| Code | Severity | Français | English |
|---|---|---|---|
"""
CHECKLIST_HEAD = """
## What W3C’s group asks of a validator

The [list](https://www.w3.org/2016/poe/wiki/Validation) of the working group that wrote ODRL 2.2, and the codes that
answer. Some are told by `policies.validate(policy, "odrl")` alone, because DSP 2025-1 asks otherwise; those of texts
that [cannot be read](problems.md#policy-unreadable) come from reading. An indirect inheritance from oneself is told
when the parents are there: `policies.normalise(policy, parents=…)`.

| | Français | English | Codes |
|---|---|---|---|
"""
SETTINGS_HEAD = """# Settings

> **En français.** Tous les réglages d’un nœud, avec leur valeur par défaut. Ils se lisent dans un fichier TOML
> (`node.toml`, écrit par `pupitre init`), puis dans l’environnement. Un nom inconnu ou une valeur fausse dans le
> fichier empêche le démarrage, et le message nomme le réglage.

Written from `connector/settings.py` by `python -m tests.docs.written`.

Settings are read from one TOML file (`--config`, then `PUPITRE_CONFIG`, then `node.toml` in the current folder), then
from the environment: `PUPITRE_` and the name in capitals, lists separated by commas. The environment wins. An unknown
name in the file or a bad value anywhere refuses to start, and all of them are told, each with its place and what is
allowed; a variable `PUPITRE_…` that names no setting is left to others (the command line has its own), unless it is
nearly the name of one. Relative paths are taken from the folder in which the
command is run.

    public_url = "https://donnees.example.org"
    allowed_networks = ["10.20.0.0/16"]

    PUPITRE_PUBLIC_URL=https://donnees.example.org PUPITRE_ALLOWED_NETWORKS=10.20.0.0/16 pupitre serve

| Setting | Sort | Default | Meaning |
|---|---|---|---|
"""
SETTINGS_TAIL = """
What binds several of them:

- `public_url` is `http://` or `https://`, a host, perhaps a port, and no path. It may use `http` only on a loopback
  address; then, and only then, peers on loopback and peers without TLS are reached too.
- `replicas` needs `database_url`.
- `public_url` is what partners write down: DIDs, callbacks and agreements carry it for ever. Choose it before `init`.
"""
PROFILE_HEAD = """# The territory profile

> **En français.** Les mots que le vocabulaire ODRL n’a pas et dont les collectivités ont besoin : ce que chacun veut
> dire, dans les deux langues, et si le nœud le vérifie, si cela se constate après coup, ou si c’est un engagement seul.

Written from `policies/profile/terms.py` by `python -m tests.docs.written`.

The namespace is `https://w3id.org/pupitre/terri/`, written `terri:` here. `pupitre policy profile --json` gives the
same table as SKOS in JSON-LD. The alignment to the Data Privacy Vocabulary 2.3 (`dpv:`) is for readers elsewhere:
no decision follows it.

The last column says how far a node answers for the term. *Checked by the node*: before a byte leaves, and a fact that
is not known refuses. *Checked afterwards*: by a report, an attestation or what was published. *A promise only*: it
rests on the word of who accepted it.
"""
PROFILE_PARTS = {
    TermKind.LEFT_OPERAND: "What a condition may ask",
    TermKind.ACTION: "What may be forbidden or due",
    TermKind.PURPOSE: "Purposes",
    TermKind.CATEGORY: "Categories of participants",
}
PROFILE_COLUMNS = "| Term | Meaning | Place | Assurance |\n|---|---|---|---|\n"
PROBLEMS_HEAD = """# Problem codes

> **En français.** Chaque refus du nœud porte un code stable, ce qui s’est passé et ce qu’il faut faire. Cherchez ici le
> code que vous avez lu à l’écran, dans une réponse de l’API ou dans un journal.

Written from the classes themselves by `python -m tests.docs.written`.

The management API answers with a problem document (RFC 9457): `code` is the code below, and `type` a link to its place
on this page, which the node serves itself (`/docs/reference/problems`). A
partner reads the code in the typed error of the protocol, and only what concerns it: a caller whose identity is not
established always reads the same words. Data addresses answer with the code in `type` and `code`. The HTTP status is
that of the public listener; where the management API answers another one, it stands in brackets.
"""
CONTRACTS_HEAD = """
## Why an agreement is refused

The consumer's node holds an agreement that it receives against what was asked for. If it is not that, the node ends the
negotiation with one of these codes, and the provider reads it.
"""
SEALED_HEAD = """
## Why a sealed contract is refused

Two nodes that both can seal make a contract of what they negotiated. Each holds what it gets against what it knows;
what does not fit ends the negotiation with one of these codes, which the partner reads. They also say why a conclusion,
a notice or a time-stamp is not taken, and why our own node could not draw up or seal a contract.
"""
POLICIES_HEAD = """
## Why a policy cannot be read

These stand in the detail of [`invalid`](#invalid), with a pointer to the place in the policy.
"""
ROWS_TAIL = """
## Codes on a negotiation or a transfer

`problem` of a process says why its last attempt did not succeed. Beside the codes above:

| Code | Meaning |
|---|---|
| `peer-NNN` | The partner answered our message with HTTP status NNN; `reason` is what it said |
| `yielded` | Our message gave way to one of the partner's; see [the five rules](../explanation/five-rules.md) |
| `divergence` | The partner shows another state than ours: call it |

A termination carries a code too. Ours are `policy` (the terms of use do not permit it), `refused` (a person said no),
one of the two sections on agreements and contracts, or whatever a person or a program gave.
"""


def settings_page() -> str:
    """Return the page of settings."""
    return (
        SETTINGS_HEAD + "".join(_setting(name, field) for name, field in Settings.model_fields.items()) + SETTINGS_TAIL
    )


def problems_page() -> str:
    """Return the page of problem codes."""
    return "".join(
        [
            PROBLEMS_HEAD,
            *_sections(Problem, 2),
            CONTRACTS_HEAD,
            *_sections(AgreementError, 3),
            SEALED_HEAD,
            *_sections(ContractError, 3),
            POLICIES_HEAD,
            *_sections(PolicyError, 3),
            ROWS_TAIL,
        ]
    )


# --- the doctor


def doctor_page() -> str:
    """Return the page of what the doctor may find."""
    parts = [DOCTOR_HEAD]
    for name, check in CHECKS.items():
        parts.append(f"\n## `{name}`\n\n{check.TITLE['en']} · {check.TITLE['fr']}. {_meaning(check)}\n")
        parts += map(_diagnosis, diagnoses(check))
    parts.append("\n## Any check\n")
    return "".join([*parts, *map(_diagnosis, GENERAL)])


def _meaning(check: ModuleType) -> str:
    """Return the first paragraph of the module's essay."""
    return " ".join(cleandoc(check.__doc__ or "").split("\n\n")[0].split())


def _diagnosis(one: Diagnosis) -> str:
    lines = [f"\n### `{one.code}`\n\n{one.verdict.value.replace('-', ' ').capitalize()}.\n"]
    for language, name in (("fr", "Français"), ("en", "English")):
        remedy = f" **{one.remedy[language]}**" if one.remedy[language] else ""
        lines.append(f"\n- *{name}.* {one.cause[language]}{remedy}")
    return "".join(lines) + "\n"


def findings_page() -> str:
    """Return the page of what may be found in a policy."""
    rows = []
    for name, code in sorted(CODES.items()):
        fr = f"{code.fr} **{code.remedy_fr}**" if code.remedy_fr else code.fr
        en = f"{code.en} **{code.remedy_en}**" if code.remedy_en else code.en
        rows.append(f"| `{name}` | {' or '.join(code.severities)} | {fr} | {en} |\n")
    asked = [
        f"| {number} | {one.text['fr']} | {one.text['en']} | {', '.join(f'`{code}`' for code in one.codes)} |\n"
        for number, one in CHECKLIST.items()
    ]
    return FINDINGS_HEAD + "".join(rows) + CHECKLIST_HEAD + "".join(asked)


# --- settings


def _setting(name: str, field: FieldInfo) -> str:
    return f"| `{name}`<br>`{PREFIX}{name.upper()}` | {_sort(field)} | {_default(field)} | {field.description} |\n"


def _sort(field: FieldInfo) -> str:
    kind: Any = field.annotation
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        return {Path: "list of paths", int: "list of numbers"}.get(
            inner, "list of networks" if inner == Network else ""
        )
    if get_origin(kind) is typing.Literal:
        return " or ".join(f"`{word}`" for word in get_args(kind))
    kinds = [one for one in get_args(kind) or (kind,) if one is not type(None)]
    names = {str: "text", Path: "path", int: "whole number", float: "number", bool: "true or false"}
    return f"{names.get(kinds[0], 'text, secret' if kinds[0] is SecretStr else '')}{_bounds(field)}"


def _bounds(field: FieldInfo) -> str:
    signs = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
    found = [
        f"{sign} {getattr(limit, name)}"
        for limit in field.metadata
        for name, sign in signs.items()
        if getattr(limit, name, None) is not None
    ]
    return f", {', '.join(found)}" if found else ""


def _default(field: FieldInfo) -> str:
    value = field.default
    assert value is not PydanticUndefined, "every setting has a default"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple) and value:
        return f"`{', '.join(map(str, value))}`"
    return "none" if value in (None, "", ()) else f"`{value}`"


# --- problems


def kinds(root: type[Exception]) -> list[type[Any]]:
    """Return the classes below the root that have a code of their own, and the root, by code."""
    for package in ("policies", "contracts", "connector"):
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found = [one for one in _with_all_below(root) if "code" in vars(one) and one.__module__.split(".")[0] != "tests"]
    return sorted(dict.fromkeys(found), key=lambda one: (one.code, one.__module__))


def _with_all_below(root: type[Any]) -> Iterator[type[Any]]:
    yield root
    for one in root.__subclasses__():
        yield from _with_all_below(one)


def _sections(root: type[Exception], level: int) -> Iterator[str]:
    """Yield a section for each code; classes that share a code share the section."""
    by_code: dict[str, list[type[Any]]] = {}
    for one in kinds(root):
        by_code.setdefault(one.code, []).append(one)
    for code, classes in by_code.items():
        yield f"\n{'#' * level} `{code}`\n"
        yield from dict.fromkeys(map(_said, classes))


def _said(one: type[Any]) -> str:
    status = _statuses(one) if issubclass(one, Problem) else ""
    meaning = " ".join(cleandoc(one.__doc__ or "").split("\n\n")[0].split())
    lines = [f"\n{status}{meaning}\n"]
    for language, name in (("fr", "Français"), ("en", "English")):
        remedy = getattr(one, "remedy", {}).get(language, "")
        lines.append(f"\n- *{name}.* {one.title[language]}{f' **{remedy}**' if remedy else ''}")
    return "".join(lines) + "\n"


def _statuses(one: type[Problem]) -> str:
    public, private = one.status, status_of(one.__new__(one))
    return f"HTTP {public}. " if private == public else f"HTTP {public} (API: {private}). "


def pages() -> dict[str, str]:
    """Return the text of each page by its name."""
    return {
        "settings.md": settings_page(),
        "problems.md": problems_page(),
        "doctor.md": doctor_page(),
        "territory-profile.md": profile_page(),
        "policy-findings.md": findings_page(),
    }


# --- the territory profile


def profile_page() -> str:
    """Return the page of the territory profile."""
    parts = [PROFILE_HEAD]
    for kind, heading in PROFILE_PARTS.items():
        parts.append(f"\n## {heading}\n\n{PROFILE_COLUMNS}")
        parts += [_term(term) for term in TERMS if term.kind is kind]
    return "".join(parts)


def _term(term: Term) -> str:
    names = " · ".join(term.labels)
    links = [f"in `{vocabulary.short(term.broader)}`"] if term.broader else []
    links += [f"same as `dpv:{term.exact.partition('#')[2]}`"] if term.exact else []
    links += [f"within `dpv:{term.broad.partition('#')[2]}`"] if term.broad else []
    said = f"{names}<br>{' '.join(term.definitions)}"
    return f"| `terri:{term.name}` | {said} | {', '.join(links)} | {ASSURANCES[term.assurance][1]} |\n"


def main() -> None:
    """Write the pages."""
    for name, page in pages().items():
        (REFERENCE / name).write_text(page, "utf-8")


if __name__ == "__main__":
    main()
