"""Likely wrong labels, and people against the model: which rules exist, and what they find."""

import pandas as pd

from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES, FOUND_LABEL_ERRORS, GONE_THROUGH, LABEL_ERRORS

FINDING = {"find_label_errors", "plot_label_errors"}
COMPARING = {"compare_raters", "plot_human_model"}
STUDENT = {"name": "student", "wrong_class": 0.2, "miss": 0.1}


def test_found_errors_are_counted_only_where_some_were_planted(small_study):
    planned = set(small_study.planned())
    assert planned >= FINDING
    assert "evaluate_label_errors" not in planned
    small_study.config["simulation"]["label_errors"] = 0.05
    assert set(small_study.write().planned()) >= {*FINDING, "evaluate_label_errors"}


def test_the_search_can_be_left_out(small_study):
    small_study.config["label_errors"]["enabled"] = False
    assert not FINDING & set(small_study.write().planned())


def test_the_model_is_held_against_people_only_where_there_are_several(small_study):
    assert not COMPARING & set(small_study.planned())
    small_study.config["simulation"]["annotators"] = [STUDENT]
    small_study.config["annotations"]["further_annotators"] = [
        {"annotator": "student", "files": ["student.json"], "merge": False}
    ]
    assert set(small_study.write().planned()) >= COMPARING


def test_an_annotator_who_is_not_merged_is_compared_and_teaches_nothing(small_study):
    small_study.config["simulation"]["annotators"] = [{**STUDENT, "false_boxes": 0.5}]
    small_study.config["annotations"]["further_annotators"] = [
        {"annotator": "student", "files": ["student.json"], "merge": False}
    ]
    small_study.write().snakemake("results/small/annotations/boxes.parquet")
    folder = small_study.results / "annotations"
    boxes = storage.read(folder / "boxes.parquet", BOXES)
    assert set(boxes["annotator"]) == {"expert"}
    each = storage.read(folder / "each.parquet", BOXES)
    assert set(each["annotator"]) == {"expert", "student"}
    seen = storage.read(folder / "gone_through.tsv", GONE_THROUGH)
    assert seen["annotator"].tolist() == ["expert"] * 3 + ["student"] * 3
    agreement = pd.read_csv(folder / "agreement.tsv", sep="\t")
    assert set(agreement["annotator"]) == {"student"}


def test_planted_label_errors_are_found_in_simulated_pictures(small_study, small_rows):
    """Twelve fields of full size, a twelfth of the labels wrong."""
    config = small_study.config
    config["simulation"].update(height=512, width=640, cells_per_field=34, label_errors=0.08)
    config["statistics"].update(control=None, null_experiments=0)
    config.update(published_study=None)
    rows = [
        {
            "field": f"slide-{number}",
            "condition": "annotated",
            "replicate": f"slide-{number}",
            "group": f"slide-{number}",
            **{channel: f"slide-{number}_{channel}.tif" for channel in config["channels"]},
        }
        for number in range(12)
    ]
    small_study.write_fields(rows)
    small_study.write().snakemake(
        "results/small/label_errors/found.tsv", "results/small/figures/label_errors.png"
    )
    folder = small_study.results / "label_errors"
    found = storage.read(folder / "found.tsv", FOUND_LABEL_ERRORS).set_index("metric")
    assert 0.04 < found.loc["error_rate", "value"] < 0.12
    # measured on larger studies: docs/label_errors.md
    assert found.loc["precision", "value"] > 0.4
    assert found.loc["recall", "value"] > 0.6
    assert found.loc["average_precision", "value"] > 0.7
    cells = storage.read(folder / "cells.parquet", LABEL_ERRORS)
    assert len(pd.read_csv(folder / "listed.tsv", sep="\t")) == cells["listed"].sum()
