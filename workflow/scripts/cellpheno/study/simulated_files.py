"""Files of a simulated study, which lie in its own folder and never replace a user's files."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from cellpheno.core import made_files
from cellpheno.core.errors import StudyError

Config = dict[str, Any]


def root(study: str) -> str:
    """Return the folder of all simulated files of a study."""
    return f"results/{study}/raw"


def images(config: Config, fields: pd.DataFrame) -> list[str]:
    """Return the simulated raw images in the order of the sample sheet."""
    return fields[config["channels"]].to_numpy().ravel().tolist() if "simulation" in config else []


def annotations(config: Config, annotators: Sequence[Config]) -> list[str]:
    """Return the senior annotator's file, then those of other simulated annotators."""
    if "simulation" not in config or not annotators:
        return []
    senior, *others = annotators
    further = {own["annotator"]: own["files"][0] for own in others}
    simulated = [entry["name"] for entry in config["simulation"]["annotators"]]
    return [*senior["files"][:1], *(further[name] for name in simulated if name in further)]


def patch_examples(config: Config) -> list[str]:
    """Return the table of simulated patches that the patch filter learns from, if any."""
    settings = config["patch_filter"]
    if config.get("simulation", {}).get("kind") != "live_dead" or not settings["enabled"]:
        return []
    return [str(Path(config["data_root"]) / settings["examples"])]


def paths(config: Config, fields: pd.DataFrame, annotators: Sequence[Config]) -> list[str]:
    """Return all files that simulate a study: images, annotations, examples of patches."""
    made = [*images(config, fields), *annotations(config, annotators)]
    return [*made, *patch_examples(config)]


def check(paths: Sequence[str], config: Config, source: str, folder: Path) -> None:
    """Refuse simulated files outside their folder or in place of a user's files.

    Snakemake deletes existing outputs, even whole folders, before the job starts. `paths` of
    images, annotations and examples are joined with `data_root` and relative to `folder`.

    Raises a StudyError for the first path that is outside `root`, leads out of it by a link, is
    part of another path, or exists but was not made by the workflow.
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
                f"{source}: the simulation would replace {path}, which exists and was not made by "
                "a simulation of this study; move it away, or rename the simulated file."
            )


def claim(study: str, paths: Sequence[str]) -> None:
    """List files as made by a simulation of the study before they are written."""
    made_files.claim(Path(root(study)), paths)


def _check_place(path: str, own: str, source: str) -> None:
    plain = os.path.normpath(path) == path and "\n" not in path
    if not plain or not path.startswith(f"{own}/") or PurePosixPath(path).name == made_files.MADE:
        raise StudyError(
            f"{source}: the files of a simulated study lie in {own}, but {path!r} does not; set "
            f"data_root to {own}, and give the simulated files in the sample sheet, in "
            "annotations.files and in patch_filter.examples names below it, without `..`."
        )


def _check_apart(paths: Sequence[str], source: str) -> None:
    """Refuse a path that is repeated or contains another one."""
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
    """Refuse links that lead out of the study's results, which may themselves be a link."""
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
