# What rules ask for by their wildcards: the files and settings of a shard, a detector, an
# experiment.
TARGET = config["calls"]["target"]
# cells of one class need no classifier, and those that people have drawn no network at all
SEVERAL_CLASSES = len(config["classes"]) > 1
CALLED = bool(DETECTORS or EXPERIMENTS)


def shard_rows(wildcards):
    """The rows of the sample sheet in a shard, as plain dictionaries."""
    rows = SHARDS[wildcards.shard]
    columns = list(rows)  # pandas' own `to_dict` takes ten times as long
    values = rows.to_numpy(dtype=object).tolist()
    return [dict(zip(columns, each, strict=True)) for each in values]


def shard_files(wildcards):
    return SHARDS[wildcards.shard][config["channels"]].to_numpy().ravel().tolist()


def raw_files(wildcards):
    """The raw images of a shard, if a rule makes them."""
    return shard_files(wildcards) if "simulation" in config else []


def raw_version(wildcards):
    """Size and time of a user's raw images: inputs would cost seconds per 10,000 of them."""
    return (
        []
        if "simulation" in config
        else sample_sheet.raw_version(shard_files(wildcards))
    )


def backend_of(detector):
    """The library that a detector comes from."""
    return configuration.detector(config, detector)["model"]["backend"]


def keeps_best(detector):
    """Whether a field with as many cells as the detector may find is no error."""
    return (
        configuration.detector(config, detector)["inference"]["on_full"] == "keep_best"
    )


def backend_used(wildcards):
    """The library of a job: that of its wildcards, or of the study's first detector."""
    named = dict(wildcards.items())
    backend = named.get("backend") or backend_of(named.get("detector") or DETECTORS[0])
    return detector_libraries.BACKENDS[backend]


def detector_environment(wildcards):
    """The environment that holds the library of a job."""
    return f"../../envs/{backend_used(wildcards).environment}.yaml"


def module_of(backend):
    """The file that builds a library's detectors; scripts import it by name."""
    return f"cellpheno/detection/backends/{backend.module}.py"


def detector_code(script):
    """The hash of a script and of the one library of detectors that its job uses."""
    return lambda wildcards: code_id(script, module_of(backend_used(wildcards)))


def detector_weights(wildcards):
    """The files of weights that the detector starts from, if any."""
    model = configuration.detector(config, wildcards.detector)["model"]
    return starting_weights.files([model], STUDY)


def detector_channels(wildcards):
    """What the detector sees, in its order."""
    return inputs.channels(config, detector_settings("input")(wildcards))


def detector_tiles(wildcards):
    """The tiles that show the detector's input."""
    return f"results/{STUDY}/tiles/{detector_settings('input')(wildcards)}"


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
    model = configuration.experiment(config, wildcards.experiment)["model"]
    return starting_weights.files([model], STUDY)


def judged_detectors(experiment):
    """The detectors whose boxes an experiment judges: those that see the same, or else the first."""
    seen = inputs.sources(config, configuration.experiment(config, experiment)["input"])
    same = [
        name
        for name in DETECTORS
        if inputs.sources(config, configuration.detector(config, name)["input"]) == seen
    ]
    chosen = same or DETECTORS[:1]
    return chosen if experiment in EXPERIMENTS else chosen[:1]


# what holds the lowest detector score of a cell, unless the config gives it
DETECTION_METRICS = branch(
    config["calls"]["min_score"] == "auto",
    then="results/{study}/metrics/detection.tsv",
    otherwise=[],
)
# conditions that the sheet names for comparison; the splits of fields may leave fewer
COMPARED = statistics.compared(config, fields)["condition"].unique().tolist()
# a report knows the splits, and has no figure of an experiment without fields
if "--report" in sys.argv and not first_page.compared(
    Path(f"results/{STUDY}"), config["statistics"]["splits"]
):
    COMPARED = []
# whose cells the detector that makes the calls is to find
DETECTED_CLASSES = (
    detection.detected_classes(config, DETECTORS[0]) if DETECTORS else config["classes"]
)
