"""Published numbers: how they are listed, and what is said of ours beside them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cellpheno import claims, tables
from cellpheno.errors import StudyError

ROOT = Path(__file__).parents[2]
LISTED = tables.read(ROOT / "resources/claims.tsv", tables.CLAIMS)
METRICS = pd.DataFrame(
    [
        ("a", "test", "auc", 0.97, 0.95, 0.98),
        ("b", "test", "auc", 0.92, 0.90, 0.94),
        ("b", "val", "auc", 0.99, 0.98, 1.00),
    ],
    columns=["class", "split", "metric", "value", "ci_low", "ci_high"],
)


def claim(value="0.96", unit="fraction", where="class=a;split=test", **more):
    columns = [column.name for column in tables.CLAIMS.columns]
    named = {"claim_id": "one", "study": "cca", "value": value, "unit": unit, "where": where}
    named |= {"table": "metrics/x.tsv", "column": "value", "summary": "value"}
    return dict.fromkeys(columns, "") | named | more


def compared(*some, simulated=False, study="cca"):
    listed = pd.DataFrame([{**one, "claim_id": str(n)} for n, one in enumerate(some)])
    return claims.compare(listed, {"metrics/x.tsv": METRICS}, study, "ours", simulated)


def verdict(**more):
    return compared(claim(**more))["verdict"].item()


def test_every_published_number_is_listed_once():
    assert LISTED["study"].value_counts().to_dict() == {"aim_cics": 58, "cca": 241, "jimt1": 51}
    assert LISTED["value"].astype(float).notna().all()


@pytest.mark.parametrize(
    "row", LISTED[LISTED["table"] != ""].to_dict("records"), ids=lambda row: row["claim_id"]
)
def test_the_answer_of_a_claim_names_a_table_its_columns_and_a_summary(row):
    columns = {column.name for column in claims.SOURCES[row["table"]].columns}
    named = [part.partition("=")[0] for part in row["where"].split(";") if part]
    assert {row["column"], *named} <= columns
    assert row["summary"] in ("value", *claims.SUMMARIES)


def test_a_claim_without_a_table_names_nothing_else():
    unanswered = LISTED[LISTED["table"] == ""]
    assert (unanswered[["where", "column", "summary"]] == "").all(axis=None)


def test_ours_and_its_interval_come_from_the_row_that_the_claim_names():
    row = compared(claim()).iloc[0]
    assert (row["ours"], row["ci_low"], row["ci_high"]) == (0.97, 0.95, 0.98)
    assert (row["verdict"], row["run"]) == ("reproduced", "ours")


def test_our_fractions_are_compared_in_per_cent_where_the_claim_is():
    row = compared(claim(value="97.4", unit="percent")).iloc[0]
    assert row["ours"] == pytest.approx(97)
    assert row["verdict"] == "reproduced"


@pytest.mark.parametrize(
    ("value", "spread", "expected"),
    [
        ("0.949", "", "differs"),  # to 0.9495 by rounding, ours begins at 0.95
        ("0.95", "", "reproduced"),
        ("0.985", "", "differs"),
        ("0.9", "", "reproduced"),  # 0.85 to 0.95
        ("0.93", "0.01", "reproduced"),  # two standard deviations
        ("0.92", "0.01", "differs"),
        ("0.93", "0.91..0.949", "differs"),
        ("0.93", "0.91..0.951", "reproduced"),
    ],
)
def test_a_number_is_reproduced_where_our_interval_meets_the_published_one(value, spread, expected):
    assert verdict(value=value, spread=spread) == expected


@pytest.mark.parametrize(
    ("bound", "value", "expected"),
    [
        ("gt", "0.96", "reproduced"),
        ("gt", "0.975", "differs"),  # our interval reaches above, our number does not
        ("lt", "0.98", "reproduced"),
        ("lt", "0.96", "differs"),
        ("approx", "0.89", "reproduced"),  # a tenth
        ("approx", "0.80", "differs"),
    ],
)
def test_a_bound_must_be_kept_by_our_number_itself(bound, value, expected):
    assert verdict(bound=bound, value=value) == expected


def test_a_count_is_reproduced_only_exactly():
    about = {"summary": "rows", "column": "class", "where": "split=test"}
    assert verdict(value="2", **about) == "reproduced"
    assert verdict(value="3", **about) == "differs"


def test_several_classes_may_answer_by_the_smallest_of_them():
    row = compared(claim(where="class=a|b;split=test", summary="smallest", bound="gt")).iloc[0]
    assert row["ours"] == 0.92
    assert np.isnan(row["ci_low"])
    assert row["verdict"] == "differs"


def test_several_rows_for_one_value_are_refused():
    with pytest.raises(StudyError, match="fits 2 rows of metrics/x.tsv"):
        compared(claim(where="split=test"))


@pytest.mark.parametrize(
    "more",
    [
        {"study": "jimt1"},
        {"table": ""},
        {"table": "metrics/other.tsv"},
        {"where": "class=c"},
    ],
    ids=["another study", "no table", "a table that was not made", "no such row"],
)
def test_a_claim_that_was_not_run_says_so(more):
    row = compared(claim(**more)).iloc[0]
    assert (row["verdict"], row["run"]) == ("not run", "")
    assert np.isnan(row["ours"])


def test_nothing_simulated_reproduces_a_published_number():
    table = compared(claim(), claim(value="0.5"), claim(study="aim_cics"), simulated=True)
    simulated = "not comparable (simulated)"
    assert table["verdict"].tolist() == [simulated, simulated, "not run"]


def test_all_published_numbers_are_in_the_table_whatever_the_run(tmp_path):
    table = claims.compare(LISTED, {}, "aim_cics", "ours", simulated=False)
    assert (table["verdict"] == "not run").all()
    tables.write(table, tmp_path / "claims.tsv", tables.COMPARED_CLAIMS)
    again = tables.read(tmp_path / "claims.tsv", tables.COMPARED_CLAIMS)
    assert again["published"].tolist() == LISTED["value"].tolist()
