"""Simulate the CCA study: cells of patients' cancer and normal organoids (C1, C2, C4)."""

import dataclasses

import pandas as pd

from cellpheno.core import randomness
from cellpheno.simulation.culture import grow, planted_labels
from cellpheno.simulation.drawing import draw
from cellpheno.simulation.kind import Kind, Pictures, Plan, Row, Settings, fault_of
from cellpheno.simulation.lines import sample
from cellpheno.simulation.microscope import Microscope, Stain, photograph
from cellpheno.simulation.organoid_cells import CLASSES, DYES, build
from cellpheno.simulation.structures import CellLine
from cellpheno.tables.columns import BOX_COLUMNS


@dataclasses.dataclass(frozen=True)
class Confocal(Microscope):
    """A high-content microscope with a 16-bit camera and about the counts of C46."""

    bias: float = 60.0
    gain: float = 0.5
    read_noise: float = 4.0
    nucleus_signal: float = 1500.0
    green_signal: float = 2200.0
    red_signal: float = 800.0
    brightfield_level: float = 3600.0
    background: float = 60.0
    overexposure: tuple[float, float] = (90.0, 22.0)
    full_well: int = 65535


LINE = CellLine(radius_spread=0.14, elongation=0.06, clustering=0.6, granularity=0.9, depth=0.06)


def simulate_field(row: Row, plan: Plan) -> tuple[Pictures, pd.DataFrame]:
    """Return the images of one field, uint16 [height, width] per channel, and its truth.

    The condition is the patient, whose factors (`simulation.cell_lines`) affect cells and stain.
    The truth has the `origin` of unknown cells, which the images do not show.
    """
    settings, field = plan.settings, row["field"]
    fault = fault_of(field, settings["faults"])
    height, width = settings["height"], settings["width"]
    its = sample(row["condition"], settings, LINE, Confocal())
    rng = randomness.generator(plan.seed, "simulate", field)
    labels = planted_labels(row, plan, its.cells_per_field, rng)
    cells = grow(labels, its.line, height, width, rng, build)
    layers, boxes = draw(cells, its.line, height, width, rng, dyes=len(DYES))
    stains = {"hoechst": Stain(layers.nucleus, its.microscope.nucleus_signal)}
    for dye, layer in zip(DYES, layers.dyes, strict=True):
        stains[dye] = Stain(layer, getattr(its.microscope, f"{dye}_signal"))
    pictures = photograph(stains, layers.thickness, its.microscope, fault, rng)
    truth = pd.DataFrame(boxes, columns=BOX_COLUMNS).assign(
        label=labels, origin=[cell.origin for cell in cells]
    )
    truth = truth.dropna(subset=BOX_COLUMNS, ignore_index=True)
    truth.insert(0, "field", field)
    return pictures, truth


def is_annotated(row: Row, settings: Settings) -> bool:
    """Whether the sample sheet assigns a field to training, validation or test."""
    return row["split"] in ("train", "val", "test")


KIND = Kind(
    channels=("brightfield", "hoechst", *DYES),
    classes=CLASSES,
    simulate_field=simulate_field,
    annotated=is_annotated,
    swapped=("hoechst", "brightfield"),
)
