"""Share of live patches by field, well and condition over time, and over the field."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from cellpheno.core import notices
from cellpheno.statistics import viability
from cellpheno.statistics.viability import CALLS, Settings
from cellpheno.tables import storage
from cellpheno.tables.statistics import VIABILITY, VIABILITY_MAP

ALL_ALONE = Settings(live="live", time="day", independent=1.0)


def fields(*rows):
    return pd.DataFrame(rows, columns=["field", "condition", "group", "time"])


def patches(**counts):
    """Return patches of fields given as field=(live, dead)."""
    rows = [
        (field, name)
        for field, (live, dead) in counts.items()
        for name in ["live"] * live + ["dead"] * dead
    ]
    return pd.DataFrame(rows, columns=["field", "class"])


@pytest.fixture
def two_wells():
    """Two wells of one condition, each with a field on two days."""
    known = fields(
        ("a", "treated", "w1", "3"),
        ("b", "treated", "w1", "4"),
        ("c", "treated", "w2", "3"),
        ("d", "treated", "w2", "4"),
    )
    return known, patches(a=(8, 2), b=(4, 6), c=(6, 4), d=(2, 8))


def test_wilsons_interval_is_that_of_statsmodels():
    assert viability.wilson(7, 20) == pytest.approx(proportion_confint(7, 20, method="wilson"))
    assert viability.wilson(0, 5) == pytest.approx(proportion_confint(0, 5, method="wilson"))


def test_viability_falls_over_time_in_field_well_and_condition(two_wells, tmp_path):
    known, called = two_wells
    table = viability.estimate(called, known, CALLS, ALL_ALONE)
    storage.write(table, tmp_path / "viability.tsv", VIABILITY)
    value = table.set_index(["level", "name", "time"])["viability"].to_dict()
    assert value == pytest.approx(
        {
            ("field", "a", "3"): 0.8,
            ("field", "b", "4"): 0.4,
            ("field", "c", "3"): 0.6,
            ("field", "d", "4"): 0.2,
            ("group", "w1", "3"): 0.8,
            ("group", "w1", "4"): 0.4,
            ("group", "w2", "3"): 0.6,
            ("group", "w2", "4"): 0.2,
            ("group", "w1", "all"): 0.6,
            ("group", "w2", "all"): 0.4,
            ("condition", "treated", "3"): 0.7,
            ("condition", "treated", "4"): 0.3,
            ("condition", "treated", "all"): 0.5,
        }
    )


def test_a_condition_counts_wells_and_not_patches(two_wells):
    known, called = two_wells
    table = viability.estimate(called, known, CALLS, ALL_ALONE)
    row = table[(table["level"] == "condition") & (table["time"] == "3")].iloc[0]
    assert (row["unit"], row["n_units"], row["n"]) == ("group", 2, 20)
    # wells of 0.8 and 0.6, t with one degree of freedom: next to nothing is known
    assert row["ci_high"] - row["ci_low"] > 0.8


def test_a_condition_with_a_single_well_counts_fields():
    known = fields(*((f"f{i}", "treated", "w1", "all") for i in range(3)))
    table = viability.estimate(patches(f0=(5, 5), f1=(6, 4), f2=(4, 6)), known, CALLS, ALL_ALONE)
    row = table[table["level"] == "condition"].iloc[0]
    assert (row["unit"], row["n_units"], row["interval"]) == ("field", 3, "ratio of units")


def test_the_ratio_of_units_of_equal_size_is_the_t_interval_of_their_shares():
    live, n = np.array([11.0, 9.0, 10.0, 12.0, 8.0]), np.full(5, 20.0)
    low, high = viability.ratio(live, n)
    # by hand: share 0.5; sd of shares 0.0791, standard error 0.0354, t(4) 2.776; on the logit scale
    half = 2.776 * 0.0791 / np.sqrt(5) / 0.25
    assert [low, high] == pytest.approx([1 / (1 + np.exp(half)), 1 / (1 + np.exp(-half))], abs=1e-3)


def test_the_interval_over_wells_holds_the_planted_viability_as_often_as_it_says():
    rng, held = np.random.default_rng(0), 0
    for _ in range(400):
        wells = rng.beta(7, 3, size=6)  # planted 0.7, and wells differ
        n = rng.integers(40, 90, size=6)
        low, high = viability.ratio(rng.binomial(n, wells).astype(float), n.astype(float))
        held += low <= 0.7 <= high
    assert 0.90 <= held / 400 <= 0.98


def test_where_all_are_alive_wilsons_interval_stands_in():
    known = fields(("a", "c", "w1", "all"), ("b", "c", "w2", "all"))
    table = viability.estimate(patches(a=(10, 0), b=(10, 0)), known, CALLS, ALL_ALONE)
    row = table[table["level"] == "condition"].iloc[0]
    assert (row["interval"], row["viability"]) == ("Wilson", 1)
    assert [row["ci_low"], row["ci_high"]] == pytest.approx(viability.wilson(20, 20))


def test_patches_that_overlap_by_half_count_as_a_quarter():
    known = fields(("a", "c", "w", "all"))
    quarter = Settings("live", None, independent=0.25)
    row = viability.estimate(patches(a=(60, 20)), known, CALLS, quarter).iloc[0]
    assert row["n"] == 80
    assert [row["ci_low"], row["ci_high"]] == pytest.approx(viability.wilson(15, 20))


def test_patches_between_both_classes_do_not_count():
    known = fields(("a", "c", "w", "all"))
    stained = pd.concat([patches(a=(3, 1)), pd.DataFrame({"field": ["a"] * 6, "class": None})])
    assert viability.estimate(stained, known, viability.LABELS, ALL_ALONE)["n"].iloc[0] == 4


def test_wells_of_equal_name_in_two_conditions_are_two_wells():
    known = fields(("a", "x", "w1", "all"), ("b", "y", "w1", "all"))
    table = viability.estimate(patches(a=(1, 3), b=(3, 1)), known, CALLS, ALL_ALONE)
    groups = table[table["level"] == "group"]
    assert groups["viability"].tolist() == [0.25, 0.75]


def test_fields_of_other_splits_and_fields_set_aside_do_not_count():
    quality = pd.DataFrame(
        {
            "field": ["a", "b", "c", "d"],
            "condition": ["x", "x", "x", "y"],
            "group": "w",
            "day": ["3", "3", "4", "4"],
            "verdict": ["ok", "empty", "ok", "ok"],
        }
    )
    splits = pd.DataFrame({"field": ["a", "c", "d"], "split": ["test", "train", "test"]})
    found = viability.usable(quality, splits, ["test"], ["y"], "day")
    assert found.to_dict("records") == [{"field": "a", "condition": "x", "group": "w", "time": "3"}]
    assert viability.usable(quality, splits, ["test"], [], None)["time"].tolist() == ["all"] * 2
    assert viability.usable(quality, splits, ["predict"], [], "day").empty


def test_a_condition_and_time_that_lost_all_fields_has_a_row_without_viability(tmp_path):
    known = fields(("a", "x", "w", "3"), ("b", "y", "w", "3"))
    table = viability.estimate(patches(a=(3, 1), b=(1, 1)), known, CALLS, ALL_ALONE)
    named = pd.DataFrame(
        {
            "field": ["a", "b", "c", "d"],
            "condition": ["x", "y", "y", "gone"],
            "day": ["3", "3", "4", "4"],
            "usable": [True, True, False, False],
        }
    )
    before = len(notices.given())
    whole = viability.with_lost(table, named, [CALLS], "day")
    lost = whole[whole["n"] == 0]
    assert lost[["condition", "time"]].to_numpy().tolist() == [["y", "4"], ["gone", "4"]]
    assert lost["viability"].isna().all()
    given = notices.given()[before:]
    assert any("gone at day 4 has no viability by bright-field: 0 of 1 fields" in t for t in given)
    storage.write(whole, tmp_path / "viability.tsv", VIABILITY)


def test_a_study_that_lost_all_fields_has_rows_without_viability(tmp_path):
    nothing = viability.estimate(patches(), fields(), CALLS, ALL_ALONE)
    named = pd.DataFrame({"field": ["a"], "condition": ["x"], "usable": [False]})
    whole = viability.with_lost(nothing, named, [CALLS], None)
    storage.write(whole, tmp_path / "viability.tsv", VIABILITY)
    assert whole["condition"].tolist() == ["x"]


def test_a_place_has_the_mean_of_the_patches_that_cover_it(tmp_path):
    # three patches of 4 px in a row, every 2 px: places of 2 px have 1, 2, 2 and 1 of them
    cells = pd.DataFrame({"field": "a", "x_min": [0.0, 2, 4], "p_live": [0.0, 0.5, 1.0]})
    cells = cells.assign(x_max=cells["x_min"] + 4, y_min=0.0, y_max=4.0)
    places = viability.over_field(cells, "live", 2)
    storage.write(places, tmp_path / "map.parquet", VIABILITY_MAP)
    top = places[places["y_min"] == 0]
    assert top["x_min"].tolist() == [0, 2, 4, 6]
    assert top["n_patches"].tolist() == [1, 2, 2, 1]
    assert top["p_live"].tolist() == [0, 0.25, 0.75, 1]


def test_places_that_the_filter_left_without_a_patch_are_not_there():
    cells = pd.DataFrame({"field": "a", "x_min": [0.0, 8.0], "p_live": [0.2, 0.9]})
    cells = cells.assign(x_max=cells["x_min"] + 4, y_min=0.0, y_max=4.0)
    places = viability.over_field(cells, "live", 4)
    assert places["x_min"].tolist() == [0, 8]
