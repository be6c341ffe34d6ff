"""When classifiers, detectors and fusion weights are compared in pairs."""

import pytest

from cellpheno.tables import storage
from cellpheno.tables.metrics import CLASSIFICATION_METRICS, COMPARED, DETECTION_METRICS


def test_pairs_are_listed_where_there_are_several_of_a_kind(small_study):
    config = small_study.config
    several = len(config.get("detectors", {})) > 1 or len(config.get("experiments", {})) > 1
    assert small_study.planned().get("list_pairs", 0) == several
    small_study.config.pop("detectors", None)
    small_study.config["experiments"] = {"main": {}}
    assert "list_pairs" not in small_study.write().planned()
    small_study.config["experiments"] = {"main": {}, "other": {}}
    assert small_study.write().planned()["list_pairs"] == 1


@pytest.mark.slow
def test_networks_are_compared_on_the_groups_of_test(mini_study):
    mini_study.config["experiments"] = {"main": {}, "other": {"training": {"epochs": 1}}}
    mini_study.config["detectors"] = {"main": {}, "fcos": {"model": {"architecture": "fcos"}}}
    mini_study.config["calls"] = {"min_score": 0.05, "target": "big"}
    tables = ["compared", "classification", "detectors", "image_level", "cell_level"]
    figures = ["detectors", "classifiers", "roc", "detection", "fusion", "call_agreement"]
    mini_study.write().snakemake(
        *(f"results/mini/metrics/{name}.tsv" for name in tables),
        *(f"results/mini/figures/{name}.png" for name in figures),
    )
    metrics = mini_study.results / "metrics"
    compared = storage.read(metrics / "compared.tsv", COMPARED)
    assert set(compared["task"]) == {
        "detection", "classification", "target cells", "target images",
    }  # fmt: skip
    splits = (mini_study.results / "splits.tsv").read_text().splitlines()
    groups = len({row.split("\t")[1] for row in splits if "\ttest\t" in row})
    for name, kind in (
        ("classification", CLASSIFICATION_METRICS),
        ("detectors", DETECTION_METRICS),
    ):
        table = storage.read(metrics / f"{name}.tsv", kind)
        table = table[table["split"] == "test"]
        assert table["n_clusters"].max() == groups
        if groups < 3:
            assert table["ci_low"].isna().all()
            assert (table.loc[table["value"].notna(), "note"] != "").any()
