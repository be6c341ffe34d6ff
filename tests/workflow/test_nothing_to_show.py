"""A figure that would be empty is not made, or at least not in the report."""

import zipfile
from pathlib import Path

import pytest

OF_THE_EXPERIMENT = {
    "plot_annotated_fields",
    "plot_frequencies",
    "plot_frequencies_stacked",
    "plot_effects",
    "plot_power",
}


def annotated_only(study):
    """Keep the annotated fields alone, all of which the sheet gives a split."""
    study.rows = study.rows[:6]
    study.config["statistics"] = {"control": None, "null_experiments": 0}
    return study.write()


def test_a_fully_annotated_study_has_no_figures_of_an_experiment(mini_study):
    planned = annotated_only(mini_study).planned("figures")
    assert not OF_THE_EXPERIMENT & set(planned)
    assert planned["plot_gallery"] == 1
    assert {"plot_cells_per_field", "plot_call_agreement", "plot_class_shares"} <= set(planned)


@pytest.mark.parametrize(("split", "held"), [("train", False), ("predict", True)])
def test_a_report_knows_whether_the_run_left_any_field_to_the_experiment(mini_study, split, held):
    study = annotated_only(mini_study)
    for row in study.rows:
        row |= {"split": "", "replicate": row["field"]}
    for name in study.write().snakemake("figures", "--summary").stdout.split():
        if name.startswith("results/") and not name.endswith(("qc/fields.tsv", "fingerprint.tsv")):
            (study.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (study.folder / name).touch()
    (study.results / "splits.tsv").write_text(f"field\tsplit\nann0\t{split}\n")
    study.snakemake("figures", "--report", "report.zip")
    names = {Path(name).stem for name in zipfile.ZipFile(study.folder / "report.zip").namelist()}
    assert "gallery_annotated" in names
    for name in ("annotated_fields", "gallery_called", "frequencies", "frequencies_stacked"):
        assert (name in names) == held


def test_a_study_with_an_experiment_has_them_all(mini_study):
    assert set(mini_study.write().planned("figures")) >= OF_THE_EXPERIMENT


def test_without_a_control_there_are_no_differences_to_show(mini_study):
    mini_study.config["statistics"]["control"] = None
    planned = set(mini_study.write().planned("figures"))
    assert not {"plot_effects", "plot_power"} & planned
    assert "plot_frequencies" in planned


def test_a_study_without_conditions_and_replicates_compares_nothing(mini_study):
    mini_study.rows = [{name: row[name] for name in ("field", "cells")} for row in mini_study.rows]
    del mini_study.config["statistics"]
    planned = set(mini_study.write().planned("figures"))
    assert {"plot_annotated_fields", "plot_class_shares", "plot_grad_cam"} <= planned
    absent = {"plot_frequencies", "plot_frequencies_stacked", "plot_effects", "plot_power"}
    assert not absent & planned


def test_a_control_without_fields_to_compare_is_refused_with_what_to_do(mini_study):
    annotated_only(mini_study)
    mini_study.config["statistics"]["control"] = "annotated"
    done = mini_study.write().snakemake("-n", check=False)
    assert done.returncode
    assert "no field of fields.tsv lies in statistics.splits (predict)" in done.stdout
    assert "set statistics.control to null" in done.stdout
