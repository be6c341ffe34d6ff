"""The files that a simulated study makes: only in its own folder, never over files of a user."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from cellpheno.core import made_files
from cellpheno.core.errors import StudyError

Config = dict[str, Any]


def root(study: str) -> str:
    """Return the folder in which all simulated files of a study lie."""
    return f"results/{study}/raw"


def images(config: Config, fields: pd.DataFrame) -> list[str]:
    """Return the raw images that are simulated, in the order of the sample sheet."""
    return fields[config["channels"]].to_numpy().ravel().tolist() if "simulation" in config else []


def annotations(config: Config, annotators: Sequence[Config]) -> list[str]:
    """Return the file of the senior annotator, then of others whom the simulation names."""
    if "simulation" not in config or not annotators:
        return []
    senior, *others = annotators
    further = {own["annotator"]: own["files"][0] for own in others}
    simulated = [entry["name"] for entry in config["simulation"]["annotators"]]
    return [*senior["files"][:1], *(further[name] for name in simulated if name in further)]


def patch_examples(config: Config) -> list[str]:
    """Return the table of marked patches, where a patch filter learns from simulated ones."""
    settings = config["patch_filter"]
    if config.get("simulation", {}).get("kind") != "live_dead" or not settings["enabled"]:
        return []
    return [str(Path(config["data_root"]) / settings["examples"])]


def paths(config: Config, fields: pd.DataFrame, annotators: Sequence[Config]) -> list[str]:
    """Return all files that simulate a study: images, annotations, examples of patches."""
    made = [*images(config, fields), *annotations(config, annotators)]
    return [*made, *patch_examples(config)]


def check(paths: Sequence[str], config: Config, source: str, folder: Path) -> None:
    """Refuse simulated files that would lie outside of their folder or replace files of a user.

    Snakemake deletes what an output replaces before the job starts, a folder with all its content.

    Parameters
    ----------
    paths
        Where images, annotations and examples of a simulated study go, joined with `data_root`.
    config
        Complete.
    source
        Where the config comes from, for messages.
    folder
        What relative paths are relative to.

    Raises
    ------
    StudyError
        For the first path that is outside of `root`, leads out of it by a link, is part of another
        one, or is there without being listed as made.
    """
    own = root(config["study"])
    if config["data_root"] != own:
        _check_place(config["data_root"], own, source)
    for path in paths:
        _check_place(path, own, source)
    _check_apart(paths, source)
    _check_links(
        [own, f"{own}/{made_files.MADE}", *paths], folder / Path(own).parent, folder, source
    )
    made = made_files.read(folder / own)
    for path in paths:
        if path not in made and os.path.lexists(folder / path):
            raise StudyError(
                f"{source}: the simulation would replace {path}, which is there already and which "
                "no simulation of this study has made; move it away, or give the simulated file "
                "another name."
            )


def claim(study: str, paths: Sequence[str]) -> None:
    """List files as made by a simulation of the study, before they are written."""
    made_files.claim(Path(root(study)), paths)


def _check_place(path: str, own: str, source: str) -> None:
    plain = os.path.normpath(path) == path and "\n" not in path
    if not plain or not path.startswith(f"{own}/") or PurePosixPath(path).name == made_files.MADE:
        raise StudyError(
            f"{source}: the files of a simulated study lie in {own}, which {path!r} does not; set "
            f"data_root to {own}, and give the simulated files in the sample sheet, in "
            "annotations.files and in patch_filter.examples names below it, without `..`."
        )


def _check_apart(paths: Sequence[str], source: str) -> None:
    """Refuse a path that is named twice or is a folder of another one."""
    named: set[str] = set()
    for path in paths:
        if path in named:
            raise StudyError(
                f"{source}: two simulated files have the name {path}; give each its own."
            )
        named.add(path)
    folders = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
    for path in paths:
        if path in folders:
            raise StudyError(
                f"{source}: {path} is a simulated file and the folder of another one; rename one."
            )


def _check_links(paths: Sequence[str], results: Path, folder: Path, source: str) -> None:
    """Refuse links that lead out of the study's results, which may be a link themselves."""
    real = os.path.realpath(results)
    parents = {str(PurePosixPath(path).parent) for path in paths}
    linked = [path for path in paths if (folder / path).is_symlink()]
    for path in [*linked, *sorted(parents)]:
        place = os.path.realpath(folder / path)
        if place != real and not place.startswith(f"{real}/"):
            raise StudyError(
                f"{source}: a link leads {path} out of {PurePosixPath(paths[0]).parent}, to "
                f"{place}, but the files of a simulated study lie in the study's own folder; "
                "remove the link."
            )
