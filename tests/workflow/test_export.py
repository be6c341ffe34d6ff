"""`snakemake export`: what annotators are given, and what comes back from them."""

import shutil

import pandas as pd
import pytest

from cellpheno import tables


def test_called_cells_are_exported_by_request_only(small_study):
    assert "export_annotations" not in small_study.planned()
    planned = small_study.planned("export")
    assert {"export_annotations", "call_cells", "train_detector"} <= set(planned)


def test_annotations_can_be_exported_before_there_is_a_detector(small_study):
    small_study.config["export"] = {"source": "annotations", "splits": ["train", "val", "test"]}
    planned = small_study.write().planned("export")
    assert "export_annotations" in planned
    assert "train_detector" not in planned


@pytest.fixture
def exported(small_study):
    """A small study whose annotations have been exported."""
    splits = ["train", "val", "test"]
    small_study.config["export"] = {"source": "annotations", "splits": splits}
    small_study.write().snakemake("export")
    return small_study


def test_what_is_exported_can_be_read_back_by_another_study(exported):
    folder = exported.results / "export"
    losses = tables.read(folder / "losses.tsv", tables.EXPORT_LOSSES)
    assert set(losses["what"]) == {"annotator", "area"} & set(losses["what"])
    assert set(losses["format"]) == {"via", "labelme", "coco"}
    written = pd.read_parquet(exported.results / "annotations/boxes.parquet")

    del exported.config["simulation"]
    sources = {"via": "via/via_project.json", "labelme": "labelme", "coco": "coco/coco.json"}
    for name, source in sources.items():
        # out of the results, which are replaced
        shutil.copytree(folder / name, exported.folder / f"corrected/{name}")
        exported.config |= {"study": name, "data_root": "results/small/raw"}
        corrected = str(exported.folder / f"corrected/{source}")
        exported.config["annotations"] = {"format": name, "files": [corrected]}
        exported.write().snakemake(f"results/{name}/annotations/boxes.parquet")
        read = pd.read_parquet(exported.results / "annotations/boxes.parquet")
        columns = ["field", *tables.BOX_COLUMNS, "label"]
        pd.testing.assert_frame_equal(read[columns], written[columns])
