"""The two decision rules over their threshold, on probabilities small enough to follow by hand."""

import pandas as pd
import pytest

from cellpheno.calls import threshold_sweep
from cellpheno.tables import storage
from cellpheno.tables.metrics import THRESHOLDS

CLASSES = ["non", "partial", "full"]
GROUPS = {"CIC": ["partial", "full"]}


def cells(*rows, split="test"):
    frame = pd.DataFrame(rows, columns=["label", "p_non", "p_partial", "p_full"])
    return frame.assign(split=split)


def swept(frame, at):
    table = threshold_sweep.sweep(frame, CLASSES, GROUPS, "non", at)
    return table.set_index(["rule", "threshold", "class", "metric"])["value"]


def test_the_rules_disagree_on_a_cell_that_is_likelier_nothing_special():
    values = swept(cells(("non", 0.6, 0.3, 0.1), ("full", 0.1, 0.1, 0.8)), [0.2])
    assert values["argmax", 0.2, "all", "accuracy"] == 1.0
    assert values["best_positive", 0.2, "all", "accuracy"] == 0.5
    assert values["argmax", 0.2, "CIC", "precision"] == 1.0
    assert values["best_positive", 0.2, "CIC", "precision"] == 0.5


def test_above_every_probability_all_cells_are_nothing_special():
    values = swept(cells(("non", 0.6, 0.3, 0.1), ("full", 0.1, 0.1, 0.8)), [0.9])
    for rule in threshold_sweep.RULES:
        assert values[rule, 0.9, "CIC", "sensitivity"] == 0.0
        assert values[rule, 0.9, "non", "sensitivity"] == 1.0


def test_sensitivity_never_rises_with_the_threshold_of_the_published_rule():
    frame = cells(*[("partial", 1 - p, p, 0.0) for p in (0.1, 0.35, 0.6, 0.85)])
    table = threshold_sweep.sweep(frame, CLASSES, GROUPS, "non")
    curve = table[
        (table["rule"] == "best_positive")
        & (table["class"] == "CIC")
        & (table["metric"] == "sensitivity")
    ]
    assert curve["value"].is_monotonic_decreasing
    assert curve["value"].iloc[0] == 1.0
    assert curve["value"].iloc[-1] == 0.0


def test_only_annotated_cells_of_held_out_fields_count(tmp_path):
    frame = pd.concat(
        [
            cells(("full", 0.1, 0.1, 0.8)),
            cells(("full", 0.8, 0.1, 0.1), split="predict"),
            cells((None, 0.8, 0.1, 0.1)),
        ]
    )
    table = threshold_sweep.sweep(frame, CLASSES, GROUPS, "non", [0.5])
    storage.write(table, tmp_path / "thresholds.tsv", THRESHOLDS)
    accuracy = table.loc[table["metric"] == "accuracy", "value"]
    assert set(table["split"]) == {"test"}
    assert accuracy.tolist() == [1.0, 1.0]


def test_without_annotated_cells_the_table_is_empty(tmp_path):
    table = threshold_sweep.sweep(cells((None, 1.0, 0.0, 0.0)), CLASSES, GROUPS, "non")
    assert table.empty
    storage.write(table, tmp_path / "thresholds.tsv", THRESHOLDS)


@pytest.mark.parametrize("rule", threshold_sweep.RULES)
def test_every_rule_is_swept_over_the_whole_range(rule):
    table = threshold_sweep.sweep(cells(("non", 1.0, 0.0, 0.0)), CLASSES, GROUPS, "non")
    found = table.loc[table["rule"] == rule, "threshold"].unique()
    assert found[0] == 0.0
    assert len(found) == 20
