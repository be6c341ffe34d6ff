"""Warnings reach the terminal once, on one line."""

import logging
import runpy
import types
from pathlib import Path

import pandas as pd
import pytest

from cellpheno.core import job, notices
from cellpheno.tables import storage
from cellpheno.tables.quality import WARNINGS

SCRIPTS = Path(__file__).parents[3] / "workflow/scripts"


@pytest.fixture(autouse=True)
def no_warnings_so_far(monkeypatch):
    monkeypatch.setattr(notices, "_given", [])
    monkeypatch.setattr(notices.logger, "propagate", True)


def test_a_warning_is_shown_and_kept(caplog):
    with caplog.at_level(logging.WARNING):
        notices.warn("2 cells were left out; see annotations/report.tsv.")
    assert caplog.messages == ["2 cells were left out; see annotations/report.tsv."]
    assert notices.given() == caplog.messages


def test_the_same_warning_is_shown_once(caplog):
    for _ in range(3):
        notices.warn("The field a is dark.")
    assert len(caplog.messages) == len(notices.given()) == 1


def test_a_warning_is_one_line_of_printable_text(caplog):
    notices.warn("The class 'a\nb\x1b[1m' is odd.")
    assert notices.given() == ["The class 'a b\N{REPLACEMENT CHARACTER}[1m' is odd."]


def test_the_warnings_of_a_job_are_its_table(tmp_path):
    notices.warn('The class "a" is odd.')
    output = types.SimpleNamespace(warnings=str(tmp_path / "warnings.tsv"))
    job.save_warnings(types.SimpleNamespace(rule="judge_fields", output=output))
    table = storage.read(output.warnings, WARNINGS)
    assert table.to_dict("records") == [
        {"rule": "judge_fields", "warning": 'The class "a" is odd.'}
    ]


@pytest.mark.parametrize("warned", [[], ["A.", "B."]])
def test_a_warning_of_several_jobs_is_collected_once_with_their_number(
    tmp_path, monkeypatch, warned
):
    monkeypatch.setattr(job, "start", lambda _: None)
    columns = ["rule", "warning"]
    paths = [tmp_path / f"seed{seed}.tsv" for seed in range(3)]
    for path in paths:
        rows = [("train_classifier", sentence) for sentence in warned]
        storage.write(pd.DataFrame(rows, columns=columns, dtype="str"), path, WARNINGS)
    snakemake = types.SimpleNamespace(
        input=paths,
        output=types.SimpleNamespace(warnings=tmp_path / "warnings.tsv"),
        params=types.SimpleNamespace(at_start=["C."]),
    )
    runpy.run_path(str(SCRIPTS / "collect_warnings.py"), {"snakemake": snakemake})
    collected = storage.read(snakemake.output.warnings, WARNINGS)
    expected = [("start", "C.", 1), *(("train_classifier", sentence, 3) for sentence in warned)]
    assert list(collected.itertuples(index=False, name=None)) == expected
