"""Build cells and cell-in-cell structures of the seven AIM-CICs classes as geometry (A11)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from cellpheno.simulation.outlines import Outline, random_outline
from cellpheno.simulation.structures import Cell, CellLine, Nucleus, Structure

Contents = tuple["Contents", ...]
Sizes = tuple[float, list["Sizes"]]
"""The contents of a cell: one entry per inner cell, with its own contents."""


def single(line: CellLine, rng: np.random.Generator) -> Structure:
    """Draw a single cell: resting, binucleate, with a vacuole, or rounded up in mitosis."""
    kind = rng.random()
    radius = _radius(line, rng)
    if kind < line.mitotic:
        return Structure("", (_mitotic(line, rng, radius),))
    outline = _outline(line, rng, 0, 0, radius)
    if kind > 1 - line.vacuolated:
        return _vacuolated(line, rng, outline)
    nuclei = _two_nuclei if kind < line.mitotic + line.binucleate else _one_nucleus
    return Structure("", (_cell(line, rng, outline, nuclei(line, rng, outline)),))


def _vacuolated(line: CellLine, rng: np.random.Generator, outer: Outline) -> Structure:
    """Draw a single cell around an empty ring."""
    radius = outer.radius * rng.uniform(0.3, 0.5)
    (place,), _ = _packed(rng, outer, [radius], 0.05 * line.radius)
    ring = _outline(line, rng, place[0], place[1], radius, inner=True)
    cell = _cell(line, rng, outer, _pushed_nucleus(line, rng, outer, [ring]))
    empty = dataclasses.replace(
        _cell(line, rng, ring, ()),
        parent=0,
        stain=cell.stain * rng.uniform(0.3, 0.8),
        height=-rng.uniform(0.2, 0.6),
    )
    return Structure("", (cell, empty))


def partial(line: CellLine, rng: np.random.Generator) -> Structure:
    """Draw a cell that is enclosed by more than 30 % by another, but not fully."""
    outer_radius = _radius(line, rng) * rng.uniform(1.1, 1.35)
    inner_radius = _radius(line, rng) * rng.uniform(0.66, 0.86)
    enclosed = rng.uniform(0.38, 0.9)
    depth = 2 * inner_radius * enclosed * rng.uniform(0.85, 1.0)
    apart, direction = outer_radius + inner_radius - depth, rng.uniform(0, 2 * np.pi)
    shift = 0.5 * (apart + inner_radius - outer_radius)  # puts the middle of both at the origin
    unit = np.array([np.cos(direction), np.sin(direction)])
    x, y = -shift * unit
    outer = _outline(line, rng, x, y, outer_radius)
    x, y = (apart - shift) * unit
    inner = _outline(line, rng, x, y, inner_radius, inner=True)
    holder = _cell(line, rng, outer, _pushed_nucleus(line, rng, outer, [inner]))
    guest = dataclasses.replace(
        _cell(line, rng, inner, _round_nucleus(line, rng, inner)),
        parent=0,
        cup=enclosed,
        stain=holder.stain * rng.uniform(0.9, 1.2),
        height=rng.uniform(1.1, 1.5),
    )
    return Structure("", (holder, guest))


def one_in_one(line: CellLine, rng: np.random.Generator) -> Structure:
    """Draw a cell fully inside another one."""
    return _enclosing(line, rng, ((),))


def two_in_one(line: CellLine, rng: np.random.Generator) -> Structure:
    """Draw two cells side by side inside another one."""
    return _enclosing(line, rng, ((), ()))


def in_turn(line: CellLine, rng: np.random.Generator) -> Structure:
    """Draw a cell inside a cell inside a cell."""
    return _enclosing(line, rng, (((),),))


def complicated(line: CellLine, rng: np.random.Generator) -> Structure:
    """Draw a structure of four or more cells."""
    kinds: list[Contents] = [((), (), ()), (((),), ()), ((((),),),), ((), (), (), ()), (((), ()),)]
    chances = [0.35, 0.35, 0.08, 0.12, 0.10]
    return _enclosing(line, rng, kinds[rng.choice(len(kinds), p=chances)])


def unclear(line: CellLine, rng: np.random.Generator) -> Structure:
    """Draw a structure that experts could not decide: blurred, overlapping cells, or debris."""
    kind = rng.random()
    if kind < 0.5:
        builder = [single, one_in_one, partial, two_in_one][rng.choice(4, p=[0.2, 0.4, 0.2, 0.2])]
        return dataclasses.replace(builder(line, rng), blur=line.radius * rng.uniform(0.1, 0.2))
    return _overlapping(line, rng) if kind < 0.75 else _debris(line, rng)


BUILDERS: dict[str, Callable[[CellLine, np.random.Generator], Structure]] = {
    "non-CIC": single,
    "partial": partial,
    "one-in-one": one_in_one,
    "two-in-one": two_in_one,
    "in turn": in_turn,
    "complicated": complicated,
    "unclear": unclear,
}
"""How each class is drawn; other studies add their classes here."""


def build(label: str, line: CellLine, rng: np.random.Generator) -> Structure:
    """Draw one structure of a class around the origin."""
    structure = BUILDERS[label](line, rng)
    depth = rng.uniform(0, line.depth)  # not all are in the focal plane
    blur = float(np.hypot(structure.blur, line.radius * depth))
    return dataclasses.replace(structure, label=label, blur=blur)


def _radius(line: CellLine, rng: np.random.Generator) -> float:
    spread = line.radius_spread
    return line.radius * float(np.exp(np.clip(rng.normal(0, spread), -2 * spread, 2 * spread)))


def _outline(
    line: CellLine, rng: np.random.Generator, x: float, y: float, radius: float, inner: bool = False
) -> Outline:
    """Draw a cell's outline; inner cells are rounder."""
    calm = 0.6 if inner else 1.0
    elongation = rng.rayleigh(calm * line.elongation * 0.8)
    return random_outline(rng, x, y, radius, calm * line.roughness, min(elongation, 0.2))


def _cell(
    line: CellLine, rng: np.random.Generator, outline: Outline, nuclei: tuple[Nucleus, ...]
) -> Cell:
    return Cell(
        outline,
        nuclei,
        stain=float(np.exp(rng.normal(0, line.stain_spread))),
        width=rng.uniform(0.8, 1.25),
        height=rng.uniform(0.75, 1.25),
    )


def _nucleus(
    line: CellLine,
    rng: np.random.Generator,
    x: float,
    y: float,
    radius: float,
    elongation: float,
    direction: float | None = None,
    stain: float = 1.0,
    texture: float = 1.0,
) -> Nucleus:
    outline = random_outline(rng, x, y, radius, 0.05, elongation, direction)
    return Nucleus(outline, stain * float(np.exp(rng.normal(0, line.stain_spread))), texture)


def _one_nucleus(line: CellLine, rng: np.random.Generator, outline: Outline) -> tuple[Nucleus, ...]:
    away, turn = outline.radius * rng.uniform(0, 0.28), rng.uniform(0, 2 * np.pi)
    x, y = outline.x + away * np.cos(turn), outline.y + away * np.sin(turn)
    radius = outline.radius * line.nucleus * rng.uniform(0.88, 1.12)
    return (_nucleus(line, rng, x, y, radius, rng.uniform(0.02, 0.14)),)


def _two_nuclei(line: CellLine, rng: np.random.Generator, outline: Outline) -> tuple[Nucleus, ...]:
    turn = rng.uniform(0, 2 * np.pi)
    radius = outline.radius * line.nucleus * 0.72
    shift = np.array([np.cos(turn), np.sin(turn)]) * radius * rng.uniform(0.95, 1.15)
    places = ((outline.x + s * shift[0], outline.y + s * shift[1]) for s in (-1, 1))
    return tuple(_nucleus(line, rng, x, y, radius, rng.uniform(0, 0.1)) for x, y in places)


def _round_nucleus(
    line: CellLine, rng: np.random.Generator, outline: Outline
) -> tuple[Nucleus, ...]:
    """Draw the nucleus of an inner cell: round and central, bright when the cell dies."""
    away, turn = outline.radius * rng.uniform(0, 0.18), rng.uniform(0, 2 * np.pi)
    x, y = outline.x + away * np.cos(turn), outline.y + away * np.sin(turn)
    dying = rng.random() < 0.15
    radius = outline.radius * line.nucleus * (0.75 if dying else rng.uniform(1.0, 1.2))
    stain, texture = (1.6, 0.5) if dying else (1.0, 1.0)
    return (_nucleus(line, rng, x, y, radius, rng.uniform(0, 0.07), stain=stain, texture=texture),)


def _pushed_nucleus(
    line: CellLine, rng: np.random.Generator, outer: Outline, inner: list[Outline]
) -> tuple[Nucleus, ...]:
    """Draw the nucleus of an outer cell in the freest place, bent around the inner cells.

    Drawing cuts it at the inner cells, which leaves a crescent.
    """
    around = rng.uniform(0, 2 * np.pi, 60)
    away = outer.radius * np.sqrt(rng.uniform(0, 0.8, 60))
    x, y = outer.x + away * np.cos(around), outer.y + away * np.sin(around)
    room = outer.radius - away
    for held in inner:
        room = np.minimum(room, np.hypot(x - held.x, y - held.y) - held.radius)
    best = int(np.argmax(room))
    nearest = min(inner, key=lambda o: np.hypot(x[best] - o.x, y[best] - o.y) - o.radius)
    direction = np.arctan2(y[best] - nearest.y, x[best] - nearest.x) + np.pi / 2
    size = line.radius * line.nucleus * rng.uniform(0.95, 1.1)
    bend = float(np.clip(0.45 - 0.4 * room[best] / size, 0.08, 0.36))
    return (_nucleus(line, rng, x[best], y[best], size, bend, direction, stain=0.9),)


def _mitotic(line: CellLine, rng: np.random.Generator, radius: float) -> Cell:
    """Draw a cell in metaphase (one plate) or anaphase (two)."""
    outline = random_outline(rng, 0, 0, 0.92 * radius, 0.4 * line.roughness)
    turn = rng.uniform(0, 2 * np.pi)
    apart = radius * rng.uniform(0.28, 0.42) if rng.random() < 0.4 else 0.0
    size = 0.34 * radius
    nuclei = tuple(
        _nucleus(
            line,
            rng,
            side * apart * np.cos(turn),
            side * apart * np.sin(turn),
            size,
            0.42,
            turn + np.pi / 2,
            stain=1.9,
            texture=0.4,
        )
        for side in ((-1, 1) if apart else (0,))
    )
    cell = _cell(line, rng, outline, nuclei)
    return dataclasses.replace(cell, stain=1.25 * cell.stain, height=1.6)


def _size(line: CellLine, rng: np.random.Generator, contents: Contents) -> Sizes:
    """Return the radius that a cell with these contents needs, and the sizes of its contents."""
    if not contents:
        return _radius(line, rng) * rng.uniform(0.56, 0.74), []
    held = [_size(line, rng, inner) for inner in contents]
    radii = sorted((size for size, _ in held), reverse=True)
    if len(radii) == 1:
        slack = 0.3 * line.radius * rng.uniform(1.0, 1.7)
        return max(radii[0] + slack, 0.9 * _radius(line, rng)), held
    needed = {2: 1.0, 3: 1.1}.get(len(radii), 1.25) * (radii[0] + radii[1])
    return needed * rng.uniform(1.08, 1.22) + 0.1 * line.radius, held


def _enclosing(line: CellLine, rng: np.random.Generator, contents: Contents) -> Structure:
    """Draw a cell with all its contents."""
    cells: list[Cell] = []
    _fill(line, rng, 0.0, 0.0, _size(line, rng, contents), -1, cells)
    return Structure("", tuple(cells))


def _fill(
    line: CellLine,
    rng: np.random.Generator,
    x: float,
    y: float,
    sizes: Sizes,
    parent: int,
    cells: list[Cell],
) -> None:
    """Append a cell at (x, y) and then its contents."""
    radius, held = sizes
    outline = _outline(line, rng, x, y, radius, inner=parent >= 0 or bool(held))
    places, shrink = _packed(rng, outline, [size for size, _ in held], 0.09 * line.radius)
    inner = [
        Outline(place[0], place[1], size * shrink)
        for place, (size, _) in zip(places, held, strict=True)
    ]
    nuclei = (
        _pushed_nucleus(line, rng, outline, inner) if held else _round_nucleus(line, rng, outline)
    )
    cell = dataclasses.replace(_cell(line, rng, outline, nuclei), parent=parent)
    if parent >= 0:
        stain = cells[parent].stain * rng.uniform(0.45, 1.2)
        cell = dataclasses.replace(cell, stain=stain, height=rng.uniform(0.4, 1.1))
    cells.append(cell)
    row = len(cells) - 1
    for place, part in zip(places, held, strict=True):
        _fill(line, rng, place[0], place[1], _scaled(part, shrink), row, cells)


def _scaled(sizes: Sizes, factor: float) -> Sizes:
    return sizes[0] * factor, [_scaled(held, factor) for held in sizes[1]]


def _packed(
    rng: np.random.Generator, outer: Outline, radii: list[float], gap: float
) -> tuple[npt.NDArray[np.float64], float]:
    """Return random centres [n, 2] for circles within `outer`, and the factor to shrink them.

    Inner cells are off centre, because the outer nucleus needs the other side.
    """
    sizes, shrink = np.array(radii), 1.0
    while True:
        for _ in range(40):
            turns = rng.uniform(0, 2 * np.pi, len(sizes))
            room = outer.radius - gap - shrink * sizes
            away = np.maximum(room, 0) * np.sqrt(rng.uniform(0.25, 1.0, len(sizes)))
            centres = np.stack([away * np.cos(turns), away * np.sin(turns)], axis=1)
            apart = np.hypot(*(centres[:, None] - centres[None]).transpose(2, 0, 1))
            needed = shrink * (sizes[:, None] + sizes[None]) + gap
            np.fill_diagonal(needed, 0)
            if (room >= 0).all() and (apart >= needed).all():
                return centres + np.array([outer.x, outer.y]), shrink
        shrink *= 0.97


def _overlapping(line: CellLine, rng: np.random.Generator) -> Structure:
    """Draw two cells on top of each other, with both outlines visible."""
    first = _outline(line, rng, 0, 0, _radius(line, rng))
    turn, apart = rng.uniform(0, 2 * np.pi), line.radius * rng.uniform(0.6, 1.0)
    second = _outline(
        line, rng, apart * np.cos(turn), apart * np.sin(turn), 0.9 * _radius(line, rng)
    )
    middle = (0.5 * apart * np.cos(turn), 0.5 * apart * np.sin(turn))
    outlines = [outline.moved(-middle[0], -middle[1]) for outline in (first, second)]
    cells = tuple(_cell(line, rng, o, _one_nucleus(line, rng, o)) for o in outlines)
    return Structure("", cells, blur=line.radius * rng.uniform(0.04, 0.09))


def _debris(line: CellLine, rng: np.random.Generator) -> Structure:
    """Draw the remains of dead cells: a heap of blebs, some with pieces of a nucleus."""
    cells = []
    for _ in range(rng.integers(4, 9)):
        away, turn = line.radius * rng.uniform(0, 0.7), rng.uniform(0, 2 * np.pi)
        radius = line.radius * rng.uniform(0.2, 0.42)
        outline = random_outline(rng, away * np.cos(turn), away * np.sin(turn), radius, 0.09, 0.1)
        piece = _nucleus(line, rng, outline.x, outline.y, 0.5 * radius, 0.1, stain=1.5, texture=0.3)
        cell = _cell(line, rng, outline, (piece,) if rng.random() < 0.5 else ())
        cells.append(dataclasses.replace(cell, stain=cell.stain * rng.uniform(0.4, 0.9)))
    return Structure("", tuple(cells), blur=line.radius * rng.uniform(0.05, 0.12))
