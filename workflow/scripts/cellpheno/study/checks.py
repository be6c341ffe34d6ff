"""Checks of a study before any job: its sample sheet, and what lies on the disk."""

import functools
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from cellpheno.core import files
from cellpheno.core.errors import Mistakes
from cellpheno.study import (
    annotations,
    command_line,
    configuration,
    detection,
    experiments,
    known_pairs,
    movies,
    sample_sheet,
    sheet_changes,
    simulated_files,
    trust,
)
from cellpheno.study.overrides import Config


def check_folder(snakefile: Path, reads_config: bool) -> None:
    """Refuse a working folder whose files Snakemake would run as code (docs/security.md).

    Parameters
    ----------
    snakefile
        Next to whose folder the workflow's own profiles are.
    reads_config
        Whether Snakemake is to read `config.yaml` of the working folder.

    Raises a StudyError for the first such file.
    """
    own = [place / "profiles" for place in snakefile.parents[:2]]
    trust.check_profiles(command_line.unnamed_profiles(), own)
    trust.check_folder(Path())
    if reads_config:
        trust.check_plain(Path("config.yaml"))


def read_sheet(config: Config, source: str, check_disk: bool) -> pd.DataFrame:
    """Return the sample sheet of a config whose texts and files are what they should be.

    Parameters
    ----------
    config
        Complete, as `configuration.complete` returns it.
    source
        Where the config comes from, for messages.
    check_disk
        Whether raw images that the workflow does not make must be there.

    Raises a StudyError with all mistakes.
    """
    mistakes = Mistakes()
    with mistakes:
        configuration.check_files(config, Path())
    with mistakes:
        trust.check_markup(config, source, Path(config["fields"]))
    with mistakes:
        fields = sample_sheet.read(config, Path(), check_disk and "simulation" not in config)
    mistakes.refuse()
    return fields


def check_sheet(config: Config, fields: pd.DataFrame, source: str) -> None:
    """Refuse a config and a sample sheet that do not fit each other.

    Parameters
    ----------
    config
        Complete, with the experiments of its designs.
    fields
        The sample sheet with all splits.
    source
        Where the config comes from, for messages.

    Raises a StudyError with all contradictions.
    """
    checks: list[Callable[[], object]] = [
        functools.partial(known_pairs.check, config, fields),
        functools.partial(experiments.check, config, source),
        functools.partial(configuration.check_files, config, Path()),
        functools.partial(sample_sheet.check_planes, config, fields),
        functools.partial(sample_sheet.check_spellings, config, fields),
        functools.partial(sample_sheet.check_groups, config, fields),
        functools.partial(movies.check, fields, config["splits"]["track_frames"]),
        functools.partial(configuration.check_sheet, config, fields),
    ]
    mistakes = Mistakes()
    for check in checks:
        with mistakes:
            check()
    mistakes.refuse()


def check_disk(
    config: Config,
    fields: pd.DataFrame,
    source: str,
    own_library: bool,
    keeps: Callable[[], bool],
) -> None:
    """Refuse a study whose files are wrong, would be replaced or cannot be written.

    Parameters
    ----------
    config, fields, source
        As for `check_sheet`.
    own_library
        Whether jobs run in this environment, which then needs the library of every detector.
    keeps
        Whether this run takes results of a changed sheet as up to date; called if it has changed.

    Raises a StudyError for the first thing that is wrong.
    """
    if "simulation" in config:
        annotators = annotations.annotators_with_paths(config)
        made = simulated_files.paths(config, fields, annotators)
        simulated_files.check(made, config, source, Path())
    configuration.check_weights(config, Path())
    if own_library:
        detection.check_libraries(config, source)
    files.check_writable([".snakemake", f"logs/{config['study']}", f"results/{config['study']}"])
    judged = Path(f"results/{config['study']}/qc/fields.tsv")
    sheet_changes.report(judged, fields, config["fields"], keeps)
