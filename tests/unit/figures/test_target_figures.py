"""Figures and tables of how well the target class is found."""

import matplotlib.text
import numpy as np
import pandas as pd
import pytest

from cellpheno.figures import style
from cellpheno.figures.calls import fusion
from cellpheno.figures.target import learning_curve, patients, target_confusion
from cellpheno.study.members import Member
from cellpheno.tables import storage
from cellpheno.tables.target import (
    CELL_CONFUSION,
    FUSION_WEIGHTS,
    IMAGE_LEVEL,
    LEARNING_CURVE,
    LEARNING_CURVE_FITS,
    PATIENTS,
)
from cellpheno.target import cell_level
from cellpheno.target import summary as target_summary

PALETTE = style.Palette(["R", "G", "U"], "U", {}, ["p06", "p07"])


def texts(figure):
    figure.canvas.draw()
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text) if text.get_text()]


def measured_cells(experiment, **values):
    rows = [
        {"metric": metric, "seed": seed, "value": value + shift, "sd": 0.014}
        for metric, value in values.items()
        for seed, shift in (("0", -0.01), ("1", 0.01), ("mean", 0.0))
    ]
    about = {"experiment": experiment, "convention": "sound", "split": "test", "n": 5, "n_cells": 9}
    return pd.DataFrame(rows).assign(
        **about, ci_low=0.1, ci_high=0.9, n_clusters=6, note="", threshold=0.5
    )


def image_level(experiment, **values):
    rows = measured_cells(experiment, **values).drop(columns=["threshold", "n_cells"])
    parts = [rows.assign(weight=weight) for weight in ("0", "0.7", "learnt")]
    return pd.concat(parts).assign(detector="d", weight_used=0.5, n_fields=3)


def weights(experiment):
    grid = np.linspace(0, 1, 5)
    frame = pd.DataFrame({"weight": grid, "ap50": 0.5 + 0.1 * grid, "chosen": grid == 1})
    return frame.assign(experiment=experiment, detector="d", seed="0")


def test_a_summary_has_a_row_for_each_variant_and_a_column_for_each_metric():
    cells = pd.concat(
        [measured_cells("a", auroc=0.8, f1=0.6), measured_cells("a.drop", auroc=0.7, f1=0.5)]
    )
    images = image_level("a", ap50=0.4, f1=0.3)
    members = [Member("a", "keep", "a"), Member("a", "drop", "a.drop")]
    summary = target_summary.of_design(cells, images, members)
    dropped = summary[summary["value"] == "drop"].iloc[0]
    assert (dropped["auroc"], dropped["auroc_sd"], dropped["n_seeds"]) == (0.7, 0.014, 2)
    kept = summary[(summary["value"] == "keep") & (summary["level"] == "image")]
    assert kept["weight"].tolist() == ["0", "0.7", "learnt"]
    assert kept["ap50"].tolist() == [0.4] * 3


def trained(name, *scores):
    """Judged cells of trainings in which a cancer cell among normal ones gets these scores."""
    val = [("R", 0.9), ("G", 0.1)]
    runs = {}
    for seed, score in enumerate(scores):
        rows = [("R", score), ("G", 0.2), ("G", 0.4), ("G", 0.6), ("G", 0.8), *val]
        frame = pd.DataFrame(rows, columns=["label", "p_R"]).assign(source="annotated")
        frame["split"] = ["test"] * 5 + ["val"] * 2
        frame = frame.assign(p_G=1 - frame["p_R"], field=[f"f{n}" for n in range(len(rows))])
        runs[name, str(seed)] = frame
    return runs


GROUP_OF = pd.Series({f"f{n}": f"f{n}" for n in range(7)})


def test_tables_of_inputs_and_of_backbones_tell_mean_and_deviation_of_three_trainings():
    # the cancer cell is before 2, 3 and 4 of 4 normal ones, and with the other backbone before all
    runs = trained("bf", 0.5, 0.7, 0.9) | trained("bf.swin_b", 0.9, 0.9, 0.9)
    cells, *_ = cell_level.evaluate(runs, ["R", "G"], "R", "test", GROUP_OF, {}, 0.02)
    members = [Member("bf", "resnet18", "bf"), Member("bf", "swin_b", "bf.swin_b")]
    backbones = target_summary.of_design(cells, IMAGE_LEVEL.empty(), members)
    for summary in (target_summary.cells_of(cells, ["bf"]), backbones[backbones["base"] == "bf"]):
        row = summary[(summary["experiment"] == "bf") & (summary["convention"] == "sound")].iloc[0]
        assert (row["auroc"], row["auroc_sd"], row["n_seeds"]) == (0.75, 0.25, 3)
    swin = backbones[(backbones["value"] == "swin_b") & (backbones["convention"] == "sound")]
    assert swin[["auroc", "auroc_sd", "n_seeds"]].to_numpy().tolist() == [[1, 0, 3]]


def test_a_summary_tells_what_a_classifier_costs():
    cost = {"experiment": "a", "backbone": "resnet18", "input": "bf", "n_parameters": 11}
    classifiers = pd.DataFrame([cost | {"training_seconds": s, "seed": s} for s in (10.0, 20.0)])
    summary = target_summary.cells_of(measured_cells("a", auroc=0.8), ["a"])
    (row,) = target_summary.with_cost(summary, classifiers).to_dict("records")
    assert (row["n_parameters"], row["training_seconds"]) == (11, 15.0)


def test_confusion_is_normalised_within_each_annotated_class():
    rows = [("R", "R", 3), ("R", "G", 1), ("G", "G", 4)]
    frame = pd.DataFrame(rows, columns=["label", "call", "n"])
    frame = frame.assign(experiment="bf", seed="0", split="test")
    shown = texts(target_confusion.draw(frame, ["bf"], PALETTE))
    assert {"0.75", "0.25", "1.00", "bf\n(8 cells, 1 training)"} <= set(shown)


def test_fused_scores_are_drawn_beside_the_detector_alone():
    shown = texts(fusion.draw(image_level("a", ap50=0.4, f1=0.3), weights("a")))
    assert {"detector alone", "w = 0.7", "w learnt on val", "a, boxes of d"} <= set(shown)


def test_unseen_patients_are_marked():
    rows = [("all", "p06", True, 0.9), ("only p06", "p06", True, 0.9)]
    rows += [("all", "p07", True, 0.8), ("only p06", "p07", False, 0.6)]
    frame = pd.DataFrame(rows, columns=["trained_on", "tested_on", "seen", "value"])
    frame = frame.assign(
        base="a", level="cell", convention="sound", metric="auroc", seed="mean", unit="groups",
        ci_low=0.5, ci_high=1.0, n_clusters=6, note="",
    )  # fmt: skip
    shown = texts(patients.draw(frame))
    assert "0.600\n[0.500, 1.000]\nunseen" in shown
    assert "0.800\n[0.500, 1.000]" in shown


def test_a_learning_curve_says_what_it_is_worth():
    points = pd.DataFrame({"n_cells": [10, 100], "share": [0.1, 1.0], "value": [0.5, 0.7]})
    points = points.assign(base="a", seed="0", metric="auroc")
    fits = pd.DataFrame(
        {"base": ["a"], "metric": ["auroc"], "ceiling": [0.8], "factor": [1.0], "exponent": [0.5],
         "sentence": ["About 40 more cells for one more point."]}
    )  # fmt: skip
    figure = learning_curve.draw(points, fits, "R")
    assert any("a: About 40 more cells" in text for text in texts(figure))
    assert figure.axes[0].get_xscale() == "log"


@pytest.mark.parametrize(
    "figure",
    [
        lambda: target_confusion.draw(CELL_CONFUSION.empty(), ["a"], PALETTE),
        lambda: fusion.draw(IMAGE_LEVEL.empty(), FUSION_WEIGHTS.empty()),
        lambda: patients.draw(PATIENTS.empty()),
        lambda: learning_curve.draw(LEARNING_CURVE.empty(), LEARNING_CURVE_FITS.empty(), "R"),
    ],
)
def test_without_cells_there_is_a_sentence(figure):
    (sentence,) = texts(figure())
    assert sentence.endswith(".")


def test_what_was_not_chosen_stays_so_in_a_table(tmp_path):
    storage.write(weights("a"), tmp_path / "w.tsv", FUSION_WEIGHTS)
    read = storage.read(tmp_path / "w.tsv", FUSION_WEIGHTS)
    assert read["chosen"].tolist() == [False] * 4 + [True]
