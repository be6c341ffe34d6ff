"""Estimate how cells of a replicate and of a field are correlated, and draw such counts."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.integer[Any]]


@dataclasses.dataclass(frozen=True)
class Structure:
    """Structure of an experiment if its conditions do not differ.

    `shares` [classes] are frequencies over all cells. `replicate_correlation` is that of two cells
    of one replicate, the share of the variance between replicates; `field_correlation` that of two
    cells of one field, at least as high; `block_correlation` that of two cells of different
    conditions in one block, such as a day, at most as high as that of a replicate.
    """

    shares: Floats
    replicate_correlation: float
    field_correlation: float
    block_correlation: float = 0.0


class _Level(NamedTuple):
    """Parts of one kind: all fields, all replicates or all conditions."""

    sizes: Floats
    """Cells of each part, [parts]."""
    means: Floats
    """Frequency of each class in each part, [parts, classes]."""


def of_table(
    table: pd.DataFrame, members: Mapping[str, Sequence[str]]
) -> tuple[Structure, pd.DataFrame]:
    """Fit a frequencies table; return the structure, and the table's rows of its first class.

    `members` are the counted classes of each class and group. The rows, one per field, have the
    numbers of the replicate and of the block that `draw` takes.
    """
    classes = [name for name, counted in members.items() if list(counted) == [name]]
    counts = table.pivot_table(index="field", columns="class", values="n_class", sort=False)
    fields = table.drop_duplicates("field").set_index("field").loc[counts.index].reset_index()
    replicate = fields.groupby(["condition", "replicate"], sort=False).ngroup().to_numpy(np.int64)
    condition = fields.groupby("condition", sort=False).ngroup().to_numpy(np.int64)
    block = pd.factorize(fields["replicate"])[0]
    counts = counts.reindex(columns=classes)  # without any field there is no column
    structure = fit(counts.to_numpy(dtype=int), replicate, condition, block)
    return structure, fields.assign(replicate_number=replicate, block_number=block)


def fit(counts: Ints, replicate: Ints, condition: Ints, block: Ints) -> Structure:
    """Estimate how cells vary between the replicates and fields of one condition.

    Nested analysis of variance of cells in fields in replicates in conditions, with unequal
    numbers, for the indicators of all classes together (Searle, Casella and McCulloch 1992), from
    counts [fields, classes] and the numbers [fields] of replicate, condition and block; a replicate
    lies in one condition, a block has one replicate of each of several. Differences between
    conditions do not enter. The variance between replicates counts as 0 if every condition has only
    one, and so does that between fields. What replicates of one block share is their covariance
    over conditions.
    """
    seen = counts.sum(axis=1) > 0
    counts, condition, block = counts[seen], condition[seen], block[seen]
    _, first, replicate = np.unique(replicate[seen], return_index=True, return_inverse=True)
    _, condition = np.unique(condition, return_inverse=True)
    fields = _level(counts, np.arange(len(counts)))
    replicates, conditions = _level(counts, replicate), _level(counts, condition)
    n_cells = fields.sizes.sum()
    own = (fields.sizes[:, None] * fields.means * (1 - fields.means)).sum()
    cells = own / max(1, n_cells - len(fields.sizes))
    in_replicates = _concentration(fields, replicates, replicate)
    in_conditions = _concentration(fields, conditions, condition)
    of_replicates = _concentration(replicates, conditions, condition[first])
    between_fields = between_replicates = 0.0
    freedom = len(fields.sizes) - len(replicates.sizes)
    if freedom:
        excess = _squares(fields, replicates, replicate) - freedom * cells
        between_fields = max(0.0, excess / (n_cells - in_replicates))
    freedom = len(replicates.sizes) - len(conditions.sizes)
    if freedom:
        excess = _squares(replicates, conditions, condition[first]) - freedom * cells
        excess -= (in_replicates - in_conditions) * between_fields
        between_replicates = max(0.0, excess / (n_cells - of_replicates))
    between_blocks = _shared(replicates.means, condition[first], block[first])
    between_blocks = min(max(0.0, between_blocks), between_replicates)
    total = float(cells + between_fields + between_replicates) or 1.0
    return Structure(
        counts.sum(axis=0) / max(1, n_cells),
        between_replicates / total,
        (between_replicates + between_fields) / total,
        between_blocks / total,
    )


def draw(
    structure: Structure, n_cells: Ints, replicate: Ints, block: Ints, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Draw counts [fields, classes] of an experiment in which no condition differs.

    Each block draws its frequencies from a Dirichlet distribution around the common ones, each
    replicate its own around those of its block, each field around those of its replicate, and each
    cell its class from these. `n_cells`, `replicate` and `block` (from 0) are [fields].
    """
    of_blocks, of_replicates = structure.block_correlation, structure.replicate_correlation
    block_of = np.zeros(replicate.max(initial=-1) + 1, dtype=np.int64)
    block_of[replicate] = block
    common = np.tile(structure.shares, (block.max(initial=-1) + 1, 1))
    shares = _scattered(common, of_blocks, rng)[block_of]
    shares = _scattered(shares, _beyond(of_replicates, of_blocks), rng)[replicate]
    shares = _scattered(shares, _beyond(structure.field_correlation, of_replicates), rng)
    return rng.multinomial(n_cells, shares)


def _beyond(correlation: float, outer: float) -> float:
    """Return what of a correlation is left within the larger part."""
    return (correlation - outer) / (1 - outer)


def _shared(means: Floats, condition: Ints, block: Ints) -> float:
    """Return the covariance of the replicates of one block under two conditions, of all classes."""
    products, freedom = 0.0, 0
    for one, other in itertools.combinations(np.unique(condition), 2):
        sides = [np.flatnonzero(condition == side) for side in (one, other)]
        _, *rows = np.intersect1d(block[sides[0]], block[sides[1]], return_indices=True)
        shared = [means[side[row]] for side, row in zip(sides, rows, strict=True)]
        if len(shared[0]) > 1:
            centred = [side - side.mean(axis=0) for side in shared]
            products += float((centred[0] * centred[1]).sum())
            freedom += len(shared[0]) - 1
    return products / freedom if freedom else 0.0


def _level(counts: Ints, part: Ints) -> _Level:
    sums = np.zeros((part.max(initial=-1) + 1, counts.shape[1]))
    np.add.at(sums, part, counts)
    sizes = sums.sum(axis=1)
    return _Level(sizes, sums / sizes[:, None])


def _concentration(inner: _Level, outer: _Level, within: Ints) -> float:
    """Return the sum of squared sizes, each relative to the larger part it lies in."""
    return float((inner.sizes**2 / outer.sizes[within]).sum())


def _squares(inner: _Level, outer: _Level, within: Ints) -> float:
    """Return the squared deviations from the larger part's mean, summed over cells and classes."""
    return float((inner.sizes[:, None] * (inner.means - outer.means[within]) ** 2).sum())


def _scattered(shares: Floats, correlation: float, rng: np.random.Generator) -> Floats:
    """Return Dirichlet draws [n, classes] around shares that give cells this correlation."""
    if not correlation > 0:
        return shares
    drawn = rng.standard_gamma(shares * (1 / correlation - 1))
    sums = drawn.sum(axis=1, keepdims=True)
    # the shares themselves, if the correlation is so strong that all numbers round to 0
    return np.where(sums > 0, drawn / np.where(sums > 0, sums, 1), shares)
