"""Simulated experiments in which no condition differs, and what each test makes of them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cellpheno.statistics import null_experiments
from cellpheno.tables import storage
from cellpheno.tables.statistics import NULL_EXPERIMENTS

MEMBERS = {"none": ["none"], "one": ["one"], "two": ["two"], "any": ["one", "two"]}
WELCH = {"test": "welch", "unit": "replicate", "correction": "holm"}


def study(spread, n_replicates=6, n_fields=4, conditions=("control", "x", "y"), day_spread=0):
    """Make a frequencies table in which replicates, or days, differ and x has a large effect."""
    rng, days = np.random.default_rng(0), np.random.default_rng(1).normal(size=n_replicates)
    rows = []
    for condition in conditions:
        for replicate in range(n_replicates):
            shift = rng.normal(0, spread) + day_spread * days[replicate]
            chance = 1 / (1 + np.exp(1.4 + shift + (1 if condition == "x" else 0)))
            for field in range(n_fields):
                n_cells = int(rng.poisson(40))
                one, two = rng.multinomial(n_cells, [chance / 2, chance / 2, 1 - chance])[:2]
                counts = {"none": n_cells - one - two, "one": one, "two": two, "any": one + two}
                about = (f"{condition}-{replicate}-{field}", condition, f"r{replicate}", "g")
                rows += [(*about, *item, n_cells) for item in counts.items()]
    columns = ["field", "condition", "replicate", "group", "class", "n_class", "n_cells"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(frequency=table["n_class"] / table["n_cells"])


def rates(table, number=100, entries=(WELCH,), design="independent"):
    return null_experiments.rates(table, "control", entries, MEMBERS, number, 0, design)


def of(table, **wanted):
    for column, value in wanted.items():
        table = table[table[column] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_a_null_experiment_has_the_studys_fields_and_cells_and_no_difference():
    table = study(spread=0.3)
    _, experiments = null_experiments.simulate(table, MEMBERS, 30, seed=0)
    several = list(experiments)
    for one in several:
        columns = ["field", "condition", "replicate", "class", "n_cells"]
        pd.testing.assert_frame_equal(one[columns], table[columns])
        wide = one.pivot_table(index="field", columns="class", values="n_class")
        assert (wide["one"] + wide["two"] == wide["any"]).all()
    together = pd.concat(several)
    together = together[together["class"] == "any"].groupby("condition")[["n_class", "n_cells"]]
    frequency = together.sum()["n_class"] / together.sum()["n_cells"]
    assert np.ptp(frequency) < 0.02  # in the study itself x is lower by 0.1


def test_fields_as_units_find_what_is_not_there_and_replicates_do_not():
    table = rates(study(spread=0.8))
    about = {"scope": "one comparison", "class": "any"}
    by_field = of(table, test="student", unit="field", **about)
    assert by_field["ci_low"] > 0.05
    for test in ("welch", "gee"):
        by_replicate = of(table, test=test, unit="replicate", **about)
        assert by_replicate["ci_low"] < 0.05
        assert by_replicate["ci_high"] < by_field["ci_low"]


def test_days_that_conditions_share_are_simulated_and_tests_are_in_the_design_of_the_study():
    some = study(spread=0.1, day_spread=0.8)
    paired, independent = rates(some, design="auto"), rates(some)
    about = {"scope": "one comparison", "class": "any", "test": "welch"}
    assert of(paired, **about)["design"] == "paired"
    assert of(paired, **about)["ci_low"] < 0.05 < of(paired, **about)["ci_high"]
    assert of(independent, **about)["rate"] < 0.02  # the days are its error
    by_field = of(paired, scope="one comparison", **{"class": "any"}, test="student")
    assert by_field["design"] == "independent"
    row = paired.iloc[0]
    assert 0.5 * row["replicate_correlation"] < row["block_correlation"]
    assert rates(study(spread=0.8), 5).iloc[0]["block_correlation"] < row["block_correlation"]


def test_many_comparisons_find_more_than_one_unless_they_are_corrected():
    some = study(spread=0.2)
    unrelated = some.assign(replicate=some["condition"] + some["replicate"])
    table = rates(unrelated)
    about = {"test": "welch", "scope": "whole experiment"}
    assert of(table, correction="none", **about)["ci_low"] > 0.05
    assert of(table, correction="holm", **about)["ci_low"] < 0.05


def test_rates_come_with_wilsons_interval():
    row = rates(study(spread=0.2)).iloc[0]
    assert row["n_experiments"] == 100
    assert row["rate"] == row["n_false_positives"] / 100
    result = stats.binomtest(int(row["n_false_positives"]), 100)
    expected = result.proportion_ci(method="wilson")
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((expected.low, expected.high))


def test_the_same_seed_gives_the_same_rates():
    table = study(spread=0.2)
    pd.testing.assert_frame_equal(rates(table, 20), rates(table, 20))


def test_a_configured_method_is_tried_beside_the_published_and_the_sound_ones():
    entry = {"test": "welch", "unit": "field", "correction": "fdr_bh"}
    table = rates(study(spread=0.2), 5, [entry])
    methods = set(zip(table["test"], table["unit"], strict=True))
    assert methods == {
        ("student", "field"),
        ("welch", "replicate"),
        ("gee", "replicate"),
        ("welch", "field"),
    }
    assert set(table["correction"]) == {"none", "holm", "fdr_bh"}


def test_a_class_that_cannot_be_tested_is_not_counted():
    table = study(spread=0.2)
    never = table["class"] == "two"
    table.loc[table["class"] == "any", "n_class"] -= table.loc[never, "n_class"].to_numpy()
    table.loc[table["class"] == "none", "n_class"] += table.loc[never, "n_class"].to_numpy()
    table.loc[never, "n_class"] = 0
    assert "two" not in set(rates(table, 5)["class"])


def test_a_study_of_the_control_alone_gives_an_empty_table(tmp_path):
    table = rates(study(spread=0.2, conditions=("control",)), 5)
    storage.write(table, tmp_path / "null.tsv", NULL_EXPERIMENTS)
    assert storage.read(tmp_path / "null.tsv", NULL_EXPERIMENTS).empty


def test_a_study_without_any_cell_gives_an_empty_table():
    table = study(spread=0.2).assign(n_cells=0, n_class=0, frequency=np.nan)
    assert rates(table, 5).empty


def test_the_table_is_a_valid_table_of_null_experiments(tmp_path):
    table = rates(study(spread=0.2), 5)
    storage.write(table, tmp_path / "null.tsv", NULL_EXPERIMENTS)
    again = storage.read(tmp_path / "null.tsv", NULL_EXPERIMENTS)
    assert again["rate"].tolist() == pytest.approx(table["rate"].tolist())
