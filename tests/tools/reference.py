"""What is written by a program rather than by hand: `python -m tests.tools.reference` writes it anew.

- `connector/sdk/types.py` and those it hands on (`APART`), the answers of the management API as types, from its OpenAPI
  description;
- `connector/docs/reference/api.md`, its addresses, from the same;
- `connector/docs/reference/cli.md`, the commands, from the commands themselves.

A test asserts that writing them again changes nothing.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import click

ROOT = Path(__file__).resolve().parents[2]
Schema = dict[str, Any]

TYPES_HEAD = '''\
"""The answers of the management API as types. Written by tests/tools/reference.py; change the API instead.

Instants are text (ISO 8601, UTC). What further versions add may be there too.
"""
'''
API_HEAD = """# The management API

Written from the node's own description, which it serves at `/api/v1/openapi.json`. The examples are in both; the tests
make each of these requests to real nodes and compare what is answered.

Every request carries `Authorization: Bearer pk_…`. A key belongs to one participant, or to the node's administration;
an administration key names the participant in `X-Pupitre-Owner` (default: the first one). What is not there and what
is another participant's are the same 404. Bodies are JSON in UTF-8. Identifiers in paths are percent-encoded as one
part. Lists answer `items` and `next_cursor`; give that back as `cursor`, with the same filters, for the next page.

What goes wrong is a problem document (`application/problem+json`, RFC 9457): `code` is a stable word,
`type` a link, relative to the address asked, to what [the node's documentation](problems.md) says of it, `title` and
`detail` say what happened, `remedy` what to do, `pointer` where in the request. The language is French or English by
`Accept-Language`. Bad input is 400, no valid key 401, what the present state forbids 409, too
large a body 413, what a partner's node did not do 424. A 5xx means that this node has failed.

**Once only.** A POST may carry `Idempotency-Key`, any text of at most 255 visible ASCII characters: for 24 hours the
request has its effect once, however often it is sent, and a repetition is answered as the first was
(`Idempotency-Replayed: true`). What failed leaves nothing and may be tried again. The same key with another request is
422. The Python client and the command line send a key with every POST, and repeat a POST whose answer was lost.

**Only what was read.** Every answer carries an `ETag`: for a thing that has one, its `version` and a digest of the
text. With `If-None-Match` a GET answers 304 while the text is the same. With `If-Match` an action, a PUT or a DELETE
acts only while the thing has that version, else it answers 412 and nothing is changed; `If-None-Match: *` on a PUT acts
only if there is nothing there yet.

`GET /health/live`, `/health/ready` (also `/health`), `/metrics` (Prometheus) and `/docs` (these pages) stand beside it
and need no key.
"""
CLI_HEAD = """# The command line

Written from the commands themselves; `pupitre COMMAND --help` says the same. Lists and tables are for people; `--json`
prints what the API answers. The address of the node and its key come from the settings (`--config`, then
`PUPITRE_CONFIG`, then `node.toml` in the current folder), or from `--url` and `--key` (`PUPITRE_URL`, `PUPITRE_KEY`).
"""


def openapi() -> Schema:
    """Return the description of the API, with nothing behind it."""
    from fastapi import FastAPI

    from connector.http.private import api

    app = FastAPI(title="Pupitre", version="1", generate_unique_id_function=lambda route: route.name)
    for room in api.ROOMS:
        app.include_router(room.router, prefix=api.PREFIX)
    return api.openapi(app)


def operations() -> list[tuple[str, str, Schema]]:
    """Return every action of the API: method, path and description."""
    return list(_operations(openapi()))


# --- types.py ---------------------------------------------------------------------------------------------------------


APART = {
    "contract_types": ("contracts",),
    "feed_types": ("events", "jobs"),
    "journal_types": ("journals",),
    "partner_types": ("partners", "presentation", "inbox"),
    "publication_types": ("publication",),
    "seal_types": ("seal-keys",),
    "webhook_types": ("webhooks",),
}
"""Modules of answers beside types.py, which hands them on: each has those of its tags, and shares none."""


def types_py(document: Schema) -> str:
    """Return the module of answers; what stands in a module of its own is handed on."""
    schemas, names = document["components"]["schemas"], _names(document)
    apart = {name: module for module, tags in APART.items() for name in _names(document, tags)}
    ordered = sorted(apart, key=lambda name: (apart[name], name.lower()))
    handed_on = "".join(f"from connector.sdk.{apart[name]} import {name} as {name}\n" for name in ordered)
    told = "".join(_typed_dict(name, schemas, names) for name in names if name not in apart)
    return f"{TYPES_HEAD}\n{_imports(told)}\n{handed_on}{told}"


def types_apart_py(document: Schema, tags: Collection[str]) -> str:
    """Return a module with the answers of some tags alone."""
    schemas, names = document["components"]["schemas"], _names(document, tags)
    told = "".join(_typed_dict(name, schemas, names) for name in names)
    return f"{TYPES_HEAD}\n{_imports(told)}{told}"


def _imports(told: str) -> str:
    used = [name for name in ("Any", "Literal", "TypedDict") if re.search(rf"\b{name}\b", told)]
    return f"from typing import {', '.join(used)}\n"


def _names(document: Schema, tags: Collection[str] | None = None) -> dict[str, None]:
    """Return the names of the answers, of these tags or of all, each after those that it needs."""
    names: dict[str, None] = {}
    for operation in _operations(document):
        if tags is not None and operation[2]["tags"][0] not in tags:
            continue
        for answer in operation[2]["responses"].values():
            schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
            _gather(schema, document["components"]["schemas"], names)
    return names


def _gather(schema: Any, schemas: Schema, names: dict[str, None]) -> None:
    """Add every named schema that this one uses, those it needs before it."""
    if isinstance(schema, list):
        for one in schema:
            _gather(one, schemas, names)
    if not isinstance(schema, dict):
        return
    name = schema.get("$ref", "").rpartition("/")[2]
    if name and name not in names and name != "JsonValue":
        _gather(schemas[name], schemas, names)
        names[name] = None
    for one in schema.values():
        _gather(one, schemas, names)


def _typed_dict(name: str, schemas: Schema, names: Iterable[str]) -> str:
    members = schemas[name]["properties"]
    base = next((one for one in names if _extends(name, members, one, schemas[one]["properties"])), None)
    lines = [f"\n\nclass {name}({base or 'TypedDict'}):\n"]
    lines.append(f'    """{_first_line(schemas[name]["description"])}"""\n\n')
    for member, one in members.items():
        if base is not None and member in schemas[base]["properties"]:
            continue
        lines.append(f"    {member}: {_type(one)}\n")
        if "description" in one:
            lines.append(f'    """{_first_line(one["description"])}"""\n')
    return "".join(lines)


def _extends(name: str, members: Schema, base: str, its: Schema) -> bool:
    """True when one shape is the other with more members, and is named after it."""
    is_named_so = name != base and (name.startswith(base) or name.endswith(base))
    return is_named_so and all(member in members and members[member] == one for member, one in its.items())


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return "Any" if name == "JsonValue" else name
    if "anyOf" in schema:
        return " | ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return _literal([f'"{one}"' for one in schema["enum"]])
    match schema.get("type"):
        case "array":
            return f"list[{_type(schema['items'])}]"
        case "object":
            return f"dict[str, {_type(schema.get('additionalProperties') or {})}]"
        case kind:
            simple = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
            return simple.get(str(kind), "Any")


def _literal(values: list[str]) -> str:
    if len(values) <= 5:
        return f"Literal[{', '.join(values)}]"
    return "Literal[\n" + "".join(f"        {one},\n" for one in values) + "    ]"


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0]


# --- api.md -----------------------------------------------------------------------------------------------------------


def api_md(document: Schema) -> str:
    """Return the page of addresses."""
    lines, tag = [API_HEAD], ""
    for method, path, operation in _operations(document):
        if operation["tags"][0] != tag:
            tag = operation["tags"][0]
            lines.append(f"\n## {tag.capitalize()}\n")
        lines.append(f"\n### `{method.upper()} {path}`\n\n{operation['description'].strip()}\n")
        lines.extend(_parameters(operation))
        lines.extend(_body(operation, document))
        lines.append(_answer(operation))
        lines.extend(_example(method, path, operation["operationId"]))
    lines.append("\n## Shapes\n")
    for name, schema in sorted(document["components"]["schemas"].items()):
        if "properties" in schema:
            lines.extend(_shape(name, schema))
    return "".join(lines)


def _operations(document: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def _parameters(operation: Schema) -> Iterator[str]:
    shown = [one for one in operation.get("parameters", ()) if one["in"] == "query"]
    if shown:
        yield "\n" + "".join(f"- `{one['name']}`{_meaning(one)}\n" for one in shown)


def _meaning(parameter: Schema) -> str:
    schema = parameter["schema"]
    values = next((one["enum"] for one in (schema, *schema.get("anyOf", ())) if "enum" in one), None)
    said = [f"one of {', '.join(f'`{one}`' for one in values)}"] if values else []
    said += [parameter["description"].rstrip(".")] if "description" in parameter else []
    return (": " + "; ".join(said)) if said else ""


def _body(operation: Schema, document: Schema) -> Iterator[str]:
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        optional = "" if operation["requestBody"].get("required") else " (may be left out)"
        yield f"\nBody: {_link(_type(schema).removesuffix(' | None'))}{optional}\n"


def _answer(operation: Schema) -> str:
    status, answer = next(iter(operation["responses"].items()))
    schema = answer.get("content", {}).get("application/json", {}).get("schema")
    return f"\nAnswer: {status}{', ' + _link(_type(schema)) if schema else ''}\n"


def _example(method: str, path: str, name: str) -> Iterator[str]:
    """Yield the example of an operation: the request as it is sent, and the answer."""
    from connector.http.private import examples

    example = examples.every().get(name)
    if example is None:
        return
    for part, value in example.get("path", {}).items():
        path = path.replace(f"{{{part}}}", quote(value, safe=""))
    query = urlencode(example.get("query", {}))
    asked = f"{method.upper()} {path}{'?' if query else ''}{query}\n"
    if "body" in example:
        asked += f"\n{json.dumps(example['body'], ensure_ascii=False, indent=2)}\n"
    yield f"\nExample:\n\n```http\n{asked}```\n"
    if "answer" in example:
        yield f"\n```json\n{json.dumps(example['answer'], ensure_ascii=False, indent=2)}\n```\n"


def _link(name: str) -> str:
    return f"[{name}](#{name.lower()})"


def _shape(name: str, schema: Schema) -> Iterator[str]:
    yield f"\n### {name}\n\n{_first_line(schema['description'])}\n\n"
    required = schema.get("required", ())
    for member, one in schema["properties"].items():
        optional = "" if member in required else ", may be left out"
        described = f": {one['description']}" if "description" in one else ""
        kind = " ".join(_type(one).replace("|", "or").split())
        yield f"- `{member}` ({kind}{optional}){described}\n"


# --- cli.md -----------------------------------------------------------------------------------------------------------


def cli_md() -> str:
    """Return the page of commands."""
    from connector.cli import exits
    from connector.cli.root import cli

    codes = "".join(f"- {code}: {meaning}\n" for code, meaning in exits.MEANINGS["en"].items())
    lines = [CLI_HEAD, f"\n## Exit codes\n\n{codes}"]
    for words, command in _commands(cli, ("pupitre",)):
        context = click.Context(command, info_name=" ".join(words))
        usage = command.get_usage(context).removeprefix("Usage: ").replace("\n", " ")
        lines.append(f"\n## `{' '.join(usage.split())}`\n\n{(command.help or '').strip()}\n")
        options = [one for one in command.params if isinstance(one, click.Option) and one.help and not one.hidden]
        if options:
            lines.append("\n" + "".join(f"- `{', '.join(one.opts)}`: {one.help}\n" for one in options))
    return "".join(lines)


def _commands(group: click.Group, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name in group.list_commands(click.Context(group)):
        command = group.commands[name]
        if isinstance(command, click.Group):
            yield from _commands(command, (*words, name))
        else:
            yield (*words, name), command


def files() -> dict[Path, str]:
    """Return what each written file must hold."""
    document = openapi()
    reference = ROOT / "connector/docs/reference"
    return {
        ROOT / "connector/sdk/types.py": types_py(document),
        **{ROOT / f"connector/sdk/{module}.py": types_apart_py(document, tags) for module, tags in APART.items()},
        reference / "api.md": api_md(document),
        reference / "cli.md": cli_md(),
    }


if __name__ == "__main__":
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
