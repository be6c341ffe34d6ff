"""Refuse files in a study's folder that would run code unasked (docs/security.md)."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from cellpheno.core import text_tables
from cellpheno.core.errors import StudyError
from cellpheno.study.config_text import TEMPLATE

NUMBA = ".numba_config.yaml"
"""numba reads it in the working folder and may load a folder of pickles that it names."""
LOADER_FOLDERS = ("tls", "x86_64", "aarch64", "glibc-hwcaps")
"""Subfolders in which the system looks for a library."""
_ENDS_SCRIPT = re.compile(r"</script|<!--", re.IGNORECASE)


def check_folder(folder: Path) -> None:
    """Raise a StudyError for files in the working folder that would be loaded as code.

    A library of NVIDIA looks for the driver's library (libcuda) in the working folder, because
    its search path ends with a colon.
    """
    places = [folder, *(folder / name for name in LOADER_FOLDERS)]
    libraries = [
        found
        for place in places
        for found in (place.glob if place == folder else place.rglob)("lib*.so*")
    ]
    for found in [folder / NUMBA, *libraries]:
        if found.exists():
            raise StudyError(
                f"The working folder contains {found.relative_to(folder)}, which libraries of the "
                "workflow would load as code; remove it, or run the workflow in another folder."
            )


def check_plain(config: Path) -> None:
    """Refuse a template before Snakemake reads it and runs its values as Python.

    Snakemake's own parser is used, so that no difference lets one through. A missing file is
    left to Snakemake.

    Raises a StudyError when the file is a template, contains Python objects, or is not UTF-8 text
    with keys.
    """
    if not config.is_file():
        return
    text_tables.text(config)  # Snakemake shows a traceback for another encoding
    try:
        content = _content(config.read_text(encoding="utf-8"))
    except yaml.constructor.ConstructorError as error:
        raise StudyError(
            f"{config} contains more than plain values: {error.problem}; write only texts, "
            "numbers, lists and sections."
        ) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        # Snakemake names neither file nor line
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}:" if mark else ""
        raise StudyError(
            f"{config} is not YAML:{where} {getattr(error, 'problem', None) or error}; correct "
            "it (indent by blanks, not by tabs)."
        ) from error
    if not isinstance(content, dict):
        raise StudyError(
            f"{config} has no keys at its top level; write lines such as `study: my_study`."
        )
    if TEMPLATE in content:
        raise StudyError(
            f"{config} is a template (`{TEMPLATE}`), whose values Snakemake would run as Python; "
            "write out the values."
        )


def check_profiles(found: Iterable[Path], own: Iterable[Path]) -> None:
    """Raise a StudyError for a profile `found` without being named and outside the `own` folders.

    `own` are the workflow's folders of profiles, next to the Snakefile.
    """
    folders = [folder.resolve() for folder in own]
    for profile in found:
        if not any(profile.resolve().is_relative_to(folder) for folder in folders):
            raise StudyError(
                f"Snakemake takes its options from {profile} of the working folder, which is not "
                "the workflow's own profile and may run code; remove it, or name the profile "
                f"that you trust: --workflow-profile {folders[0] / 'default'} (the workflow's "
                f"own), {profile} (this one), or none."
            )


def check_markup(config: Mapping[str, Any], source: str, sheet: Path) -> None:
    """Refuse text that would end a script of the report, where Snakemake does not escape values.

    Raises a StudyError for the first key or value of the config, or line of the sheet.
    """
    for where, text in _texts(config, source):
        if _ENDS_SCRIPT.search(text):
            raise StudyError(
                f"{where} contains {text!r}, which a browser would read as HTML; write it "
                "without `</script` and `<!--`."
            )
    if not sheet.is_file():
        return
    for number, line in enumerate(sheet.read_bytes().splitlines(), start=1):
        if _ENDS_SCRIPT.search(line.decode(errors="replace")):
            raise StudyError(
                f"{sheet}, line {number}, contains `</script` or `<!--`, which a browser would "
                "read as HTML; write it without them."
            )


def _texts(value: Any, where: str) -> Iterator[tuple[str, str]]:
    """Yield every text of a config, keys included, with its location."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping):
        for key, below in value.items():
            yield where, str(key)
            yield from _texts(below, f"{where}: {key}")
    elif isinstance(value, list):
        for below in value:
            yield from _texts(below, where)


def _content(text: str) -> Any:
    """Parse a config in Snakemake's order: JSON, then YAML."""
    try:
        return json.loads(text)
    except ValueError:
        return yaml.safe_load(text)
