"""Simulate an adherent monolayer: where its cells are, which are dead, and their look (L1, L28)."""

import dataclasses

import numpy as np
import numpy.typing as npt
from scipy import ndimage, special
from scipy.spatial import cKDTree

from cellpheno.core.randomness import generator

Array = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

MARGIN = 40
"""Width beyond every edge of the field, px, so that cells at the edge have neighbours."""

SHARES = {"well": 0.04, "field": 0.16, "place": 0.77, "cell": 0.03}
"""Contributions of well, field, place and the cell itself to its fate: dead cells are clustered, so
that most patches have cells of one state (L8)."""

UNLIKE = 0.06
"""Share of dead cells that look alive, and of live cells that look dead: the stain enters before a
cell collapses, and a dividing cell is round. Appearance alone cannot classify these."""

_SPACING = 1.75
"""Distance of neighbours in a confluent layer, in radii."""
_ENLARGED = 1.2
"""Factor by which treated cells are larger, because they spread and do not divide."""
_COARSE = 8
"""Spacing, px, at which smooth random fields are computed."""


@dataclasses.dataclass(frozen=True)
class Layer:
    """The cells of one field with `MARGIN` around it; lengths in px, the field's corner at 0."""

    places: Floats
    """[n, 2] centre of each cell, x and y."""
    dead: Mask
    """[n]."""
    collapsed: Mask
    """[n] whether a cell looks dead: nearly all dead ones, and few others."""
    radius: float
    """Mean radius of a cell."""
    treated: bool
    """Whether drugs have effaced the outlines and left bright spots (L28)."""


@dataclasses.dataclass(frozen=True)
class Drawing:
    """Layers for the microscope, each [height, width] of the field with `MARGIN` around."""

    light: Array
    """Change of the bright-field light by the cells, relative to an empty place."""
    stain: Array
    """Propidium iodide, 1 at the centre of the nucleus of a typical dead cell."""
    covered: Mask
    """Pixels of cells."""


def grow(
    shape: tuple[int, int],
    radius: float,
    coverage: float,
    viability: float,
    treated: bool,
    seed: int,
    field: str,
    well: str,
) -> Layer:
    """Arrange the cells of a field of this shape (px), and decide which are dead.

    Cells of this mean radius (px) cover the share `coverage` of the area, on average over fields.
    Each is alive with the probability `viability`, and those of one well, field and place tend
    to share their fate (`SHARES`).
    """
    rng = generator(seed, "monolayer", field)
    size = radius * (_ENLARGED if treated else 1.0)
    places = _lattice(shape, _SPACING * size, rng)
    settled = _at(_smooth(shape, 4.0 * radius, rng), places)
    places = places[special.ndtr(settled) < coverage]
    parts = {
        "well": generator(seed, "fate of a well", well).standard_normal(),
        "field": rng.standard_normal(),
        "place": _at(_smooth(shape, 11.0 * radius, rng), places),
        "cell": rng.standard_normal(len(places)),
    }
    fate = sum(np.sqrt(share) * parts[name] for name, share in SHARES.items())
    dead = np.broadcast_to(special.ndtr(fate) >= viability, len(places)).copy()
    look = _smooth(shape, 6.0 * radius, generator(seed, "looks unlike its fate", field))
    collapsed = dead ^ (special.ndtr(_at(look, places)) < UNLIKE)
    return Layer(places, dead, collapsed, size, treated)


def draw(layer: Layer, shape: tuple[int, int], rng: np.random.Generator) -> Drawing:
    """Draw the cells of a field.

    Live cells are uniform grey with thin outlines and dark nucleoli. Dead ones are shrunken
    bodies without nucleoli in a blurred dark halo, with propidium iodide in the nucleus. Treated
    ones have no outlines, but bright spots (L28).
    """
    size = (shape[0] + 2 * MARGIN, shape[1] + 2 * MARGIN)
    if len(layer.places) < 2:
        nothing = np.zeros(size, np.float32)
        return Drawing(nothing, nothing.copy(), np.zeros(size, bool))
    own, middle, border = _territories(layer, size, rng)
    cells = _Looks(layer, rng)
    depth = np.minimum(border, cells.reach[own] - middle)
    live = _live(layer, cells, own, depth, size, rng)
    dead = _dead(layer, cells, own, depth, size, rng)
    return Drawing((live + dead).astype(np.float32), _stain(layer, cells, size), depth > 0)


def boxes(layer: Layer, shape: tuple[int, int]) -> tuple[Floats, Mask]:
    """Return the boxes [m, 4] of cells with their centre in the field, and which are dead.

    A box is that of a circle, because outlines in a monolayer overlap and mean little (L32).
    """
    inside = ((layer.places >= 0) & (layer.places < np.array(shape[::-1]))).all(axis=1)
    places = layer.places[inside]
    edges = np.hstack([places - layer.radius, places + layer.radius])
    limits = np.array([shape[1], shape[0]] * 2, float)
    return np.clip(edges, 0, limits), layer.dead[inside]


class _Looks:
    """Properties that vary between cells: reach, nucleus, nucleoli, stain, darkness."""

    def __init__(self, layer: Layer, rng: np.random.Generator) -> None:
        n, radius, dead = len(layer.places), layer.radius, layer.dead
        collapsed = layer.collapsed
        spread = np.exp(rng.normal(0, 0.08, n))
        # collapsed cells have detached from their neighbours
        self.reach = radius * spread * np.where(collapsed, rng.uniform(0.62, 0.85, n), 1.3)
        self.nuclei = layer.places + rng.normal(0, 0.14 * radius, (n, 2))
        # some nuclei of dead cells have shrunk and stain more
        shrunken = np.exp(-np.abs(rng.normal(0, 0.22, n)))
        self.nucleus = radius * np.where(collapsed, 0.46 * shrunken, 0.50)
        self.stain = np.where(dead, np.exp(rng.normal(0, 0.3, n)) / shrunken**1.5, 0.0)
        self.stretch = 1 + np.abs(rng.normal(0, 0.22, n))
        self.turn = rng.uniform(0, np.pi, n)
        self.darkness = np.exp(rng.normal(0, 0.35, n))

    def blobs(self, size: tuple[int, int], rows: Integers, heights: Floats) -> Array:
        """Return the nuclei of some cells."""
        return _blobs(
            size,
            self.nuclei[rows],
            self.nucleus[rows],
            heights,
            self.stretch[rows],
            self.turn[rows],
        )


def _lattice(shape: tuple[int, int], spacing: float, rng: np.random.Generator) -> Floats:
    """Return roughly equidistant places, also beyond the field's edge."""
    rows = np.arange(-MARGIN, shape[0] + MARGIN, spacing * np.sqrt(0.75))
    columns = np.arange(-MARGIN, shape[1] + MARGIN, spacing)
    x, y = np.meshgrid(columns, rows)
    x = x + np.where(np.arange(len(rows)) % 2, 0.5 * spacing, 0.0)[:, None]
    places = np.stack([x.ravel(), y.ravel()], axis=1)
    return places + rng.uniform(0, spacing, 2) + rng.normal(0, 0.21 * spacing, places.shape)


def _smooth(shape: tuple[int, int], length: float, rng: np.random.Generator) -> Array:
    """Return a random field, standard normal everywhere and correlated within `length` px.

    It has one value per `_COARSE` px, and `MARGIN` around the field.
    """
    sigma = length / _COARSE
    pad = int(np.ceil(4 * sigma))
    coarse = [(n + 2 * MARGIN) // _COARSE + 2 for n in shape]
    noise = rng.standard_normal([n + 2 * pad for n in coarse], dtype=np.float32)
    smooth = ndimage.gaussian_filter(noise, sigma, mode="constant")[pad:-pad, pad:-pad]
    return smooth * np.float32(2 * sigma * np.sqrt(np.pi))


def _at(field: Array, places: Floats) -> Floats:
    """Return the values of a smooth field at places."""
    where = (places[:, ::-1].T + MARGIN) / _COARSE
    return ndimage.map_coordinates(field, where, order=1, mode="nearest").astype(np.float64)


def _territories(
    layer: Layer, size: tuple[int, int], rng: np.random.Generator
) -> tuple[Integers, Array, Array]:
    """Return per pixel the nearest cell and the distances from its centre and its border.

    Borders run half-way between two centres, slightly bent as in real cells.
    """
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32) - MARGIN
    for axis in (x, y):
        bent = ndimage.gaussian_filter(rng.standard_normal(size, dtype=np.float32), 5.0)
        axis += 0.12 * layer.radius * bent / bent.std()
    # the cells of a field are elongated in a common direction
    long, turn = rng.uniform(1.0, 1.25), rng.uniform(0, np.pi)
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    metric = turned @ np.diag([1 / long, long]) @ turned.T
    found = cKDTree(layer.places @ metric).query(
        np.stack([x.ravel(), y.ravel()], axis=1) @ metric, k=2, workers=1
    )
    distances, nearest = map(np.asarray, found)
    first, second = distances.astype(np.float32).T.reshape(2, *size)
    return nearest[:, 0].reshape(size), first, 0.5 * (second - first)


def _live(
    layer: Layer,
    cells: _Looks,
    own: Integers,
    depth: Array,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> Array:
    """Return the light of the live cells: outlines, an even grey, nuclei with dark nucleoli."""
    mine = (~layer.collapsed)[own] & (depth > 0)
    height = np.where(mine, np.tanh(depth / (0.16 * layer.radius)), 0.0).astype(np.float32)
    alive = np.flatnonzero(~layer.collapsed)
    nuclei = np.minimum(cells.blobs(size, alive, np.ones(len(alive))), 1) * mine
    # a cell is thickest at its nucleus
    dome = ndimage.gaussian_filter(nuclei, 0.25 * layer.radius)
    effaced = 0.35 if layer.treated else 1.0
    outline = -effaced * ndimage.gaussian_laplace(height + 0.9 * dome, 1.3)
    outline -= 0.16 * effaced * ndimage.gaussian_laplace(nuclei, 1.5)
    slope = effaced * ndimage.sobel(ndimage.gaussian_filter(height + 1.6 * dome, 2.0), axis=1)
    fine, broad = (
        ndimage.gaussian_filter(rng.standard_normal(size, dtype=np.float32), sigma)
        for sigma in (0.9, 2.5)
    )
    grains = (0.06 * fine + 0.07 * broad) * height * (1 - 0.6 * nuclei)
    light = 0.55 * outline + 0.025 * slope - 0.035 * height + grains
    light -= 0.20 * _nucleoli(layer, cells, alive, size, rng)
    if layer.treated:
        light += 0.34 * _spots(layer, alive, size, rng)
    return light.astype(np.float32)


def _dead(
    layer: Layer,
    cells: _Looks,
    own: Integers,
    depth: Array,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> Array:
    """Return the light of the dead cells: shrunken, granular, in a blurred dark halo."""
    mine = layer.collapsed[own] & (depth > 0)
    body = np.where(mine, np.sqrt(np.clip(depth / (0.7 * layer.radius), 0, 1)), 0.0)
    body = body * cells.darkness[own]
    halo = ndimage.gaussian_filter(body, 0.30 * layer.radius)
    lumps = ndimage.gaussian_filter(rng.standard_normal(size, dtype=np.float32), 1.7)
    light = -0.10 * ndimage.gaussian_filter(body, 1.6) - 0.26 * halo + 0.5 * lumps * body
    # the rim of a rounded body is out of focus and causes a faint bright ring
    light += 0.5 * -ndimage.gaussian_laplace(halo, 2.2)
    if layer.treated:
        gone = np.flatnonzero(layer.collapsed)
        light = 0.85 * light + 0.38 * _spots(layer, gone, size, rng)
    return ndimage.gaussian_filter(light, 1.1).astype(np.float32)


def _nucleoli(
    layer: Layer,
    cells: _Looks,
    alive: Integers,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> Array:
    """Return one to three small dark bodies in each live nucleus."""
    owners = np.repeat(alive, rng.integers(1, 4, len(alive)))
    away = rng.normal(0, 0.38, (len(owners), 2)) * cells.nucleus[owners, None]
    radii = layer.radius * rng.uniform(0.07, 0.13, len(owners))
    return _blobs(size, cells.nuclei[owners] + away, radii, np.ones(len(owners)))


def _spots(
    layer: Layer,
    some: Integers,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> Array:
    """Return the bright spots of treated cells."""
    owners = np.repeat(some, rng.poisson(3.0, len(some)))
    away = rng.normal(0, 0.36 * layer.radius, (len(owners), 2))
    radii = layer.radius * rng.uniform(0.05, 0.11, len(owners))
    return _blobs(size, layer.places[owners] + away, radii, rng.uniform(0.5, 1.2, len(owners)))


def _stain(layer: Layer, cells: _Looks, size: tuple[int, int]) -> Array:
    """Return the propidium iodide in nuclei of dead cells and, a little, in their cytoplasm."""
    dead = np.flatnonzero(layer.dead)
    nuclei = cells.blobs(size, dead, cells.stain[dead])
    bodies = _blobs(size, layer.places[dead], cells.reach[dead], cells.stain[dead])
    return nuclei + np.float32(0.12) * bodies


def _blobs(
    size: tuple[int, int],
    places: Floats,
    radii: Floats,
    heights: Floats,
    stretch: Floats | None = None,
    turn: Floats | None = None,
) -> Array:
    """Return the sum of spots with soft edges, each exp(-(r / radius)^4) high.

    A stretched spot is longer in one direction and narrower in the other by the same factor.
    """
    picture = np.zeros(size, np.float32)
    long = np.ones(len(places)) if stretch is None else np.sqrt(stretch)
    turn = np.zeros(len(places)) if turn is None else turn
    for row, (x, y) in enumerate(places + MARGIN):
        reach = int(np.ceil(1.6 * radii[row] * long[row])) + 1
        rows = slice(max(0, round(y) - reach), max(0, round(y) + reach + 1))
        columns = slice(max(0, round(x) - reach), max(0, round(x) + reach + 1))
        part = picture[rows, columns]
        if part.size:
            v = np.arange(part.shape[0], dtype=np.float32)[:, None] + (rows.start - y)
            u = np.arange(part.shape[1], dtype=np.float32)[None, :] + (columns.start - x)
            along = (np.cos(turn[row]) * u + np.sin(turn[row]) * v) / long[row]
            across = (np.cos(turn[row]) * v - np.sin(turn[row]) * u) * long[row]
            part += heights[row] * np.exp(-(((along**2 + across**2) / radii[row] ** 2) ** 2))
    return picture
