"""How annotated objects are measured, and how their measures are compared."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cellpheno.core.errors import StudyError
from cellpheno.statistics import conditions, measures
from cellpheno.tables import storage
from cellpheno.tables.statistics import MEASURE_TESTS, MEASURES

CLASSES = ["round", "long"]
FIELDS = pd.DataFrame(
    [
        ("b", "treated", "r1", "g1", "ok"),
        ("a", "control", "r1", "g1", "ok"),
        ("empty", "control", "r1", "g2", "ok"),
        ("bad", "control", "r2", "g3", "over-exposed"),
        ("unseen", "control", "r2", "g3", "ok"),
    ],
    columns=["field", "condition", "replicate", "group", "verdict"],
)
SPLITS = pd.DataFrame({"field": list(FIELDS["field"]), "group": "g", "split": "test"})
ANNOTATED = pd.DataFrame({"field": ["a", "b", "bad", "empty"], "n_boxes": [4, 1, 1, 0]})
BOXES = pd.DataFrame(
    [
        ("a", "round", 10.0),
        ("a", "round", 30.0),
        ("a", "long", 50.0),
        ("a", "long", np.nan),
        ("b", "long", 70.0),
        ("bad", "round", 90.0),
    ],
    columns=["field", "label", "area"],
)
WELCH = {"test": "welch", "unit": "replicate", "correction": "holm"}
STUDENT = {"test": "student", "unit": "field", "correction": "none"}
GEE = {"test": "gee", "unit": "replicate", "correction": "holm"}


def measured(boxes=BOXES, wanted=("test",)):
    return measures.medians(boxes, ANNOTATED, FIELDS, SPLITS, CLASSES, wanted, ["area"])


def of(table, field, name):
    return table[(table["field"] == field) & (table["class"] == name)].iloc[0]


def invented(**conditions_):
    """Make a measures table from condition=[value of each field], two fields per replicate."""
    rows = [
        (
            f"{condition}-{row}",
            condition,
            f"r{row // 2}",
            "g",
            "test",
            "round",
            "area",
            "px²",
            value,
        )
        for condition, several in conditions_.items()
        for row, value in enumerate(several)
    ]
    columns = ["field", "condition", "replicate", "group", "split", "class", "measure"]
    return pd.DataFrame(rows, columns=[*columns, "measure_unit", "value"])


def compared(table, control, entries, lost=()):
    """Test a measures table; `lost` are conditions of which a field was set aside."""
    there = table.drop_duplicates("field")[["field", "condition"]].assign(usable=True)
    gone = pd.DataFrame({"field": [f"{c}-lost" for c in lost], "condition": lost, "usable": False})
    named = pd.concat([there, gone], ignore_index=True)
    return conditions.of_measures(table, control, entries, named)


def test_the_value_of_a_field_is_the_median_of_its_objects_by_class_and_of_all():
    table = measured()
    assert of(table, "a", "round")["value"] == 20
    assert of(table, "a", "all")["value"] == 30
    assert (table["measure_unit"] == "px²").all()


def test_an_object_of_unknown_measure_is_left_out_and_not_guessed():
    row = of(measured(), "a", "long")
    assert (row["n_objects"], row["value"]) == (1, 50)


def test_a_field_without_objects_of_a_class_stays_with_no_value():
    table = measured()
    for field, name in [("b", "round"), ("empty", "all")]:
        assert of(table, field, name)["n_objects"] == 0
        assert np.isnan(of(table, field, name)["value"])


def test_only_usable_annotated_fields_are_measured_in_the_order_of_the_sheet():
    assert list(measured()["field"].unique()) == ["b", "a", "empty"]


def test_only_the_wanted_splits_are_measured():
    splits = SPLITS.assign(split=["test", "val", "val", "val", "val"])
    table = measures.medians(BOXES, ANNOTATED, FIELDS, splits, CLASSES, ["test"], ["area"])
    assert set(table["field"]) == {"b"}


def test_splits_without_an_annotated_field_are_refused():
    with pytest.raises(StudyError, match=r"statistics\.splits \(predict\)"):
        measured(wanted=["predict"])


@pytest.mark.parametrize("boxes", [BOXES.drop(columns="area"), BOXES.assign(area=np.nan)])
def test_a_measure_that_no_annotation_tells_is_refused(boxes):
    with pytest.raises(StudyError, match=r"statistics\.measures names area"):
        measured(boxes)


def test_the_table_is_a_valid_measures_table(tmp_path):
    storage.write(measured(), tmp_path / "measures.tsv", MEASURES)
    again = storage.read(tmp_path / "measures.tsv", MEASURES)
    pd.testing.assert_frame_equal(again[measured().columns], measured(), check_dtype=False)


def test_a_replicate_is_the_mean_of_its_fields():
    units = measures.per_unit(invented(control=[10, 30, 7, 9]), "replicate")
    assert units["value"].tolist() == [20, 8]


def test_measures_are_tested_like_frequencies(tmp_path):
    table = invented(control=[10, 30, 7, 9, 12, 14], x=[40, 60, 41, 45, 70, 71])
    found = compared(table, "control", [WELCH, GEE, STUDENT])
    assert found["test"].tolist() == ["welch", "student"]  # a model for counts does not apply
    by_replicate = stats.ttest_ind([50, 43, 70.5], [20, 8, 13], equal_var=False)
    assert found["p"][0] == pytest.approx(by_replicate.pvalue)
    assert found["degrees_of_freedom"][1] == 10
    assert "overstates the evidence" in found["note"][1]
    storage.write(found, tmp_path / "measure_tests.tsv", MEASURE_TESTS)
    again = storage.read(tmp_path / "measure_tests.tsv", MEASURE_TESTS)
    assert again["measure"].tolist() == ["area", "area"]


def test_classes_and_all_of_them_together_are_corrected_as_one_family():
    table = invented(control=[10, 30, 7, 9, 12, 14], x=[40, 60, 41, 45, 70, 71])
    both = pd.concat([table, table.assign(**{"class": "all"})], ignore_index=True)
    found = compared(both, "control", [WELCH])
    assert found["p_adjusted"].tolist() == pytest.approx((2 * found["p"]).tolist())


def test_a_condition_without_a_measured_field_has_a_row_that_says_so():
    table = invented(control=[10, 30, 7, 9], x=[40, 60, 41, 45])
    found = compared(table, "control", [WELCH], lost=["gone"]).set_index("condition")
    assert np.isnan(found.loc["gone", "estimate"])
    assert "gone has 0 replicates with a value (0 of 1 fields" in found.loc["gone", "note"]


@pytest.mark.real_data
def test_median_nuclear_area_of_two_cell_lines_differs_as_known():
    folder = os.environ.get("CELLPHENO_REAL_DATA")
    if not folder:
        pytest.skip("CELLPHENO_REAL_DATA is not set")
    nuclei = pd.read_csv(Path(folder) / "nucleusseg/boxes.csv", dtype={"image": str})
    boxes = nuclei.rename(columns={"image": "field"}).assign(label=nuclei["cell_line"])
    images = boxes[["field", "cell_line"]].drop_duplicates(ignore_index=True)
    quality = images.rename(columns={"cell_line": "condition"})
    quality = quality.assign(replicate="1", group=quality["field"], verdict="ok")
    splits = images.assign(split="test")
    table = measures.medians(boxes, images, quality, splits, ["HepG2", "Huh7"], ["test"], ["area"])
    found = compared(table, "Huh7", [STUDENT]).set_index("class").loc["all"]
    assert (found["n_condition"], found["n_control"]) == (25, 16)
    assert (found["mean_condition"], found["mean_control"]) == pytest.approx((987, 1202), abs=0.5)
    assert found["statistic"] == pytest.approx(-2.634, abs=5e-4)
    assert found["p"] == pytest.approx(0.0120, abs=5e-5)


def test_one_class_has_no_second_row_of_all_classes():
    boxes = BOXES[BOXES["label"] == CLASSES[0]]
    table = measures.medians(boxes, ANNOTATED, FIELDS, SPLITS, CLASSES[:1], ["test"], ["area"])
    assert set(table["class"]) == {CLASSES[0]}
