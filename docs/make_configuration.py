"""Write docs/configuration.md from the schema of the config and what the protocols choose.

python docs/make_configuration.py
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from cellpheno.study import configuration, protocols  # noqa: E402
from cellpheno.study.schema_defaults import resolved  # noqa: E402

Part = dict[str, Any]
SCHEMA = configuration.load_schema(ROOT / "workflow/schemas/config.schema.yaml")
INTRODUCTION = """\
# Configuration

A study's config is a YAML file: [config.yaml](../config.yaml) is the default study, and
[config/](../config) has others. A config stands alone: a key that it leaves out has the default
below, not the value of the default study. [config/README.md](../config/README.md) explains how to
start with your own data. Unknown keys, wrong values and contradictions are reported in one sentence
before any job starts.

A study of your own, without `simulation` and `published_study`, leaves keys with the default `auto`
to the plan: they follow from the annotated fields, their cells and the machine
([planning.md](planning.md)).
Where the protocol decides, the default is given for `protocol: corrected`, for studies whose
`published_study` is null and, by `published_study`, for `protocol: published`; what is not given
for a study is as corrected. Codes such as A16, C20 and L8 are the steps in
[protocols.md](protocols.md).

This file is made from [config.schema.yaml](../workflow/schemas/config.schema.yaml) by
`python docs/make_configuration.py`.
"""
HEADER = "\n| Key | What it does | Values | Default |\n| --- | --- | --- | --- |\n"
KINDS = {"string": "text", "boolean": "`true`, `false`", "null": "`null`", "object": "entries"}


def page() -> str:
    """Return the document: the keys without a section, then each section."""
    single, sections = "", ""
    for key, part in SCHEMA["properties"].items():
        part = resolved(part, SCHEMA)
        if "properties" not in children(part):
            single += row(key, part, SCHEMA, (key,))
            continue
        sections += f"\n## {key}\n\n{part['description']}\n{HEADER}"
        sections += "".join(rows(part, (key,)))
    return f"{INTRODUCTION}\n## The study\n{HEADER}{single}{sections}"


def children(part: Part) -> Part:
    """Return the schema of the keys below a key: its own, or those of its entries."""
    places = (part, part.get("items"), part.get("additionalProperties"))
    found = (place for place in places if isinstance(place, dict) and "properties" in place)
    return next(found, {})


def rows(section: Part, path: tuple[str, ...]) -> Iterator[str]:
    """Yield the rows of all keys of a section; what entries repeat of their section is left out."""
    below = children(section)
    for key, part in below.get("properties", {}).items():
        if below is section or key not in SCHEMA["properties"][path[0]].get("properties", {}):
            part = resolved(part, SCHEMA)
            yield row(".".join((*path[1:], key)), part, below, (*path, key))
            yield from rows(part, (*path, key))


def row(name: str, part: Part, section: Part, path: tuple[str, ...]) -> str:
    """Return the row of a key in the table of its section."""
    values = "" if children(part) is part else allowed(part)
    cells = f"`{name}`", part["description"], values, default(part, section, path)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def default(part: Part, section: Part, path: tuple[str, ...]) -> str:
    """Return the default of a key, by protocol where that decides."""
    if path in protocols.CORRECTED:
        own = {"no published study": protocols.OWN}
        chosen = {"corrected": protocols.CORRECTED, **own, **protocols.PUBLISHED}
        return "; ".join(f"{k}: {code(v[path])}" for k, v in chosen.items() if path in v)
    if path[-1] in section.get("required", []):
        return "required"
    if children(part) is part or "default" not in part:
        return ""
    if part.get("auto"):
        return f"`auto`; {code(part['default'])} in a simulation and a published study"
    if "own" in part:
        return f"{code(part['own'])}; {code(part['default'])} in a simulation and a published study"
    return code(part["default"])


def code(value: Any) -> str:
    """Return a value as YAML writes it in one line."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
    return f"`{text.strip().removesuffix('...').strip()}`"


def allowed(part: Part) -> str:
    """Return the values that a schema takes, in words."""
    part = resolved(part, SCHEMA)
    if "anyOf" in part:
        return " or ".join(map(allowed, part["anyOf"]))
    if "enum" in part or "const" in part:
        return ", ".join(map(code, part.get("enum", [part.get("const")])))
    kinds = [part["type"]] if isinstance(part["type"], str) else part["type"]
    return " or ".join(_kind(kind, part) for kind in kinds)


def _kind(kind: str, part: Part) -> str:
    if kind == "array":
        inner = "sections" if "properties" in part["items"] else allowed(part["items"])
        return f"list: {inner}"
    if kind == "string" and "pattern" in part and part["pattern"].strip("^$").isalpha():
        return code(part["pattern"].strip("^$"))
    if kind not in ("integer", "number"):
        return KINDS[kind]
    low, above, high = (part.get(k) for k in ("minimum", "exclusiveMinimum", "maximum"))
    words = "whole number" if kind == "integer" else "number"
    words += (
        f" from {low:,}" if low is not None else f" above {above:,}" if above is not None else ""
    )
    below = part.get("exclusiveMaximum")
    return words + (f" to {high:,}" if high is not None else f" below {below:,}" if below else "")


if __name__ == "__main__":
    (ROOT / "docs/configuration.md").write_text(page())
