"""Simulate a person who marks empty and good patches for the patch filter (L9)."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from cellpheno.core.errors import StudyError
from cellpheno.core.progress import track
from cellpheno.core.randomness import generator
from cellpheno.simulation.kind import Plan, Row
from cellpheno.simulation.live_dead import arrange
from cellpheno.simulation.monolayer import MARGIN
from cellpheno.tables.columns import BOX_COLUMNS

LABELS = ("good", "empty")
"""Marks of a patch; patches out of focus are empty too, as in the paper."""

LOOKED_AT = ("train", "val")
"""Splits whose fields are used, so that the test split stays untouched."""

MIN_COVERED = 0.30
"""Smallest share of a good patch that cells cover."""
MAX_UNSHARP = 0.40
"""Largest share of a good patch that is out of focus."""
PER_FIELD = 6
"""Largest number of patches of one label from one field."""


def mark(rows: Sequence[Row], plan: Plan, size: int, stride: int) -> pd.DataFrame:
    """Return equally many good and empty patches of the grid, as columns of annotations in CSV.

    The columns are image (the field), x_min, y_min, x_max, y_max and label. `size` and `stride`
    are in px; `simulation.monolayer.patch_examples` is the number of each label.

    Raises a StudyError when the fields have too few patches of a label.
    """
    wanted = plan.settings["monolayer"]["patch_examples"]
    looked_at = [row for row in rows if row["split"] in (*LOOKED_AT, "")]
    rng = generator(plan.seed, "patch examples")
    order = [looked_at[number] for number in rng.permutation(len(looked_at))]
    marked: dict[str, list[pd.DataFrame]] = {label: [] for label in LABELS}
    for row in track(order, "fields", len(order)):
        missing = [label for label in LABELS if sum(map(len, marked[label])) < wanted]
        if not missing:
            break
        patches = pd.DataFrame(_patches(row, plan, size, stride))
        for label in missing:
            alike = patches[patches["label"] == label]
            chosen = rng.choice(len(alike), min(PER_FIELD, len(alike)), replace=False)
            marked[label].append(alike.iloc[np.sort(chosen)])
    for label, parts in marked.items():
        found = sum(map(len, parts))
        if found < wanted:
            raise StudyError(
                f"The simulated fields of {', '.join(LOOKED_AT)} have {found} {label} patches of "
                f"the {wanted} that simulation.monolayer.patch_examples asks for; lower it, or add "
                "fields."
            )
    taken = [pd.concat(parts).iloc[:wanted] for parts in marked.values()]
    return pd.concat(taken).sort_values(["image", *BOX_COLUMNS], ignore_index=True)


def _patches(row: Row, plan: Plan, size: int, stride: int) -> Iterator[dict[str, object]]:
    """Yield every patch of a field with its mark."""
    scene = arrange(row, plan)
    inside = (slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
    covered, unsharp = (
        sliding_window_view(layer[inside], (size, size))[::stride, ::stride].mean(axis=(2, 3))
        for layer in (scene.drawing.covered.astype(np.float32), scene.unsharp)
    )
    for (i, j), share in np.ndenumerate(covered):
        good = share >= MIN_COVERED and unsharp[i, j] <= MAX_UNSHARP
        corner = (j * stride, i * stride)
        box = (*corner, corner[0] + size, corner[1] + size)
        named = dict(zip(BOX_COLUMNS, box, strict=True))
        yield {"image": row["field"], **named, "label": LABELS[0] if good else LABELS[1]}
