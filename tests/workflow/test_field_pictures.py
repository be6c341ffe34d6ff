"""`snakemake field_outputs`: pictures and crops of every field, by request."""

import numpy as np
import pandas as pd
import pytest

from cellpheno import tables
from cellpheno.images import store

FIELDS = ["annotated-slide-1", "control-r1", "control-r2", "mock-r1"]
UNUSABLE = "control-r2"


def test_pictures_of_fields_are_made_by_request_only(small_study):
    assert "draw_field_outputs" not in small_study.planned()
    planned = small_study.planned("field_outputs")
    assert planned["draw_field_outputs"] == 2
    assert {"call_cells", "train_detector"} <= set(planned)


@pytest.fixture
def called(small_study):
    """A small study whose first shard has called cells, as if it had been run."""
    results = small_study.results
    images = ((name, np.full((90, 120, 3), 60, np.uint8)) for name in FIELDS)
    store.write(results / "converted/shard-000.npz", images)
    box = pd.DataFrame({"x_min": 20.0, "y_min": 30.0, "x_max": 60.0, "y_max": 70.0}, [0])
    each = pd.concat([box.assign(field=name) for name in FIELDS])
    found = each.assign(score=0.9)
    splits = each.assign(group=each["field"], split="predict").iloc[:, -3:]
    splits.loc[splits["field"].str.startswith("annotated"), "split"] = "test"
    quality = each.assign(condition="a", replicate="r1", group="g", verdict="ok")
    quality.loc[quality["field"] == UNUSABLE, "verdict"] = "empty"
    quality[["saturated_fraction", "focus", "height", "width"]] = np.nan
    cells = quality.merge(splits[["field", "split"]]).assign(call="in turn", label=None)
    cells[["det_score", "cls_score", "score"]] = 0.9
    tables.write(found, results / "detections/shard-000.parquet", tables.DETECTIONS)
    tables.write(cells, results / "cells.parquet", tables.CELLS)
    tables.write(quality, results / "qc/fields.tsv", tables.QUALITY)
    tables.write(splits, results / "splits.tsv", tables.SPLITS)
    return small_study


def test_usable_fields_of_the_chosen_splits_have_a_folder_each(called):
    folder = called.results / "field_outputs/shard-000"
    target = folder.relative_to(called.folder).as_posix()
    called.snakemake(target, "--allowed-rules", "draw_field_outputs")
    assert sorted(path.name for path in folder.glob("[!.]*")) == ["control-r1", "mock-r1"]
    (crop,) = folder.glob("control-r1/crops/*/*.png")
    assert crop.relative_to(folder).as_posix() == "control-r1/crops/in_turn/0.90_23_13.png"
