"""Fields of view as later stages see them: judged, and assigned to a split."""

from collections.abc import Sequence

import pandas as pd


def in_splits(
    quality: pd.DataFrame,
    splits: pd.DataFrame,
    wanted: Sequence[str] | None = None,
    without: Sequence[str] = (),
) -> pd.DataFrame:
    """Return the usable fields of some splits, in the order of the quality table.

    Parameters
    ----------
    quality
        The quality table. Its own column `split`, what the sample sheet asked for, gives way to
        the split that the field was assigned to.
    splits
        The splits table.
    wanted
        Splits to keep; all when None.
    without
        Conditions to leave out.

    Returns
    -------
    DataFrame
        The rows of `quality` whose verdict is `ok`, with their `split`.
    """
    usable = quality[quality["verdict"] == "ok"].drop(columns="split", errors="ignore")
    fields = usable.merge(splits[["field", "split"]], on="field", validate="one_to_one")
    fields = fields[~fields["condition"].isin(without)] if len(without) else fields
    return fields if wanted is None else fields[fields["split"].isin(wanted)]
