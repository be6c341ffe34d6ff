"""Simulate a whole study with images, annotations and known ground truth (A49-A52)."""

import multiprocessing
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import pandas as pd
import tifffile

from cellpheno.core.errors import StudyError
from cellpheno.core.files import whole
from cellpheno.core.progress import track
from cellpheno.simulation import cell_in_cell, live_dead, organoid
from cellpheno.simulation.annotators import Annotator, annotate
from cellpheno.simulation.kind import Kind, Plan, Row, Settings, fault_of
from cellpheno.simulation.writing import write
from cellpheno.tables import storage
from cellpheno.tables.annotations import TRUTH

KINDS: dict[str, Kind] = {
    "cell_in_cell": cell_in_cell.KIND,
    "organoid": organoid.KIND,
    "live_dead": live_dead.KIND,
}
"""`simulation.kind` of the config."""


def simulate_study(
    rows: Sequence[Row],
    settings: Settings,
    classes: Sequence[str],
    seed: int,
    annotations: Sequence[str | Path],
    annotation_format: str = "via",
    senior: str = "",
    negative_class: str = "non-CIC",
    processes: int = 1,
) -> pd.DataFrame:
    """Write the raw images of every field and the annotations of some; return TRUTH of all.

    Rows of the sample sheet contain the path of each channel's file. A field depends only on the
    seed and on its name, condition and replicate. `annotations` are paths, those of the senior
    annotator first, then those of `settings["annotators"]`; empty if nothing is annotated. They
    are VIA project files (`via`) or folders (`voc`). A senior annotator without an entry errs
    only in the class, with the rate `settings["label_errors"]`. The negative class is that of
    all cells beyond the planted frequencies.

    Raises a StudyError for a condition without planted frequencies, an unknown class, a fault of an
    unknown field, and a missing channel.
    """
    kind = KINDS[settings["kind"]]
    _check(rows, settings, kind, [*classes, negative_class])
    work = partial(_write_field, Plan(settings, negative_class, seed))
    frames = list(track(_parallel(work, rows, processes), "fields", len(rows)))
    truth = storage.concatenate(frames, TRUTH)
    annotated = [row for row in rows if kind.annotated(row, settings)]
    height, width = settings["height"], settings["width"]
    for path, annotator in zip(annotations, annotators(settings, senior), strict=bool(annotations)):
        fields = [row["field"] for row in annotated if annotator.goes_through(row["split"])]
        cells = truth[truth["field"].isin(fields)]
        drawn = annotate(cells, annotator, classes, height, width, seed)
        write(path, annotation_format, fields, drawn, classes, height, width)
    return truth


def annotators(settings: Settings, senior: str) -> list[Annotator]:
    """Return the annotators, the senior one first."""
    entries = {entry["name"]: Annotator(**entry) for entry in settings["annotators"]}
    first = entries.pop(senior, Annotator("", wrong_class=settings["label_errors"]))
    return [first, *entries.values()]


def _write_field(plan: Plan, row: Row) -> pd.DataFrame:
    """Write the files of one field with its fault, and return its truth."""
    kind = KINDS[plan.settings["kind"]]
    pictures, truth = kind.simulate_field(row, plan)
    fault = fault_of(row["field"], plan.settings["faults"])
    if fault == "swapped":
        one, other = kind.swapped
        pictures[one], pictures[other] = pictures[other], pictures[one]
    for channel, picture in pictures.items():
        with whole(row[channel]) as temporary:
            tifffile.imwrite(temporary, picture, photometric="minisblack", metadata=None)
            if fault == "truncated":  # like an interrupted copy
                os.truncate(temporary, temporary.stat().st_size // 2)
    return truth


def _parallel(
    work: partial[pd.DataFrame], rows: Sequence[Row], processes: int
) -> Iterable[pd.DataFrame]:
    """Yield the result of `work` on every row, in order."""
    if processes == 1:
        yield from map(work, rows)
        return
    # forked, because a spawned process would run the job's script again
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        yield from pool.map(work, rows)


def _check(rows: Sequence[Row], settings: Settings, kind: Kind, classes: Sequence[str]) -> None:
    planted, fields = settings["frequencies"], {row["field"] for row in rows}
    for row in rows:
        if row["condition"] not in planted:
            raise StudyError(
                f"The field {row['field']} is of the condition {row['condition']!r}, which has no "
                "entry in simulation.frequencies; add one or correct the sample sheet."
            )
        for channel in kind.channels:
            if not row.get(channel):
                raise StudyError(
                    f"The field {row['field']} has no file name for the simulated channel "
                    f"{channel}; add the column to the sample sheet."
                )
    for label in [*classes, *(label for part in planted.values() for label in part)]:
        if label not in kind.classes or label not in classes:
            raise StudyError(
                f"The class {label!r} cannot be simulated; classes and simulation.frequencies may "
                f"name {', '.join(kind.classes)}."
            )
    for fault, spoilt in settings["faults"].items():
        for field in spoilt:
            if field not in fields:
                raise StudyError(
                    f"simulation.faults/{fault} names the field {field}, which is not in the "
                    "sample sheet; correct the name."
                )
