"""The tiny study that other tests spoil is sound itself: it runs from raw files to tests."""

import pytest

from cellpheno.tables import storage
from cellpheno.tables.annotations import COUNTS
from cellpheno.tables.cells import CELLS
from cellpheno.tables.quality import QUALITY, WARNINGS


def test_the_study_runs_to_its_tests_and_collects_its_warnings(mini_study):
    mini_study.write().snakemake("results/mini/statistics/tests.tsv", "results/mini/warnings.tsv")
    assert (mini_study.results / "cells.parquet").exists()
    of_jobs = [*mini_study.results.glob("*/warnings.tsv")]
    of_jobs += mini_study.results.glob("warnings/**/*.tsv")
    given = {tuple(row) for path in of_jobs for row in storage.read(path, WARNINGS).to_numpy()}
    collected = storage.read(mini_study.results / "warnings.tsv", WARNINGS)
    assert set(map(tuple, collected[["rule", "warning"]].to_numpy())) >= given
    assert {path.parent.name for path in of_jobs} >= {"train_classifier", "qc", "annotations"}


def test_conditions_and_replicates_may_be_named_by_words_that_tables_use(mini_study):
    """Such as the condition `all`, which the sheet maker writes where nothing tells another."""
    conditions = {"annotated": "all", "untreated": "nan", "drug": "None"}
    replicates = {"1": "all", "r1": "null", "r2": "overall", "r3": "-"}
    for row in mini_study.rows:
        row["condition"] = conditions[row["condition"]]
        row["replicate"] = replicates[row["replicate"]]
    mini_study.config["statistics"].update(control="nan", exclude_conditions=["all"])
    mini_study.write().snakemake("results/mini/annotations/counts.tsv", "results/mini/splits.tsv")
    counts = storage.read(mini_study.results / "annotations/counts.tsv", COUNTS)
    assert set(counts["condition"]) == {"all", "all together"}
    fields = storage.read(mini_study.results / "qc/fields.tsv", QUALITY)
    assert set(fields["condition"]) == set(conditions.values())
    assert set(fields["replicate"]) == set(replicates.values())


@pytest.mark.slow
def test_fields_files_and_annotations_are_enough_for_calls_maps_and_counts(mini_study):
    """Without a column for conditions, replicates or groups, and with the fewest keys."""
    mini_study.rows = [{name: row[name] for name in ("field", "cells")} for row in mini_study.rows]
    for key in ("composite", "negative_class", "statistics"):
        del mini_study.config[key]
    done = mini_study.write().snakemake()
    assert "fields.tsv has no column group" in done.stdout
    called = storage.read(mini_study.results / "cells.parquet", CELLS)
    assert set(called["field"]) == {row["field"] for row in mini_study.rows}
    for name in ("grad_cam/maps.npz", "figures/class_shares.pdf", "report.zip"):
        assert (mini_study.results / name).exists(), name
    # nothing is compared
    assert not {"frequencies", "frequencies_stacked", "effects"} & {
        path.stem for path in (mini_study.results / "figures").iterdir()
    }
