"""Read the judged boxes of all trainings, by experiment and seed."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from cellpheno.tables import storage
from cellpheno.tables.cells import JUDGED_BOXES


def read_runs(paths: Iterable[str | Path]) -> dict[tuple[str, str], pd.DataFrame]:
    """Read `<experiment>/seed<k>.parquet` into a dict from experiment and seed."""
    return {
        (path.parent.name, path.stem.removeprefix("seed")): storage.read(path, JUDGED_BOXES)
        for path in map(Path, paths)
    }
