"""When parts of the unseen fields are measured by themselves."""


def test_subsets_are_measured_and_drawn_where_the_config_names_a_column(small_study):
    planned = small_study.planned()
    assert planned["evaluate_subsets"] == planned["plot_subsets"] == 1

    del small_study.config["evaluation"]
    planned = small_study.write().planned()
    assert planned["evaluate_classification"] == 1
    assert not {"evaluate_subsets", "plot_subsets"} & set(planned)


def test_a_column_that_the_sheet_lacks_is_told_before_anything_is_computed(small_study):
    small_study.config["evaluation"]["by"] = ["plate"]
    output = small_study.write().snakemake("--dry-run", check=False).stdout
    assert "fields.tsv lacks the column plate" in output
    assert "Traceback" not in output
