"""How calls become frequencies of fields and of experimental units."""

import numpy as np
import pandas as pd
import pytest

from cellpheno.core.errors import StudyError
from cellpheno.statistics import frequencies
from cellpheno.tables import storage
from cellpheno.tables.statistics import FREQUENCIES

CLASSES = ["none", "one", "two", "unclear"]
GROUPS = {"any": ["one", "two"]}


def quality(*rows):
    columns = ["field", "condition", "replicate", "group", "verdict"]
    return pd.DataFrame(rows, columns=columns)


def splits(**uses):
    return pd.DataFrame({"field": list(uses), "group": "g", "split": list(uses.values())})


def cells(**calls):
    pairs = [(field, call) for field, some in calls.items() for call in some]
    return pd.DataFrame(pairs, columns=["field", "call"])


FIELDS = quality(
    ("b", "treated", "r1", "g1", "ok"),
    ("a", "control", "r1", "g1", "ok"),
    ("c", "control", "r1", "g2", "ok"),
    ("bad", "control", "r2", "g3", "over-exposed"),
    ("drawn", "control", "r2", "g3", "ok"),
)
SPLITS = splits(a="predict", b="predict", c="predict", drawn="train")
CELLS = cells(
    a=["one", "none", "none", "unclear", "two"], b=["none"], drawn=["one"], bad=["one"], c=[]
)


def counted():
    return frequencies.count(CELLS, FIELDS, SPLITS, CLASSES, GROUPS, ["unclear"], ["predict"])


def of(table, field, name):
    return table[(table["field"] == field) & (table["class"] == name)].iloc[0]


def test_cells_of_an_excluded_class_are_no_cells_at_all():
    row = of(counted(), "a", "one")
    assert (row["n_cells"], row["n_class"], row["frequency"]) == (4, 1, 0.25)
    assert "unclear" not in set(counted()["class"])


def test_a_group_counts_the_cells_of_all_its_classes():
    assert of(counted(), "a", "any")["n_class"] == 2


def test_a_field_without_cells_stays_with_no_frequency():
    empty = of(counted(), "c", "one")
    assert empty["n_cells"] == 0
    assert np.isnan(empty["frequency"])


def test_only_usable_fields_of_the_wanted_splits_are_counted_in_the_order_of_the_sheet():
    assert list(counted()["field"].unique()) == ["b", "a", "c"]


def test_a_condition_that_is_no_part_of_the_experiment_is_not_counted():
    table = frequencies.count(CELLS, FIELDS, SPLITS, CLASSES, {}, [], ["predict"], ["treated"])
    assert list(table["field"].unique()) == ["a", "c"]


def test_classes_come_in_the_order_of_the_config_and_groups_after_them():
    assert list(counted()["class"][:4]) == ["none", "one", "two", "any"]


def test_the_order_of_the_cells_does_not_matter():
    shuffled = CELLS.sample(frac=1, random_state=1)
    other = frequencies.count(shuffled, FIELDS, SPLITS, CLASSES, GROUPS, ["unclear"], ["predict"])
    pd.testing.assert_frame_equal(other, counted())


def test_the_table_is_a_valid_frequencies_table(tmp_path):
    storage.write(counted(), tmp_path / "frequencies.tsv", FREQUENCIES)
    again = storage.read(tmp_path / "frequencies.tsv", FREQUENCIES)
    pd.testing.assert_frame_equal(again[counted().columns], counted(), check_dtype=False)


def test_no_cells_at_all_give_every_field_with_no_cells():
    table = frequencies.count(CELLS[:0], FIELDS, SPLITS, CLASSES, {}, ["unclear"], ["predict"])
    assert len(table) == 9
    assert (table["n_cells"] == 0).all()


def test_a_call_that_is_no_class_is_refused_by_name():
    with pytest.raises(StudyError, match="'three'"):
        frequencies.count(cells(a=["three"]), FIELDS, SPLITS, CLASSES, {}, [], ["predict"])


def test_a_replicate_pools_its_cells_instead_of_averaging_its_fields():
    fields = quality(("a", "control", "r1", "g", "ok"), ("b", "control", "r1", "g", "ok"))
    some = cells(a=["one"], b=["one"] + ["none"] * 8)
    table = frequencies.count(
        some, fields, splits(a="predict", b="predict"), ["none", "one"], {}, [], ["predict"]
    )
    pooled = frequencies.per_unit(table, "replicate")
    assert pooled[pooled["class"] == "one"]["frequency"].item() == pytest.approx(0.2)


def test_replicates_of_equal_name_in_two_conditions_are_two_units():
    units = frequencies.per_unit(counted(), "replicate")
    assert list(zip(units["condition"], units["unit"], strict=True))[::4] == [
        ("treated", "r1"),
        ("control", "r1"),
    ]
