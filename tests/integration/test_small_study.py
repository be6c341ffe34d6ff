"""A smaller version of the default study, raw images to report: what was planted is found.

The whole workflow runs once, as a user would run it; each test looks at one of its claims.
"""

import copy
import zipfile

import numpy as np
import pandas as pd
import pytest
from conftest import Study

from cellpheno.tables import storage
from cellpheno.tables.annotations import TRUTH
from cellpheno.tables.cells import CELLS
from cellpheno.tables.metrics import CLASSIFICATION_METRICS, DETECTION_METRICS, SUBSET_METRICS
from cellpheno.tables.quality import QUALITY, SPLITS
from cellpheno.tables.statistics import COMPARED_CLAIMS, FREQUENCIES, NULL_EXPERIMENTS, TESTS

PLANTED = {
    "annotated": [0.13, 0.13, 0.10, 0.10, 0.08, 0.08],
    "control": [0.14, 0.14, 0.10, 0.06, 0.04, 0.05],
    "mock": [0.14, 0.14, 0.10, 0.06, 0.04, 0.05],
    "GAP(118-194)": [0.03, 0.03, 0.02, 0.01, 0.01, 0.05],
    "large cells": [0.13, 0.13, 0.10, 0.10, 0.08, 0.08],
}
"""Frequencies of the six classes that are not the negative one. The difference is planted large:
a study this small would not see the sign of the default study's smaller ones reliably."""

REDUCED = ["partial", "one-in-one", "two-in-one", "CIC", "completed CIC"]


def rows():
    plan = [("annotated", f"slide-{n:02d}", 2) for n in range(1, 11)]
    for condition in ("control", "mock", "GAP(118-194)"):
        plan += [(condition, f"r{n}", 3) for n in (1, 2, 3)]
    plan += [("large cells", "r1", 3)]  # another cell line
    for condition, replicate, count in plan:
        for number in range(1, count + 1):
            name = condition.replace("(", "").replace(")", "").replace("-", "_").replace(" ", "_")
            field = f"{name}-{replicate}-f{number}"
            files = {c: f"{field}_{c}.tif" for c in ("membrane", "nucleus", "brightfield")}
            yield {
                "field": field,
                "condition": condition,
                "replicate": replicate,
                "group": f"{name}-{replicate}",
                "split": "predict" if condition == "large cells" else "",
                **files,
            }


@pytest.fixture(scope="session")
def study(tmp_path_factory, default_config) -> Study:
    config = copy.deepcopy(default_config)
    config.update(study="small", fields="fields.tsv", data_root="results/small/raw")
    config["fields_per_shard"] = 16
    config["simulation"]["faults"] = {"overexposed": ["control-r2-f2"]}
    config["simulation"]["frequencies"] = {
        condition: dict(zip(config["classes"][1:], planted, strict=True))
        for condition, planted in PLANTED.items()
    }
    config["simulation"]["cell_lines"] = {"large cells": {"radius": 1.3, "density": 0.65}}
    config["statistics"]["exclude_conditions"] = ["large cells"]
    config["detection"]["training"]["steps"] = 180
    config["detectors"] = {"main": {}, "enlarged": {"inference": {"scale": 1.25}}}
    config["experiments"] = {"main": {}, "hasty": {"training": {"epochs": 1}}}
    config["classification"]["training"]["epochs"] = 14
    study = Study(tmp_path_factory.mktemp("small_study"), config)
    study.write_fields(list(rows()))
    study.write().snakemake("--resources", "gpu=1")
    return study


def metric(study, table, **wanted) -> float:
    names = {"detection": DETECTION_METRICS, "classification": CLASSIFICATION_METRICS}
    frame = storage.read(study.results / f"metrics/{table}.tsv", names[table])
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1, wanted
    return frame["value"].iloc[0]


def test_held_out_cells_are_detected(study):
    """Boxes that count as cells, on fields never trained on; the threshold is chosen on others."""
    recall, precision = "recall@0.5 at score_threshold", "precision@0.5 at score_threshold"
    assert metric(study, "detection", split="test", metric=recall) >= 0.90
    assert metric(study, "detection", split="test", metric=precision) >= 0.85


CALLER = {"experiment": "main", "seed": "mean", "split": "test"}
"""The classifier that makes the calls, on held-out fields."""


def test_held_out_cells_are_classified(study):
    cic = CALLER | {"class": "CIC", "metric": "auc"}
    assert metric(study, "classification", **cic) >= 0.95
    mean = CALLER | {"class": "all", "metric": "mean_auc"}
    assert metric(study, "classification", **mean) >= 0.90


def test_another_cell_line_is_measured_next_to_the_studys_own_and_takes_no_part_in_it(study):
    path = study.results / "metrics/subsets.tsv"
    subsets = storage.read(path, SUBSET_METRICS).set_index(["subset", "class", "metric"])
    for name in ("recall", "precision", "f1"):
        own = metric(study, "detection", split="test", metric=f"{name}@0.5 at score_threshold")
        assert subsets.loc[("annotated", "all", f"{name}@0.5"), "value"] == pytest.approx(own)
    auc = CALLER | {"class": "CIC", "metric": "auc"}
    own = metric(study, "classification", **auc)
    assert subsets.loc[("annotated", "CIC", "auc"), "value"] == pytest.approx(own)
    other = subsets.loc["large cells"]
    assert (other["n_fields"] == 3).all()
    assert other.loc[("all", "recall@0.5"), "value"] >= 0.7
    assert other.loc[("CIC", "auc"), "value"] >= 0.8
    called = storage.read(study.results / "statistics/frequencies.tsv", FREQUENCIES)
    assert "large cells" not in set(called["condition"])
    assert "large cells" in set(storage.read(study.results / "cells.parquet", CELLS)["condition"])


def test_a_second_detector_and_classifier_are_measured_beside_those_in_use(study):
    detectors = storage.read(study.results / "metrics/detectors.tsv", DETECTION_METRICS)
    found = detectors[(detectors["split"] == "test") & (detectors["metric"] == "recall@0.5")]
    assert found["detector"].tolist() == ["main", "enlarged"]
    own = metric(study, "detection", split="test", metric="recall@0.5")
    assert found["value"].iloc[0] == pytest.approx(own)
    # it is the same network, trained once
    assert not (study.results / "detector/enlarged").exists()
    mean = {"class": "all", "metric": "mean_auc"}
    hasty = metric(study, "classification", **CALLER | {"experiment": "hasty"} | mean)
    assert hasty < metric(study, "classification", **CALLER | mean)


def comparisons(study):
    frame = storage.read(study.results / "statistics/tests.tsv", TESTS)
    return frame[(frame["test"] == "welch") & (frame["unit"] == "replicate")]


def test_planted_differences_come_out_with_the_right_sign(study):
    found = comparisons(study).set_index(["condition", "class"])["estimate"]
    assert (found["GAP(118-194)"].loc[REDUCED] < 0).all()


def test_the_negative_control_is_not_flagged(study):
    found = comparisons(study).set_index("condition").loc["mock"]
    assert (found["p_adjusted"] > 0.05).all()


def test_corrected_tests_of_replicates_keep_their_level_where_nothing_differs(study):
    path = study.results / "statistics/null_experiments.tsv"
    table = storage.read(path, NULL_EXPERIMENTS)
    table = table[(table["scope"] == "whole experiment") & (table["correction"] == "holm")]
    rates = table.set_index(["test", "unit"])
    assert (rates["n_experiments"] == 200).all()
    for test in ("welch", "gee"):
        assert rates.loc[(test, "replicate"), "ci_low"] <= 0.05


def test_nothing_simulated_reproduces_a_published_number(study):
    table = storage.read(study.results / "claims.tsv", COMPARED_CLAIMS)
    assert set(table["verdict"]) == {"not run", "not comparable (simulated)"}
    ours = table.set_index("claim_id").loc["aim_cics.statistics.arhgap36.control.cells", "ours"]
    called = storage.read(study.results / "statistics/frequencies.tsv", FREQUENCIES)
    called = called[(called["class"] == "CIC") & (called["condition"] == "control")]
    assert ours == called["n_cells"].sum()


def test_called_frequencies_follow_the_true_ones(study):
    """Field by field, the share of CICs called is close to the share that was simulated."""
    truth = storage.read(study.results / "simulation/truth.parquet", TRUTH)
    truth = truth[truth["label"] != "unclear"]
    planted = (truth["label"] != "non-CIC").groupby(truth["field"]).mean()
    called = storage.read(study.results / "statistics/frequencies.tsv", FREQUENCIES)
    called = called[called["class"] == "CIC"].set_index("field")["frequency"].dropna()
    both = pd.concat([planted.rename("planted"), called.rename("called")], axis=1).dropna()
    assert len(both) == 26
    assert both["planted"].corr(both["called"]) > 0.6
    assert abs((both["called"] - both["planted"]).mean()) < 0.08


def test_the_overexposed_field_is_set_aside_with_its_reason_and_never_used(study):
    quality = storage.read(study.results / "qc/fields.tsv", QUALITY).set_index("field")
    set_aside = quality[quality["verdict"] != "ok"]
    assert list(set_aside.index) == ["control-r2-f2"]
    assert "saturated" in set_aside["verdict"].iloc[0]
    cells = storage.read(study.results / "cells.parquet", CELLS)
    assert "control-r2-f2" not in set(cells["field"])
    assert set(cells["field"]) <= set(quality.index)


def test_no_group_is_on_both_sides_of_a_split(study):
    splits = storage.read(study.results / "splits.tsv", SPLITS)
    assert (splits.groupby("group")["split"].nunique() == 1).all()
    assert set(splits["split"]) == {"train", "val", "test", "predict"}


def test_probabilities_of_a_cell_add_up_to_one(study):
    cells = storage.read(study.results / "cells.parquet", CELLS)
    names = [f"p_{name}" for name in study.config["classes"]]
    np.testing.assert_allclose(cells[names].sum(axis=1), 1, atol=1e-4)


def test_the_report_holds_every_figure(study):
    with zipfile.ZipFile(study.results / "report.zip") as report:
        held = {name.rsplit("/", 1)[-1] for name in report.namelist()}
    made = {path.name for path in (study.results / "figures").glob("*.png")}
    assert len(made) >= 10
    assert made <= held


def test_a_second_call_has_nothing_to_do(study):
    assert study.planned() == {}


def test_a_deleted_result_reruns_exactly_what_depends_on_it(study):
    path = study.results / "statistics/frequencies.tsv"
    path.rename(path.with_suffix(".kept"))
    try:
        planned = study.planned()
    finally:
        path.with_suffix(".kept").rename(path)
    assert "count_frequencies" in planned
    assert "compare_conditions" in planned
    assert not {"train_detector", "train_classifier", "call_cells", "embed_cells"} & set(planned)
