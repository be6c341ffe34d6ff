# What all rules share: the library; the config and the sample sheet, checked before any compute;
# what the study has.
import hashlib
import importlib
import os
import re
import sys
from functools import cache
from pathlib import Path

import jinja2
from snakemake.exceptions import WorkflowError


@cache
def source_text(name):
    """The text of a file next to this one or of a script, None where there is none.

    Where this workflow is a remote module, `source_path` also fetches the file.
    """
    path = name if name.endswith(".smk") else f"../scripts/{name}"
    try:
        return Path(workflow.source_path(path)).read_text()
    except (OSError, WorkflowError):
        return None


# The module that finds all others comes first. Python imports the fetched copies even of a local
# workflow, so a module that is not found ends every run.
for name in ("__init__", "core/__init__", "core/code_hash"):
    source_text(f"cellpheno/{name}.py")
fetched = Path(workflow.source_path("../scripts/cellpheno/core/code_hash.py"))
sys.path.insert(0, str(fetched.parents[2]))

from cellpheno.core import code_hash

code_hash.behind("common.smk", source_text)
importlib.invalidate_caches()

from cellpheno.annotations import checks as annotation_checks, listing
from cellpheno.core import captions, notices
from cellpheno.core.errors import StudyError
from cellpheno.planning import plan
from cellpheno.splits import split_lists
from cellpheno.study import annotations, checks, classification, command_line
from cellpheno.study import configuration, detection, detector_libraries, expansion
from cellpheno.study import experiments, first_page, inputs, labels, named_weights
from cellpheno.study import sample_sheet, simulated_files, stages, starting_weights
from cellpheno.study import statistics

# idle threads of one job must not burn the cores of another
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# jobs do not look for modules in the study's folder, as `python -m` does on a cluster's node
os.environ["PYTHONSAFEPATH"] = "1"
# a config.json next to weights may name a model elsewhere, which transformers would ask for
os.environ["HF_HUB_OFFLINE"] = "1"

notices.show_on_terminal(workflow.is_main_process)

if workflow.is_main_process:
    try:
        snakefile = Path(workflow.main_snakefile)
        checks.check_folder(snakefile, not workflow.overwrite_configfiles)
    except StudyError as error:
        sys.exit(f"cellpheno: {error}")

# A study's config is complete: it is not laid over the default study's.
if not workflow.overwrite_configfiles:

    configfile: "config.yaml"


def checked_study(config):
    """The config with its defaults, sample sheet and designs, or one sentence on what is wrong."""
    source = ", ".join(map(str, workflow.overwrite_configfiles)) or "config.yaml"
    path = workflow.source_path("../schemas/config.schema.yaml")
    schema = configuration.load_schema(path)
    given = workflow.config_settings.config
    # jobs on other nodes need not look at the disk all over again
    on_disk = workflow.is_main_process
    try:
        written = command_line.as_written(workflow.configfiles, given, on_disk)
        config = configuration.complete(config, schema, source, written)
        if command_line.only_fetches():
            return config, sample_sheet.without_rows(config), {}
        fields = checks.read_sheet(config, source, on_disk)
        fields = split_lists.apply(config, fields, Path())
        split_lists.check(config, fields)
        config, designs = expansion.expand(config, fields, source)
        # what designs add is checked by the same rules
        config = configuration.complete(config, schema, source)
        checks.check_sheet(config, fields, source)
        if on_disk:
            annotators = annotations.annotators_with_paths(config)
            annotation_checks.check(config, annotators, fields)
            # with an environment for each rule this one need not hold the library
            own_library = not workflow.deployment_settings.deployment_method
            keeps = command_line.keeps_changed_results
            checks.check_disk(config, fields, source, own_library, keeps)
    except StudyError as error:
        # a WorkflowError would bury the sentence between lines of this file
        sys.exit(f"cellpheno: {error}")
    return config, fields, designs


checked, fields, DESIGNS = checked_study(config)
config.update(checked)

STUDY = config["study"]
SEEDS = config["seeds"]
ANNOTATORS = annotations.annotators_with_paths(config)
# where no detector looks for cells, candidates are patches of a grid or what was annotated
DETECTORS = (
    list(config["detectors"]) if config["candidates"]["source"] == "detector" else []
)
PATCHES = config["candidates"]["source"] == "grid"
# what people have drawn gets its classes from a stain where the config says so
STAINED = config["labels"]["source"] == "fluorescence"
DRAWN = "objects" if STAINED else "boxes"
# those that only designs ask for are trained, and judged on held-out fields
DESIGNED = expansion.added(config)
EXPERIMENTS = [name for name in config["experiments"] if name not in DESIGNED]
TRAINED = [*EXPERIMENTS, *DESIGNED]
# a shard is converted, counted, measured, searched for cells, and classified by every network
SHARDS = sample_sheet.shards(
    fields,
    sample_sheet.fields_in_shard(config, fields),
    most=config["shard_jobs"] // (4 + len(EXPERIMENTS) * len(SEEDS)),
)
