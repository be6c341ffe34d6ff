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
