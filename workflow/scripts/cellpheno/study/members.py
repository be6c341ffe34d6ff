"""The experiments of a design, as rules and figures are told of them."""

import dataclasses

UNKNOWN, PATIENTS, CURVE, BACKBONES = "unknown", "patients", "learning_curve", "backbones"
ONE, WITHOUT, ALL = "only", "without", "all"


@dataclasses.dataclass(frozen=True)
class Member:
    """One experiment of a design.

    Attributes
    ----------
    base
        The experiment that it is a variant of.
    value
        What it differs in: a policy, a share, a backbone, `only 06`, `without 06` or `all`.
    experiment
        Under which name it is trained.
    """

    base: str
    value: str
    experiment: str
