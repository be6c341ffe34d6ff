"""Published numbers: how they are listed and compared with ours."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cellpheno.core.errors import StudyError
from cellpheno.statistics import claims
from cellpheno.tables import storage
from cellpheno.tables.statistics import CLAIMS, COMPARED_CLAIMS

ROOT = Path(__file__).parents[3]
LISTED = storage.read(ROOT / "resources/claims.tsv", CLAIMS)
METRICS = pd.DataFrame(
    [
        ("a", "test", "auc", 0.97, 0.95, 0.98),
        ("b", "test", "auc", 0.92, 0.90, 0.94),
        ("b", "val", "auc", 0.99, 0.98, 1.00),
    ],
    columns=["class", "split", "metric", "value", "ci_low", "ci_high"],
)


def claim(value="0.96", unit="fraction", where="class=a;split=test", **more):
    columns = [column.name for column in CLAIMS.columns]
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
    assert row["summary"] in ("value", *claims.SUMMARIES, *claims.CHOICES)


def test_all_that_the_tables_can_answer_of_cca_is_answered():
    own = LISTED[(LISTED["study"] == "cca") & (LISTED["table"] != "")]
    assert own["metric"].eq("n_params").sum() == 14
    answered = {"cca.text.images", "cca.text.image_height", "cca.text.image_width"}
    assert answered <= set(own["claim_id"])


def test_a_claim_without_a_table_names_nothing_else():
    unanswered = LISTED[LISTED["table"] == ""]
    assert (unanswered[["where", "column", "summary"]] == "").all(axis=None)


def test_ours_and_its_interval_come_from_the_row_that_the_claim_names():
    row = compared(claim()).iloc[0]
    assert (row["ours"], row["ci_low"], row["ci_high"]) == (0.97, 0.95, 0.98)
    assert (row["verdict"], row["run"]) == ("reproduced", "ours")


def test_our_fractions_are_compared_in_per_cent_where_the_claim_is():
    row = compared(claim(value="97.4", unit="percent", spread="1.0")).iloc[0]
    assert row[["ours", "ci_low", "ci_high"]].tolist() == pytest.approx([97, 95, 98])
    assert row["verdict"] == "reproduced"


@pytest.mark.parametrize(
    ("value", "spread", "expected"),
    [
        ("0.965", "", "reproduced"),  # 0.9445 to 0.9855: two points and what rounding hides
        ("0.971", "", "inconclusive"),  # from 0.9505, ours from 0.95
        ("0.92", "", "differs"),
        ("0.93", "", "inconclusive"),  # to 0.955: ours begins within
        ("0.965", "0.004", "reproduced"),  # 4.3 standard deviations of three runs: 0.0172
        ("0.965", "0.003", "inconclusive"),
        ("0.930", "0.003", "differs"),
        ("0.965", "0.949..0.981", "reproduced"),
        ("0.93", "0.91..0.951", "inconclusive"),
        ("0.93", "0.91..0.949", "differs"),
    ],
)
def test_a_number_is_reproduced_where_our_whole_interval_lies_in_the_published_one(
    value, spread, expected
):
    assert verdict(value=value, spread=spread) == expected


def test_an_interval_that_is_wider_reproduces_less():
    wide = METRICS.assign(ci_low=0.5, ci_high=1.0)
    listed = pd.DataFrame([claim(value="0.97", spread="0.01")])
    table = claims.compare(listed, {"metrics/x.tsv": wide}, "cca", "ours", simulated=False)
    assert verdict(value="0.965", spread="0.01") == "reproduced"
    assert table["verdict"].item() == "inconclusive"


def test_a_printed_standard_deviation_reaches_as_far_as_its_number_of_runs_tells():
    assert verdict(value="0.965", spread="0.004", setting="runs=3") == "reproduced"
    assert verdict(value="0.965", spread="0.004", setting="input=a;runs=10") == "inconclusive"


@pytest.mark.parametrize(
    ("bound", "value", "expected"),
    [
        ("gt", "0.94", "reproduced"),
        ("gt", "0.96", "inconclusive"),  # our number keeps to it, its interval does not
        ("gt", "0.985", "differs"),
        ("lt", "0.99", "reproduced"),
        ("lt", "0.975", "inconclusive"),
        ("lt", "0.94", "differs"),
        ("approx", "0.90", "reproduced"),  # a tenth: 0.81 to 0.99
        ("approx", "0.87", "inconclusive"),
        ("approx", "0.80", "differs"),
    ],
)
def test_a_bound_must_be_kept_by_our_whole_interval(bound, value, expected):
    assert verdict(bound=bound, value=value) == expected


def test_an_estimate_without_an_interval_decides_nothing():
    unknown = METRICS.assign(ci_low=np.nan, ci_high=np.nan)
    listed = pd.DataFrame([claim(value=value) for value in ("0.97", "0.2")])
    table = claims.compare(listed, {"metrics/x.tsv": unknown}, "cca", "ours", simulated=False)
    assert table["verdict"].tolist() == ["inconclusive"] * 2


def test_a_count_is_reproduced_only_exactly():
    about = {"summary": "rows", "column": "class", "where": "split=test", "unit": "count"}
    assert verdict(value="2", **about) == "reproduced"
    assert verdict(value="3", **about) == "differs"


def test_the_conditions_of_all_rows_are_counted_once_each():
    assert verdict(value="2", summary="distinct", column="class", where="") == "reproduced"


def test_parameters_are_compared_in_millions_to_the_printed_digit():
    classifiers = pd.DataFrame(
        {"experiment": ["a", "a", "b"], "n_parameters": [86_749_999, 86_749_999, 86_750_001]}
    )
    about = {"table": "benchmarks/classifiers.tsv", "column": "n_parameters", "unit": "million"}
    about |= {"value": "86.7", "summary": "median"}
    listed = pd.DataFrame([claim(where=f"experiment={name}", **about) for name in "ab"])
    answers = {"benchmarks/classifiers.tsv": classifiers}
    table = claims.compare(listed, answers, "cca", "ours", simulated=False)
    assert table["ours"].tolist() == pytest.approx([86.749999, 86.750001])
    assert table["verdict"].tolist() == ["reproduced", "differs"]


@pytest.mark.parametrize(
    ("summary", "number", "end"), [("smallest", 0.92, 0.9), ("largest", 0.97, 0.95)]
)
def test_the_smallest_or_largest_of_several_classes_answers_with_its_own_interval(
    summary, number, end
):
    row = compared(claim(where="class=a|b;split=test", summary=summary, bound="gt", value="0.94"))
    assert row[["ours", "ci_low"]].iloc[0].tolist() == [number, end]
    assert row["verdict"].item() == ("reproduced" if summary == "largest" else "inconclusive")


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
    storage.write(table, tmp_path / "claims.tsv", COMPARED_CLAIMS)
    again = storage.read(tmp_path / "claims.tsv", COMPARED_CLAIMS)
    assert again["published"].tolist() == LISTED["value"].tolist()
