"""The fingerprint holds what settings follow from, of fields that nothing is tested on."""

import pandas as pd
import pytest

from cellpheno.planning import fingerprint
from cellpheno.tables import storage
from cellpheno.tables.planning import FINGERPRINT


def quality(**split):
    rows = [
        {
            "field": name,
            "condition": "c",
            "replicate": "1",
            "group": name,
            "verdict": "ok",
            "height": 100.0,
            "width": 200.0,
        }
        for name in split
    ]
    splits = pd.DataFrame({"field": list(split), "split": list(split.values())})
    return pd.DataFrame(rows), splits


def boxes(*rows):
    columns = ["field", "x_min", "y_min", "x_max", "y_max", "label"]
    return pd.DataFrame(rows, columns=columns)


def measured(drawn, gpu_gib=0.0, **split):
    fields, splits = quality(**split)
    found = fingerprint.measure(fields, drawn, splits, gpu_gib)
    return found.set_index("quantity")["value"]


def test_sizes_are_those_of_the_cells_of_train_and_val():
    drawn = boxes(
        ("a", 0, 0, 40, 10, "one"),
        ("b", 0, 0, 20, 20, "one"),
        ("b", 50, 0, 70, 20, "two"),
        ("tested", 0, 0, 99, 99, "one"),
    )
    found = measured(drawn, a="train", b="val", tested="test", later="predict")
    assert found["fields"] == 2
    assert found["fields for training"] == 1
    assert found["cells"] == 3
    assert found["cells for training"] == 1
    assert found["side of a cell, median"] == pytest.approx(20)
    assert found["long to short side, largest 10 %"] > 3
    assert found["cells in the densest field"] == 2
    assert found["cells of class one"] == 2


def test_overlap_is_that_of_cells_of_one_field():
    drawn = boxes(("a", 0, 0, 20, 20, "one"), ("a", 0, 10, 20, 30, "one"), ("b", 0, 0, 20, 20, ""))
    found = measured(drawn, a="train", b="train")
    assert found["overlap of neighbours, upper 1 %"] == pytest.approx(1 / 3)


def test_a_field_that_was_set_aside_is_not_measured():
    fields, splits = quality(a="train", b="train")
    fields.loc[1, ["verdict", "width"]] = ["over-exposed", 999]
    found = fingerprint.measure(fields, boxes(), splits, 0.0).set_index("quantity")["value"]
    assert found["width of the largest field"] == 200


def test_without_cells_sizes_are_unknown_and_the_table_can_be_written(tmp_path):
    fields, splits = quality(a="train")
    found = fingerprint.measure(fields, boxes(), splits, 0.0)
    storage.write(found, tmp_path / "fingerprint.tsv", FINGERPRINT)
    assert pd.isna(found.set_index("quantity").loc["side of a cell, median", "value"])
