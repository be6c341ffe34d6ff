"""A sample sheet that has changed since the fields were judged is noticed and named."""

import pandas as pd
import pytest

from cellpheno.core.errors import StudyError
from cellpheno.study import sheet_changes
from cellpheno.tables import storage
from cellpheno.tables.quality import QUALITY

SHEET = pd.DataFrame(
    {
        "field": ["a", "b"],
        "condition": ["control", "drug"],
        "replicate": ["1", "01"],
        "group": ["w1", "w2"],
        "split": ["", "test"],
        "actin": ["data/a.tif", "data/b.tif"],
    }
)


@pytest.fixture
def judged(tmp_path):
    path = tmp_path / "fields.tsv"
    measured = {"verdict": "ok", "saturated_fraction": 0.0, "focus": 3.5, "height": 9, "width": 9}
    storage.write(SHEET.assign(**measured, actin_focus=3.5), path, QUALITY)
    return path


def test_the_same_sheet_is_no_change_nor_is_one_before_any_result(judged, tmp_path, capsys):
    assert sheet_changes.difference(judged, SHEET) is None
    assert sheet_changes.difference(judged, SHEET[::-1].reset_index(drop=True)) is None
    assert sheet_changes.difference(tmp_path / "none.tsv", SHEET) is None
    sheet_changes.report(judged, SHEET, "sheet.tsv", lambda: True)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (SHEET.assign(field=["a", "c"]), "lacks 1 of 2 fields, the first c"),
        (SHEET.head(1), "has 1 additional fields, the first b"),
        (SHEET.assign(condition=["control", "mock"]), "b had the condition 'drug' and has 'mock'"),
        (SHEET.assign(replicate=["1", "1"]), "b had the replicate '01' and has '1'"),
        (SHEET.assign(split=""), "b had the split 'test' and has ''"),
        (SHEET.assign(actin="data/a.tif"), "b had the actin 'data/b.tif'"),
        (SHEET.assign(patient="p"), "lacks the column patient"),
    ],
)
def test_a_changed_row_or_column_is_named(judged, changed, words):
    assert words in sheet_changes.difference(judged, changed)


def test_a_table_that_was_cut_differs_from_the_sheet(judged):
    judged.write_text("".join(judged.read_text().splitlines(keepends=True)[:2]))
    assert "lacks 1 of 2 fields, the first b" in sheet_changes.difference(judged, SHEET)


def test_a_change_is_refused_where_results_are_kept_and_reported_where_they_are_remade(
    judged, capsys
):
    changed = SHEET.assign(condition="control")
    with pytest.raises(StudyError, match=r"another sample sheet than sheet.tsv .*--touch"):
        sheet_changes.report(judged, changed, "sheet.tsv", lambda: True)
    sheet_changes.report(judged, changed, "sheet.tsv", lambda: False)
    assert capsys.readouterr().err.count("are made again") == 1
