"""The main results of a study, for the first page of its report."""

import csv
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

Row = Mapping[str, str]

SENSITIVITY = "conditional"
"""The test that repeats a configured one by other means."""
AT_THRESHOLD = "at score_threshold"
SHOWN = (
    ("metrics/detection.tsv", f"recall@0.5 {AT_THRESHOLD}", "Detection: recall, IoU 0.5"),
    ("metrics/detection.tsv", f"precision@0.5 {AT_THRESHOLD}", "Detection: precision, IoU 0.5"),
    ("metrics/detection.tsv", "ap@0.5", "Detection: average precision, IoU 0.5"),
    ("metrics/calls.tsv", "map@0.5", "Called cells: mAP, IoU 0.5"),
    ("metrics/calls.tsv", "map@0.5:0.95", "Called cells: mAP, IoU 0.5 to 0.95"),
    ("metrics/calls.tsv", "cells_per_field_bias", "Cells per field: called minus annotated"),
    ("metrics/calls.tsv", "cells_per_field_error", "Cells per field: mean absolute error"),
    ("metrics/calls.tsv", "cells_per_field_correlation", "Cells per field: correlation"),
    ("metrics/classification.tsv", "balanced_accuracy", "Classification: balanced accuracy"),
    ("metrics/classification.tsv", "macro_f1", "Classification: F1, mean of the classes"),
    ("metrics/classification.tsv", "weighted_f1", "Classification: F1, weighted by class size"),
    ("metrics/classification.tsv", "mean_auc", "Classification: AUC, mean of the classes"),
)
"""Table, metric, and its title."""


def results(folder: Path, experiment: str) -> list[dict[str, str]]:
    """Return what, value, interval and n (cells, split and groups) of the main results.

    Missing tables are skipped; `experiment` is the classifier that makes the calls.
    """
    chosen = {"class": "all", "experiment": experiment, "seed": "mean"}
    found = []
    for name, metric, what in SHOWN:
        wanted = {"metric": metric}
        if "classification" in name:
            wanted |= chosen
        elif "calls" in name:
            wanted["class"] = "all"
        rows = [row for row in _rows(folder / name) if wanted.items() <= row.items()]
        # prefer test, because val took part in choosing
        rows.sort(key=lambda row: row["split"] != "test")
        found += [_shown(what, row) for row in rows[:1]]
    return found


def compared(folder: Path, splits: Collection[str]) -> bool:
    """Return whether the compared splits have a field of good quality."""
    return any(row["split"] in splits for row in _rows(folder / "splits.tsv"))


def tested(folder: Path) -> dict[str, int]:
    """Return the number of all, of tested and of significant comparisons as configured."""
    rows = [row for row in _rows(folder / "statistics/tests.tsv") if row["test"] != SENSITIVITY]
    p = [float(row["p_adjusted"]) for row in rows if row["p_adjusted"] != "NA"]
    return {"all": len(rows), "tested": len(p), "significant": sum(value < 0.05 for value in p)}


def designs(folder: Path) -> list[str]:
    """Return a sentence for each design of the tests of replicates: which conditions, and why."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for row in _rows(folder / "statistics/tests.tsv"):
        if row["unit"] == "replicate":
            found.setdefault((row["design"], row["reason"]), {})[row["condition"]] = None
    return [f"{', '.join(names)}: {design} ({why})." for (design, why), names in found.items()]


def _rows(path: Path) -> Iterator[Row]:
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file, delimiter="\t")


def _shown(what: str, row: Row) -> dict[str, str]:
    value, low, high = (_number(row[key]) for key in ("value", "ci_low", "ci_high"))
    interval = f"{low} to {high}" if "NA" not in (low, high) else "NA"
    n = f"{row['n']} ({row['split']}), {row['n_clusters']}"
    return {"what": what, "value": value, "interval": interval, "n": n}


def _number(text: str) -> str:
    return text if text == "NA" else f"{float(text):.3f}"
