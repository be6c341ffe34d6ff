# What rules ask for by their wildcards: the files and settings of a shard, a detector, an
# experiment; what a retry gets; the hash of the code behind a rule.
import hashlib
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError


def shard_rows(wildcards):
    """The rows of the sample sheet in a shard, as plain dictionaries."""
    rows = SHARDS[wildcards.shard]
    columns = list(rows)  # pandas' own `to_dict` takes ten times as long
    values = rows.to_numpy(dtype=object).tolist()
    return [dict(zip(columns, each, strict=True)) for each in values]


def shard_files(wildcards):
    return SHARDS[wildcards.shard][CHANNELS].to_numpy().ravel().tolist()


def raw_files(wildcards):
    """The raw images of a shard, if a rule makes them."""
    return shard_files(wildcards) if SIMULATED_IMAGES else []


def raw_version(wildcards):
    """Size and time of a user's raw images: inputs would cost seconds per 10,000 of them."""
    return [] if SIMULATED_IMAGES else sample_sheet.raw_version(shard_files(wildcards))


def detector_settings(part):
    """A part of the `detection` section with the detector's overrides."""

    def settings(wildcards):
        return configuration.detector(config, wildcards.detector)[part]

    return settings


def backend_of(detector):
    """The library that a detector comes from."""
    return configuration.detector(config, detector)["model"]["backend"]


def backend_environment(backend):
    """The environment that holds a library of detectors."""
    return f"../../envs/{detector_libraries.BACKENDS[backend].environment}.yaml"


def keeps_best(detector):
    """Whether a field with as many cells as the detector may find is no error."""
    return (
        configuration.detector(config, detector)["inference"]["on_full"] == "keep_best"
    )


def detector_environment(wildcards):
    """The environment of a job: of its library or detector, or of the detector of the study."""
    named = dict(wildcards.items())
    backend = named.get("backend") or backend_of(named.get("detector") or DETECTORS[0])
    return backend_environment(backend)


def detector_weights(wildcards):
    """The files of weights that the detector starts from, if any."""
    model = detector_settings("model")(wildcards)
    return [model[key] for key in ("weights", "backbone_weights") if model[key]]


def detector_channels(wildcards):
    """What the detector sees, in its order."""
    return inputs.channels(config, detector_settings("input")(wildcards))


def detector_tiles(wildcards):
    """The tiles that show the detector's input."""
    return f"results/{STUDY}/tiles/{detector_settings('input')(wildcards)}"


def experiment_settings(part):
    """A part of the `classification` section with the experiment's overrides."""

    def settings(wildcards):
        return configuration.experiment(config, wildcards.experiment)[part]

    return settings


def experiment_channels(wildcards):
    """What the classifier sees, in its order."""
    return inputs.channels(config, experiment_settings("input")(wildcards))


def crops_file(kind):
    """The crops of an experiment, which it may share with others."""

    def path(wildcards):
        name = experiments.crops_as(config, wildcards.experiment)
        return f"results/{wildcards.study}/crops/{name}.{kind}"

    return path


def leaks_files(wildcards):
    """What the leak gates wrote: a training waits for it, and is not done again because of it."""
    files = [f"results/{wildcards.study}/leaks.tsv"]
    if PATCHES:  # designs share it with their experiment
        name = wildcards.experiment
        name = experiments.crops_as(config, name) if name in DESIGNED else name
        files.append(f"results/{wildcards.study}/leaks/{name}.tsv")
    return [ancient(path) for path in files]


def sheet_for_training(wildcards):
    """The sample sheet's columns, where they choose what a training learns from."""
    training = experiment_settings("training")(wildcards)
    return "results/{study}/qc/fields.tsv" if training["only"] else []


def guessed_cells(wildcards):
    """Guessed classes of unknown cells, where the training learns from them."""
    if not experiments.guesses(config, wildcards.experiment):
        return []
    first = experiments.first_classifier(config, wildcards.experiment)
    return f"results/{wildcards.study}/classifier/{first}/guessed.parquet"


def learns_from_detections(wildcards):
    """Whether the experiment's crops are those of the detector's boxes."""
    return experiment_settings("crops")(wildcards)["source"] == "detections"


def classifier_weights(wildcards):
    """The file of weights that the experiment starts from, if any."""
    return experiment_settings("model")(wildcards)["weights"] or []


def starting_networks():
    """Classifiers and detectors that start from weights: settings by name, by their library."""
    models = {name: configuration.experiment(config, name)["model"] for name in TRAINED}
    if config["patch_filter"]["enabled"]:
        describes = {
            "backbone": "resnet18",
            "weights": config["patch_filter"]["weights"],
        }
        models["patch_filter.weights"] = {
            **config["classification"]["model"],
            **describes,
        }
    classifiers = {name: model for name, model in models.items() if model["weights"]}
    found = {"torchvision": (classifiers, {})} if classifiers else {}
    for name in DETECTORS:
        settings = configuration.detector(config, name)
        model = settings["model"]
        if model["weights"] or model["backbone_weights"]:
            channels = inputs.channels(config, settings["input"])
            found.setdefault(model["backend"], ({}, {}))[1][name] = [model, channels]
    return found


def starting_weights(wildcards):
    """The files of weights of the networks of a library."""
    classifiers, detectors = FROM_WEIGHTS[wildcards.backend]
    models = [*classifiers.values(), *(model for model, _ in detectors.values())]
    named = [
        model.get(key) for model in models for key in ("weights", "backbone_weights")
    ]
    return [path for path in named if path]


def checkpoint_folder(wildcards):
    """Beside the declared outputs, which are deleted when a job fails."""
    folder = "results/{study}/classifier/{experiment}/seed{seed}/checkpoints"
    return folder.format(**wildcards)


def scaled(base_mb, cap_mb=512_000):
    """Memory that doubles with each retry, up to a cap."""

    def mem_mb(wildcards, attempt):
        return min(base_mb * 2 ** (attempt - 1), cap_mb)

    return mem_mb


def longer(base_minutes, cap_minutes=2880):
    """Time limit that doubles with each retry, up to a cap that partitions allow."""

    def runtime(wildcards, attempt):
        return max(base_minutes, min(base_minutes * 2 ** (attempt - 1), cap_minutes))

    return runtime


@cache
def script_text(name):
    try:
        return Path(workflow.source_path(f"../scripts/{name}")).read_text()
    except (OSError, WorkflowError):
        return None


def resource_id(name):
    """Hash of a file of `resources`: its content counts, not its date."""
    path = Path(workflow.source_path(f"../../resources/{name}"))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def code_id(script):
    """Hash of a script and the library behind it: an edit reruns exactly what it touches."""
    return code_hash.code_id(script, script_text)


# what holds the lowest detector score of a cell, unless the config gives it
DETECTION_METRICS = branch(
    config["calls"]["min_score"] == "auto",
    then="results/{study}/metrics/detection.tsv",
    otherwise=[],
)
