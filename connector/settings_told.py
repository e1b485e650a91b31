"""What is wrong with a setting, as a person needs it: which one, what it says, where that stands, what is allowed.

The library that checks the settings speaks of types, in English alone. Here each mistake is told anew in French and
English, from how the setting is declared; the value is shown unless it may hold a password.
"""

import json
import re
import types
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

Texts = Mapping[str, str]
Fields = Mapping[str, FieldInfo]
SECRET = frozenset({"database_url", "seal_passphrase"})
"""Settings whose value is never shown."""
NEAR = 0.7
"""How alike a name must be to that of a setting to be taken for it."""
_SHOWN = 60
_OPTIONAL = (Union, types.UnionType)
_KINDS: Mapping[Any, Texts] = {
    int: {"fr": "un nombre entier", "en": "a whole number"},
    float: {"fr": "un nombre (par exemple 1.5)", "en": "a number (1.5, for example)"},
    bool: {"fr": "true ou false", "en": "true or false"},
    Path: {"fr": "un chemin, entre guillemets", "en": "a path, in quotes"},
}
_LISTS: Mapping[Any, Texts] = {
    int: {
        "fr": "une liste de nombres entiers : [30, 7], ou 30,7 dans une variable",
        "en": "a list of whole numbers: [30, 7], or 30,7 in a variable",
    },
    Path: {
        "fr": 'une liste de chemins : ["/srv/a", "/srv/b"], ou /srv/a,/srv/b dans une variable',
        "en": 'a list of paths: ["/srv/a", "/srv/b"], or /srv/a,/srv/b in a variable',
    },
    IPv4Network: {
        "fr": 'une liste de réseaux, chacun par sa première adresse : ["10.0.0.0/8"], ou 10.0.0.0/8 dans une variable',
        "en": 'a list of networks, each by its first address: ["10.0.0.0/8"], or 10.0.0.0/8 in a variable',
    },
}
_TEXT = {"fr": "un texte, entre guillemets", "en": "a text, in quotes"}


def refused(about: str, fr: str, en: str) -> PydanticCustomError:
    """Return what a check of a setting raises: a sentence that says what is allowed."""
    return PydanticCustomError("refused", "refused", {"about": about, "fr": fr, "en": en})


def told(
    errors: Sequence[ErrorDetails], values: Mapping[str, object], sources: Mapping[str, Texts], fields: Fields
) -> dict[str, str]:
    """Return the mistakes as sentences; `sources` says where the value of each name stands."""
    found = [_told(error, values, sources, fields) for error in errors]
    return {language: " ".join(dict.fromkeys(one[language] for one in found)) for language in ("fr", "en")}


def no_such(name: str, source: Texts, fields: Fields) -> Texts:
    """Return that there is no setting of this name, and which one may be meant."""
    near = get_close_matches(name.casefold().replace("-", "_"), fields, 1, NEAR)
    fr, en = (f" Vouliez-vous dire {near[0]} ?", f" Did you mean {near[0]}?") if near else ("", "")
    return {
        "fr": f"{name} ({source['fr']}) : ce réglage n’existe pas.{fr}",
        "en": f"{name} ({source['en']}): there is no such setting.{en}",
    }


def no_authorities(name: str, file: Path | None) -> dict[str, str]:
    """Return that the file which a setting names holds no certificates that can be read."""
    return {
        "fr": f"{name} : {file} n’est pas lisible par ce compte, ou ne contient pas de certificats en PEM.",
        "en": f"{name}: {file} cannot be read by this account, or holds no certificates in PEM.",
    }


def unread(path: Path, error: Exception) -> Texts:
    """Return why a file of settings could not be read."""
    match error:
        case FileNotFoundError():
            return {"fr": f"{path} est introuvable.", "en": f"{path} is not there."}
        case PermissionError():
            return {
                "fr": f"{path} n’est pas lisible par le compte qui lance ce programme.",
                "en": f"{path} cannot be read by the account that runs this program.",
            }
        case IsADirectoryError():
            return {
                "fr": f"{path} est un dossier ; un fichier est attendu.",
                "en": f"{path} is a folder; a file is expected.",
            }
        case UnicodeDecodeError():
            return {
                "fr": f"{path} n’est pas un texte en UTF-8 : enregistrez-le en UTF-8.",
                "en": f"{path} is no text in UTF-8: save it as UTF-8.",
            }
        case OSError():
            number = error.errno
            return {
                "fr": f"{path} ne se lit pas (erreur {number} du système).",
                "en": f"{path} cannot be read (error {number} of the system).",
            }
    return _no_toml(path, str(error))


def _no_toml(path: Path, said: str) -> Texts:
    place = re.search(r"line (\d+), column (\d+)", said)
    fr, en = (f", ligne {place[1]}, colonne {place[2]}", f", line {place[1]}, column {place[2]}") if place else ("", "")
    if "overwrite" in said:
        return {
            "fr": f"{path}{fr} : un réglage y est donné deux fois.",
            "en": f"{path}{en}: a setting is given twice there.",
        }
    return {
        "fr": f"{path} n’est pas écrit comme il faut (TOML){fr} : chaque ligne est « nom = valeur », les textes entre "
        "guillemets droits, un \\ y est doublé.",
        "en": f"{path} is not written as it must be (TOML){en}: each line is “name = value”, texts are in straight "
        "quotes, a \\ in them is doubled.",
    }


def _told(error: ErrorDetails, values: Mapping[str, object], sources: Mapping[str, Texts], fields: Fields) -> Texts:
    said = error.get("ctx", {})
    name = str(said.get("about") or (error["loc"][0] if error["loc"] else ""))
    source = sources.get(name, {"fr": "valeur par défaut", "en": "default"})
    if name not in fields:
        told = no_such(name, source, fields)
        return (
            told
            if not isinstance(values.get(name), dict)
            else {
                "fr": f"{told['fr']} Les réglages s’écrivent sans rubrique : enlevez la ligne [{name}].",
                "en": f"{told['en']} Settings stand in no section: take out the line [{name}].",
            }
        )
    rule = said if "about" in said else allowed(fields[name])
    value = _shown(name, values.get(name) if "about" in said else error["input"])
    return {
        "fr": f"{name}{value} ({source['fr']}) : {'' if 'about' in said else 'il faut '}{rule['fr']}.",
        "en": f"{name}{value} ({source['en']}): {'' if 'about' in said else 'must be '}{rule['en']}.",
    }


def _shown(name: str, value: object) -> str:
    """Return ` = value`, as the file has it; nothing where a password may stand in it."""
    if name in SECRET or value is None:
        return ""
    if name.endswith(("_url", "_proxy")) and not _is_bare(value):
        return ""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return f" = {text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}"


def _is_bare(value: object) -> bool:
    """True for an address without a place where a password may stand."""
    return isinstance(value, str) and not set("@?#") & set(value)


def allowed(field: FieldInfo) -> Texts:
    """Return what a setting may be, in words, from how it is declared."""
    kind = _kind(field.annotation)
    if get_origin(kind) is Literal:
        names = [f"« {one} »" for one in get_args(kind)], [f"“{one}”" for one in get_args(kind)]
        return {"fr": " ou ".join(names[0]), "en": " or ".join(names[1])}
    if get_origin(kind) is tuple:
        return _LISTS[_first(get_args(kind)[0])]
    told = _KINDS.get(kind, _TEXT)
    limits = _limits(field)
    return {language: told[language] + limits[language] for language in ("fr", "en")}


def _limits(field: FieldInfo) -> Texts:
    found = {name: getattr(one, name) for one in field.metadata for name in ("ge", "gt", "le") if hasattr(one, name)}
    if "gt" in found and _kind(field.annotation) is int:
        found["ge"] = found.pop("gt") + 1
    least, most = found.get("ge"), found.get("le")
    if least is not None and most is not None:
        return {"fr": f", de {least} à {most}", "en": f", from {least} to {most}"}
    above = found.get("gt")
    fr = [
        text
        for value, text in (
            (least, f"d’au moins {least}"),
            (above, f"supérieur à {above}"),
            (most, f"d’au plus {most}"),
        )
        if value is not None
    ]
    en = [
        text
        for value, text in ((least, f"{least} or more"), (above, f"above {above}"), (most, f"not above {most}"))
        if value is not None
    ]
    return {"fr": f", {' et '.join(fr)}" if fr else "", "en": f", {' and '.join(en)}" if en else ""}


def _kind(annotation: Any) -> Any:
    """Return the type of a setting that may also be left out."""
    return _first(annotation) if get_origin(annotation) in _OPTIONAL else annotation


def _first(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) in _OPTIONAL else annotation
