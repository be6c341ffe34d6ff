# What all rules share: the config and the sample sheet, checked before any compute; the shards;
# what a study has of what not every study has.
import logging
import os
import re
import sys
from pathlib import Path

import jinja2
from snakemake.cli import get_argument_parser
from snakemake.settings.enums import PersistenceBackend
from snakemake.settings.types import RerunTrigger

# source_path also brings the library along when this workflow is used as a remote module
for name in (
    "__init__",
    "annotations/__init__",
    "annotations/cleaning",
    "annotations/documents",
    "annotations/formats/__init__",
    "annotations/formats/boxes_csv",
    "annotations/formats/coco",
    "annotations/formats/labelme",
    "annotations/formats/via",
    "annotations/formats/voc",
    "annotations/listing",
    "annotations/regions",
    "annotations/shapes",
    "core/__init__",
    "core/captions",
    "core/code_hash",
    "core/errors",
    "core/files",
    "core/made_files",
    "core/names",
    "core/notices",
    "core/text_tables",
    "core/weight_files",
    "core/wells",
    "splits/__init__",
    "splits/split_lists",
    "study/__init__",
    "study/annotations",
    "study/calls",
    "study/candidates",
    "study/classes",
    "study/classification",
    "study/composite",
    "study/compute",
    "study/config_text",
    "study/config_values",
    "study/configuration",
    "study/detection",
    "study/detector_libraries",
    "study/expansion",
    "study/experiments",
    "study/fetch",
    "study/first_page",
    "study/inputs",
    "study/known_pairs",
    "study/labels",
    "study/members",
    "study/movies",
    "study/overrides",
    "study/protocols",
    "study/sample_sheet",
    "study/schema_defaults",
    "study/sheet_changes",
    "study/simulated_files",
    "study/simulation",
    "study/spellings",
    "study/statistics",
    "study/trust",
):
    source_file = workflow.source_path(f"../scripts/cellpheno/{name}.py")
sys.path.insert(0, str(Path(source_file).parents[2]))

from cellpheno.core import captions
from cellpheno.study import annotations
from cellpheno.study import classification
from cellpheno.study import config_text
from cellpheno.study import configuration
from cellpheno.study import detection
from cellpheno.study import detector_libraries
from cellpheno.study import experiments
from cellpheno.core import files
from cellpheno.study import first_page
from cellpheno.study import inputs
from cellpheno.study import labels
from cellpheno.study import known_pairs
from cellpheno.core import notices
from cellpheno.study import sample_sheet
from cellpheno.study import movies
from cellpheno.study import sheet_changes
from cellpheno.study import statistics
from cellpheno.study import simulated_files
from cellpheno.core import code_hash
from cellpheno.splits import split_lists
from cellpheno.study import trust
from cellpheno.annotations import listing
from cellpheno.study import expansion
from cellpheno.core.errors import StudyError

# idle threads of one job must not burn the cores of another
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# where the report finds this run's Snakemake; as parameters they would make it anew when moved
os.environ["CELLPHENO_PYTHON"] = sys.executable
os.environ["CELLPHENO_SNAKEFILE"] = str(workflow.main_snakefile)
# jobs do not look for modules in the study's folder, as `python -m` does on a cluster's node
os.environ["PYTHONSAFEPATH"] = "1"
# a config.json next to weights may name a model elsewhere, which transformers would ask for
os.environ["HF_HUB_OFFLINE"] = "1"
# the report takes nothing from a docutils.conf in the study's folder
os.environ["DOCUTILSCONFIG"] = str(workflow.source_path("../report/docutils.conf"))
# Snakemake renders captions by an environment of Jinja of its own, which starts from these
jinja2.defaults.DEFAULT_FILTERS["plain"] = captions.plain


# warnings of the checks before any job; jobs on other nodes do not repeat them
to_terminal = (
    logging.StreamHandler(sys.stderr)
    if workflow.is_main_process
    else logging.NullHandler()
)
to_terminal.setFormatter(logging.Formatter("cellpheno: %(message)s"))
notices.logger.handlers = [to_terminal]
notices.logger.propagate = False
# tables of warnings of rules that may have some, collected for the report
WARNINGS = []


def command_line(environment=os.environ):
    """The options that Snakemake was called with, without those of profiles.

    `environment` takes the place of the variables of the environment, such as SNAKEMAKE_PROFILE.
    """
    return get_argument_parser().parse_args(sys.argv[1:], env_vars=environment)


def profiles_unasked():
    """The profiles that Snakemake has taken from the working folder without being asked to."""
    command = Path(sys.argv[0])
    if "snakemake" not in (command.name, command.parent.name):
        return []  # Snakemake as a library takes none
    asked = command_line({})
    start = Path(os.getenv("PWD", "")) if asked.directory else Path()
    found = []
    if asked.workflow_profile is None:
        places = [start / "default", start / "profiles/default"]
        found += [place for place in places if place.exists()][:1]
    if asked.profile is None:
        names = command_line().profile or []
        found += [start / name for name in names if not Path(name).is_absolute()]
    return [profile for profile in found if profile.exists()]


def refuse_code():
    """End where the working folder would run code of its own (docs/security.md)."""
    try:
        trust.check_profiles(
            profiles_unasked(),
            [place / "profiles" for place in Path(workflow.main_snakefile).parents[:2]],
        )
        trust.check_folder(Path())
        if not workflow.overwrite_configfiles:
            trust.check_plain(Path("config.yaml"))
    except StudyError as error:
        sys.exit(f"cellpheno: {error}")


if workflow.is_main_process:
    refuse_code()

# A study's config stands alone: it is not laid over the default study's.
if not workflow.overwrite_configfiles:

    configfile: "config.yaml"


def only_fetches():
    """Whether public data are all that is asked for: what needs them may still be missing."""
    if not {"fetch", "fetch:"} & set(sys.argv):
        return False
    # Snakemake knows its targets only after this file was read
    options = command_line()
    asked = [*options.targets, *(job.rulename for job in options.target_jobs)]
    return asked == ["fetch"]


def as_written():
    """How the config's files and `--config` write each value, checked for keys given twice."""
    given = workflow.config_settings.config
    if given and workflow.is_main_process:
        config_text.read_arguments(command_line().config)
    written = config_text.read(workflow.configfiles)
    return {key: value for key, value in written.items() if not {*key[:1]} & set(given)}


def keeps_changed_results():
    """Whether this run takes results as up to date although the sample sheet has changed."""
    options = command_line()
    if options.touch:
        return True
    if options.forceall or "convert_fields" in options.forcerun:
        return False
    # without a record of what made a result Snakemake goes by dates alone
    records = Path(".snakemake/metadata")
    in_files = options.persistence_backend == PersistenceBackend.FILE
    recorded = not in_files or (records.is_dir() and any(records.iterdir()))
    return RerunTrigger.PARAMS not in options.rerun_triggers or not recorded


def checked_study(config):
    """The config with its defaults and the sample sheet, or one sentence that says what is wrong."""
    source = ", ".join(map(str, workflow.overwrite_configfiles)) or "config.yaml"
    schema = configuration.load_schema(
        workflow.source_path("../schemas/config.schema.yaml")
    )
    try:
        config = configuration.complete(config, schema, source, as_written())
        if only_fetches():
            return config, sample_sheet.without_rows(config), {}
        configuration.check_files(config, Path())
        trust.check_markup(config, source, Path(config["fields"]))
        simulated = "simulation" in config
        # jobs on other nodes need not look at the disk all over again
        check_disk = workflow.is_main_process
        fields = sample_sheet.read(config, Path(), check_disk and not simulated)
        fields = split_lists.apply(config, fields, Path())
        split_lists.check_hold_out(config, fields)
        split_lists.check_together(config, fields)
        known_pairs.check(config, fields)
        config, members = expansion.expand(config, fields, source)
        # what designs add is held to the same rules
        config = configuration.complete(config, schema, source)
        experiments.check(config, source)
        configuration.check_files(config, Path())
        sample_sheet.check_planes(config, fields)
        sample_sheet.check_spellings(config, fields)
        sample_sheet.check_groups(config, fields)
        movies.check(fields, config["splits"]["track_frames"])
        configuration.check_sheet(config, fields)
        if simulated and check_disk:
            made = simulated_paths(config, fields)
            simulated_files.check(made, config, source, Path())
        elif check_disk and config["annotations"]["format"] != annotations.NONE:
            for settings in annotators_of(config):
                images = fields[["field", *config["channels"]]]
                listing.check_apart(settings["files"], settings, images)
            check_annotated_classes(config, fields)
        if check_disk:
            configuration.check_weights(config, Path())
            # with an environment for each rule this one need not hold the library
            if not workflow.deployment_settings.deployment_method:
                detection.check_libraries(config, source)
            own = [f"{kind}/{config['study']}" for kind in ("logs", "results")]
            files.check_writable([".snakemake", *own])
            judged = Path(f"results/{config['study']}/qc/fields.tsv")
            sheet_changes.report(
                judged, fields, config["fields"], keeps_changed_results
            )
    except StudyError as error:
        # a WorkflowError would bury the sentence between lines of this file
        sys.exit(f"cellpheno: {error}")
    return config, fields, members


def annotators_of(config):
    """Who annotated, the senior one first: their settings, with the paths of their files."""
    return [
        {
            **own,
            "files": [str(Path(config["data_root"]) / name) for name in own["files"]],
        }
        for own in configuration.annotators(config)
    ]


def simulated_paths(config, fields):
    """All files that simulate a study."""
    return [
        *simulated_files.images(config, fields),
        *simulated_files.annotations(config, annotators_of(config)),
        *simulated_files.patch_examples(config),
    ]


def check_annotated_classes(config, fields):
    """Refuse a class without annotation; files are read only until every class was seen."""
    annotated = set()
    for settings in annotators_of(config):
        for labels in listing.labels(settings["files"], settings, fields):
            annotated |= labels
            if annotated >= set(config["classes"]):
                return
    files = [name for own in configuration.annotators(config) for name in own["files"]]
    sample_sheet.check_classes(
        config["classes"], annotated, files or [config["fields"]]
    )


def target_tables(config, designs):
    """The tables of how well the class that is looked for is found."""
    names = ["metrics/cell_level.tsv", "metrics/cell_confusion.tsv"]
    if config["candidates"]["source"] == "detector":
        names += ["metrics/image_level.tsv", "metrics/fusion_weights.tsv"]
    if "patients" in designs:
        names.append("metrics/patients.tsv")
    if "learning_curve" in designs:
        names += ["metrics/learning_curve.tsv", "metrics/learning_curve_fits.tsv"]
    return names


checked, fields, DESIGNS = checked_study(config)
config.update(checked)

STUDY = config["study"]
CHANNELS = config["channels"]
ANNOTATORS = annotators_of(config)
ANNOTATIONS = [path for settings in ANNOTATORS for path in settings["files"]]
# only several annotators can agree
AGREEMENT = (
    {
        "agreement": "results/{study}/annotations/agreement.tsv",
        "each": "results/{study}/annotations/each.parquet",
        "gone_through": "results/{study}/annotations/gone_through.tsv",
    }
    if len(ANNOTATORS) > 1
    else {}
)
# the model is held against people where there are several of them
HUMAN_MODEL = (
    [f"results/{STUDY}/metrics/human_model.tsv"] if len(ANNOTATORS) > 1 else []
)
# wanted where subsets of the fields are measured by themselves
SUBSETS = [f"results/{STUDY}/metrics/subsets.tsv"] if config["evaluation"]["by"] else []
# what is classified, and what tells the classes that are learned from
CANDIDATES = config["candidates"]["source"]
FLUORESCENCE = config["labels"]["source"] == "fluorescence"
# what people have drawn gets its classes from a stain where the config says so
DRAWN = "objects" if FLUORESCENCE else "boxes"
DRAWN_FIELDS = "object_fields" if FLUORESCENCE else "fields"
PATCHES = CANDIDATES == "grid"
# near-duplicates: whether the splits follow them, and which are known to be none
TOGETHER = config["splits"]["near_duplicates"] == "keep_together"
KNOWN_PAIRS = config["splits"]["known_pairs"] or []
FLUORESCENCE_TABLES = (
    [
        f"results/{STUDY}/{name}"
        for name in (
            "labels/mixture.tsv",
            "labels/patches.parquet",
            "metrics/calibration.tsv",
            "metrics/scores.parquet",
            "metrics/two_classes.tsv",
            "metrics/two_classes_confusion.tsv",
            "metrics/two_classes_roc.parquet",
        )
    ]
    if FLUORESCENCE
    else []
)
EXPLANATIONS = [
    f"results/{STUDY}/grad_cam/{name}"
    for key, name in (
        ("every_class", "every_class.npz"),
        ("every_class", "every_class.parquet"),
        ("sanity", "sanity.tsv"),
    )
    if config["grad_cam"][key]
]
VIABILITY = (
    [
        f"results/{STUDY}/statistics/{name}"
        for name in ("viability.tsv", "viability_map.parquet")
    ]
    if config["viability"]["enabled"]
    else []
)
# only what was planted can be recovered
PLANTED_VIABILITY = (
    [f"results/{STUDY}/statistics/planted_viability.tsv"]
    if VIABILITY
    and config.get("simulation", {}).get("kind") == "live_dead"
    and config["viability"]["time"] == config["simulation"]["monolayer"]["time"]
    else []
)
DETECTORS = list(config["detectors"]) if CANDIDATES == "detector" else []
# whose cells the detector that makes the calls is to find
DETECTED_CLASSES = (
    detection.detected_classes(config, DETECTORS[0]) if DETECTORS else config["classes"]
)
# those that only designs ask for are trained, and judged on held-out fields
DESIGNED = expansion.added(config)
EXPERIMENTS = [name for name in config["experiments"] if name not in DESIGNED]
TRAINED = [*EXPERIMENTS, *DESIGNED]
MUST_LEARN = classification.must_learn(
    [configuration.experiment(config, name)["training"] for name in TRAINED],
    config["classes"],
)
# how well the class that is looked for is found; only where there is one
TARGET = config["calls"]["target"]
TARGET_TABLES = (
    [f"results/{STUDY}/{name}" for name in target_tables(config, DESIGNS)]
    if TARGET
    else []
)
SEEDS = config["seeds"]
# conditions that the sheet names for comparison; the splits of fields may leave fewer
COMPARED = statistics.compared(config, fields)["condition"].unique().tolist()
# a report knows the splits, and has no figure of an experiment without fields
if "--report" in sys.argv and not first_page.compared(
    Path(f"results/{STUDY}"), config["statistics"]["splits"]
):
    COMPARED = []
# what was planted is a class of cells: patches of a monolayer show several cells
PLANTED_FREQUENCIES = (
    [f"results/{STUDY}/statistics/planted_frequencies.tsv"]
    if COMPARED
    and config.get("simulation", {}).get("kind") in ("cell_in_cell", "organoid")
    and config["statistics"]["source"] == "calls"
    else []
)
# a shard is converted, counted, measured, searched for cells, and classified by every network
SHARDS = sample_sheet.shards(
    fields,
    config["fields_per_shard"],
    most=config["shard_jobs"] // (4 + len(EXPERIMENTS) * len(SEEDS)),
)
# files that the workflow itself makes; none in a study of real data
SIMULATED_IMAGES = simulated_files.images(config, fields)
SIMULATED_ANNOTATIONS = simulated_files.annotations(config, ANNOTATORS)
SIMULATED_TABLES = (
    [*SIMULATED_ANNOTATIONS, f"results/{STUDY}/simulation/truth.parquet"]
    if "simulation" in config
    else []
)

LABEL_ERRORS = (
    [
        f"results/{STUDY}/label_errors/{name}"
        for name in ("cells.parquet", "listed.tsv", "judges.tsv", "crops.npy")
    ]
    if config["label_errors"]["enabled"]
    else []
)
# only planted errors can be counted
if LABEL_ERRORS and config.get("simulation", {}).get("label_errors"):
    LABEL_ERRORS.append(f"results/{STUDY}/label_errors/found.tsv")

# the range of each channel where one serves the whole study
STUDY_RANGES = (
    f"results/{STUDY}/qc/ranges.tsv"
    if config["composite"]["rescale"] == "study"
    else []
)


wildcard_constraints:
    study=STUDY,
    shard="|".join(SHARDS),
    detector="|".join(config["detectors"]),
    backend="|".join(detector_libraries.BACKENDS),
    experiment="|".join(map(re.escape, TRAINED)),
    network_input="|".join(inputs.names(config)),
    seed="|".join(map(str, SEEDS)),
