"""Compare the sample sheet with the one that the results on disk were made from."""

import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from cellpheno.core.errors import StudyError


def report(quality: Path, fields: pd.DataFrame, sheet: str, keeps: Callable[[], bool]) -> None:
    """Report a sample sheet that has changed since the quality table was written.

    Snakemake remakes results of changed rows unless the user has declared them up to date,
    which it does not record. `keeps` says whether this run would accept changed results.

    Raises a StudyError when the sheet has changed and results would be kept.
    """
    change = difference(quality, fields)
    if change is None:
        return
    found = f"{quality} was made from another sample sheet than {sheet} is now: {change}"
    if keeps():
        raise StudyError(
            f"{found}; this run would accept such results, so start it without --touch, and with "
            "`--forcerun convert_fields` if Snakemake does not know their origin "
            "(--rerun-triggers without params, or a removed .snakemake)."
        )
    # not a warning, as those belong to results
    print(
        f"cellpheno: {found}; dependent results are made again (if Snakemake finds nothing to do, "
        "add `--forcerun convert_fields`).",
        file=sys.stderr,
    )


def difference(quality: Path, fields: pd.DataFrame) -> str | None:
    """Return the first difference between a quality table and the sheet, in words."""
    if not quality.exists():
        return None
    # only the sheet's columns, some of which an older table may lack
    made = pd.read_csv(
        quality,
        sep="\t",
        dtype="str",
        keep_default_na=False,
        usecols=lambda column: column in fields.columns,
    )
    lost = [column for column in fields.columns if column not in made]
    if lost:
        return f"it lacks the column {lost[0]}"
    new = fields.loc[~fields["field"].isin(made["field"]), "field"]
    if len(new):
        return f"it lacks {len(new)} of {len(fields)} fields, the first {new.iloc[0]}"
    gone = made.loc[~made["field"].isin(fields["field"]), "field"]
    if len(gone):
        return f"it has {len(gone)} additional fields, the first {gone.iloc[0]}"
    made = made.set_index("field").loc[fields["field"]]
    for column in made.columns:
        other = made[column].to_numpy() != fields[column].to_numpy()
        if other.any():
            field, now = fields.loc[other, ["field", column]].iloc[0]
            was = made.loc[field, column]
            return f"the field {field} had the {column} {was!r} and has {now!r}"
    return None
