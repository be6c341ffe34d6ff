"""Count how often the 95 % intervals of metrics contain the truth, for few groups of like cells.

    python benchmarks/interval_coverage.py --experiments 2000

Simulates slides of three fields and 35 cells a field, whose cells resemble each other by an
intraclass correlation on the scale of a probit, and compares the intervals of
`measuring/intervals.py` with the percentile bootstrap of the same slides.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parents[1]))

import benchmarks  # noqa: F401 - finds the library
from cellpheno.measuring.intervals import Estimate, Spread, leave_out, measured, spread
from cellpheno.measuring.metrics import auc, share
from cellpheno.measuring.precision_recall import Matched, average_precision, f1

Array = npt.NDArray[np.float64]

FIELDS, CELLS = 3, 35
POSITIVE, FOUND, FALSE = 0.3, 0.9, 0.12
"""Share of the positive class, of annotated cells that are found, and false boxes per cell."""
APART, CALLED_FROM = 1.6, 0.8
"""Mean score of positive cells (of others 0), and the score from which a cell is called so."""


class Slides:
    """Cells of some slides, judged by a classifier and found by a detector."""

    def __init__(
        self, number: int, icc: float, random: np.random.Generator, most: int = FIELDS
    ) -> None:
        fields = random.integers(1, most + 1, number) if most > FIELDS else FIELDS
        self.cells = random.poisson(CELLS * fields, number)
        self.of = np.repeat(np.arange(number), self.cells)

        def alike(of: npt.NDArray[np.int64]) -> Array:
            own = random.normal(size=number)[of]
            return np.sqrt(icc) * own + np.sqrt(1 - icc) * random.normal(size=len(of))

        # NormalDist().inv_cdf(0.3)
        self.positive = alike(self.of) < -0.5244
        self.score = alike(self.of) + APART * self.positive
        self.second = self.score + 0.5 * alike(self.of)
        found = self.of[alike(self.of) < 1.2816]
        crowd = np.exp(2 * np.sqrt(icc) * random.normal(size=number))
        wrong = np.repeat(np.arange(number), random.poisson(FALSE * self.cells * crowd))
        scores = np.concatenate([alike(found) + 1.5, alike(wrong)])
        order = np.argsort(-scores)
        hits = np.arange(len(scores)) < len(found)
        boxes = np.concatenate([found, wrong])
        self.boxes = Matched(scores[order], hits[order], boxes[order], self.cells)

    def measure(self, weights: Array) -> dict[str, Array]:
        """Return metrics [b] of slides with weights [b, slides]."""
        cells = weights[:, self.of]
        first, second = (self._balanced(cells, each) for each in (self.score, self.second))
        called = self.score > CALLED_FROM
        right, truly, said = (
            cells @ part.astype(float) for part in (self.positive & called, self.positive, called)
        )
        return {
            "share": share(cells @ (self.positive == called).astype(float), cells.sum(axis=1)),
            "balanced accuracy": first,
            "AUC": auc(self.positive, self.score, cells),
            "average precision": average_precision(self.boxes, weights),
            "F1 of a class": share(2 * right, truly + said),
            "F1 of a detector": f1(self.boxes, weights),
            "difference": second - first,
        }

    def _balanced(self, cells: Array, score: Array) -> Array:
        called = score > CALLED_FROM
        ours, others = (cells @ part.astype(float) for part in (self.positive, ~self.positive))
        hits = share(cells @ (self.positive & called).astype(float), ours)
        return (hits + share(cells @ (~self.positive & ~called).astype(float), others)) / 2


def truth(icc: float, most: int = FIELDS, seed: int = 0) -> dict[str, float]:
    """Return the metrics of very many slides."""
    slides = Slides(20_000, icc, np.random.default_rng(seed), most)
    return {name: float(v[0]) for name, v in slides.measure(np.ones((1, 20_000))).items()}


def interval(name: str, found: Spread) -> Estimate:
    """Return the interval on the scale of the metric."""
    return found.interval("plain" if name == "difference" else "logit")


def coverage(
    number: int, icc: float, experiments: int, draws: int = 0, most: int = FIELDS, seed: int = 1
) -> dict[str, tuple[float, float]]:
    """Return how often the intervals contain the truth, and those of `draws` redrawn slides."""
    random, known = np.random.default_rng([seed, number]), truth(icc, most)
    inside: dict[str, list[tuple[bool, bool]]] = {name: [] for name in known}
    for _ in range(experiments):
        slides = Slides(number, icc, random, most)
        redrawn = random.multinomial(number, np.full(number, 1 / number), size=draws).astype(float)
        drawn = measured(slides.measure, redrawn) if draws else {}
        for name, values in measured(slides.measure, leave_out(np.arange(number))).items():
            found = interval(name, spread(values))
            ends = np.nanpercentile(drawn[name], [2.5, 97.5]) if draws else (np.nan, np.nan)
            pair = ((found.ci_low, found.ci_high), ends)
            inside[name].append(tuple(bool(low <= known[name] <= high) for low, high in pair))
    return {name: tuple(np.mean(each, axis=0)) for name, each in inside.items()}


def main() -> None:
    """Print a table of the coverage by metric, number of slides and correlation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experiments", type=int, default=2000)
    parser.add_argument("--draws", type=int, default=0, help="of the bootstrap (0: none)")
    parser.add_argument("--slides", type=int, nargs="+", default=[4, 8, 16])
    parser.add_argument("--correlations", type=float, nargs="+", default=[0.02, 0.05])
    parser.add_argument("--most", type=int, default=FIELDS, help="fields, from 1 on if more than 3")
    chosen = parser.parse_args()
    for icc in chosen.correlations:
        for number in chosen.slides:
            found = coverage(number, icc, chosen.experiments, chosen.draws, chosen.most)
            for name, (ours, bootstrap) in found.items():
                print(icc, number, name, f"{ours:.3f}", f"{bootstrap:.3f}", sep="\t", flush=True)


if __name__ == "__main__":
    main()
