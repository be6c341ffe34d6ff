"""A study with a target class: what is planned, and what is refused."""

from cellpheno.tables import storage
from cellpheno.tables.cells import CLASSIFIERS
from cellpheno.tables.target import LEARNING_CURVE


def with_target(study, **designs):
    study.config["calls"]["target"] = "partial"
    study.config["designs"] = designs
    study.config["seeds"] = [0, 1]
    return study.write()


def test_without_a_target_nothing_more_is_planned(small_study):
    planned = small_study.planned()
    assert not {"judge_boxes", "evaluate_cell_level", "evaluate_image_level"} & set(planned)


def test_with_a_target_every_training_is_judged_once(small_study):
    planned = with_target(small_study).planned()
    assert planned["train_classifier"] == planned["judge_boxes"] == 2
    assert planned["evaluate_cell_level"] == planned["evaluate_image_level"] == 1
    assert planned["summarise_target"] == 1
    assert planned["plot_target_confusion"] == planned["plot_fusion"] == 1


def test_designs_train_each_variant_once_and_classify_no_shard_with_it(small_study):
    before = with_target(small_study).planned()
    planned = with_target(
        small_study,
        unknown={"experiments": ["main"], "class": "unclear"},
        patients={"experiments": ["main"], "column": "replicate", "values": ["slide-1", "slide-2"]},
        learning_curve={"experiments": ["main"], "shares": [0.5, 1]},
    ).planned()
    # main; drop, two that guess, negative; two patients alone (with two, without one is only the
    # other); a half
    assert planned["train_classifier"] == planned["judge_boxes"] == 2 * (1 + 4 + 2 + 1)
    assert planned["guess_unknown_cells"] == 1
    assert planned["cut_crops"] == planned["check_splits"] == 1
    assert planned["classify_cells"] == before["classify_cells"]
    assert planned["evaluate_patients"] == planned["fit_learning_curve"] == 1
    assert planned["plot_patients"] == planned["plot_learning_curve"] == 1


def test_a_learnt_weight_of_the_calls_comes_from_val(small_study):
    with_target(small_study).config["calls"]["classifier_weight"] = "learnt"
    planned = small_study.write().planned("results/small/cells.parquet")
    assert planned["evaluate_image_level"] == 1


def test_a_learnt_weight_without_a_target_is_refused(small_study):
    small_study.config["calls"]["classifier_weight"] = "learnt"
    output = small_study.write().snakemake("--dry-run", check=False).stdout
    assert "calls.classifier_weight is learnt" in output
    assert "Traceback" not in output


def test_designs_without_a_target_are_refused(small_study):
    small_study.config["designs"] = {"learning_curve": {"experiments": ["main"]}}
    output = small_study.write().snakemake("--dry-run", check=False).stdout
    assert "designs" in output
    assert "calls.target" in output
    assert "Traceback" not in output


def test_the_learning_curve_counts_the_cells_that_were_trained_on(mini_study):
    """Of 3 cells in each of 4 fields of train and 1 of val, a fifth of any split is watched."""
    config = mini_study.config
    config["inputs"] = {"bytes": {"channels": ["cells"], "rescale": "none"}}
    config["classification"] |= {"input": "bytes"}
    config["splits"] = {"near_duplicates": "allow"}  # in bytes, round cells are much alike
    config["classification"]["training"] |= {"validation": "cells", "keep": "best"}
    config["designs"] = {"learning_curve": {"experiments": ["main"], "shares": [0.5, 1]}}
    config["calls"]["target"] = "big"
    mini_study.write().snakemake("results/mini/metrics/learning_curve.tsv")
    results = mini_study.results
    points = storage.read(results / "metrics/learning_curve.tsv", LEARNING_CURVE)
    cells = points.set_index(["share", "metric"])["n_cells"]
    assert cells[1.0, "auroc"] == 12
    assert 0 < cells[0.5, "auroc"] < 12
    classifiers = storage.read(results / "benchmarks/classifiers.tsv", CLASSIFIERS)
    assert sorted(classifiers["n_cells"]) == sorted(set(points["n_cells"]))
