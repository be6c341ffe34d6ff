"""A JSON schema (2020-12) held against a config: defaults filled in, misfits told in a sentence."""

import copy
from collections.abc import Mapping
from typing import Any

import jsonschema

from cellpheno.errors import StudyError
from cellpheno.known import suggestion


def fill(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> None:
    """Fill the defaults of a schema into a value, in place, and order its keys as the schema does.

    Snakemake takes a section whose keys stand in another order for a changed one.
    """
    schema = resolved(schema, root)
    if isinstance(value, list):
        for item in value:
            fill(item, schema.get("items", {}), root)
    if not isinstance(value, dict):
        return
    for key, part in schema.get("properties", {}).items():
        part = resolved(part, root)
        if key not in value and "default" in part:
            value[key] = copy.deepcopy(part["default"])
        if key in value:
            value[key] = value.pop(key)
            fill(value[key], part, root)


def resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema with its reference into `$defs` followed; its own keys win."""
    if "$ref" not in schema:
        return dict(schema)
    target = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}


def refuse_misfits(config: Mapping[str, Any], schema: Mapping[str, Any], source: str) -> None:
    """Refuse a config that does not fit a schema.

    Raises
    ------
    StudyError
        For the first key that is unknown, missing or has a value that does not fit.
    """
    errors = jsonschema.Draft202012Validator(schema).iter_errors(config)
    error = min(
        errors, key=lambda e: (len(e.absolute_path), list(map(str, e.absolute_path))), default=None
    )
    if error is None:
        return
    key = ".".join(map(str, error.absolute_path))
    within = f"{key}." if key else ""
    if error.validator == "additionalProperties" and isinstance(
        error.schema.get("properties"), dict
    ):
        known = list(error.schema["properties"])
        unknown = next(name for name in error.instance if name not in known)
        raise StudyError(
            f"{source}: the key {within}{unknown} is not known{suggestion(unknown, known)}."
        )
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        raise StudyError(
            f"{source}: the key {within}{missing} is missing; config.yaml explains it."
        )
    raise StudyError(f"{source}: the key {key} has a value that does not fit: {error.message}.")
