"""The model against annotators: agreement as defined, on cells that both have boxed."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from cellpheno.annotations import agreement
from cellpheno.annotations.human_model import ALL_CLASSES, MODEL, TRUTH, compare, raters_of
from cellpheno.tables import storage
from cellpheno.tables.annotations import HUMAN_MODEL

GROUPS = {"CIC": ["partial", "in turn"]}
GROUP_OF = {f"f{n}": f"slide {n // 3}" for n in range(12)}
CLASSES = ["non-CIC", "partial", "in turn"]


def boxes(labels, per_field=5, shift=0.0):
    """One cell after the other, so many in each field."""
    place = np.arange(len(labels))
    low = 50.0 * (place % per_field) + shift
    return pd.DataFrame(
        {
            "field": [f"f{number}" for number in place // per_field],
            "x_min": low,
            "y_min": 0.0,
            "x_max": low + 40,
            "y_max": 40.0,
            "label": labels,
        }
    )


def study(truth, drawn, called):
    """The tables of a study with two annotators who have looked at every field."""
    annotators = {"expert": truth, "student": drawn}
    each = pd.concat([part.assign(annotator=name) for name, part in annotators.items()])
    fields = sorted(set(truth["field"]))
    gone_through = pd.concat(
        pd.DataFrame({"annotator": name, "field": fields, "n_boxes": 1, "complete": True})
        for name in annotators
    )
    cells = called.rename(columns={"label": "call"}).assign(label=None)
    return each, gone_through, cells, truth, set(fields)


def of(table, reference, rater, call=ALL_CLASSES):
    rows = (table["reference"] == reference) & (table["rater"] == rater) & (table["call"] == call)
    return table[rows].set_index("metric")


@pytest.fixture
def labels():
    return np.random.default_rng(0).choice(np.array(CLASSES, dtype=object), (3, 60))


def test_everyone_is_compared_with_everyone_before(labels, tmp_path):
    truth, drawn, called = map(boxes, labels)
    table = compare(raters_of(*study(truth, drawn, called)), GROUPS, GROUP_OF)
    storage.write(table, tmp_path / "human_model.tsv", HUMAN_MODEL)
    pairs = table[["reference", "rater"]].drop_duplicates().to_numpy().tolist()
    assert pairs == [
        [TRUTH, "expert"],
        [TRUTH, "student"],
        [TRUTH, MODEL],
        ["expert", "student"],
        ["expert", MODEL],
        ["student", MODEL],
    ]
    # six pairs: four metrics of all classes, two of the group
    assert len(table) == 6 * (4 + 2)


def test_accuracy_and_kappa_are_those_of_the_common_cells(labels):
    truth, drawn, called = map(boxes, labels)
    called = called.drop(index=range(7))
    table = compare(raters_of(*study(truth, drawn, called)), GROUPS, GROUP_OF)
    found = of(table, "student", MODEL)
    first, second = labels[1][7:], labels[2][7:]
    assert found.loc["accuracy", "value"] == pytest.approx((first == second).mean())
    assert found.loc["kappa", "value"] == pytest.approx(cohen_kappa_score(first, second))
    assert found.loc["kappa", "n"] == 53
    assert found.loc["recall@0.5", "value"] == pytest.approx(53 / 60)
    assert found.loc["precision@0.5", "value"] == 1


def test_the_two_way_call_forgives_a_mix_up_within_the_group():
    truth = boxes(["partial", "in turn", "non-CIC", "non-CIC", "partial"] * 4)
    called = boxes(["in turn", "partial", "non-CIC", "non-CIC", "partial"] * 4)
    each = {f"f{n}": f"f{n}" for n in range(4)}
    table = compare(raters_of(*study(truth, truth, called)), GROUPS, each)
    assert of(table, "expert", MODEL).loc["accuracy", "value"] == pytest.approx(0.6)
    two_way = of(table, "expert", MODEL, "CIC")
    assert two_way["value"].tolist() == [1, 1]
    # they agree on every field, so how fields differ cannot be seen
    assert two_way["ci_low"].isna().all()
    assert two_way["note"].str.contains("the value is the same").all()


def test_intervals_are_over_groups_and_hold_the_value(labels):
    truth, drawn, called = map(boxes, labels)
    found = of(compare(raters_of(*study(truth, drawn, called)), GROUPS, GROUP_OF), "expert", MODEL)
    assert (found["n_fields"] == 12).all()
    assert (found.loc[["accuracy", "kappa"], "n_clusters"] == 4).all()
    inside = found.loc[["accuracy", "kappa"]]
    assert (inside["ci_low"] < inside["value"]).all()
    assert (inside["value"] < inside["ci_high"]).all()


def test_real_studies_have_no_truth(labels):
    each, gone_through, cells, _, fields = study(*map(boxes, labels))
    raters = raters_of(each, gone_through, cells, None, fields)
    assert list(raters) == ["expert", "student", MODEL]


def test_fields_that_the_model_learned_from_do_not_count(labels):
    each, gone_through, cells, truth, _ = study(*map(boxes, labels))
    raters = raters_of(each, gone_through, cells, truth, {"f3", "f4"})
    assert all(set(part.boxes["field"]) == {"f3", "f4"} for part in raters.values())
    table = compare(raters, GROUPS, GROUP_OF)
    assert (table["n_fields"] == 2).all()


def test_a_field_that_an_annotator_has_not_seen_does_not_count_against_them(labels):
    each, gone_through, cells, truth, fields = study(*map(boxes, labels))
    unseen = (gone_through["annotator"] == "student") & (gone_through["field"] == "f0")
    each = each[(each["annotator"] != "student") | (each["field"] != "f0")]
    raters = raters_of(each, gone_through[~unseen], cells, truth, fields)
    table = compare(raters, GROUPS, GROUP_OF)
    found = of(table, "expert", "student")
    assert found.loc["recall@0.5", "value"] == 1
    assert set(found["n_fields"]) == {11}


def test_boxes_that_hardly_overlap_are_not_the_same_cell(labels):
    truth, drawn = boxes(labels[0]), boxes(labels[1], shift=20)
    table = compare(raters_of(*study(truth, drawn, truth)), GROUPS, GROUP_OF)
    found = of(table, "expert", "student")
    assert found.loc["recall@0.5", "value"] == 0
    assert np.isnan(found.loc["accuracy", "value"])


def test_accuracy_follows_the_weights_of_fields():
    pairs = agreement.Pairs(
        fields=["f", "g"],
        reference=np.ones(2),
        other=np.ones(2),
        overlap=np.ones(2),
        confusion=np.array([[[1.0, 0.0], [0.0, 0.0]], [[0.0, 1.0], [0.0, 0.0]]]),
    )
    accuracy, _ = agreement.METRICS["accuracy"]
    found = accuracy(pairs, np.array([[3.0, 1.0], [0.0, 0.0]]))
    assert found == pytest.approx([0.75, np.nan], nan_ok=True)
