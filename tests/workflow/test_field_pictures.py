"""Pictures of fields: those of `snakemake field_outputs`, and the figures of the data set."""

import numpy as np
import pandas as pd
import pytest

from cellpheno.images import store
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS, BOXES
from cellpheno.tables.cells import CELLS, DETECTIONS
from cellpheno.tables.quality import QUALITY, SPLITS

UNUSABLE = "control-r2"
SHARDS = ["shard-000", "shard-001"]


def test_pictures_of_fields_are_made_by_request_only(small_study):
    assert "draw_field_outputs" not in small_study.planned()
    planned = small_study.planned("field_outputs")
    assert planned["draw_field_outputs"] == 2
    assert {"call_cells", "train_detector"} <= set(planned)


@pytest.fixture
def called(small_study):
    """A small study with a called cell in every field, as if it had been run."""
    results = small_study.results
    sheet = pd.read_csv(small_study.folder / "fields.tsv", sep="\t")
    fields = sheet["field"].tolist()
    box = {"x_min": 20.0, "y_min": 30.0, "x_max": 60.0, "y_max": 70.0}
    each = pd.DataFrame({"field": fields, **box})
    for shard, part in zip(SHARDS, (each[:4], each[4:]), strict=True):
        images = ((name, np.full((90, 120, 3), 60, np.uint8)) for name in part["field"])
        store.write(results / f"converted/{shard}.npz", images)
        found = part[part["field"] != UNUSABLE].assign(score=0.9)
        path = results / f"detections/{shard}.parquet"
        storage.write(found, path, DETECTIONS, found["field"])
    raw = {name: "results/small/raw/" + sheet[name] for name in small_study.config["channels"]}
    quality = sheet.assign(split="", **raw)
    quality = quality.assign(verdict="ok", saturated_fraction=0, focus=9, height=90, width=120)
    quality.loc[quality["field"] == UNUSABLE, "verdict"] = "empty"
    storage.write(quality, results / "qc/fields.tsv", QUALITY)
    searched = quality.loc[quality["verdict"] == "ok", "field"]
    splits = quality[["field", "group"]].assign(split="predict", complete=False)
    annotated = quality["condition"] == "annotated"
    splits.loc[annotated, "split"] = "test"
    splits = splits[splits["field"].isin(searched)]
    storage.write(splits, results / "splits.tsv", SPLITS)
    cells = (
        quality.drop(columns="split")
        .merge(splits[["field", "split"]])
        .merge(each)
        .assign(call="in turn", label=None)
    )
    cells[["det_score", "cls_score", "score"]] = 0.9
    storage.write(cells, results / "cells.parquet", CELLS, searched)
    boxes = each[annotated].assign(label="partial", annotator="expert")
    storage.write(boxes, results / "annotations/boxes.parquet", BOXES)
    listed = boxes[["field"]].assign(n_boxes=1, complete=True)
    storage.write(listed, results / "annotations/fields.tsv", ANNOTATED_FIELDS)
    return small_study


def test_usable_fields_of_the_chosen_splits_have_a_folder_each(called):
    called.snakemake("field_outputs", "--allowed-rules", "draw_field_outputs", "field_outputs")
    folder = called.results / "field_outputs"
    found = sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/[!.]*"))
    assert found == ["shard-000/control-r1", "shard-001/mock-r1", "shard-001/mock-r2"]
    (crop,) = folder.glob("*/mock-r1/crops/*/*.png")
    assert crop.parent.name == "in_turn"
    assert crop.name == "0.90_23_13.png"


def test_figures_of_the_data_set_are_drawn(called):
    called.config["calls"]["min_score"] = 0.5
    names = ["found_and_missed", "gallery_annotated", "gallery_called", "cells_per_field"]
    targets = [f"results/small/figures/{name}.png" for name in names]
    rules = ["plot_found_and_missed", "plot_gallery", "plot_cells_per_field", "count_frequencies"]
    called.write().snakemake(*targets, "--allowed-rules", *rules)
    for name in names:
        for kind in ("pdf", "png"):
            assert (called.results / f"figures/{name}.{kind}").stat().st_size > 5000
