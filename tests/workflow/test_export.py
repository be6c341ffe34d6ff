"""`snakemake export`: what annotators are given, and what comes back from them."""

import shutil

import pandas as pd
import pytest

from cellpheno.tables import storage
from cellpheno.tables.annotations import EXPORT_LOSSES
from cellpheno.tables.columns import BOX_COLUMNS


def test_called_cells_are_exported_by_request_only(small_study):
    assert "export_annotations" not in small_study.planned()
    planned = small_study.planned("export")
    assert {"export_annotations", "call_cells", "train_detector"} <= set(planned)


def test_annotations_can_be_exported_before_there_is_a_detector(small_study):
    small_study.config["export"] = {"source": "annotations", "splits": ["train", "val", "test"]}
    planned = small_study.write().planned("export")
    assert "export_annotations" in planned
    assert "train_detector" not in planned


def test_another_classifier_proposes_classes_and_the_clicks_are_counted_where_asked(small_study):
    small_study.config["experiments"] = {"main": {}, "other": {}}
    small_study.config["export"] = {"experiment": "other", "order": "uncertainty"}
    assert small_study.write().planned("export")["propose_cells"] == 1
    small_study.config["export"]["count_clicks"] = True
    planned = small_study.write().planned()
    assert planned["propose_cells"] == planned["count_clicks"] == 1
    assert planned["plot_annotation_work"] == 1


def test_work_in_an_exported_folder_is_never_replaced(exported):
    folder = exported.results / "export"
    drawn = next(folder.glob("labelme/*.json"))
    drawn.write_text("corrected by hand")
    exported.config["export"]["splits"] = ["train"]
    done = exported.write().snakemake("export", check=False)
    assert done.returncode != 0
    assert f"{drawn.name} was added or changed since the workflow made" in done.stdout
    assert drawn.read_text() == "corrected by hand"


@pytest.fixture
def exported(small_study):
    """A small study whose annotations have been exported."""
    splits = ["train", "val", "test"]
    small_study.config["export"] = {"source": "annotations", "splits": splits}
    small_study.write().snakemake("export")
    return small_study


def test_what_is_exported_can_be_read_back_by_another_study(exported):
    folder = exported.results / "export"
    losses = storage.read(folder / "losses.tsv", EXPORT_LOSSES)
    assert set(losses["what"]) <= {"annotator", "area"}
    assert set(losses["format"]) == {"via", "labelme", "coco"}
    written = pd.read_parquet(exported.results / "annotations/boxes.parquet")

    # out of the results, which are replaced
    corrected = shutil.copytree(folder / "labelme", exported.folder / "corrected")
    del exported.config["simulation"]
    exported.config |= {"study": "again", "data_root": "results/small/raw", "class_groups": {}}
    exported.config["classes"] = sorted(set(written["label"]))
    exported.config["statistics"].update(exclude_classes=[], exclude_conditions=[])
    exported.config["annotations"] = {"format": "labelme", "files": [str(corrected)]}
    exported.write().snakemake("results/again/annotations/boxes.parquet")
    read = pd.read_parquet(exported.results / "annotations/boxes.parquet")
    columns = ["field", *BOX_COLUMNS, "label"]
    pd.testing.assert_frame_equal(read[columns], written[columns])
