"""The experiments of a design."""

import dataclasses

UNKNOWN, PATIENTS, CURVE, BACKBONES = "unknown", "patients", "learning_curve", "backbones"
ONE, WITHOUT, ALL = "only", "without", "all"


@dataclasses.dataclass(frozen=True)
class Member:
    """One experiment of a design."""

    base: str
    """The experiment that it is a variant of."""
    value: str
    """What it differs in: a policy, a share, a backbone, `only 06`, `without 06` or `all`."""
    experiment: str
    """The name under which it is trained."""
