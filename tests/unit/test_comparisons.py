"""Tests of conditions against control, held against SciPy, statsmodels and known answers."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cellpheno import tables
from cellpheno.errors import StudyError
from cellpheno.statistics import tests as comparisons

CONTROL = np.array([0.10, 0.14, 0.12, 0.09, 0.15])
TREATED = np.array([0.04, 0.07, 0.02, 0.05])
WELCH = {"test": "welch", "unit": "replicate", "correction": "holm"}
STUDENT = {"test": "student", "unit": "field", "correction": "none"}


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


@pytest.mark.parametrize(("test", "pooled"), [("student", True), ("welch", False)])
def test_statistic_p_and_interval_are_those_of_the_textbook(test, pooled):
    found = comparisons.compare(CONTROL, TREATED, test)
    n, m = len(CONTROL), len(TREATED)
    a, b = CONTROL.var(ddof=1) / n, TREATED.var(ddof=1) / m
    if pooled:
        variance = ((n - 1) * n * a + (m - 1) * m * b) / (n + m - 2)
        error, freedom = np.sqrt(variance * (1 / n + 1 / m)), n + m - 2
    else:
        error, freedom = np.sqrt(a + b), (a + b) ** 2 / (a**2 / (n - 1) + b**2 / (m - 1))
    difference = TREATED.mean() - CONTROL.mean()
    half = stats.t.ppf(0.975, freedom) * error
    assert found.estimate == pytest.approx(difference)
    assert found.statistic == pytest.approx(difference / error)
    assert found.p == pytest.approx(2 * stats.t.sf(abs(difference / error), freedom))
    assert (found.ci_low, found.ci_high) == pytest.approx((difference - half, difference + half))


def test_the_interval_excludes_zero_exactly_when_p_is_below_five_percent():
    generator = np.random.default_rng(0)
    for _ in range(50):
        some, others = generator.normal(size=4), generator.normal(0.8, 1.5, size=5)
        found = comparisons.compare(some, others, "welch")
        assert (found.ci_low > 0 or found.ci_high < 0) == (found.p < 0.05)


def test_hedges_g_is_negative_where_the_condition_is_lower_and_smaller_than_cohens_d():
    squares = CONTROL.var(ddof=1) * 4 + TREATED.var(ddof=1) * 3
    cohens_d = (TREATED.mean() - CONTROL.mean()) / np.sqrt(squares / 7)
    found = comparisons.hedges_g(CONTROL, TREATED)
    assert found == pytest.approx(cohens_d * (1 - 3 / (4 * 7 - 1)), rel=0.01)
    assert cohens_d < found < 0


def test_without_variance_or_with_one_unit_there_is_no_p():
    for control, condition in [
        (np.zeros(3), np.zeros(3)),
        (np.full(3, 0.1), np.full(3, 0.3)),
        (CONTROL, TREATED[:1]),
    ]:
        found = comparisons.compare(control, condition, "welch")
        assert found.estimate == pytest.approx(condition.mean() - control.mean())
        assert np.isnan([found.p, found.ci_low, found.effect_size, found.statistic]).all()


def test_holm_is_worked_out_as_by_hand_and_missing_p_do_not_count():
    p = np.array([0.01, np.nan, 0.04, 0.03])
    assert comparisons.adjust(p, "holm") == pytest.approx([0.03, np.nan, 0.06, 0.06], nan_ok=True)
    assert comparisons.adjust(p, "bonferroni")[0] == pytest.approx(0.03)
    assert comparisons.adjust(p, "fdr_bh")[3] == pytest.approx(0.04)
    assert comparisons.adjust(p, "none")[2] == 0.04
    assert np.isnan(comparisons.adjust(np.array([np.nan]), "holm")).all()


def test_every_class_is_tested_in_every_condition_but_control():
    some = {"control": CONTROL, "x": TREATED, "y": CONTROL + 0.01}
    found = comparisons.run(table({"one": some, "two": some}), "control", [WELCH, STUDENT])
    assert len(found) == 2 * 2 * 2
    assert set(found["condition"]) == {"x", "y"}
    assert (found["control"] == "control").all()


def test_p_is_adjusted_over_all_comparisons_of_one_entry_and_of_no_other():
    some = {"control": CONTROL, "x": TREATED, "y": CONTROL + 0.01}
    found = comparisons.run(table({"one": some, "two": some}), "control", [WELCH, STUDENT])
    welch, student = found[found["test"] == "welch"], found[found["test"] == "student"]
    assert welch["p_adjusted"].min() == pytest.approx(4 * welch["p"].min())
    assert student["p_adjusted"].tolist() == student["p"].tolist()


def test_replicates_are_tested_by_their_pooled_frequency():
    values = {"one": {"control": [0.1, 0.2, 0.3, 0.4], "x": [0.3, 0.4, 0.5, 0.8]}}
    found = comparisons.run(table(values, fields_per_replicate=2), "control", [WELCH]).iloc[0]
    expected = stats.ttest_ind([0.35, 0.65], [0.15, 0.35], equal_var=False)
    assert found["n_units"] == 4
    assert found["p"] == pytest.approx(expected.pvalue)


def test_fields_without_cells_are_no_units():
    some = table({"one": {"control": CONTROL, "x": TREATED}})
    some.loc[0, ["n_cells", "n_class", "frequency"]] = [0, 0, np.nan]
    assert comparisons.run(some, "control", [STUDENT])["n_control"].item() == len(CONTROL) - 1


def test_significance_that_only_fields_show_is_said_in_words():
    # replicates differ strongly, fields of one replicate hardly at all
    values = {"one": {"control": [0.1, 0.11, 0.2, 0.21] * 2, "x": [0.2, 0.21, 0.3, 0.31] * 2}}
    values["one"] = {key: sorted(some) for key, some in values["one"].items()}
    some = table(values, fields_per_replicate=4)
    by_field = comparisons.run(some, "control", [STUDENT]).iloc[0]
    assert by_field["p"] < 0.01
    assert "with replicates as units the difference is not significant" in by_field["warning"]
    by_replicate = comparisons.run(some, "control", [WELCH]).iloc[0]
    assert by_replicate["p"] > 0.05
    assert by_replicate["warning"] == ""


def test_nested_fields_carry_a_warning_even_when_replicates_agree():
    values = {"one": {"control": np.repeat(CONTROL, 2), "x": np.repeat(TREATED, 2)}}
    found = comparisons.run(table(values, fields_per_replicate=2), "control", [STUDENT]).iloc[0]
    assert "overstates the evidence" in found["warning"]


def test_one_field_per_replicate_needs_no_warning():
    values = {"one": {"control": CONTROL, "x": TREATED}}
    assert comparisons.run(table(values), "control", [STUDENT])["warning"].item() == ""


def test_too_few_units_are_said_in_words():
    values = {"one": {"control": CONTROL, "x": TREATED[:1]}}
    found = comparisons.run(table(values), "control", [WELCH]).iloc[0]
    assert np.isnan(found["p"])
    assert found["warning"] == "Not tested: a condition has fewer than two replicates."


def test_a_control_without_fields_is_refused_by_name():
    with pytest.raises(StudyError, match=r"statistics\.control is 'mock'"):
        comparisons.run(table({"one": {"control": CONTROL}}), "mock", [WELCH])


def test_without_a_control_nothing_is_tested_and_the_table_is_valid(tmp_path, caplog):
    found = comparisons.run(table({"one": {"x": CONTROL, "y": TREATED}}), None, [WELCH])
    tables.write(found, tmp_path / "tests.tsv", tables.TESTS)
    assert tables.read(tmp_path / "tests.tsv", tables.TESTS).empty
    assert "nothing is tested" in caplog.text


def test_the_table_is_a_valid_tests_table(tmp_path):
    values = {"one": {"control": CONTROL, "x": TREATED, "z": TREATED[:1]}}
    found = comparisons.run(table(values), "control", [WELCH, STUDENT])
    tables.write(found, tmp_path / "tests.tsv", tables.TESTS)
    again = tables.read(tmp_path / "tests.tsv", tables.TESTS)
    assert again["warning"].tolist() == found["warning"].tolist()
    assert again["p"].tolist() == pytest.approx(found["p"].tolist(), nan_ok=True)


def test_two_conditions_and_nothing_else_give_one_row_per_class():
    found = comparisons.run(table({"one": {"control": CONTROL}}), "control", [WELCH])
    assert found.empty
    assert "p_adjusted" in found


@pytest.mark.real_data
def test_median_nuclear_area_of_two_cell_lines_differs_as_published():
    folder = os.environ.get("CELLPHENO_REAL_DATA")
    if not folder:
        pytest.skip("CELLPHENO_REAL_DATA is not set")
    nuclei = pd.read_csv(Path(folder) / "nucleusseg" / "boxes.csv")
    area = nuclei.groupby(["cell_line", "image"])["area"].median()
    hepg2, huh7 = area["HepG2"].to_numpy(float), area["Huh7"].to_numpy(float)
    found = comparisons.compare(huh7, hepg2, "student")
    assert (len(hepg2), len(huh7)) == (25, 16)
    assert found.statistic == pytest.approx(-2.634, abs=5e-4)
    assert found.p == pytest.approx(0.0120, abs=5e-5)
