"""Which tables and figures of the statistics a config asks for."""

from cellpheno.tables import storage
from cellpheno.tables.quality import WARNINGS
from cellpheno.tables.statistics import FREQUENCIES, TESTS


def test_measures_null_experiments_and_claims_are_made_where_the_config_asks_for_them(small_study):
    planned = small_study.planned()
    assert planned["simulate_null_experiments"] == planned["plot_null_experiments"] == 1
    assert planned["compare_claims"] == 1
    assert "measure_objects" not in planned

    del small_study.config["published_study"]
    small_study.config["statistics"]["measures"] = ["area"]
    small_study.config["statistics"]["null_experiments"] = 0
    planned = small_study.write().planned()
    assert (
        planned["measure_objects"] == planned["compare_measures"] == planned["plot_measures"] == 1
    )
    assert not {"simulate_null_experiments", "plot_null_experiments", "compare_claims"} & set(
        planned
    )


def test_planted_frequencies_are_compared_with_called_ones_where_cells_are_simulated(small_study):
    assert small_study.planned()["compare_planted_frequencies"] == 1


def test_real_images_have_no_planted_frequencies(mini_study):
    assert "compare_planted_frequencies" not in mini_study.write().planned()


def test_fields_of_a_well_that_trained_the_networks_are_not_compared(mini_study):
    seen = next(row for row in mini_study.rows if row["field"] == "untreated-r1-f0")
    seen["group"] = next(row["group"] for row in mini_study.rows if row["split"] == "train")
    mini_study.write().snakemake("results/mini/statistics/tests.tsv")
    counted = storage.read(mini_study.results / "statistics/frequencies.tsv", FREQUENCIES)
    assert set(counted["field"]) == {
        row["field"] for row in mini_study.rows if row["condition"] != "annotated"
    } - {"untreated-r1-f0"}
    tests = storage.read(mini_study.results / "statistics/tests.tsv", TESTS)
    assert (tests.loc[tests["unit"] == "replicate", "n_control"] == 2).all()
    warnings = storage.read(mini_study.results / "warnings/compare_conditions.tsv", WARNINGS)[
        "warning"
    ]
    assert warnings.str.contains("1 of groups that the networks were trained on").any()
