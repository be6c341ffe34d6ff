"""Figures of JIMT-1: filter, labels, classifiers against the stain, maps, viability."""

import matplotlib.text
import numpy as np
import pandas as pd
import pytest

from cellpheno.figures import style
from cellpheno.figures.candidates import patch_filter
from cellpheno.figures.classification import (
    across_data_sets,
    calibration,
    grad_cam_every_class,
    map_sanity,
    two_classes,
)
from cellpheno.figures.embedding import embedding_pictures
from cellpheno.figures.labels import labels_from_stain, score_against_stain
from cellpheno.figures.statistics import viability, viability_map

PALETTE = style.Palette(["live", "dead"], "live", {}, ["none", "drug"], "none")
RANDOM = np.random.default_rng(0)


def texts(figure):
    figure.canvas.draw()
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text) if text.get_text()]


def test_a_patch_that_was_wrong_when_held_out_is_framed_and_counted():
    examples = pd.DataFrame(
        {
            "label": ["good"] * 6 + ["empty"] * 6,
            "predicted": ["good"] * 6 + ["empty"] * 5 + ["good"],
            "tsne_1": RANDOM.normal(size=12),
            "tsne_2": RANDOM.normal(size=12),
        }
    )
    x, y = (part.ravel() for part in np.meshgrid(np.arange(8.0), np.arange(8.0)))
    surface = pd.DataFrame({"tsne_1": x, "tsne_2": y, "decision": x - 3.5})
    metrics = pd.DataFrame(
        {
            "features": ["resnet18"],
            "class": ["empty"],
            "metric": ["f1"],
            "value": [0.9],
            "ci_low": [0.8],
            "ci_high": [0.95],
            "n_clusters": [6],
        }
    )
    features = RANDOM.normal(size=(12, 30)).astype(np.float32)
    crops = RANDOM.integers(0, 255, (12, 16, 16, 3)).astype(np.uint8)
    figure = patch_filter.draw(examples, features, crops, surface, metrics)
    shown = texts(figure)
    assert {"good (6)", "empty (6)", "wrong when held out (1)"} <= set(shown)
    assert "F1 of empty patches, held out:\n0.900 [0.800, 0.950], 6 groups" in shown
    assert "30 features (resnet18), by difference of means" in shown


def labelled():
    value = np.concatenate([RANDOM.normal(220, 20, 60), RANDOM.normal(550, 80, 60)])
    frame = pd.DataFrame({"field": ["a", "b"] * 60, "value": value, "fitted": [True, False] * 60})
    frame["label"] = np.where(value < 240, "live", np.where(value > 470, "dead", None))
    return frame


MIXTURE = pd.DataFrame(
    [
        (name, metric, number)
        for name, mean, sd, bound in (("live", 220, 20, 240), ("dead", 550, 80, 470))
        for metric, number in (
            ("mean", mean),
            ("sd", sd),
            ("weight", 0.5),
            ("mean_counts", mean),
            ("bound_counts", bound),
        )
    ]
    + [("all", "separates", 1), ("all", "ashman_d", 4.0)],
    columns=["class", "metric", "value"],
)


def test_both_panels_have_the_bounds_and_every_label_is_counted():
    frame = labelled()
    conditions = pd.Series({"a": "none", "b": "drug"})
    figure = labels_from_stain.draw(frame, MIXTURE, conditions, PALETTE, "counts")
    for axes in figure.axes:
        upright = {line.get_xdata()[0] for line in axes.lines if len(set(line.get_xdata())) == 1}
        assert upright == {240, 470}
    shown = texts(figure)
    assert f"between, discarded ({frame['label'].isna().sum()})" in shown
    assert "separate: Ashman's D 4.00" in shown
    assert {"none", "drug"} <= set(shown)


def test_examples_of_each_class_are_drawn_with_their_stain_below():
    frame = labelled()
    chosen = labels_from_stain.choose(frame)
    assert chosen["label"].value_counts().to_dict() == {"live": 5, "dead": 5}
    pairs = {
        name: [
            (np.full((8, 8, 3), number, np.uint8), np.full((8, 8), bright + number, np.uint8))
            for number in range(3)
        ]
        for name, bright in (("live", 20), ("dead", 200))
    }
    conditions = pd.Series({"a": "none", "b": "drug"})
    figure = labels_from_stain.draw(frame, MIXTURE, conditions, PALETTE, "counts", pictures=pairs)
    shown = [float(axes.images[0].get_array().mean()) for axes in figure.axes if axes.images]
    assert shown == [0, 1, 2, 20, 21, 22, 0, 1, 2, 200, 201, 202]
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.images]
    assert list(filter(None, titles)) == ["live", "dead"]


def test_without_a_band_there_are_no_bounds_and_counts_are_read_on_a_logarithmic_axis():
    frame = labelled().dropna(subset="label")
    logarithms = MIXTURE.assign(
        value=MIXTURE["value"].where(MIXTURE["metric"] != "mean", np.log(MIXTURE["value"]))
    )
    logarithms.loc[logarithms["metric"] == "sd", "value"] = 0.2
    conditions = pd.Series({"a": "none", "b": "drug"})
    figure = labels_from_stain.draw(frame, logarithms, conditions, PALETTE, "log", banded=False)
    assert all(len(set(line.get_xdata())) > 1 for axes in figure.axes for line in axes.lines)
    shown = texts(figure)
    assert {"200", "500"} <= {tick.get_text() for tick in figure.axes[0].get_xticklabels()}
    assert not any("between" in text or "$" in text for text in shown)


@pytest.fixture
def metrics():
    rows = []
    for experiment, trained in (("one", "none"), ("two", "drug")):
        for tested in ("all", "none", "drug"):
            for number, metric in enumerate(
                ("balanced_accuracy", "auc", "expected_calibration_error", "pearson_r")
            ):
                for method in ("over groups", "means of groups"):
                    value = 0.9 - 0.1 * number if trained == tested else 0.7
                    rows.append((experiment, trained, tested, metric, method, value))
    names = ["experiment", "trained_on", "tested_on", "metric", "method", "value"]
    return pd.DataFrame(rows, columns=names).assign(
        ci_low=0.6, ci_high=0.95, p=0.02, n_clusters=6, note=""
    )


def test_every_classifier_has_its_area_on_every_data_set(metrics):
    sets = [(e, t) for e in ("one", "two") for t in ("all", "none", "drug")]
    names = ["experiment", "tested_on"]
    curves = pd.DataFrame([s for s in sets for _ in range(3)], columns=names)
    rates = {"false_positive_rate": [0, 0.1, 1] * 6, "true_positive_rate": [0, 0.8, 1] * 6}
    confusion = pd.DataFrame(
        [
            (*s, label, call, 7)
            for s in sets
            for label in PALETTE.classes
            for call in PALETTE.classes
        ],
        columns=[*names, "label", "call", "n"],
    )
    shown = texts(two_classes.draw(curves.assign(**rates), confusion, metrics, PALETTE))
    assert shown.count("one  0.800 [0.600, 0.950]") == 1  # on its own training data
    assert shown.count("one  0.700 [0.600, 0.950]") == 2
    assert shown.count("50%\n7") == 4 * len(sets)


def test_the_matrix_of_data_sets_tells_who_was_trained_on_what(metrics):
    shown = texts(across_data_sets.draw(metrics))
    assert {"one\n(none)", "two\n(drug)"} <= set(shown)
    assert shown.count("0.900\n[0.600, 0.950]") == 2


def test_calibration_has_a_point_for_each_bin(metrics):
    table = pd.DataFrame(
        {
            "experiment": "one",
            "tested_on": "none",
            "mean_score": [0.2, 0.5, 0.8],
            "share": [0.1, 0.0, 0.9],
            "ci_low": [0.0, 0.0, 0.8],
            "ci_high": [0.3, 1.0, 1.0],
            "n_clusters": [6, 1, 6],
            "note": "",
            "n": [50, 1, 50],  # one patch is too few
        }
    )
    figure = calibration.draw(table, metrics, "live")
    (axes,) = figure.axes
    assert axes.lines[1].get_xdata().tolist() == [0.2, 0.8]
    assert "share live by the stain" in texts(figure)


def test_the_correlation_is_told_by_what_it_takes_for_independent(metrics):
    scores = labelled().rename(columns={"value": "mean"})
    scores["score"] = np.linspace(1, 0, len(scores))
    sets = pd.Series({"a": "none", "b": "drug"})
    own = metrics[metrics["experiment"] == "one"]
    figure = score_against_stain.draw(scores, own, sets, PALETTE, "live")
    assert [axes.get_title() for axes in figure.axes] == ["none", "drug"]
    drawn = [len(axes.collections[0].get_offsets()) for axes in figure.axes]
    assert drawn == [60, 60]
    label = figure.axes[0].get_xlabel()
    assert "over groups: r = 0.60 [0.60, 0.95], p = 0.02" in label
    assert "means of groups" in label


def test_one_picture_stands_for_each_place_of_the_map():
    points = np.array([[0, 0], [0.1, 0.1], [9, 9], [9, 0]])
    cells = pd.DataFrame(points, columns=["tsne_1", "tsne_2"])
    cells = cells.assign(label=["live", "live", "dead", None], call="dead")
    chosen = embedding_pictures.choose(cells)
    assert len(chosen) == 3
    crops = RANDOM.integers(0, 255, (3, 8, 8, 3)).astype(np.uint8)
    figure = embedding_pictures.draw(cells, chosen, crops, PALETTE)
    large = figure.axes[-1]
    assert len(large.images) == 3
    assert embedding_pictures.choose(cells[:0]).empty


def test_each_crop_has_a_map_for_every_class_with_its_probability():
    cells = pd.DataFrame(
        {
            "label": ["live", "dead"],
            "call": ["live", "live"],
            "p_live": [0.97, 0.61],
            "p_dead": [0.03, 0.39],
            "kind": ["surest", "wrong"],
            "map_row": [0, 1],
        }
    )
    crops = RANDOM.integers(0, 255, (2, 16, 16, 3)).astype(np.uint8)
    maps = RANDOM.random((2, 2, 16, 16)).astype(np.float32)
    how = ["live", "dead"], "7 × 7", PALETTE
    shown = texts(grad_cam_every_class.draw(cells, crops, maps, *how))
    assert {"p = 0.97", "p = 0.03", "p = 0.61", "p = 0.39"} <= set(shown)
    assert {"✗ live", "surest right calls", "further wrong calls", "Maps of 7 × 7"} <= set(shown)


def test_the_sanity_check_is_drawn_against_maps_of_other_crops():
    table = pd.DataFrame(
        {
            "step": [0, 1, 2],
            "destroyed": ["other crops", "head", "layer4"],
            "rank_correlation": [0.1, 0.5, 0.2],
            "ci_low": [0.0, 0.4, 0.1],
            "ci_high": [0.2, 0.6, 0.3],
        }
    )
    figure = map_sanity.draw(table)
    assert {"nothing", "head", "layer4", "maps of other crops"} <= set(texts(figure))


def rows_of_viability():
    return pd.DataFrame(
        [
            (level, name, "none", time, source, share, share - 0.1, share + 0.1, "group")
            for time, share in (("10", 0.4), ("9", 0.8), ("all", 0.6))
            for source in ("bright-field", "fluorescence")
            for level, name in (("condition", "none"), ("group", "w1"))
        ],
        columns=[
            *("level", "name", "condition", "time", "source"),
            *("viability", "ci_low", "ci_high", "unit"),
        ],
    )


def test_viability_runs_in_the_order_of_time_with_what_was_planted():
    planted = pd.DataFrame(
        {"condition": "none", "time": ["9", "10", "all"], "planted": [0.75, 0.45, 0.6]}
    )
    figure = viability.draw(rows_of_viability(), planted, PALETTE, "day", "live")
    (axes,) = figure.axes
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["9", "10"]
    bars = axes.collections[-1].get_offsets()
    assert bars.tolist() == [[0, 0.75], [1, 0.45]]
    assert {"planted", "a well", "bright-field", "fluorescence"} <= set(texts(figure))


def test_fields_with_live_and_dead_side_by_side_are_mapped():
    places = pd.DataFrame(
        {
            "field": ["even", "even", "mixed", "mixed", "half", "half"],
            "x_min": [0.0, 8.0] * 3,
            "y_min": 0.0,
            "x_max": [8.0, 16.0] * 3,
            "y_max": 8.0,
            "p_live": [0.5, 0.5, 0.0, 1.0, 0.3, 0.7],
        }
    )
    conditions = pd.Series({"even": "none", "mixed": "none", "half": "none"})
    chosen = viability_map.choose(places, conditions)
    assert chosen == ["mixed", "half"]
    picture = RANDOM.integers(0, 255, (8, 16, 3)).astype(np.uint8)
    panels = [
        viability_map.Panel("none", name, picture, picture[..., 0], places[places["field"] == name])
        for name in chosen
    ]
    figure = viability_map.draw(panels, "live")
    assert len(figure.axes[1].patches) == 2
    assert "stain, not seen by the network" in texts(figure)
