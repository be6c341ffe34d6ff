"""The smallest difference that is found, and what half of it takes, against simulation."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from cellpheno.statistics import power
from cellpheno.statistics.power import Experiment, fields_for, noncentrality, smallest
from cellpheno.tables import storage
from cellpheno.tables.statistics import POWER

BLOCK, REPLICATE, FIELD = 0.03, 0.04, 0.05
FIELDS, CELLS = 6, 40


def experiment(n_replicates, paired, fields=FIELDS):
    within = (FIELD - REPLICATE) / fields + (1 - FIELD) / (fields * CELLS)
    shared = BLOCK if paired else 0.0
    return Experiment((REPLICATE,) * 2, (within,) * 2, shared, (n_replicates,) * 2, paired)


def found(control, condition, n_replicates, paired, fields=FIELDS, level=0.05, number=4000):
    """Return how often a t-test finds a difference in simulated counts."""
    rng = np.random.default_rng(0)
    chances = np.array([control, condition])[:, None, None]
    scale = np.sqrt(chances * (1 - chances))
    # days are one and the same under both conditions only where they are paired
    days = rng.normal(0, math.sqrt(BLOCK), (number, 1 if paired else 2, n_replicates))
    own = rng.normal(0, math.sqrt(REPLICATE - BLOCK), (number, 2, n_replicates))
    of_fields = rng.normal(0, math.sqrt(FIELD - REPLICATE), (number, 2, n_replicates, fields))
    shifted = chances + scale * ((days + own)[..., None] + of_fields)
    shares = rng.binomial(CELLS, shifted.clip(0, 1)).sum(axis=-1) / (CELLS * fields)
    if paired:
        p = stats.ttest_rel(shares[:, 1], shares[:, 0], axis=1).pvalue
    else:
        p = stats.ttest_ind(shares[:, 1], shares[:, 0], axis=1, equal_var=False).pvalue
    return (p < level).mean()


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("n_replicates", [4, 8])
@pytest.mark.parametrize("level", [0.05, 0.005])
def test_the_smallest_difference_is_found_in_four_of_five_simulated_experiments(
    paired, n_replicates, level
):
    rise = smallest(0.3, experiment(n_replicates, paired), level, 1.0)
    assert found(0.3, 0.3 + rise, n_replicates, paired, level=level) == pytest.approx(0.8, abs=0.03)


def test_half_of_it_is_found_with_the_replicates_and_with_the_fields_that_it_takes():
    few = experiment(5, paired=True)
    half = smallest(0.3, few, 0.05, 1.0) / 2
    needed = int(power.replicates_for(0.3, half, few, 0.05))
    assert found(0.3, 0.3 + half, needed, paired=True) == pytest.approx(0.82, abs=0.05)
    assert found(0.3, 0.3 + half, needed - 2, paired=True) < 0.8
    # fields lower the part within replicates alone
    assert math.isnan(fields_for(0.3, half, few, 0.05))
    less = 0.85 * 2 * half
    more = math.ceil(FIELDS * fields_for(0.3, less, few, 0.05))
    assert more > FIELDS
    assert found(0.3, 0.3 + less, 5, paired=True, fields=more) == pytest.approx(0.8, abs=0.05)


def test_the_number_of_standard_errors_is_that_of_statsmodels():
    for n in (3, 6, 20):
        expected = TTestPower().solve_power(nobs=n, alpha=0.05, power=0.8) * math.sqrt(n)
        assert noncentrality(n - 1, 0.05) == pytest.approx(expected, rel=0.01)


def test_days_that_both_conditions_share_make_smaller_differences_visible():
    paired, independent = (
        smallest(0.3, experiment(6, is_paired), 0.05, 1.0) for is_paired in (True, False)
    )
    assert paired < 0.7 * independent


def test_a_rare_class_may_vanish_unseen():
    some = experiment(3, paired=False)
    assert math.isnan(smallest(0.02, some, 0.05, 0.0))
    assert 0 < smallest(0.02, some, 0.05, 1.0) < 1
    without = dataclasses.replace(some, between=(0.0, 0.0), within=(0.0, 0.0))
    assert smallest(0.02, without, 0.05, 1.0) == 0


def table(conditions=("control", "x", "y"), n_replicates=5):
    rng = np.random.default_rng(0)
    days = rng.normal(0, 0.5, n_replicates)
    rows = []
    for condition in conditions:
        for replicate, day in enumerate(days):
            chance = 1 / (1 + math.exp(1.4 + day + rng.normal(0, 0.1)))
            for field in range(4):
                n_class = int(rng.binomial(40, chance))
                about = (f"{condition}-{replicate}-{field}", condition, f"r{replicate}", "g")
                rows += [(*about, "one", n_class), (*about, "none", 40 - n_class)]
    columns = ["field", "condition", "replicate", "group", "class", "n_class"]
    some = pd.DataFrame(rows, columns=columns).assign(n_cells=40)
    return some.assign(frequency=some["n_class"] / 40)


MEMBERS = {"none": ["none"], "one": ["one"]}


def test_every_class_and_condition_has_its_rows_for_one_comparison_and_for_all(tmp_path):
    found_by = power.estimate(table(), "control", MEMBERS, "holm", "auto")
    storage.write(found_by, tmp_path / "power.tsv", POWER)
    assert len(found_by) == 2 * 2 * 2
    assert set(found_by["design"]) == {"paired"}
    assert set(found_by["level"]) == {0.05, 0.05 / 2}  # one question, two conditions
    levels = found_by.pivot_table("smallest_rise", ["class", "condition"], "correction")
    assert (levels["none"] < levels["holm"]).all()
    alone = power.estimate(table(), "control", MEMBERS, "none", "independent")
    assert set(alone["correction"]) == {"none"}
    paired = found_by[found_by["correction"] == "none"]
    assert (paired["smallest_rise"].to_numpy() < alone["smallest_rise"].to_numpy()).all()


def test_a_single_replicate_finds_nothing(tmp_path):
    some = power.estimate(table(n_replicates=1), "control", MEMBERS, "none", "auto")
    storage.write(some, tmp_path / "power.tsv", POWER)
    assert some["smallest_rise"].isna().all()
    for bare in (table(["control"]), table().iloc[:0], table().assign(n_class=0, n_cells=0)):
        assert power.estimate(bare, "control", MEMBERS, "none", "auto").empty
