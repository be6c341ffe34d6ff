"""Tests of conditions against control, compared with SciPy, statsmodels and known answers."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.meta_analysis import effectsize_smd

from cellpheno.core import notices
from cellpheno.statistics import conditions
from cellpheno.statistics.t_tests import t_test
from cellpheno.tables import storage
from cellpheno.tables.statistics import TESTS

CONTROL = np.array([0.10, 0.14, 0.12, 0.09, 0.15])
TREATED = np.array([0.04, 0.07, 0.02, 0.05])
WELCH = {"test": "welch", "unit": "replicate", "correction": "holm"}
STUDENT = {"test": "student", "unit": "field", "correction": "none"}
GEE = {"test": "gee", "unit": "replicate", "correction": "none"}


def table(values, fields_per_replicate=1, cells=100):
    """Make a frequencies table from {class: {condition: [frequency of each field]}}."""
    rows = [
        {
            "field": f"{condition}-{row}",
            "condition": condition,
            "replicate": f"r{row // fields_per_replicate}",
            "group": "g",
            "class": name,
            "n_cells": cells,
            "n_class": round(value * cells),
            "frequency": value,
        }
        for name, conditions in values.items()
        for condition, several in conditions.items()
        for row, value in enumerate(several)
    ]
    return pd.DataFrame(rows)


def compared(some, entries, control="control", named=None, **members):
    """Test a frequencies table; each class is its own question unless `members` say otherwise."""
    names = some["class"].unique()
    members = members or {name: [name] for name in [*names, "the rest"]}
    named = some.drop_duplicates("field").assign(usable=True) if named is None else named
    found = conditions.of_frequencies(some, control, entries, members, named)
    return found[found["class"].isin(names)].reset_index(drop=True)


@pytest.mark.parametrize(("test", "pooled"), [("student", True), ("welch", False)])
def test_statistic_p_and_interval_are_those_of_scipy(test, pooled):
    found = t_test(CONTROL, TREATED, test)
    expected = stats.ttest_ind(TREATED, CONTROL, equal_var=pooled)
    interval = expected.confidence_interval()
    assert found.estimate == pytest.approx(TREATED.mean() - CONTROL.mean())
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.degrees_of_freedom == pytest.approx(expected.df)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.ci_low, found.ci_high) == pytest.approx((interval.low, interval.high))


def test_t_is_worked_out_as_by_hand():
    found = t_test(np.array([1.0, 3.0]), np.array([4.0, 8.0]), "student")
    # means 2 and 6, variances 2 and 8: pooled 5, standard error sqrt(5), 2 degrees of freedom
    assert found.statistic == pytest.approx(4 / np.sqrt(5))
    assert found.degrees_of_freedom == 2


def test_the_interval_excludes_zero_exactly_when_p_is_below_five_percent():
    generator = np.random.default_rng(0)
    for _ in range(50):
        some, others = generator.normal(size=4), generator.normal(0.8, 1.5, size=5)
        found = t_test(some, others, "welch")
        assert (found.ci_low > 0 or found.ci_high < 0) == (found.p < 0.05)


def test_hedges_g_is_negative_where_the_condition_is_lower_and_smaller_than_cohens_d():
    squares = CONTROL.var(ddof=1) * 4 + TREATED.var(ddof=1) * 3
    cohens_d = (TREATED.mean() - CONTROL.mean()) / np.sqrt(squares / 7)
    for test in ("student", "welch"):
        found = t_test(CONTROL, TREATED, test)
        assert found.effect == "Hedges' g"
        assert found.effect_size == pytest.approx(cohens_d * (1 - 3 / (4 * 7 - 1)), rel=0.01)
        assert cohens_d < found.effect_size < 0


def test_the_interval_of_hedges_g_is_that_of_a_meta_analysis():
    generator = np.random.default_rng(0)
    some, others = generator.normal(size=40), generator.normal(0.8, 1.0, size=50)
    found = t_test(some, others, "student")
    sides = [(s.mean(), s.std(ddof=1), len(s)) for s in (others, some)]
    expected, variance = effectsize_smd(*sides[0], *sides[1])
    assert found.effect_size == pytest.approx(expected, rel=1e-3)
    half = (found.effect_high - found.effect_low) / 2
    assert half == pytest.approx(1.96 * np.sqrt(variance), rel=0.01)


def test_without_variance_or_with_one_unit_there_is_no_p():
    for control, condition in [
        (np.zeros(3), np.zeros(3)),
        (np.full(3, 0.1), np.full(3, 0.3)),
        (CONTROL, TREATED[:1]),
    ]:
        found = t_test(control, condition, "welch")
        assert found.estimate == pytest.approx(condition.mean() - control.mean())
        assert np.isnan([found.p, found.ci_low, found.effect_size, found.statistic]).all()


def test_every_class_is_tested_in_every_condition_but_control():
    some = {"control": CONTROL, "x": TREATED, "y": CONTROL + 0.01}
    found = compared(table({"one": some, "two": some}), [WELCH, STUDENT])
    assert len(found) == 2 * 2 * 2
    assert set(found["condition"]) == {"x", "y"}
    assert (found["control"] == "control").all()


def test_p_is_adjusted_over_all_comparisons_of_one_entry_and_of_no_other():
    some = {"control": CONTROL, "x": TREATED, "y": CONTROL + 0.01}
    found = compared(table({"one": some, "two": some}), [WELCH, STUDENT])
    welch, student = found[found["test"] == "welch"], found[found["test"] == "student"]
    assert welch["p_adjusted"].min() == pytest.approx(4 * welch["p"].min())
    assert student["p_adjusted"].tolist() == student["p"].tolist()


def test_the_complement_of_a_group_adds_no_comparison_to_the_family():
    some = {"control": CONTROL, "x": TREATED}
    rest = {name: 1 - values for name, values in some.items()}
    half = {name: values / 2 for name, values in some.items()}
    values = {"none": rest, "one": half, "two": half, "any": some}
    found = compared(
        table(values), [WELCH], none=["none"], one=["one"], two=["two"], any=["one", "two"]
    ).set_index("class")
    p = found["p"]
    assert p["none"] == pytest.approx(p["any"])
    # Holm over three questions: one, two, and any (or none), which has the smallest p
    assert found.loc[["any", "none"], "p_adjusted"].tolist() == pytest.approx([3 * p.min()] * 2)


def test_replicates_are_tested_by_their_pooled_frequency():
    values = {"one": {"control": [0.1, 0.2, 0.3, 0.4], "x": [0.3, 0.4, 0.5, 0.8]}}
    found = compared(table(values, fields_per_replicate=2), [WELCH]).iloc[0]
    expected = stats.ttest_ind([0.35, 0.65], [0.15, 0.35], equal_var=False)
    assert found["n_units"] == 4
    assert found["p"] == pytest.approx(expected.pvalue)


def test_fields_without_cells_are_no_units():
    some = table({"one": {"control": CONTROL, "x": TREATED}})
    some.loc[0, ["n_cells", "n_class", "frequency"]] = [0, 0, np.nan]
    assert compared(some, [STUDENT])["n_control"].item() == len(CONTROL) - 1


def test_significance_that_only_fields_show_is_said_in_words():
    # replicates differ strongly, fields of one replicate hardly at all
    values = {"one": {"control": [0.1, 0.11, 0.2, 0.21] * 2, "x": [0.2, 0.21, 0.3, 0.31] * 2}}
    values["one"] = {key: sorted(some) for key, some in values["one"].items()}
    some = table(values, fields_per_replicate=4)
    by_field = compared(some, [STUDENT]).iloc[0]
    assert by_field["p"] < 0.01
    assert "with replicates as units the difference is not significant" in by_field["note"]
    by_replicate = compared(some, [WELCH]).iloc[0]
    assert by_replicate["p"] > 0.05
    assert by_replicate["note"] == ""


def test_nested_fields_carry_a_warning_even_when_replicates_agree():
    values = {"one": {"control": np.repeat(CONTROL, 2), "x": np.repeat(TREATED, 2)}}
    found = compared(table(values, fields_per_replicate=2), [STUDENT]).iloc[0]
    assert "overstates the evidence" in found["note"]


def test_one_field_per_replicate_needs_no_warning():
    values = {"one": {"control": CONTROL, "x": TREATED}}
    assert compared(table(values), [STUDENT])["note"].item() == ""


def test_cells_of_fields_counted_by_the_model_for_counts_carry_the_same_warning():
    values = {"one": {"control": np.repeat(CONTROL, 2), "x": np.repeat(TREATED, 2)}}
    some = table(values, fields_per_replicate=2)
    by_field = compared(some, [{**GEE, "unit": "field"}]).iloc[0]
    assert "overstates the evidence" in by_field["note"]
    by_replicate = compared(some, [GEE]).iloc[0]
    assert by_replicate["note"] == ""
    assert by_replicate["effect"] == "odds ratio"


def sheet(some, **lost):
    """Return the fields that the sheet names: those of a table, and fields that were set aside."""
    there = some.drop_duplicates("field")[["field", "condition"]].assign(usable=True)
    rows = [
        (f"{name}-lost-{n}", name, False) for name, number in lost.items() for n in range(number)
    ]
    return pd.concat([there, pd.DataFrame(rows, columns=there.columns)], ignore_index=True)


def warned(function, *arguments, **named):
    """Call a function and return its result and the warnings that it gave."""
    before = len(notices.given())
    return function(*arguments, **named), notices.given()[before:]


def test_too_few_units_are_said_in_words():
    values = {"one": {"control": CONTROL, "few": TREATED[:1]}}
    found = compared(table(values), [WELCH]).iloc[0]
    assert np.isnan(found["p"])
    assert found["note"] == "Not tested: few has 1 replicate with a value; a test needs two."


def test_a_condition_that_lost_all_its_fields_has_rows_without_values_and_one_sentence():
    some = table({"one": {"control": CONTROL, "x": TREATED}})
    found, sentences = warned(compared, some, [WELCH, STUDENT], named=sheet(some, vanished=3))
    rows = found[found["condition"] == "vanished"]
    assert rows["test"].tolist() == ["welch", "student"]
    assert rows[["estimate", "p", "p_adjusted", "mean_condition"]].isna().all(axis=None)
    assert rows["n_condition"].tolist() == [0, 0]
    assert rows["n_units"].tolist() == [len(CONTROL)] * 2
    assert (
        "vanished has 0 replicates with a value (0 of 3 fields in the sheet used: 3 set aside)"
        in (rows["note"].iloc[0])
    )
    own = [sentence for sentence in sentences if sentence.startswith("The condition vanished")]
    assert len(own) == 1
    assert "0 of 3 fields in the sheet used" in own[0]
    assert found.loc[found["condition"] == "x", "p"].notna().all()


def test_a_lost_condition_does_not_count_among_the_comparisons():
    some = table({"one": {"control": CONTROL, "x": TREATED}})
    alone = compared(some, [WELCH]).iloc[0]
    together = compared(some, [WELCH], named=sheet(some, gone=2)).iloc[0]
    assert together["p_adjusted"] == alone["p_adjusted"]


@pytest.mark.parametrize("left", [0, 1])
def test_a_control_that_lost_its_replicates_leaves_every_row_without_p(left, tmp_path):
    some = table({"one": {"control": CONTROL[:left], "x": TREATED, "y": TREATED}})
    named = sheet(some, control=4)
    found, sentences = warned(compared, some, [WELCH], named=named)
    assert found["condition"].tolist() == ["x", "y"]
    assert found["p"].isna().all()
    assert found["note"].str.contains(f"control has {left} replicate").all()
    assert any(f"{left} of {4 + left} fields in the sheet used" in one for one in sentences)
    storage.write(found, tmp_path / "tests.tsv", TESTS)


def test_fields_in_which_no_cell_was_called_are_named_as_such():
    some = table({"one": {"control": CONTROL, "bare": TREATED}})
    bare = some["condition"] == "bare"
    some.loc[bare, ["n_cells", "n_class"]] = 0
    some.loc[bare, "frequency"] = np.nan
    found = compared(some, [WELCH, GEE])
    assert found["note"].str.contains("4 without a called cell").all()


def test_an_experiment_without_any_called_cell_is_a_warning():
    some = table({"one": {"control": CONTROL, "none": TREATED}}).assign(n_cells=0, n_class=0)
    _, sentences = warned(compared, some.assign(frequency=np.nan), [WELCH])
    assert any("No cell was called in the fields of the experiment" in one for one in sentences)


def test_a_study_without_an_experiment_is_a_warning_only_where_it_names_a_control():
    none = table({"one": {"control": CONTROL}}).iloc[:0]
    for control, expected in ((None, 0), ("control", 1)):
        _, sentences = warned(compared, none, [WELCH], control)
        assert sum("nothing is compared" in one for one in sentences) == expected


def test_a_study_whose_fields_were_all_set_aside_still_has_its_rows():
    nothing = table({"one": {"control": []}})
    columns = [
        "field",
        "condition",
        "replicate",
        "group",
        "class",
        "n_cells",
        "n_class",
        "frequency",
    ]
    nothing = nothing.reindex(columns=columns)
    named = pd.DataFrame(
        {"field": list("abcd"), "condition": ["control", "control", "z", "z"], "usable": False}
    )
    found = conditions.of_frequencies(nothing, "control", [WELCH], {"one": ["one"]}, named)
    assert found["condition"].tolist() == ["z"]
    assert "control has 0 replicates" in found["note"].item()


def test_a_partial_loss_is_one_sentence_with_all_conditions():
    some = table({"one": {"control": CONTROL, "x": TREATED, "whole": TREATED}})
    _, sentences = warned(compared, some, [WELCH], named=sheet(some, control=1, x=2))
    assert sentences == [
        "Not all fields that the sheet names for comparison are compared: control (5 of 6 fields "
        "in the sheet used: 1 set aside); x (4 of 6 fields in the sheet used: 2 set aside); "
        "qc/fields.tsv says why fields were set aside."
    ]


def test_without_a_control_nothing_is_tested_and_the_table_is_valid(tmp_path):
    found = compared(table({"one": {"x": CONTROL, "y": TREATED}}), [WELCH], control=None)
    storage.write(found, tmp_path / "tests.tsv", TESTS)
    assert storage.read(tmp_path / "tests.tsv", TESTS).empty


def test_the_table_is_a_valid_tests_table(tmp_path):
    values = {"one": {"control": CONTROL, "x": TREATED, "z": TREATED[:1]}}
    found = compared(table(values), [WELCH, STUDENT])
    storage.write(found, tmp_path / "tests.tsv", TESTS)
    again = storage.read(tmp_path / "tests.tsv", TESTS)
    assert again["note"].tolist() == found["note"].tolist()
    assert again["p"].tolist() == pytest.approx(found["p"].tolist(), nan_ok=True)


def test_two_conditions_and_nothing_else_give_one_row_per_class():
    found = compared(table({"one": {"control": CONTROL}}), [WELCH])
    assert found.empty
    assert "p_adjusted" in found


def test_one_class_is_compared_by_its_cells_per_field_and_empty_fields_count():
    some = table({"cell": {"control": [0.0, 0.04, 0.02], "drug": [0.10, 0.08, 0.12]}})
    some["n_cells"] = some["n_class"]
    named = some.assign(usable=True)
    found = conditions.of_numbers(some, "control", [WELCH, STUDENT], named)
    assert found["test"].tolist() == ["welch", "student"]
    expected = stats.ttest_ind([10, 8, 12], [0, 4, 2], equal_var=False)
    row = found.iloc[0]
    assert (row["n_control"], row["n_condition"], row["estimate"]) == (3, 3, 8)
    assert row["p"] == pytest.approx(expected.pvalue)
