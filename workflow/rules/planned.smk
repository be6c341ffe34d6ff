# Parameters that follow from the plan, where the config leaves values to it.
PLANNED = [f"results/{STUDY}/plan/fingerprint.tsv"] if plan.needed(config) else []


def planned(**choices):
    """Parameters from the config without `auto`; each takes that config and the wildcards.

    Snakemake compares parameters before the fingerprint may be taken anew. So those that follow
    from it are no reason to repeat a job: its file is, as an input, and `follows`, what the config
    would lead to for other cells.
    """
    if not PLANNED:
        return {name: partial_of(choose, config) for name, choose in choices.items()}

    def follows(wildcards):
        led_to = [completed(number) for number in range(len(plan.EXAMPLES))]
        return [choose(one, wildcards) for choose in choices.values() for one in led_to]

    return {name: after_plan(choose) for name, choose in choices.items()} | {
        "follows": follows
    }


def partial_of(choose, config):
    return lambda wildcards: choose(config, wildcards)


def after_plan(choose):
    """A parameter that is known once the fingerprint is there, and no reason to repeat a job."""

    def value(wildcards, input):
        # by the name of the missing file Snakemake knows what the parameter waits for
        made = [str(os.stat(path).st_mtime_ns) for path in PLANNED]
        return choose(completed(*made) if made else config, wildcards)

    return value


@cache
def completed(taken):
    """The config without `auto`, by the number of an example, or by the fingerprint of a time."""
    example = isinstance(taken, int)
    facts = plan.EXAMPLES[taken] if example else plan.read_facts(PLANNED[0])
    return plan.complete(config, facts)[0]


def detector_part(part, name=None):
    """A part of the `detection` section with the overrides of a detector, by default the job's."""
    return lambda config, wildcards: configuration.detector(
        config, name or wildcards.detector
    )[part]


def experiment_part(part, name=None):
    """A part of the `classification` section with the overrides of an experiment."""
    return lambda config, wildcards: configuration.experiment(
        config, name or wildcards.experiment
    )[part]
