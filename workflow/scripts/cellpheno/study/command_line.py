"""What Snakemake's command line asks for, as far as the checks before any job depend on it."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from snakemake.cli import get_argument_parser
from snakemake.settings.enums import PersistenceBackend
from snakemake.settings.types import RerunTrigger

from cellpheno.study import config_text
from cellpheno.study.config_text import Key, Written


def options(environment: Mapping[str, str] = os.environ) -> Any:
    """Return the options that Snakemake was called with, without those of profiles.

    `environment` takes the place of the variables of the environment, such as SNAKEMAKE_PROFILE.
    """
    return get_argument_parser().parse_args(sys.argv[1:], env_vars=environment)


def unnamed_profiles() -> list[Path]:
    """Return the profiles that Snakemake has taken from the working folder of its own accord."""
    command = Path(sys.argv[0])
    if "snakemake" not in (command.name, command.parent.name):
        return []  # Snakemake as a library takes none
    asked = options({})
    start = Path(os.getenv("PWD", "")) if asked.directory else Path()
    found = []
    if asked.workflow_profile is None:
        places = [start / "default", start / "profiles/default"]
        found += [place for place in places if place.exists()][:1]
    if asked.profile is None:
        names = options().profile or []
        found += [start / name for name in names if not Path(name).is_absolute()]
    return [profile for profile in found if profile.exists()]


def as_written(files: Sequence[Path], given: Mapping[str, Any], check: bool) -> dict[Key, Written]:
    """Return how config files write each value that the command line does not give.

    Parameters
    ----------
    files
        Config files.
    given
        The values of `--config`.
    check
        Whether to refuse keys that `--config` gives twice.

    Raises a StudyError for a file or a value that is no YAML, and for a key that is given twice.
    """
    if given and check:
        config_text.read_arguments(options().config)
    written = config_text.read(files)
    return {key: value for key, value in written.items() if not {*key[:1]} & set(given)}


def only_fetches() -> bool:
    """Return whether only public data are asked for: what needs them may still be missing."""
    if not {"fetch", "fetch:"} & set(sys.argv):
        return False
    # Snakemake knows its targets only after the Snakefile was read
    asked = options()
    return [*asked.targets, *(job.rulename for job in asked.target_jobs)] == ["fetch"]


def keeps_changed_results() -> bool:
    """Return whether results count as up to date although the sample sheet has changed."""
    asked = options()
    if asked.touch:
        return True
    if asked.forceall or "convert_fields" in asked.forcerun:
        return False
    # without a record of what made a result Snakemake goes by dates alone
    records = Path(".snakemake/metadata")
    in_files = asked.persistence_backend == PersistenceBackend.FILE
    recorded = not in_files or (records.is_dir() and any(records.iterdir()))
    return RerunTrigger.PARAMS not in asked.rerun_triggers or not recorded
