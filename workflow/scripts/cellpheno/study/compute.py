"""The config's `compute`."""

from cellpheno.core.errors import StudyError
from cellpheno.study.overrides import Config, detector, experiment


def check(config: Config, source: str) -> None:
    """Refuse batches that the GPUs of a training cannot share evenly."""
    gpus = config["compute"]["gpus_per_training"]
    batches = {
        f"{section}.training.batch_size ({what} {name})": settings(config, name)["training"]
        for section, what, settings, names in (
            ("detection", "detector", detector, config["detectors"]),
            ("classification", "experiment", experiment, config["experiments"]),
        )
        for name in names
    }
    for key, training in batches.items():
        if training["batch_size"] % gpus:
            raise StudyError(
                f"{source}: compute.gpus_per_training is {gpus}, which does not divide {key} of "
                f"{training['batch_size']} evenly; change one of them."
            )
