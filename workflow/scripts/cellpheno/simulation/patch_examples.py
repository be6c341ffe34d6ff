"""Who marks empty and good patches for the filter, simulated: a person who looks at them (L9)."""

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
"""What a patch is marked as; patches out of focus are marked empty too, as the paper does."""

LOOKED_AT = ("train", "val")
"""Splits of the sample sheet whose fields are looked through, so that the test stays untouched."""

MIN_COVERED = 0.30
"""Share of a patch that cells cover, from which it is good."""
MAX_UNSHARP = 0.40
"""Share of a patch out of focus, above which it is not."""
PER_FIELD = 6
"""Patches of one label that are taken from one field at most."""


def mark(rows: Sequence[Row], plan: Plan, size: int, stride: int) -> pd.DataFrame:
    """Return marked patches of the grid, as many good as empty ones.

    Parameters
    ----------
    rows
        The sample sheet.
    plan
        What all fields of the study share; `simulation.monolayer.patch_examples` says how many
        patches of each label are wanted.
    size, stride
        Of the grid's patches, px.

    Returns
    -------
    DataFrame
        image (the field), x_min, y_min, x_max, y_max, label: the columns of annotations as CSV.

    Raises
    ------
    StudyError
        When the fields have too few patches of a label.
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
    chosen = [pd.concat(parts).iloc[:wanted] for parts in marked.values()]
    return pd.concat(chosen).sort_values(["image", *BOX_COLUMNS], ignore_index=True)


def _patches(row: Row, plan: Plan, size: int, stride: int) -> Iterator[dict[str, object]]:
    """Yield every patch of a field with what a person would mark it as."""
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
