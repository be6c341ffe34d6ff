# Settings of a job's detector or experiment: as the config says, or after the plan.
PLANNED = [f"results/{STUDY}/plan/fingerprint.tsv"] if plan.needed(config) else []


def detector_part(part, name=None):
    """A part of the `detection` section with the overrides of a detector, by default the job's."""
    return lambda config, wildcards: part_of(
        configuration.detector(config, name or wildcards.detector), part
    )


def experiment_part(part, name=None):
    """A part of the `classification` section with the overrides of an experiment."""
    return lambda config, wildcards: part_of(
        configuration.experiment(config, name or wildcards.experiment), part
    )


def part_of(settings, part):
    """A part of a section, in which named weights are paths."""
    model = part == "model"
    return named_weights.resolved(settings[part], STUDY) if model else settings[part]


def as_written(choose):
    """A parameter that follows from the config alone."""
    return lambda wildcards: choose(config, wildcards)


def detector_settings(part):
    """A part of the `detection` section with the detector's overrides."""
    return as_written(detector_part(part))


def experiment_settings(part):
    """A part of the `classification` section with the experiment's overrides."""
    return as_written(experiment_part(part))


def planned(**choices):
    """Parameters from the config without `auto`; each takes that config and the wildcards.

    Snakemake compares parameters before the fingerprint may be taken anew. So those that follow
    from it are no reason to repeat a job: its file is, as an input, and `follows`, what the config
    would lead to for other cells.
    """
    if not PLANNED:
        return {name: as_written(choose) for name, choose in choices.items()}

    def follows(wildcards):
        return [
            choose(one, wildcards) for choose in choices.values() for one in examples()
        ]

    return {name: after_plan(choose) for name, choose in choices.items()} | {
        "follows": follows
    }


def after_plan(choose):
    """A parameter that is known once the fingerprint is there, and no reason to repeat a job."""

    def value(wildcards, input):
        # by the name of the missing file Snakemake knows what the parameter waits for
        changed = [os.stat(path).st_mtime_ns for path in PLANNED]
        return choose(completed(*changed) if changed else config, wildcards)

    return value


@cache
def completed(changed):
    """The config without `auto`, by the fingerprint as it was last changed."""
    return plan.complete(config, plan.read_facts(PLANNED[0]))[0]


@cache
def examples():
    """The configs without `auto` of the studies that configs are compared by."""
    return [plan.complete(config, facts)[0] for facts in plan.EXAMPLES]
