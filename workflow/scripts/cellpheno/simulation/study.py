"""A whole study as a microscope and an annotator would leave it, with the truth known (A49-A52)."""

import dataclasses
import json
import multiprocessing
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import tifffile

from cellpheno import randomness, tables
from cellpheno.errors import StudyError
from cellpheno.files import whole
from cellpheno.progress import track
from cellpheno.simulation.annotators import Annotator, annotate
from cellpheno.simulation.cells import BUILDERS
from cellpheno.simulation.culture import draw_labels, grow, planted_frequencies
from cellpheno.simulation.drawing import draw
from cellpheno.simulation.lines import sample
from cellpheno.simulation.microscope import photograph
from cellpheno.simulation.via import project

Row = Mapping[str, str]
Settings = Mapping[str, Any]
Pictures = dict[str, npt.NDArray[np.uint16]]

CHANNELS = ("membrane", "nucleus", "brightfield")
"""What is photographed; each is a column of the sample sheet."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """What all fields of a study share."""

    settings: Settings
    negative_class: str
    seed: int


def simulate_study(
    rows: Sequence[Row],
    settings: Settings,
    classes: Sequence[str],
    seed: int,
    annotations: str | Path,
    negative_class: str = "non-CIC",
    processes: int = 1,
    further: Sequence[str | Path] = (),
) -> pd.DataFrame:
    """Write the raw images of every field and the annotations of some.

    Parameters
    ----------
    rows
        The sample sheet, with the path of each channel's file.
    settings
        The config's `simulation`.
    classes
        Every class; those that are planted must be among them.
    seed
        The study's seed. A field depends on it, on the field's name, condition and replicate,
        and on nothing else.
    annotations
        Where the VIA project file goes; it holds the fields of the condition
        `settings["annotated"]` and of the further cell lines, named `<field>.png` as for an
        annotator who was given composites. This annotator errs in the class alone, as often as
        `settings["label_errors"]` says.
    negative_class
        Class of what is left when the planted frequencies are taken.
    processes
        How many fields are made at a time.
    further
        Where the project files of `settings["annotators"]` go, one each, of the same fields.

    Returns
    -------
    DataFrame
        The table `tables.TRUTH`, of all fields in the order of the rows.

    Raises
    ------
    StudyError
        For a condition without planted frequencies, a class that cannot be drawn, a field with a
        fault that is not among the rows, a channel that is not photographed.
    """
    _check(rows, settings, [*classes, negative_class])
    plan = Plan(settings, negative_class, seed)
    frames = list(
        track(_parallel(partial(_write_field, plan), rows, processes), "fields", len(rows))
    )
    truth = tables.concatenate(frames, tables.TRUTH)
    conditions = {settings["annotated"], *settings["cell_lines"]}
    annotated = [row["field"] for row in rows if row["condition"] in conditions]
    senior = Annotator("", wrong_class=settings["label_errors"])
    others = [Annotator(**entry) for entry in settings["annotators"]]
    size = settings["height"], settings["width"]
    cells = truth[truth["field"].isin(annotated)]
    for path, annotator in zip([annotations, *further], [senior, *others], strict=True):
        drawn = annotate(cells, annotator, classes, *size, seed)
        with whole(path) as temporary:
            temporary.write_text(json.dumps(project(annotated, drawn, classes), indent=1) + "\n")
    return truth


def simulate_field(row: Row, plan: Plan) -> tuple[Pictures, pd.DataFrame]:
    """Return the pictures of one field, uint16 [height, width] per channel, and its truth.

    A structure that others hide completely is not in the truth: nobody could find it. Of the
    faults, this plants those that lie before the microscope's files: a field that is over-exposed,
    out of focus or empty.
    """
    settings, field = plan.settings, row["field"]
    fault = fault_of(field, settings["faults"])
    height, width = settings["height"], settings["width"]
    its = sample(row["condition"], settings)
    frequencies = planted_frequencies(
        settings["frequencies"][row["condition"]],
        settings["replicate_spread"],
        plan.seed,
        row["condition"],
        row["replicate"],
    )
    rng = randomness.generator(plan.seed, "simulate", field)
    count = max(1, int(rng.poisson(its.cells_per_field))) if fault != "empty" else 0
    labels = draw_labels(frequencies, plan.negative_class, count, rng)
    structures = grow(labels, its.line, height, width, rng)
    layers, boxes = draw(structures, its.line, height, width, rng)
    pictures = photograph(layers, its.microscope, fault, rng)
    truth = pd.DataFrame(boxes, columns=tables.BOX_COLUMNS).assign(label=labels)
    truth = truth.dropna(subset=tables.BOX_COLUMNS, ignore_index=True)
    truth.insert(0, "field", field)
    return pictures, truth


def fault_of(field: str, faults: Mapping[str, Sequence[str]]) -> str:
    """Return what is wrong with a field, or an empty text."""
    return next((fault for fault, fields in faults.items() if field in fields), "")


def _write_field(plan: Plan, row: Row) -> pd.DataFrame:
    """Write the files of one field, spoilt if it is to be, and return its truth."""
    pictures, truth = simulate_field(row, plan)
    fault = fault_of(row["field"], plan.settings["faults"])
    if fault == "swapped":
        pictures["nucleus"], pictures["brightfield"] = pictures["brightfield"], pictures["nucleus"]
    for channel, picture in pictures.items():
        with whole(row[channel]) as temporary:
            tifffile.imwrite(temporary, picture, photometric="minisblack", metadata=None)
            if fault == "truncated":  # as a copy that was broken off leaves it
                os.truncate(temporary, temporary.stat().st_size // 2)
    return truth


def _parallel(work: partial, rows: Sequence[Row], processes: int) -> Iterable[pd.DataFrame]:
    """Yield the result of `work` on every row, in order."""
    if processes == 1:
        yield from map(work, rows)
        return
    # forked, because a spawned process would run the job's script again from its start
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        yield from pool.map(work, rows)


def _check(rows: Sequence[Row], settings: Settings, classes: Sequence[str]) -> None:
    planted, fields = settings["frequencies"], {row["field"] for row in rows}
    for row in rows:
        if row["condition"] not in planted:
            raise StudyError(
                f"The field {row['field']} is of the condition {row['condition']!r}, which has no "
                "entry in simulation.frequencies; add one or correct the sample sheet."
            )
        for channel in CHANNELS:
            if not row.get(channel):
                raise StudyError(
                    f"The field {row['field']} has no file name for the channel {channel}, which "
                    "the simulated microscope takes; add the column to the sample sheet."
                )
    for label in [*classes, *(label for part in planted.values() for label in part)]:
        if label not in BUILDERS or label not in classes:
            raise StudyError(
                f"The class {label!r} cannot be simulated; classes and simulation.frequencies may "
                f"name {', '.join(BUILDERS)}."
            )
    for fault, spoilt in settings["faults"].items():
        for field in spoilt:
            if field not in fields:
                raise StudyError(
                    f"simulation.faults/{fault} names the field {field}, which is not in the "
                    "sample sheet; correct the name."
                )
