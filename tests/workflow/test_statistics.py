"""Which tables and figures of the statistics a config asks for."""


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
