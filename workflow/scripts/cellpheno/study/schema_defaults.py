"""Compare a config with its JSON schema (2020-12): fill in defaults, refuse misfits."""

import copy
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import jsonschema

from cellpheno.core.errors import Several, StudyError
from cellpheno.core.names import suggestion
from cellpheno.study import config_values
from cellpheno.study.config_text import Key, Written
from cellpheno.study.overrides import AUTO

LONGEST = 200
"""Characters of a value that a message quotes."""

KINDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a section of keys",
    "string": "a text",
}
"""Names of JSON schema types in messages."""
YAML_WORDS = {"None": "empty", "True": "true", "False": "false"}
"""Python's spelling of values to YAML's."""


def fill(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], own: bool = False) -> None:
    """Fill in the defaults of a schema, in place, and order the keys as the schema does.

    To Snakemake, a section with another order of keys is a changed one. In a study of one's `own`,
    keys that the plan can choose become `auto` instead, and others have a default of their own.
    """
    schema = resolved(schema, root)
    if isinstance(value, list):
        for item in value:
            fill(item, schema.get("items", {}), root, own)
    if not isinstance(value, dict):
        return
    for key, part in schema.get("properties", {}).items():
        part = resolved(part, root)
        if key not in value and "default" in part:
            default = part.get("own", part["default"]) if own else part["default"]
            value[key] = AUTO if own and part.get("auto") else copy.deepcopy(default)
        if key in value:
            value[key] = value.pop(key)
            fill(value[key], part, root, own)


def with_defaults(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """Return a config with the schema's default where the plan will choose a value.

    A check of the config takes it for a value of the right kind.
    """
    schema = resolved(schema, root)
    if isinstance(value, list):
        return [with_defaults(item, schema.get("items", {}), root) for item in value]
    if not isinstance(value, dict):
        return copy.deepcopy(schema["default"]) if schema.get("auto") and value == AUTO else value
    entries = schema.get("additionalProperties")
    parts = schema.get("properties", {})
    others = entries if isinstance(entries, dict) else {}
    return {key: with_defaults(part, parts.get(key, others), root) for key, part in value.items()}


def resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema with its references into `$defs` followed; its own keys win."""
    if "$ref" not in schema:
        return dict(schema)
    target = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    return {
        **resolved(target, root),
        **{key: value for key, value in schema.items() if key != "$ref"},
    }


class Misfits(Several):
    """What does not fit the schema."""

    def __init__(self, errors: Iterable[StudyError], keys: Collection[Key]) -> None:
        super().__init__(errors)
        self.keys = keys
        """The keys to blame; without them, the rest of the config can be checked."""


def refuse_misfits(
    config: Mapping[str, Any],
    schema: Mapping[str, Any],
    source: str,
    written: Mapping[Key, Written] | None = None,
    within: Key = (),
) -> None:
    """Raise `Misfits` for all keys that are unknown, missing or invalid.

    `written` comes from `config_text.read`; messages call the config `source`. A section with the
    overrides of an entry is `within` it.
    """
    source = f"{source}: {'/'.join(map(str, within))}" if within else source
    found: dict[Key, StudyError] = {}
    errors = jsonschema.Draft202012Validator(schema).iter_errors(config)
    for error in sorted(errors, key=lambda e: (len(e.absolute_path), [*map(str, e.absolute_path)])):
        for key, sentence in _misfits(error, source, written or {}):
            found.setdefault(key, sentence)
    if found:
        raise Misfits(found.values(), [(*within, *key) for key in found])


def _misfits(
    error: jsonschema.ValidationError, source: str, written: Mapping[Key, Written]
) -> Iterator[tuple[Key, StudyError]]:
    """Yield each key that an error of the schema is about, and a sentence."""
    while error.context:  # of several schemas, none fits: report the closest
        error = max(error.context, key=lambda e: len(e.absolute_path))
    key = tuple(error.absolute_path)
    within = f"{config_values.shown(key)}." if key else ""
    wanted = error.validator_value
    known = error.schema.get("properties")
    if error.validator == "additionalProperties" and isinstance(known, dict):
        for name in error.instance:
            if name not in known:
                end = suggestion(name, list(known))
                sentence = f"{source}: the key {within}{_short(name)} is not known{end}."
                yield (*key, name), StudyError(sentence)
    elif error.validator == "required":
        for name in wanted:
            if name not in error.instance:
                where = "docs/configuration.md explains it"
                sentence = f"{source}: the key {within}{name} is missing; {where}."
                yield (*key, name), StudyError(sentence)
    elif error.validator == "type" and "string" in wanted and "number" not in wanted:
        yield key, config_values.not_text(key, error.instance, written, source)
    else:
        yield key, StudyError(f"{source}: {_misfit(error)}.")


def _misfit(error: jsonschema.ValidationError) -> str:
    """Return the fault of a value, in plain words for the commonest mistakes."""
    key, value = config_values.shown(tuple(error.absolute_path)), error.instance
    wanted = error.validator_value
    if "propertyNames" in error.absolute_schema_path:
        what = f"{key} has an entry {_short(str(value))!r}, which"
    else:
        what = f"{key} is {_short(str(value))!r}, which" if isinstance(value, str) else key
    match error.validator:
        case "type" if not isinstance(value, str):
            shown = YAML_WORDS.get(str(value), _short(str(value)))
            return f"{key} is {shown}, but should be {_kinds(wanted)}"
        case "type":
            return f"{key} is the text {_short(value)!r}, but should be {_kinds(wanted)}"
        case "uniqueItems":
            twice = next(item for item in value if value.count(item) > 1)
            return f"{key} has {_short(str(twice))!r} twice; remove one"
        case "maxLength":
            return f"{what} has {len(value)} characters; write at most {wanted}"
        case "minLength":
            return f"{what} is empty; write a text"
        case "maximum":
            return f"{key} is {value}, but can be {wanted} at most"
        case "minimum":
            return f"{key} is {value}, but must be {wanted} at least"
        case "minItems":
            return f"{key} has too few entries ({len(value)}); give {wanted} at least"
        case "maxItems":
            return f"{key} has {len(value)} entries, but can have {wanted} at most"
        case "pattern" if "title" in error.schema:
            return f"{what} is not {error.schema['title']}; correct it"
    return f"the key {key} has an invalid value: {_short(error.message)}"


def _kinds(wanted: str | list[str]) -> str:
    return " or ".join(KINDS[kind] for kind in ([wanted] if isinstance(wanted, str) else wanted))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
