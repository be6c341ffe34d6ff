"""Draw stain and matter at each pixel from the geometry of a field."""

import dataclasses

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from cellpheno.simulation.outlines import Array
from cellpheno.simulation.structures import Cell, CellLine, Nucleus, Structure

MARGIN = 12
"""Width beyond every edge of the field, px, that blur needs."""

_USUAL_RADIUS = 21.0
"""Radius, px, for which the lengths below are given; they scale with the cell line's radius."""

_MEMBRANE_WIDTH = 1.15
_WOBBLE = 0.55
_HAZE = 0.115
_FREE_MEMBRANE = 0.75
_HELD_MEMBRANE = 1.2
_FAR = np.float32(1e6)


@dataclasses.dataclass
class Layers:
    """Layers for the microscope, each [height, width] with `MARGIN` around the field."""

    membrane: Array
    nucleus: Array
    thickness: Array
    """Optical thickness, px, whose curvature is visible in bright field."""
    dyes: list[Array] = dataclasses.field(default_factory=list)
    """Cytoplasmic dyes."""


@dataclasses.dataclass(frozen=True)
class _Patch:
    """The part of the canvas around one structure."""

    window: tuple[slice, slice]
    x: Array
    y: Array
    distances: list[Array]
    """Signed distance from the outline of each cell, px."""
    hull: Array
    """Signed distance from the outline of the whole structure, px."""


def draw(
    structures: list[Structure],
    line: CellLine,
    height: int,
    width: int,
    rng: np.random.Generator,
    dyes: int = 0,
) -> tuple[Layers, npt.NDArray[np.float64]]:
    """Draw the placed structures of a field of this size (px), with a number of cytoplasmic dyes.

    Returns the layers and the tight boxes [n, 4] of the visible part of each structure within the
    field, NaN if others hide it completely.
    """
    shape = (height + 2 * MARGIN, width + 2 * MARGIN)
    membrane, nucleus, thickness, *dyed = (np.zeros(shape, np.float32) for _ in range(3 + dyes))
    layers = Layers(membrane, nucleus, thickness, dyed)
    texture = _Texture(line, shape, rng)
    patches = [_patch(structure, line, shape) for structure in structures]
    nearest, second, owner = _contest(patches, shape)
    boxes = np.empty((len(structures), 4))
    for row, (structure, patch) in enumerate(zip(structures, patches, strict=True)):
        mine = owner[patch.window] == row
        others = np.where(mine, second[patch.window], nearest[patch.window])
        # half the difference of both distances is the distance from the border between cells
        border = np.maximum(0.5 * (patch.hull - others), -_FAR)
        _draw_structure(layers, structure, patch, border, line, texture, rng)
        visible = np.maximum(patch.hull, border) < _scale(line) + 0.5 * structure.blur
        boxes[row] = _tight_box(visible, patch.window, height, width)
    return layers, boxes


def _scale(line: CellLine) -> float:
    return line.radius / _USUAL_RADIUS


def _patch(structure: Structure, line: CellLine, shape: tuple[int, int]) -> _Patch:
    reach = int(np.ceil(1.35 * structure.radius + 4 * structure.blur + 4 * _scale(line)))
    column, row = round(structure.x) + MARGIN, round(structure.y) + MARGIN
    window = (
        slice(max(0, row - reach), min(shape[0], row + reach + 1)),
        slice(max(0, column - reach), min(shape[1], column + reach + 1)),
    )
    y, x = np.mgrid[window].astype(np.float32)
    x -= np.float32(structure.x + MARGIN)
    y -= np.float32(structure.y + MARGIN)
    distances = [cell.outline.distance(x, y) for cell in structure.cells]
    for row, cell in enumerate(structure.cells):
        if cell.cup is not None:
            distances[cell.parent] = _cupped(structure, row, distances, x, y)
    free = [
        distance
        for cell, distance in zip(structure.cells, distances, strict=True)
        if cell.parent < 0 or cell.cup is not None
    ]
    return _Patch(window, x, y, distances, np.minimum.reduce(free))


def _cupped(structure: Structure, row: int, distances: list[Array], x: Array, y: Array) -> Array:
    """Return the distance from an outer cell that reaches around an inner one, open outwards."""
    inner = structure.cells[row]
    outer = structure.cells[inner.parent].outline
    direction = np.array([inner.outline.x - outer.x, inner.outline.y - outer.y])
    direction /= np.hypot(*direction)
    along = (x - inner.outline.x) * direction[0] + (y - inner.outline.y) * direction[1]
    closed_to = (2 * (inner.cup or 0.0) - 1) * inner.outline.radius
    lips = np.maximum(distances[row] - 0.24 * inner.outline.radius, along - closed_to)
    softness = 0.3 * inner.outline.radius
    plain = distances[inner.parent]
    mix = np.clip(0.5 + 0.5 * (lips - plain) / softness, 0, 1)
    joined = lips * (1 - mix) + plain * mix - softness * mix * (1 - mix)
    return joined.astype(np.float32)


def _contest(
    patches: list[_Patch], shape: tuple[int, int]
) -> tuple[Array, Array, npt.NDArray[np.int32]]:
    """Return, per pixel, the two smallest distances from structures, and the nearest structure."""
    nearest, second = np.full(shape, _FAR), np.full(shape, _FAR)
    owner = np.full(shape, -1, np.int32)
    for row, patch in enumerate(patches):
        best, runner = nearest[patch.window], second[patch.window]
        wins = patch.hull < best
        np.minimum(runner, np.where(wins, best, patch.hull), out=runner)
        np.minimum(best, patch.hull, out=best)
        owner[patch.window][wins] = row
    return nearest, second, owner


def _draw_structure(
    layers: Layers,
    structure: Structure,
    patch: _Patch,
    border: Array,
    line: CellLine,
    texture: "_Texture",
    rng: np.random.Generator,
) -> None:
    """Add one structure to the layers, blurred if it is out of focus."""
    drawn_on = [layers.membrane, layers.nucleus, layers.thickness, *layers.dyes]
    parts = [np.zeros(border.shape, np.float32) for _ in drawn_on]
    for row, cell in enumerate(structure.cells):
        children = [n for n, other in enumerate(structure.cells) if other.parent == row]
        distance = np.maximum(patch.distances[row], border)
        held = [patch.distances[n] for n in children]
        for n in children:  # an outer cell ends where an inner cell is open to the outside
            if structure.cells[n].cup is not None:
                distance = np.maximum(distance, -patch.distances[n])
        membrane, thickness = _draw_cell(cell, distance, line, texture, rng)
        parts[0] += membrane
        parts[2] += thickness
        for part, amount in zip(parts[3:], cell.dyes, strict=bool(cell.dyes)):
            part += amount * _draw_dye(cell, distance, texture, rng)
        for nucleus in cell.nuclei:
            stain, bulge = _draw_nucleus(nucleus, distance, held, patch, line, texture, rng)
            parts[1] += stain
            parts[2] += bulge
    for layer, part in zip(drawn_on, parts, strict=True):
        seen = ndimage.gaussian_filter(part, structure.blur) if structure.blur else part
        layer[patch.window] += seen


def _draw_cell(
    cell: Cell, distance: Array, line: CellLine, texture: "_Texture", rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return membrane stain and thickness of a cell without its nucleus."""
    scale, radius = _scale(line), cell.outline.radius
    inside = np.clip(0.5 - distance / 1.5, 0, 1)
    middle = np.clip(1 + distance / radius, 0, 1)
    coarse, fine = texture.sample(distance.shape, rng)
    wobble = distance + np.float32(_WOBBLE * scale) * texture.sample(distance.shape, rng)[0]
    edge = np.exp(-0.5 * (wobble / (_MEMBRANE_WIDTH * scale * cell.width)) ** 2)
    edge *= np.clip(1 + line.membrane_texture * (0.9 * coarse + 0.6 * fine), 0.1, None)
    # a rounded membrane is seen edge-on near the outline, so the haze grows towards it
    haze = _HAZE * inside / np.sqrt(1.1 - middle**2) * np.clip(1 + 0.4 * coarse + 0.3 * fine, 0, 3)
    vesicles = 0.3 * inside * np.clip(fine - 1.7, 0, 1.5)
    held = cell.parent >= 0 and cell.cup is None
    strength = cell.stain * (_HELD_MEMBRANE if held else _FREE_MEMBRANE)
    dome = 0.4 * cell.height * radius * np.sqrt(1 - middle**2) * inside
    grains = inside * line.granularity * cell.grain * scale * (0.8 * fine + 0.5 * coarse)
    thickness = dome + grains
    if cell.parent >= 0:  # the gap around an inner cell
        gap = np.exp(-0.5 * ((distance - 1.5 * scale) / (1.1 * scale)) ** 2)
        thickness -= np.float32(1.8 * scale) * gap
    return strength * (edge + haze + vesicles), thickness


def _draw_dye(cell: Cell, distance: Array, texture: "_Texture", rng: np.random.Generator) -> Array:
    """Return the usual amount of dye in a cell: proportional to its thickness, in clumps."""
    middle = np.clip(1 + distance / cell.outline.radius, 0, 1)
    coarse, fine = texture.sample(distance.shape, rng)
    clumps = np.clip(1 + 0.25 * coarse + 0.2 * fine, 0.2, None)
    return np.clip(0.5 - distance / 1.5, 0, 1) * np.sqrt(1.05 - middle**2) * clumps


def _draw_nucleus(
    nucleus: Nucleus,
    distance: Array,
    held: list[Array],
    patch: _Patch,
    line: CellLine,
    texture: "_Texture",
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Return stain and thickness of a nucleus, cut by its cell's edge and by inner cells."""
    scale = _scale(line)
    own = nucleus.outline.distance(patch.x, patch.y)
    depth = np.maximum(own, distance + 1.8 * scale)
    for inner in held:
        depth = np.maximum(depth, 1.3 * scale - inner)
    fill = np.clip(0.5 - depth / (1.6 * scale), 0, 1)
    coarse, fine = texture.sample(distance.shape, rng)
    chromatin = 1 + line.chromatin * nucleus.texture * (0.7 * coarse + 0.8 * fine)
    nucleoli = 1 - 0.3 * nucleus.texture * np.clip(coarse - 0.9, 0, 1)
    round_off = np.clip(-depth / (0.5 * nucleus.outline.radius), 0, 1) ** 0.3
    stain = (
        nucleus.stain * fill * np.clip(chromatin * nucleoli, 0.2, None) * (0.6 + 0.4 * round_off)
    )
    bulge = fill * scale * (0.7 * round_off + 0.8 * nucleus.texture * np.clip(coarse - 0.9, 0, 1))
    return stain, bulge


def _tight_box(
    visible: npt.NDArray[np.bool_], window: tuple[slice, slice], height: int, width: int
) -> tuple[float, float, float, float]:
    """Return x_min, y_min, x_max, y_max of the visible pixels within the field, px, or NaN."""
    low = [max(0, MARGIN - part.start) for part in window]
    high = [MARGIN + n - part.start for n, part in zip((height, width), window, strict=True)]
    if not visible[low[0] : high[0], low[1] : high[1]].any():
        return (np.nan,) * 4
    rows = np.flatnonzero(visible.any(axis=1)) + window[0].start - MARGIN
    columns = np.flatnonzero(visible.any(axis=0)) + window[1].start - MARGIN
    return (
        float(np.clip(columns[0], 0, width - 1)),
        float(np.clip(rows[0], 0, height - 1)),
        float(np.clip(columns[-1] + 1, 1, width)),
        float(np.clip(rows[-1] + 1, 1, height)),
    )


class _Texture:
    """Smooth random fields of unit variance, from which every cell takes its own piece."""

    def __init__(self, line: CellLine, shape: tuple[int, int], rng: np.random.Generator) -> None:
        self._coarse = _smooth(shape, 3.4 * _scale(line), rng)
        self._fine = _smooth(shape, 1.1 * _scale(line), rng)

    def sample(self, shape: tuple[int, int], rng: np.random.Generator) -> tuple[Array, Array]:
        """Return coarse and fine texture [height, width] from a random place."""
        pieces = []
        for texture in (self._coarse, self._fine):
            low = [
                int(rng.integers(0, n - m + 1)) for n, m in zip(texture.shape, shape, strict=True)
            ]
            pieces.append(texture[low[0] : low[0] + shape[0], low[1] : low[1] + shape[1]])
        return pieces[0], pieces[1]


def _smooth(shape: tuple[int, int], sigma: float, rng: np.random.Generator) -> Array:
    noise = rng.standard_normal(shape, dtype=np.float32)
    smooth = ndimage.gaussian_filter(noise, sigma, mode="wrap")
    return smooth / smooth.std()
