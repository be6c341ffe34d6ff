"""Likely wrong labels: planted ones are found, and no cell is judged by cells of its own group."""

import numpy as np
import pandas as pd
import pytest

from cellpheno.core.errors import StudyError
from cellpheno.images import store
from cellpheno.images.crops import Geometry
from cellpheno.labels.suspects import descriptors, evaluation, judges, suspects
from cellpheno.tables import storage
from cellpheno.tables.annotations import FOUND_LABEL_ERRORS, JUDGES, LABEL_ERRORS

CLASSES = ["round", "long", "rare"]


def cells(labels, per_field=10):
    """One annotated cell after the other, so many in each field."""
    place = np.arange(len(labels))
    corner = 50.0 * (place % per_field)
    return pd.DataFrame(
        {
            "field": [f"f{number:03d}" for number in place // per_field],
            "x_min": corner,
            "y_min": 0.0,
            "x_max": corner + 40,
            "y_max": 40.0,
            "label": labels,
        }
    )


def looks(true, random, classes=CLASSES):
    """Descriptors that distinguish the classes."""
    centres = np.random.default_rng(7).normal(0, 3, (len(classes), 30))
    rows = pd.Index(classes).get_indexer(true)
    return (centres[rows] + random.normal(0, 1, (len(true), 30))).astype(np.float32)


@pytest.fixture
def planted():
    """300 cells in ten groups; thirty of them have a wrong label."""
    random = np.random.default_rng(0)
    true = np.array(CLASSES, dtype=object)[random.choice(3, 300, p=[0.5, 0.35, 0.15])]
    label, wrong = true.copy(), random.choice(300, 30, replace=False)
    label[wrong] = [CLASSES[(CLASSES.index(name) + 1) % 3] for name in true[wrong]]
    return cells(label), looks(true, random), np.arange(300) // 30, cells(true)


def judge(table, values, groups, folds=5, neighbors=10):
    return suspects.judge(table, values, groups, CLASSES, folds, neighbors)[0]


def test_planted_errors_are_found_with_the_class_that_they_should_have(planted):
    table, values, groups, truth = planted
    found = evaluation.found(judge(table, values, groups), truth).set_index("metric")
    assert found.loc["error_rate", "value"] == pytest.approx(0.1)
    for metric in ("precision", "recall", "average_precision", "right_suggestion"):
        assert found.loc[metric, "value"] > 0.9, metric


def test_the_table_holds_every_cell_once_the_most_suspicious_first(planted, tmp_path):
    table, values, groups, _ = planted
    judged = judge(table, values, groups)
    storage.write(judged, tmp_path / "cells.parquet", LABEL_ERRORS)
    assert judged["rank"].tolist() == list(range(1, 301))
    listed = judged["listed"].sum()
    assert judged["listed"].tolist() == [True] * listed + [False] * (300 - listed)
    assert judged["quality"][:listed].is_monotonic_increasing
    assert sorted(judged["x_min"]) == sorted(table["x_min"])
    assert judged.filter(like="p_").sum(axis=1).to_numpy() == pytest.approx(1)


def test_a_listed_cell_is_always_given_another_class(planted):
    judged = judge(*planted[:3])
    listed = judged[judged["listed"]]
    assert len(listed)
    assert (listed["label"] != listed["suggested"]).all()


def test_a_cell_is_not_judged_by_cells_of_its_own_group():
    """Each group has a look of its own: judged by its own cells, every label would be right."""
    random = np.random.default_rng(0)
    groups = np.arange(200) // 20
    values = (10 * random.normal(0, 1, (10, 30))[groups]).astype(np.float32)
    label = np.where(groups % 2, "round", "long")
    judged = judge(cells(label), values, groups)
    agree = judged["suggested"] == judged["label"]
    # groups decide, ten of them: half right by chance, never all
    assert agree.mean() < 0.9


def test_a_class_that_one_group_alone_has_is_not_judged():
    random = np.random.default_rng(0)
    true = np.array(["round", "long"] * 100, dtype=object)
    true[:10] = "rare"
    judged = judge(cells(true), looks(true, random), np.arange(200) // 20)
    assert len(judged) == 190
    assert "rare" not in set(judged["label"])


@pytest.mark.parametrize(
    ("labels", "groups"),
    [(["round"] * 20, np.arange(20)), (["round", "long"] * 10, np.zeros(20, int))],
    ids=["one class", "one group"],
)
def test_where_nothing_is_out_of_fold_the_table_is_empty(labels, groups):
    judged = judge(cells(labels), np.random.default_rng(0).random((20, 30)), groups)
    assert judged.empty
    assert set(judged) >= {"quality", "listed", "rank"}


def test_the_judges_are_rated_on_groups_that_they_have_not_seen(planted, tmp_path):
    table, values, groups, _ = planted
    _, rated = suspects.judge(table, values, groups, CLASSES, 5, 10)
    storage.write(rated, tmp_path / "judges.tsv", JUDGES)
    both = rated[rated["judge"] == "both"].set_index("metric")
    # a tenth of the labels is wrong, and judges that know the truth contradict these
    assert both.loc["accuracy", "value"] == pytest.approx(0.9, abs=0.02)
    assert (both["ci_low"] < both["value"]).all()
    assert (both["value"] < both["ci_high"]).all()
    assert (rated["n_clusters"] == 10).all()


def test_judges_that_hardly_know_the_classes_list_few_labels(caplog):
    random = np.random.default_rng(0)
    true = np.array(CLASSES, dtype=object)[random.choice(3, 600)]
    values = (looks(true, random) * 0.1 + random.normal(0, 1.4, (600, 30))).astype(np.float32)
    judged, rated = suspects.judge(cells(true), values, np.arange(600) // 30, CLASSES, 5, 10)
    accuracy = rated[rated["metric"] == "accuracy"].set_index("judge")["value"]["both"]
    assert 0.3 < accuracy < 0.8
    assert judged["listed"].mean() < 0.1
    assert "but the judges can be trusted with fewer" in caplog.text


def test_judges_that_do_not_agree_list_nothing():
    random = np.random.default_rng(0)
    one = random.random((400, 2))
    each = {judges.REGRESSION: one, judges.NEIGHBOURS: 1 - one, judges.BOTH: one}
    labels = random.integers(0, 2, 400)
    assert judges.longest(judges.rate(labels, each, np.arange(400) // 20)) == 0


def test_the_warning_of_an_empty_list_says_that_none_is_trusted(planted, monkeypatch, caplog):
    monkeypatch.setattr(judges, "longest", lambda rated: 0)
    assert not judge(*planted[:3])["listed"].any()
    assert "labels look wrong, but the judges can be trusted with none of them (" in caplog.text


def test_the_same_cells_give_the_same_table(planted):
    pd.testing.assert_frame_equal(judge(*planted[:3]), judge(*planted[:3]))


def crop():
    """A crop in which each direction looks different."""
    random = np.random.default_rng(0)
    return random.integers(0, 256, (1, 8, 8, 3)).astype(np.uint8).repeat(8, 1).repeat(8, 2)


BOX = np.array([[0.0, 0.0, 30.0, 20.0]])


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_cell_that_is_turned_keeps_its_description(turns):
    straight = descriptors.describe(crop(), BOX)
    turned = descriptors.describe(np.rot90(crop(), turns, (1, 2)).copy(), BOX)
    assert np.abs(straight - turned).max() < 0.01 < np.abs(straight).max()


def test_a_mirrored_cell_keeps_its_description_and_another_cell_does_not():
    straight = descriptors.describe(crop(), BOX)
    assert np.abs(straight - descriptors.describe(crop()[:, ::-1].copy(), BOX)).max() < 0.01
    assert np.abs(straight - descriptors.describe(crop()[:, ::-1] // 2, BOX)).max() > 0.05


def test_cells_are_described_in_the_order_of_their_table(tmp_path):
    random = np.random.default_rng(0)
    images = {f"f{n}": random.integers(0, 256, (64, 96, 3)).astype(np.uint8) for n in range(3)}
    for name, image in images.items():
        store.write(tmp_path / f"{name}.npz", [(name, image)])
    table = cells(["round"] * 3).assign(field=["f2", "f0", "f1"], x_min=5.0, x_max=45.0)
    shards, geometry = sorted(tmp_path.glob("*.npz")), Geometry(0.16, 0.12, 48)
    together = descriptors.from_shards(shards, table, geometry)
    for row in range(3):
        alone = descriptors.from_shards(shards, table.iloc[row : row + 1], geometry)
        assert (together[row] == alone[0]).all()
    assert not (together[0] == together[1]).all()


def test_a_cell_in_a_field_that_was_not_converted_is_told(tmp_path):
    store.write(tmp_path / "f0.npz", [("f0", np.zeros((64, 64, 3), np.uint8))])
    table = cells(["round"]).assign(field="f9")
    with pytest.raises(StudyError, match="f9"):
        descriptors.from_shards([tmp_path / "f0.npz"], table, Geometry(0.16, 0.12, 48))


def listed_table(labels, suggested, listed):
    table = cells(labels).assign(suggested=suggested, listed=listed)
    return table.assign(rank=np.arange(1, len(labels) + 1))


def test_found_errors_are_counted_as_defined():
    truth = cells(["round", "long", "round", "round"])
    judged = listed_table(
        ["long", "round", "round", "long"],
        ["round", "rare", "long", "round"],
        [True, True, True, False],
    )
    found = evaluation.found(judged, truth).set_index("metric")
    assert found.loc["precision"].tolist() == [pytest.approx(2 / 3), 3]
    assert found.loc["recall"].tolist() == [pytest.approx(2 / 3), 3]
    assert found.loc["right_suggestion"].tolist() == [0.5, 2]
    assert found.loc["error_rate"].tolist() == [0.75, 4]
    # errors at the ranks 1, 2 and 4
    assert found.loc["average_precision", "value"] == pytest.approx((1 + 1 + 3 / 4) / 3)


def test_without_planted_errors_recall_is_undefined_and_precision_zero(tmp_path):
    truth = cells(["round", "long"])
    found = evaluation.found(
        listed_table(["round", "long"], ["long", "long"], [True, False]), truth
    )
    storage.write(found, tmp_path / "found.tsv", FOUND_LABEL_ERRORS)
    found = found.set_index("metric")["value"]
    assert found["precision"] == 0
    assert np.isnan(found["recall"])
    assert np.isnan(found["average_precision"])
