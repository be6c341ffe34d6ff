"""The judged boxes of all trainings, by experiment and seed."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from cellpheno import tables


def read_runs(paths: Iterable[str | Path]) -> dict[tuple[str, str], pd.DataFrame]:
    """Read files `<experiment>/seed<k>.parquet`: experiment and seed to tables.JUDGED_BOXES."""
    return {
        (path.parent.name, path.stem.removeprefix("seed")): tables.read(path, tables.JUDGED_BOXES)
        for path in map(Path, paths)
    }
