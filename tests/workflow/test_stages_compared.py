"""Tables that do not belong together are refused: each stage compares its fields with the last."""

import shutil

import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from mini_study import MiniStudy

TESTS = "results/mini/statistics/tests.tsv"
LAST = "drug-r3-f0"
"""The last field of the sheet, in the last shard."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    study = MiniStudy(tmp_path_factory.mktemp("finished"), fields_per_shard=2).write()
    study.snakemake(TESTS)
    return study


def without_rows_of(field, path):
    """Take the rows of a field out of a table, which says of itself what it did before."""
    before = pq.read_table(path)
    kept = before.filter(pc.not_equal(before["field"], field))
    pq.write_table(kept, path)


def refusal(study, rule, *arguments):
    """Return the sentence with which a job, or the start, refuses to go on."""
    done = study.snakemake(*arguments, check=False)
    assert done.returncode
    lines = {line for line in done.stdout.splitlines() if line.startswith(f"{rule}: ")}
    assert len(lines) == 1, done.stdout
    return lines.pop()


@pytest.fixture
def rows(finished):
    """The rows of the sheet, to be changed; they are as they were after the test."""
    yield [dict(row) for row in finished.rows]
    finished.write_fields(finished.rows)


@pytest.fixture
def results(finished, tmp_path):
    """The folder of the results, to be spoilt; its tables are as they were after the test."""
    tables = [path for path in finished.results.rglob("*") if path.suffix in (".tsv", ".parquet")]
    for number, path in enumerate(tables):
        shutil.copy2(path, tmp_path / str(number))
    yield finished.results
    for number, path in enumerate(tables):
        shutil.copy2(tmp_path / str(number), path)


def test_a_sheet_that_changed_is_not_marked_as_up_to_date(finished, rows):
    rows[-1].update(field="drug-r4-f0", replicate="r4", group="drug-r4")
    finished.write_fields(rows)
    for arguments in (["--touch"], ["--dry-run", "--rerun-triggers", "mtime"]):
        sentence = refusal(finished, "cellpheno", *arguments, "--", TESTS)
        assert "lacks 1 of 12 fields, the first drug-r4-f0" in sentence
    done = finished.snakemake("--dry-run", TESTS)
    assert "drug-r4-f0; dependent results are made again" in done.stdout
    assert finished.planned(TESTS)["convert_fields"] == 1


def test_a_condition_that_changed_is_named_as_well(finished, rows):
    rows[-1]["condition"] = "untreated"
    finished.write_fields(rows)
    sentence = refusal(finished, "cellpheno", "--touch", TESTS)
    assert f"the field {LAST} had the condition 'drug' and has 'untreated'" in sentence


def test_the_same_sheet_may_be_marked_as_up_to_date(finished):
    assert "another sample sheet" not in finished.snakemake("--touch", TESTS).stdout
    assert finished.planned(TESTS) == {}


def test_predictions_that_were_cut_are_refused_by_the_calls(finished, results):
    path = results / "predictions/main/seed0/shard-005.parquet"
    pq.write_table(pq.read_table(path).slice(0, 3), path)
    sentence = refusal(finished, "call_cells", "--forcerun", "call_cells", "--", TESTS)
    assert "shard-005.parquet has 3 rows" in sentence


def test_detections_and_predictions_without_a_field_are_refused_by_the_calls(finished, results):
    for name in ("detections", "predictions/main/seed0"):
        without_rows_of(LAST, results / f"{name}/shard-005.parquet")
    finished.snakemake("--touch", TESTS)
    sentence = refusal(finished, "call_cells", "--forcerun", "call_cells", "--", TESTS)
    assert "predictions/main/seed0/shard-005.parquet has " in sentence


def test_the_predictions_of_another_shard_are_refused_by_the_calls(finished, results):
    path = results / "predictions/main/seed0/shard-005.parquet"
    path.write_bytes((path.parent / "shard-004.parquet").read_bytes())
    sentence = refusal(finished, "call_cells", "--forcerun", "call_cells", "--", TESTS)
    assert "predictions/main/seed0 lacks 2 of the 12 fields" in sentence


def test_cells_and_frequencies_that_lack_a_field_are_refused_by_the_statistics(finished, results):
    without_rows_of(LAST, results / "cells.parquet")
    sentence = refusal(
        finished, "count_frequencies", "--forcerun", "count_frequencies", "--", TESTS
    )
    assert "cells.parquet has " in sentence


def test_frequencies_that_were_cut_are_refused_by_the_comparison(finished, results):
    path = results / "statistics/frequencies.tsv"
    frame = pd.read_csv(path, sep="\t", dtype="str", keep_default_na=False)
    frame[frame["field"] != LAST].to_csv(path, sep="\t", index=False)
    arguments = ["--forcerun", "compare_conditions", "--", TESTS]
    assert "lacks 1 of the 6 fields" in refusal(finished, "compare_conditions", *arguments)


def test_converted_shards_of_another_sheet_are_refused_by_the_quality(finished, results):
    path = results / "qc/shards/shard-005.tsv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    arguments = ["--forcerun", "judge_fields", "--", TESTS]
    assert f"first: {LAST}" in refusal(finished, "judge_fields", *arguments)
