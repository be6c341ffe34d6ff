"""Warnings reach the terminal once, on one line."""

import logging
import types

import pytest

from cellpheno import job, notices, tables


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
    table = tables.read(output.warnings, tables.WARNINGS)
    assert table.to_dict("records") == [
        {"rule": "judge_fields", "warning": 'The class "a" is odd.'}
    ]
