"""Target cells distinguished from the rest, worked out by hand (C50, C55)."""

import numpy as np
import pandas as pd
import pytest

from cellpheno.target import cell_level


def cells(split, *rows):
    """Annotated class and probability of cancer; the rest is normal."""
    frame = pd.DataFrame(rows, columns=["label", "p_cancer"])
    return frame.assign(
        p_normal=1 - frame["p_cancer"],
        source="annotated",
        split=split,
        field=[f"{split}-{n}" for n in range(len(frame))],
    )


TEST = cells("test", ("cancer", 0.9), ("cancer", 0.4), ("normal", 0.6), ("normal", 0.1))
VAL = cells("val", ("cancer", 0.8), ("normal", 0.7))
RUN = pd.concat([TEST, VAL], ignore_index=True)


GROUP_OF = pd.Series(RUN["field"].to_numpy(), RUN["field"])


FAMILIES = {"classifiers": ["bf"]}


def evaluated(report_on="test", runs=None):
    runs = runs or {("bf", "0"): RUN}
    return cell_level.evaluate(
        runs, ["normal", "cancer"], "cancer", report_on, GROUP_OF, FAMILIES, 0.02
    )


def value(metrics, convention, metric, seed="mean", column="value"):
    chosen = metrics[(metrics["convention"] == convention) & (metrics["metric"] == metric)]
    return chosen.set_index("seed").loc[seed, column]


def test_the_grid_of_thresholds_is_the_published_one():
    assert cell_level.THRESHOLDS[[0, 1, -1]].tolist() == [0.05, 0.06, 0.99]
    assert len(cell_level.THRESHOLDS) == 95


def test_the_published_threshold_is_the_best_of_the_reported_cells():
    metrics, *_ = evaluated()
    # from 0.11 to 0.40 both cancer cells and one normal cell are called
    assert value(metrics, "published", "f1") == pytest.approx(4 / 5)
    assert value(metrics, "published", "precision") == pytest.approx(2 / 3)
    assert value(metrics, "published", "recall") == 1
    assert value(metrics, "published", "f1", "0", "threshold") == 0.11


def test_the_sound_threshold_is_the_best_of_val():
    metrics, *_ = evaluated()
    # 0.71 is the lowest that separates the two cells of val; in test it finds one of two
    assert value(metrics, "sound", "f1", "0", "threshold") == 0.71
    assert value(metrics, "sound", "f1") == pytest.approx(2 / 3)
    assert value(metrics, "sound", "precision") == 1
    assert value(metrics, "sound", "recall") == 0.5


def test_the_area_needs_no_threshold():
    metrics, *_ = evaluated()
    # of four pairs of a cancer and a normal cell three are in the right order
    assert value(metrics, "published", "auroc") == value(metrics, "sound", "auroc") == 0.75


def test_nothing_is_sound_on_val_for_the_threshold_is_chosen_there():
    metrics, *_ = evaluated("val")
    assert set(metrics["convention"]) == {"published"}
    for metric in ("f1", "precision", "recall"):
        assert value(metrics, "published", metric) == 1


def test_seeds_are_told_apart_and_averaged():
    other = RUN.assign(p_cancer=[0.9, 0.7, 0.6, 0.1, 0.8, 0.7])
    metrics, confusion, _ = evaluated(runs={("bf", "0"): RUN, ("bf", "1"): other})
    assert value(metrics, "sound", "auroc", "0") == 0.75
    assert value(metrics, "sound", "auroc", "1") == 1
    assert value(metrics, "sound", "auroc") == 0.875
    assert value(metrics, "sound", "auroc", "mean", "sd") == pytest.approx(0.1768, abs=1e-4)
    assert sorted(set(confusion["seed"])) == ["0", "1"]


def test_classifiers_of_one_family_are_compared_by_sound_values():
    better = RUN.assign(p_cancer=[0.9, 0.7, 0.6, 0.1, 0.8, 0.7])
    runs = {("bf", "0"): RUN, ("dye", "0"): better, ("aside", "0"): RUN}
    families = {"classifiers": ["bf", "dye"]}
    for report_on, number in (("test", 2), ("val", 0)):
        *_, compared = cell_level.evaluate(
            runs, ["normal", "cancer"], "cancer", report_on, GROUP_OF, families, 0.02
        )
        assert len(compared) == number
        if number:
            row = compared.set_index("metric").loc["auroc"]
            assert (row["first"], row["second"]) == ("bf", "dye")
            assert row["difference"] == pytest.approx(1 - 0.75)


def test_confusion_is_of_the_likeliest_class():
    _, confusion, _ = evaluated()
    n = confusion.set_index(["label", "call"])["n"]
    assert n["cancer", "cancer"] == n["cancer", "normal"] == 1
    assert n["normal", "cancer"] == n["normal", "normal"] == 1


def test_where_only_the_rest_is_annotated_nothing_is_defined():
    only = RUN[(RUN["label"] == "normal") | (RUN["split"] == "val")].reset_index(drop=True)
    metrics, *_ = evaluated(runs={("bf", "0"): only})
    assert np.isnan(value(metrics, "sound", "f1"))
    assert np.isnan(value(metrics, "sound", "auroc"))
