"""I2: a table of cells written and read again."""

import numpy as np
import pandas as pd

from benchmarks.sections import Options
from benchmarks.timing import Comparison, alternate
from cellpheno.tables import storage
from cellpheno.tables.cells import PREDICTIONS
from cellpheno.tables.columns import BOX_COLUMNS


def run(options: Options) -> list[Comparison]:
    """Compare Parquet, checked on write and on read, with CSV by pandas."""
    count = 2000 if options.tiny else 1_000_000
    random = np.random.default_rng(0)
    corners = random.uniform(0, 2000, (count, 2))
    chances = random.dirichlet(np.ones(7), count)
    frame = pd.DataFrame({"field": np.sort(random.integers(0, count // 400 + 1, count))})
    frame["field"] = "plate-1-field-" + frame["field"].astype(str)
    sides = dict(zip(BOX_COLUMNS, [*corners.T, *(corners + 40).T], strict=True))
    named = {f"p_class {number}": column for number, column in enumerate(chances.T)}
    frame = frame.assign(**sides, det_score=random.uniform(size=count), **named)
    numbers = frame.columns.drop("field")
    frame[numbers] = frame[numbers].astype(np.float32).astype(float)  # as networks give them
    frame["feature_row"] = np.arange(count)
    text, binary = options.folder / "cells.csv", options.folder / "cells.parquet"

    def reference() -> pd.DataFrame:
        frame.to_csv(text, index=False)
        return pd.read_csv(text)

    def ours() -> pd.DataFrame:
        storage.write(frame, binary, PREDICTIONS)
        return storage.read(binary, PREDICTIONS)

    times, results = alternate({"reference": reference, "ours": ours}, options.rounds)
    difference = float(np.abs(frame[numbers] - results["ours"][numbers]).to_numpy().max())
    same = (results["ours"]["field"] == frame["field"]).all()
    smaller = text.stat().st_size / binary.stat().st_size
    return [
        Comparison(
            row="I2",
            what=f"{count} cells written and read; the file is {smaller:.1f} times smaller",
            reference="CSV by pandas",
            reference_ms=min(times["reference"].cpu) * 1e3,
            ours="Parquet, checked both ways",
            ours_ms=min(times["ours"].cpu) * 1e3,
            goal=20,
            gate="the same table, to the last bit",
            measured=difference,
            holds=bool(same and difference == 0),
        )
    ]
