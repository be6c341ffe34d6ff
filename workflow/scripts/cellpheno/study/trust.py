"""What would run code of a study's folder unasked: refused before it does (docs/security.md)."""

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
"""numba reads it in the working folder; it can name a folder of pickles that numba loads."""
LOADER_FOLDERS = ("tls", "x86_64", "aarch64", "glibc-hwcaps")
"""Subfolders of each place in which the system looks for a library."""
_ENDS_SCRIPT = re.compile(r"</script|<!--", re.IGNORECASE)


def check_folder(folder: Path) -> None:
    """Refuse files in the working folder that programs of the workflow load as code.

    A library of NVIDIA's looks for the driver's library (libcuda) in the working folder, since
    its search path ends with a colon.

    Raises
    ------
    StudyError
        For the first such file.
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
                f"The working folder holds {found.relative_to(folder)}, which libraries of the "
                "workflow would load as code; remove it, or run the workflow in another folder."
            )


def check_plain(config: Path) -> None:
    """Refuse a config that is a template before Snakemake reads it and runs its values as Python.

    It is parsed by the very parser that Snakemake uses, so that no difference lets one through.

    Parameters
    ----------
    config
        A JSON or YAML file; one that is not there is left to Snakemake.

    Raises
    ------
    StudyError
        When the file is a template, holds objects of Python, or is no text in UTF-8 with keys.
    """
    if not config.is_file():
        return
    text_tables.text(config)  # Snakemake shows a traceback of text in another encoding
    try:
        content = _content(config.read_text(encoding="utf-8"))
    except yaml.constructor.ConstructorError as error:
        raise StudyError(
            f"{config} holds more than plain values: {error.problem}; write texts, numbers, lists "
            "and sections alone."
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
    """Refuse profiles that Snakemake has taken though nobody has named them.

    Parameters
    ----------
    found
        The files or folders of profiles that it has taken without a word of the command line.
    own
        The folders of profiles next to the Snakefile.

    Raises
    ------
    StudyError
        For the first profile that lies in none of these folders.
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
    """Refuse what would end a script of the report, into which Snakemake writes values as they are.

    Parameters
    ----------
    config
        The config; keys and values of any depth are looked at.
    source
        File names of the config, for messages.
    sheet
        The sample sheet.

    Raises
    ------
    StudyError
        For the first key, value or line.
    """
    for where, text in _texts(config, source):
        if _ENDS_SCRIPT.search(text):
            raise StudyError(
                f"{where} holds {text!r}, which a browser would read as HTML of the report; write "
                "it without `</script` and `<!--`."
            )
    if not sheet.is_file():
        return
    for number, line in enumerate(sheet.read_bytes().splitlines(), start=1):
        if _ENDS_SCRIPT.search(line.decode(errors="replace")):
            raise StudyError(
                f"{sheet}, line {number}, holds `</script` or `<!--`, which a browser would read "
                "as HTML of the report; write it without them."
            )


def _texts(value: Any, where: str) -> Iterator[tuple[str, str]]:
    """Yield every text of a config, and where it is; keys are texts too."""
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
    """Return what a config holds, read in the order in which Snakemake tries: JSON, then YAML."""
    try:
        return json.loads(text)
    except ValueError:
        return yaml.safe_load(text)
