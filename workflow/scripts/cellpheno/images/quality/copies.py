"""Find fields with the same pixels under different names."""

import pandas as pd

from cellpheno.core import notices
from cellpheno.core.errors import StudyError
from cellpheno.images.quality.measures import OK

REFUSE = "refuse", "leave_out"
SHOWN = 5


def check(fields: pd.DataFrame, near_duplicates: str) -> None:
    """Refuse copies between conditions or replicates, and warn of all others.

    `fields` is the quality table, whose `content` identifies a field's pixels.

    Raises a StudyError when one image is in two conditions or replicates, where a test would count
    it twice, unless `splits.near_duplicates` keeps or allows them.
    """
    if "content" not in fields:  # no field could be read
        return
    read = fields[fields["verdict"] == OK].sort_values("field")
    copies = read[read.duplicated("content", keep=False)]
    groups = [group for _, group in copies.groupby("content", sort=False)]
    apart = [
        group for group in groups if len(group[["condition", "replicate"]].drop_duplicates()) > 1
    ]
    if apart and near_duplicates in REFUSE:
        raise StudyError(
            f"{_named(apart)} have the same pixels under other names, in different conditions "
            "or replicates, so one image would count for both; correct the sample sheet, or set "
            "splits.near_duplicates to keep_together if this is intended."
        )
    if groups:
        notices.warn(
            f"{_named(groups)} have the same pixels under other names, and their cells count "
            "once for each; leave the copies out of the sample sheet (qc/fields.tsv, column "
            "content)."
        )


def _named(groups: list[pd.DataFrame]) -> str:
    names = [" and ".join(group["field"].head(SHOWN)) for group in groups[:SHOWN]]
    more = f"; and {len(groups) - SHOWN} more sets" if len(groups) > SHOWN else ""
    return f"The fields {'; '.join(names)}{more}"
