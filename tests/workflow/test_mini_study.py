"""The tiny study that other tests spoil is sound itself: it runs from raw files to tests."""


def test_the_study_runs_to_its_tests(mini_study):
    mini_study.write().snakemake("results/mini/statistics/tests.tsv")
    assert (mini_study.results / "cells.parquet").exists()
