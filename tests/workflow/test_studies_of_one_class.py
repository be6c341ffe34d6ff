"""Cells of one class: which rules run, with a detector and without any network."""

import pytest

from cellpheno.tables import storage
from cellpheno.tables.statistics import FREQUENCIES, TESTS

OF_A_CLASSIFIER = {
    "cut_crops",
    "train_classifier",
    "classify_cells",
    "evaluate_classification",
    "sweep_thresholds",
    "explain_cells",
    "embed_cells",
    "find_label_errors",
    "plot_class_shares",
    "plot_frequencies_stacked",
    "plot_thresholds",
}
OF_A_DETECTOR = {
    "cut_tiles",
    "train_detector",
    "detect_cells",
    "call_cells",
    "evaluate_detection",
    "evaluate_calls",
    "plot_annotated_fields",
    "plot_call_agreement",
}
OF_BOTH = {"count_frequencies", "compare_conditions", "plot_frequencies", "plot_gallery", "report"}


@pytest.fixture
def study(mini_study):
    mini_study.config.update(classes=["cell"])
    for key in ("negative_class", "label_errors"):
        mini_study.config.pop(key)
    mini_study.config["annotations"]["rename"] = {"small": "cell", "big": "cell"}
    return mini_study


def test_cells_of_one_class_are_detected_and_counted(study):
    planned = set(study.write().planned())
    assert planned >= OF_A_DETECTOR | OF_BOTH
    assert not planned & OF_A_CLASSIFIER


@pytest.fixture
def drawn(study):
    """The annotated fields alone, in two conditions of two groups, without any network."""
    study.rows = study.rows[:6]
    for number, row in enumerate(study.rows):
        row.update(split="", condition=("untreated", "drug")[number % 2])
        row.update(replicate=f"r{number % 3}")
    study.annotated["ann1.tif"] = study.annotated["ann1.tif"][:1]
    study.write_via()
    study.config["candidates"] = {"source": "annotations"}
    study.config["calls"] = {}
    study.config["statistics"].pop("exclude_conditions")
    return study.write()


def test_drawn_cells_of_one_class_are_counted_without_any_network(drawn):
    planned = set(drawn.planned())
    assert planned >= OF_BOTH
    assert not planned & (OF_A_DETECTOR | OF_A_CLASSIFIER)
    name = "results/mini/statistics/{}.tsv"
    drawn.snakemake(name.format("tests"), name.format("frequencies"))
    counted = storage.read(drawn.results / "statistics/frequencies.tsv", FREQUENCIES)
    numbers = counted.set_index("field")["n_cells"].to_dict()
    assert numbers == {f"ann{n}": 1 if n == 1 else 3 for n in range(6)}
    tests = storage.read(drawn.results / "statistics/tests.tsv", TESTS)
    welch = tests[tests["test"] == "welch"].iloc[0]
    assert (welch["mean_control"], welch["mean_condition"]) == pytest.approx((3, 7 / 3))
