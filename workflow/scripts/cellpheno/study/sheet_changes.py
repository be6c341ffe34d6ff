"""Whether results on disk were made of the rows that the sample sheet has now."""

import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from cellpheno.core.errors import StudyError


def report(quality: Path, fields: pd.DataFrame, sheet: str, keeps: Callable[[], bool]) -> None:
    """Report a sample sheet that has changed since the fields were judged.

    Snakemake makes results of changed rows anew unless it was made to take them as up to date,
    which it cannot know afterwards.

    Parameters
    ----------
    quality
        Where tables.QUALITY is, with the sheet's columns as they were; it may not be there yet.
    fields
        The sample sheet, paths joined with `data_root`.
    sheet
        Its name, for messages.
    keeps
        Whether this run would take changed results as up to date; called where they are changed.

    Raises
    ------
    StudyError
        When the sheet has changed and results would be kept.
    """
    change = difference(quality, fields)
    if change is None:
        return
    found = f"{quality} was made of another sample sheet than {sheet} is now: {change}"
    if keeps():
        raise StudyError(
            f"{found}; this run would take such results as up to date, so start it without "
            "--touch, and with `--forcerun convert_fields` where Snakemake does not know what "
            "made them (--rerun-triggers without params, or a removed .snakemake)."
        )
    # not among the warnings, which belong to results
    print(
        f"cellpheno: {found}; what depends on it is made anew (if Snakemake finds nothing to be "
        "done, add `--forcerun convert_fields`).",
        file=sys.stderr,
    )


def difference(quality: Path, fields: pd.DataFrame) -> str | None:
    """Return the first way in which a quality table has other rows than the sheet, in words."""
    if not quality.exists():
        return None
    # only the sheet's columns are compared, of which a table of an older sheet may lack some
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
        return f"it has {len(gone)} fields more, the first {gone.iloc[0]}"
    made = made.set_index("field").loc[fields["field"]]
    for column in made:
        other = made[column].to_numpy() != fields[column].to_numpy()
        if other.any():
            field, now = fields.loc[other, ["field", column]].iloc[0]
            was = made.loc[field, column]
            return f"the field {field} had the {column} {was!r} and has {now!r}"
    return None
