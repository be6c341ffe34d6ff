"""The simulated AIM-CICs study: cells and cell-in-cell structures of seven classes (A11)."""

import pandas as pd

from cellpheno.core import randomness
from cellpheno.simulation.cells import BUILDERS
from cellpheno.simulation.culture import grow, planted_labels
from cellpheno.simulation.drawing import draw
from cellpheno.simulation.kind import Kind, Pictures, Plan, Row, Settings, fault_of
from cellpheno.simulation.lines import sample
from cellpheno.simulation.microscope import Stain, photograph
from cellpheno.tables.columns import BOX_COLUMNS


def simulate_field(row: Row, plan: Plan) -> tuple[Pictures, pd.DataFrame]:
    """Return the images of one field, uint16 [height, width] per channel, and its truth.

    The truth lacks structures that others hide completely. Of the faults, over-exposure,
    defocus and emptiness are simulated here, before files are written.
    """
    settings, field = plan.settings, row["field"]
    fault = fault_of(field, settings["faults"])
    height, width = settings["height"], settings["width"]
    its = sample(row["condition"], settings)
    rng = randomness.generator(plan.seed, "simulate", field)
    labels = planted_labels(row, plan, its.cells_per_field, rng)
    structures = grow(labels, its.line, height, width, rng)
    layers, boxes = draw(structures, its.line, height, width, rng)
    stains = {
        "membrane": Stain(layers.membrane, its.microscope.membrane_signal),
        "nucleus": Stain(layers.nucleus, its.microscope.nucleus_signal),
    }
    pictures = photograph(stains, layers.thickness, its.microscope, fault, rng)
    truth = pd.DataFrame(boxes, columns=BOX_COLUMNS).assign(label=labels)
    truth = truth.dropna(subset=BOX_COLUMNS, ignore_index=True)
    truth.insert(0, "field", field)
    return pictures, truth


def is_annotated(row: Row, settings: Settings) -> bool:
    """Whether a field is of the annotated condition or of another cell line."""
    return row["condition"] in {settings["annotated"], *settings["cell_lines"]}


KIND = Kind(
    channels=("membrane", "nucleus", "brightfield"),
    classes=tuple(BUILDERS),
    simulate_field=simulate_field,
    annotated=is_annotated,
    swapped=("nucleus", "brightfield"),
)
