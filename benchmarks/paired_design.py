"""Count what each test finds where conditions share days, and where they do not.

    python benchmarks/paired_design.py

Simulates counts of experiments with a control and one condition: each replicate and its fields have
a frequency of the class, shifted on the logit scale by the replicate's day, which all or some
replicates of both conditions share, and by the replicate itself. Half of the experiments have no
effect. The table has the rates of p < 0.05, which docs/statistics.md prints.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/scripts"))

from cellpheno.core import randomness
from cellpheno.statistics.count_model import blocked_gee, conditional, gee
from cellpheno.statistics.t_tests import ALPHA, Comparison, paired_t_test, t_test

RESULTS = Path(__file__).parent / "results"
FREQUENCY, ODDS_RATIO = 0.2, 0.5
"""Of the class in the control, and of the effect: 20 % become 11 %."""
REPLICATE_SPREAD = 0.15
"""Of a replicate's own shift, on the logit scale, as in the default simulation."""
FIELDS, CELLS = 8, 34
"""Fields of a replicate, and mean number of cells of a field."""
REPLICATES, DAY_SPREADS = (3, 4, 5, 6), (0.0, 0.6)
PARTLY, PARTLY_SPREADS = ((4, 3), (6, 3), (6, 4)), (0.3, 0.6)
"""Replicates of either condition and how many of them are paired, for the rule of `auto`."""

Counts = npt.NDArray[np.float64]
"""[conditions, replicates, fields, 2]: cells of the class, and all cells."""


def _shares(counts: Counts) -> npt.NDArray[np.float64]:
    return counts[..., 0] / counts[..., 1]


def _by_replicate(compare: Callable[..., Comparison], *more: str) -> Callable[[Counts], float]:
    return lambda counts: compare(*_shares(counts.sum(axis=2)), *more).p


def _by_counts(compare: Callable[..., Comparison]) -> Callable[[Counts], float]:
    return lambda counts: compare(*counts.sum(axis=2)).p


METHODS: dict[tuple[str, str, str], Callable[[Counts], float]] = {
    ("student", "field", "independent"): lambda counts: (
        t_test(*_shares(counts.reshape(2, -1, 2)), "student").p
    ),
    ("welch", "replicate", "independent"): _by_replicate(t_test, "welch"),
    ("gee", "replicate", "independent"): _by_counts(gee),
    ("welch, student", "replicate", "paired"): _by_replicate(paired_t_test),
    ("gee", "replicate", "paired"): _by_counts(blocked_gee),
    ("conditional", "replicate", "paired"): _by_counts(conditional),
}
"""Tests by name, unit and design."""


T_TESTS = [("welch", "replicate", "independent"), ("welch, student", "replicate", "paired")]


def main() -> None:
    """Measure what the command line asks for, print the table and write it."""
    options = _options()
    runs = [(n, n, day, list(METHODS)) for n in options.replicates for day in DAY_SPREADS]
    runs += [(n, k, day, T_TESTS) for n, k in options.partly for day in PARTLY_SPREADS]
    measured = [row for run in runs for row in rates(*run, options.experiments, options.seed)]
    table = pd.DataFrame(measured)
    options.table.parent.mkdir(exist_ok=True)
    table.to_csv(options.table, sep="\t", index=False)
    print(table.round(3).to_string(index=False))


def rates(
    replicates: int,
    shared: int,
    day_spread: float,
    methods: list[tuple[str, str, str]],
    number: int,
    seed: int,
) -> Iterator[dict[str, str | float]]:
    """Yield the false positives and the power of some tests, each of `number` experiments."""
    positive = {}
    for odds_ratio in (1.0, ODDS_RATIO):
        p = [
            [
                METHODS[method](counts[:, :shared] if method[2] == "paired" else counts)
                for method in methods
            ]
            for counts in experiments(replicates, shared, day_spread, odds_ratio, number, seed)
        ]
        positive[odds_ratio] = (np.array(p) < ALPHA).mean(axis=0)
    for column, (test, unit, design) in enumerate(methods):
        yield {
            **{"test": test, "unit": unit, "design": design, "replicates": replicates},
            **{"shared": shared, "day_spread": day_spread, "experiments": number},
            "false_positives": positive[1.0][column],
            "power": positive[ODDS_RATIO][column],
        }


def experiments(
    replicates: int, shared: int, day_spread: float, odds_ratio: float, number: int, seed: int
) -> Iterator[Counts]:
    """Yield the counts of simulated experiments; the first `shared` replicates are of one day."""
    rng = randomness.generator(seed, "paired design", replicates, day_spread, odds_ratio)
    logits = np.log(FREQUENCY / (1 - FREQUENCY)) + np.array([[0.0], [np.log(odds_ratio)]])
    for _ in range(number):
        days = np.tile(rng.normal(0, day_spread, replicates), (2, 1))
        days[1, shared:] = rng.normal(0, day_spread, replicates - shared)
        own = logits + days + rng.normal(0, REPLICATE_SPREAD, (2, replicates))
        n_cells = np.maximum(1, rng.poisson(CELLS, (2, replicates, FIELDS)))
        n_class = rng.binomial(n_cells, 1 / (1 + np.exp(-own))[..., None])
        yield np.stack([n_class, n_cells], axis=-1).astype(np.float64)


def _pair(text: str) -> tuple[int, int]:
    replicates, shared = map(int, text.split(":"))
    return replicates, shared


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--experiments", type=int, default=4000, help="of each kind")
    parser.add_argument("--replicates", type=int, nargs="*", default=list(REPLICATES))
    parser.add_argument("--partly", type=_pair, nargs="*", default=PARTLY, help="such as 6:4")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--table", type=Path, default=RESULTS / "paired_design.tsv")
    return parser.parse_args()


if __name__ == "__main__":
    main()
