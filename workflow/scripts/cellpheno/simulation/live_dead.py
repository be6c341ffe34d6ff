"""Simulate the JIMT-1 study: live and dead cells with propidium iodide (L1, L11).

Both channels have 16 bits. Patches of 112 px have a mean fluorescence of about 225 counts if all
cells are alive, and about 550 if all are dead (L11).
"""

import dataclasses
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import ndimage

from cellpheno.core.randomness import generator
from cellpheno.simulation import microscope, monolayer
from cellpheno.simulation.kind import Kind, Pictures, Plan, Row, fault_of
from cellpheno.simulation.monolayer import MARGIN, Array
from cellpheno.tables.columns import BOX_COLUMNS

Kept = TypeVar("Kept", bound=np.generic)

CHANNELS = ("brightfield", "propidium_iodide")
CLASSES = ("live", "dead")

_INSTRUMENT = microscope.Microscope(
    bias=100.0,
    gain=1.0,
    read_noise=6.0,
    brightfield_level=21000.0,
    background=106.0,
    full_well=65535,
)
_SIGNAL = 1380.0
"""Counts of the nucleus of a typical dead cell."""
_GLOW = 0.45
"""Share of the stain's light that is out of focus around the nucleus (L8)."""
_UNSHARP = 5.0
"""Standard deviation of the blur of a field out of focus, px."""


@dataclasses.dataclass(frozen=True)
class Scene:
    """One field before it is photographed."""

    layer: monolayer.Layer
    drawing: monolayer.Drawing
    unsharp: Array
    """[height, width] with `MARGIN` around: 0 in focus to 1 out of focus."""


def arrange(row: Row, plan: Plan) -> Scene:
    """Return the contents of a field, which depend only on row and plan.

    A cell is alive with the viability planted for its condition and day, whatever the well
    (`simulation.monolayer` of the config).
    """
    settings, field = plan.settings, row["field"]
    its = settings["monolayer"]
    day = row[its["time"]]
    shape = settings["height"], settings["width"]
    fault = fault_of(field, settings["faults"])
    layer = monolayer.grow(
        shape,
        settings["cell_radius"],
        its["coverage"][day] if fault != "empty" else 0.0,
        its["viability"][row["condition"]][day],
        row["condition"] in its["treated"],
        plan.seed,
        field,
        row["group"],
    )
    rng = generator(plan.seed, "drawing", field)
    drawing = monolayer.draw(layer, shape, rng)
    unsharp = np.zeros(drawing.light.shape, np.float32)
    if fault == "out_of_focus":
        unsharp += 1
    elif rng.random() < its["out_of_focus"]:
        unsharp = _tilt(drawing.light.shape, rng)
    return Scene(layer, drawing, unsharp)


def simulate_field(row: Row, plan: Plan) -> tuple[Pictures, pd.DataFrame]:
    """Return the images of one field, uint16 [height, width], and the truth of its cells."""
    scene = arrange(row, plan)
    rng = generator(plan.seed, "photograph", row["field"])
    longer = (
        _INSTRUMENT.overexposure
        if fault_of(row["field"], plan.settings["faults"]) == "overexposed"
        else (1.0, 1.0)
    )
    pictures = {
        "brightfield": _camera(longer[1] * _brightfield(scene, rng), rng),
        "propidium_iodide": _camera(longer[0] * _fluorescence(scene, rng), rng),
    }
    shape = plan.settings["height"], plan.settings["width"]
    boxes, dead = monolayer.boxes(scene.layer, shape)
    truth = pd.DataFrame(boxes, columns=BOX_COLUMNS)
    truth["label"] = np.where(dead, "dead", "live")
    truth.insert(0, "field", row["field"])
    return pictures, truth


def _tilt(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Return the side of the field in which a tilted slide leaves the focal plane."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    turn = rng.uniform(0, 2 * np.pi)
    along = np.cos(turn) * (x / shape[1] - 0.5) + np.sin(turn) * (y / shape[0] - 0.5)
    return np.clip((along - rng.uniform(-0.15, 0.2)) / 0.12, 0, 1).astype(np.float32)


def _brightfield(scene: Scene, rng: np.random.Generator) -> Array:
    """Return the light of the lamp behind the cells, counts."""
    light = scene.drawing.light
    light = light - microscope.specks(light.shape, 9000, rng) * np.float32(0.06)  # debris
    light = _focused(ndimage.gaussian_filter(light, rng.uniform(0.5, 0.9)), scene.unsharp)
    contrast = np.exp(rng.normal(0, 0.12))
    level = _INSTRUMENT.brightfield_level * np.exp(rng.normal(0, 0.06))
    even = microscope.mottle(light.shape, 0.006, rng)
    lit = level * np.clip(1 + contrast * light + even, 0.02, None)
    return _cropped(lit * microscope.illumination(light.shape, 0.08, 0.05, rng))


def _fluorescence(scene: Scene, rng: np.random.Generator) -> Array:
    """Return the light of the stain, counts."""
    stain = scene.drawing.stain
    sharp = _focused(ndimage.gaussian_filter(stain, 1.2), scene.unsharp)
    glow = ndimage.gaussian_filter(stain, 11.0)
    brightness = _SIGNAL * np.exp(rng.normal(0, 0.24))
    stray = _INSTRUMENT.background * np.exp(rng.normal(0, 0.30))
    even = 1 + microscope.mottle(stain.shape, 0.05, rng)
    dim = 10.0 * scene.drawing.covered  # living cytoplasm fluoresces a little
    light = brightness * ((1 - _GLOW) * sharp + _GLOW * glow) + stray * even + dim
    return _cropped(light * microscope.illumination(stain.shape, 0.12, 0.08, rng))


def _focused(light: Array, unsharp: Array) -> Array:
    """Blur the parts of an image that are out of focus."""
    if not unsharp.any():
        return light
    blurred = ndimage.gaussian_filter(light, _UNSHARP)
    return light * (1 - unsharp) + blurred * unsharp


def _camera(light: Array, rng: np.random.Generator) -> npt.NDArray[np.uint16]:
    return microscope.camera(light, _INSTRUMENT, rng)


def _cropped(canvas: npt.NDArray[Kept]) -> npt.NDArray[Kept]:
    """Return the field without its margin."""
    return canvas[MARGIN:-MARGIN, MARGIN:-MARGIN]


KIND = Kind(
    channels=CHANNELS,
    classes=CLASSES,
    simulate_field=simulate_field,
    annotated=lambda row, settings: False,
    swapped=CHANNELS,
)
